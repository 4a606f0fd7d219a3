"""Pure composition: tiles, painted paper cut with scissors, discs in balance."""

import math

from gallery.generators.demo.canvas import Point, Shape, clouds
from gallery.generators.demo.palettes import Color, mix
from gallery.generators.demo.scene import Scene


def abstract(scene: Scene) -> None:
    """Bauhaus circles and bars, or cut-outs in the manner of seaweed."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    paper = inks.cream if not scene.is_night else mix(inks.sky[0], inks.sky[1], 0.4)
    sheet.backdrop((paper, mix(paper, inks.accents[3], 0.5)))
    is_cut = bool({"matisse", "cutout", "cutouts", "collage", "leaves"} & scene.brief.words)
    is_grid = bool({"bauhaus", "grid", "tiles", "pattern", "geometric"} & scene.brief.words)
    kind = "cut" if is_cut else "grid" if is_grid else rng.choice(("cut", "grid", "mobile"))
    {"cut": _cutouts, "grid": _tiles, "mobile": _mobile}[kind](scene)
    sheet.drift(clouds(rng, cells=12, size=256), inks.ink, low=120, high=260, alpha=0.10)
    scene.ground = scene.height * 0.6 + scene.unit * 22
    scene.air_share = 0.0


def _tiles(scene: Scene) -> None:
    rng, inks = scene.rng, scene.palette
    across = max(2, min(8, round(4 * scene.width / max(scene.unit * 100, 1))))
    down = max(2, min(8, round(4 * scene.height / max(scene.unit * 100, 1))))
    margin = scene.unit * 7
    size = min((scene.width - 2 * margin) / across, (scene.height - 2 * margin) / down)
    left, top = (scene.width - size * across) / 2, (scene.height - size * down) / 2
    choices = [*inks.accents[:3], inks.near, inks.sky[1], inks.accents[3]]
    for row in range(down):
        for column in range(across):
            ground, first, second = rng.sample(choices, 3)
            x, y = left + column * size, top + row * size
            cell = Shape().box(x, y, size, size)
            scene.canvas.fill(cell, ground, shade=0.25)
            _motif(scene, rng.randrange(7), (x, y), size, first, second, cell)


def _motif(
    scene: Scene, kind: int, at: Point, size: float, first: Color, second: Color, cell: Shape
) -> None:
    x, y = at
    rng, fill = scene.rng, scene.canvas.fill
    cx, cy = x + size * rng.randrange(2), y + size * rng.randrange(2)
    if kind == 0:
        for share, ink in ((1, first), (0.66, second), (0.33, first)):
            fill(Shape().oval(cx, cy, size * share), ink, shade=0.5, clip=cell)
    elif kind == 1:
        fill(Shape().oval(x + size / 2, y + size / 2, size * 0.4), first, shade=0.9)
        fill(Shape().oval(x + size / 2, y + size / 2, size * 0.16), second)
    elif kind == 2:
        fill(
            Shape().polygon([(cx, cy), (x + x + size - cx, cy), (cx, y + y + size - cy)]),
            first,
            shade=0.6,
        )
    elif kind == 3:
        for step in range(0, 6, 2):
            fill(Shape().box(x, y + size * step / 6, size, size / 6), first)
    elif kind == 4:
        fill(Shape().oval(x, y + size / 2, size / 2), first, shade=0.5, clip=cell)
        fill(Shape().oval(x + size, y + size / 2, size / 2), second, shade=0.5, clip=cell)
    elif kind == 5:
        dots = Shape()
        for i in range(16):
            dots.oval(x + size * (i % 4 + 0.5) / 4, y + size * (i // 4 + 0.5) / 4, size * 0.07)
        fill(dots, first)
    else:
        fill(Shape().oval(cx, cy, size), first, shade=0.7, clip=cell)


def _cutouts(scene: Scene) -> None:
    """Sheets of painted paper with seaweed, suns and pebbles cut by scissors."""
    rng, inks, width, height = scene.rng, scene.palette, scene.width, scene.height
    choices = [*inks.accents[:3], inks.sky[0], inks.near, inks.sky[1]]
    edges = [0.0, rng.uniform(0.3, 0.42), rng.uniform(0.6, 0.7), 1.0]
    for column in range(3):
        for row in range(2):
            split = height * (0.42 + 0.16 * (column % 2))
            top, bottom = (0.0, split) if row == 0 else (split, height)
            x0, x1 = width * edges[column], width * edges[column + 1]
            ink = choices[(column * 2 + row * 3 + scene.brief.seed) % 6]
            scene.canvas.fill(Shape().box(x0, top, x1 - x0, bottom - top), ink, shade=0.15)
            other = choices[(column * 2 + row * 3 + scene.brief.seed + 1 + rng.randrange(4)) % 6]
            paper = inks.cream if rng.random() < 0.55 else other
            centre = ((x0 + x1) / 2, (top + bottom) / 2)
            _seaweed(
                scene,
                centre,
                min(x1 - x0, bottom - top) * 0.46,
                paper,
                tall=(bottom - top) / max(x1 - x0, 1),
            )


def _seaweed(scene: Scene, at: Point, size: float, ink: Color, *, tall: float) -> None:
    rng, (x, y) = scene.rng, at
    stretch = max(0.8, min(1.5, tall))
    lean = rng.uniform(-0.25, 0.25)
    weed = Shape().limb(
        [
            (x - lean * size, y + size * stretch),
            (x + lean * size * 0.4, y),
            (x + lean * size, y - size * stretch * 0.8),
        ],
        size * 0.26,
        size * 0.16,
    )
    lobes = rng.choice((4, 5))
    for i in range(lobes):
        rise = y + size * stretch * (0.72 - 1.5 * i / lobes)
        for side in (-1, 1):
            reach = size * (0.85 - 0.09 * i) * rng.uniform(0.8, 1.05)
            weed.limb(
                [
                    (x, rise),
                    (x + side * reach * 0.55, rise - size * 0.06),
                    (x + side * reach, rise - size * rng.uniform(0.28, 0.4)),
                ],
                size * 0.2,
                size * 0.24,
            )
    shadow = Shape()
    shift = scene.unit * 0.6
    shadow.parts = [
        ([(px + shift, py + shift) for px, py in points], on) for points, on in weed.parts
    ]
    scene.canvas.fill(shadow, scene.palette.ink, alpha=0.22)
    scene.canvas.fill(weed, ink, shade=0.2)


def _mobile(scene: Scene) -> None:
    """Large discs, arcs and bars in balance around a diagonal."""
    rng, inks, unit = scene.rng, scene.palette, scene.unit
    width, height, fill = scene.width, scene.height, scene.canvas.fill
    x, y = width * rng.uniform(0.38, 0.62), height * rng.uniform(0.36, 0.5)
    choices = rng.sample([*inks.accents[:3], inks.near, inks.sky[0]], 5)
    fill(Shape().oval(x, y, unit * 33), choices[0], shade=0.8)
    fill(Shape().oval(x + unit * 17, y + unit * 21, unit * 21), choices[1], shade=0.8, alpha=0.93)
    half = Shape().oval(x - unit * 17, y + unit * 25, unit * 19)
    fill(half, choices[2], shade=0.7, clip=Shape().box(0, y + unit * 25, width, height))
    tilt = rng.choice((-24, 24))
    a = math.radians(tilt)
    for step in range(6):
        shift = (step - 2.5) * unit * 4.2
        cx, cy = x - math.sin(a) * shift, y + unit * 12 + math.cos(a) * shift
        reach = unit * rng.uniform(20, 44)
        fill(
            Shape().limb(
                [
                    (cx - reach * math.cos(a), cy - reach * math.sin(a)),
                    (cx + reach * math.cos(a), cy + reach * math.sin(a)),
                ],
                unit * 0.9,
            ),
            choices[3 + step % 2],
        )
    for _ in range(6):
        ink = rng.choice(choices)
        fill(
            Shape().oval(
                rng.uniform(0.08, 0.92) * width,
                rng.uniform(0.08, 0.92) * height,
                unit * rng.uniform(1.5, 5),
            ),
            ink,
            shade=0.8,
        )
    ring = Shape().oval(x - unit * 22, y - unit * 20, unit * 12)
    fill(ring.cut().oval(x - unit * 22, y - unit * 20, unit * 9.5), inks.ink)
