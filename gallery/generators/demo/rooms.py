"""Made places: a city, a room, outer space."""

import math
from random import Random

from gallery.generators.demo.canvas import Pen, Shape, clouds
from gallery.generators.demo.palettes import Color, darken, lighten, mix
from gallery.generators.demo.places import hills, land
from gallery.generators.demo.scene import Scene, drift_clouds, paint_sky, scatter_stars

# What stands on a table rather than on the rug.
TABLEWARE = frozenset(
    {
        "mug",
        "lamp",
        "vase",
        "bottle",
        "headphones",
        "plant",
        "candle",
        "clock",
        "pear",
        "teapot",
        "cake",
        "book",
        "sneaker",
    }
)


def city(scene: Scene) -> None:
    """Rows of houses; the windows say what time it is."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height = scene.width, scene.height
    paint_sky(scene, horizon=height * 0.8, disc=rng.uniform(8, 12))
    drift_clouds(scene, top=height * 0.08, bottom=height * 0.3, count=3)
    for layer in range(3):
        _house_row(scene, layer)
        sheet.veil(height * 0.5, height * 0.86, inks.haze, start=0, end=0.42 - 0.14 * layer)
    street = mix(inks.near, inks.haze, 0.2)
    sheet.backdrop((mix(street, inks.sky[-1], 0.3), street, darken(street, 0.4)), height * 0.86)
    pavement = Shape().box(0, height * 0.855, width, height * 0.012)
    sheet.fill(pavement, mix(inks.cream, street, 0.55))
    _street_lamps(scene)
    scene.ground = height * 0.92


def _house_row(scene: Scene, layer: int) -> None:
    rng, unit, inks = scene.rng, scene.unit, scene.palette
    far = 0.72 - 0.27 * layer
    lit_share = 0.5 if scene.is_night or scene.palette.time == "dusk" else 0.12
    lit, dark = Shape(), Shape()
    x = -unit * rng.uniform(0, 8)
    while x < scene.width:
        wide = unit * rng.uniform(9, 15)
        tall = scene.height * rng.uniform(0.2, 0.44) * (1.25 - 0.28 * layer)
        ink = scene.depth(far)
        if layer == 2:
            ink = mix(
                rng.choice(inks.accents[:3]),
                scene.air if not scene.is_night else inks.near,
                0.3 if not scene.is_night else 0.62,
            )
        top = scene.height * 0.86 - tall
        body = Shape().box(x, top, wide, tall + 2)
        _roof(rng, body, x, top, wide, unit)
        scene.canvas.fill(
            body,
            (lighten(ink, 0.06), ink, mix(ink, inks.haze, 0.2)),
            shade=0.5 if layer == 2 else 0,
        )
        _windows(rng, (lit, dark), x, top, wide, tall, unit, lit_share)
        x += wide + unit * rng.choice((0, 0, 0.4, 1.5))
    glass = mix(scene.depth(far), inks.sky[0], 0.5)
    scene.canvas.fill(dark, darken(glass, 0.25), alpha=0.55)
    warm = inks.accents[1] if lit_share > 0.2 else inks.cream
    scene.canvas.fill(lit, (lighten(warm, 0.35), warm), alpha=0.95 - 0.3 * far)


def _roof(rng: Random, body: Shape, x: float, top: float, wide: float, unit: float) -> None:
    kind = rng.randrange(5)
    if kind == 0:
        body.polygon(
            [(x - unit * 0.4, top), (x + wide / 2, top - wide * 0.4), (x + wide + unit * 0.4, top)]
        )
    elif kind == 1:
        body.box(x + wide * 0.2, top - unit * 2.5, wide * 0.6, unit * 3)
        body.box(x + wide * 0.48, top - unit * 8, wide * 0.04, unit * 6)
    elif kind == 2:
        body.oval(x + wide / 2, top, wide * 0.42, wide * 0.34)
    elif kind == 3:
        body.polygon([(x, top), (x, top - wide * 0.35), (x + wide, top)])
    else:
        body.box(x + wide * 0.6, top - unit * 3, wide * 0.14, unit * 3.5)
        body.box(x - unit * 0.3, top, wide + unit * 0.6, unit * 0.8)


def _windows(
    rng: Random,
    panes: tuple[Shape, Shape],
    x: float,
    top: float,
    wide: float,
    tall: float,
    unit: float,
    lit_share: float,
) -> None:
    columns = max(2, round(wide / (unit * 3)))
    pitch = wide / (columns + 0.6)
    rows = max(1, int(tall / (pitch * 1.3)))
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.9:
                pane = panes[0] if rng.random() < lit_share else panes[1]
                pane.box(
                    x + pitch * (0.55 + column),
                    top + pitch * (0.5 + 1.25 * row),
                    pitch * 0.5,
                    pitch * 0.72,
                )


def _street_lamps(scene: Scene) -> None:
    inks = scene.palette
    for spot in (0.08, 0.5, 0.92):
        pen = scene.pen(scene.width * spot, scene.height * 0.9, 22)
        if scene.is_night or inks.time == "dusk":
            pen.glow(0, -92, 60, inks.accents[1], alpha=0.55)
        pen.fill(
            Shape().limb([(0, 0), (0, -86)], 4.5, 3).box(-8, -3, 16, 4, 2), inks.ink, flat=True
        )
        pen.fill(
            Shape().blob((-7, -88), (0, -100), (7, -88), (0, -84)),
            lighten(inks.accents[1], 0.4),
            flat=True,
        )


def space(scene: Scene) -> None:
    """Nebulae, a ringed planet, its moons; a curved ground for those who land."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height, unit = scene.width, scene.height, scene.unit
    deep = darken(inks.sky[0], 0.35)
    sheet.backdrop((deep, inks.sky[0], mix(inks.sky[1], deep, 0.3)))
    for ink, cells in ((inks.sky[1], 2), (inks.sky[2], 3), (inks.accents[0], 2)):
        sheet.drift(clouds(rng, cells=cells), ink, low=112, high=225, alpha=0.5)
    scatter_stars(scene, height, count=260)
    big = (width * rng.uniform(0.55, 0.72), height * rng.uniform(0.28, 0.38))
    if rng.random() < 0.5:
        big = (width - big[0], big[1])
    scene.canvas.light = 1 if big[0] > width / 2 else -1
    planet(scene, *big, unit * rng.uniform(15, 20), rng.choice(inks.accents[:3]), has_ring=True)
    for _ in range(3):
        planet(
            scene,
            rng.uniform(0.05, 0.95) * width,
            rng.uniform(0.08, 0.62) * height,
            unit * rng.uniform(2, 5.5),
            rng.choice(inks.accents),
            has_ring=False,
        )
    if scene.brief.heroes and scene.brief.heroes[0] != "rocket":
        _moon_ground(scene)
    scene.ground = height * 0.88
    scene.air, scene.air_share = inks.sky[1], 0.12


def planet(scene: Scene, x: float, y: float, r: float, ink: Color, *, has_ring: bool) -> None:
    """A banded ball, lit from one side, half of its ring behind it."""
    rng, sheet, light = scene.rng, scene.canvas, scene.canvas.light
    tilt = rng.uniform(-28, -12) * light
    sheet.glow(x, y, r * 1.7, lighten(ink, 0.3), alpha=0.4, power=2)
    if has_ring:
        _ring(scene, x, y, r, ink, tilt, front=False)
    ball = Shape().oval(x, y, r)
    sheet.fill(ball, (lighten(ink, 0.3), ink, darken(ink, 0.2)))
    for _ in range(5):
        drop = rng.uniform(-0.8, 0.8) * r
        band = Shape().oval(x, y + drop, r * 1.3, r * rng.uniform(0.03, 0.11), tilt)
        sheet.fill(band, rng.choice((lighten(ink, 0.35), darken(ink, 0.2))), alpha=0.5, clip=ball)
    for shift, share in ((0.36, 0.3), (0.62, 0.34)):
        night = Shape().oval(x, y, r * 1.1)
        night.cut().oval(x - light * r * shift, y - r * shift * 0.7, r * 1.12)
        sheet.fill(night, darken(ink, 0.75), alpha=share, clip=ball, shade=0.5)
    if has_ring:
        _ring(scene, x, y, r, ink, tilt, front=True)


def _ring(
    scene: Scene, x: float, y: float, r: float, ink: Color, tilt: float, *, front: bool
) -> None:
    for outer, inner, share in ((2.05, 1.78, 0.35), (1.7, 1.4, 0.6)):
        band = Shape().oval(x, y, r * outer, r * outer * 0.27, tilt)
        band.cut().oval(x, y, r * inner, r * inner * 0.25, tilt)
        a = math.radians(tilt)
        side = 1 if front else -1
        along, down = (math.cos(a), math.sin(a)), (-math.sin(a) * side, math.cos(a) * side)
        half = Shape().polygon(
            [
                (x + along[0] * r * s + down[0] * r * d, y + along[1] * r * s + down[1] * r * d)
                for s, d in ((-3, 0), (3, 0), (3, 2), (-3, 2))
            ]
        )
        scene.canvas.fill(band, mix(ink, scene.palette.cream, share), alpha=0.85, clip=half)


def _moon_ground(scene: Scene) -> None:
    inks, width, height, unit = scene.palette, scene.width, scene.height, scene.unit
    ink = mix(inks.haze, inks.cream, 0.25)
    ground = Shape().oval(width / 2, height * 0.8 + width * 1.3, width * 1.5, width * 1.3)
    scene.canvas.fill(ground, (lighten(ink, 0.2), ink, darken(ink, 0.3)), shade=0.4)
    for _ in range(9):
        x, y = scene.rng.random() * width, height * scene.rng.uniform(0.86, 1)
        r = unit * scene.rng.uniform(1.5, 6)
        scene.canvas.fill(Shape().oval(x, y, r, r * 0.3), darken(ink, 0.3), alpha=0.6, clip=ground)
        scene.canvas.fill(
            Shape().oval(x, y + r * 0.08, r, r * 0.3).cut().oval(x, y, r, r * 0.3),
            lighten(ink, 0.4),
            alpha=0.7,
            clip=ground,
        )


def interior(scene: Scene) -> None:
    """A room: wall, window with its weather, lamp, plant, table or rug."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height, unit = scene.width, scene.height, scene.unit
    wall = mix(inks.accents[3], inks.haze, 0.3)
    if scene.is_night:
        wall = mix(mix(inks.accents[1], inks.sky[1], 0.66), inks.accents[0], 0.08)
    elif rng.random() < 0.4:
        wall = mix(inks.accents[2], inks.cream, 0.45)
    floor = height * 0.74
    sheet.backdrop((lighten(wall, 0.08), wall, darken(wall, 0.12)))
    is_left = rng.random() < 0.5
    scene.canvas.light = 1 if is_left else -1
    window(scene, width * (0.3 if is_left else 0.7), height * 0.34, unit * 36, unit * 40)
    _floor(scene, floor, wall)
    _pictures(scene, width * (0.76 if is_left else 0.24), height * 0.27)
    _shelf_and_lamp(scene, is_left, floor)
    scene.air, scene.air_share = wall, 0.16
    scene.ground = height * 0.87
    if scene.brief.heroes and set(scene.brief.heroes) <= TABLEWARE:
        set_table(scene)


def set_table(scene: Scene) -> None:
    """A table across the picture; whoever comes now stands on it."""
    unit, width = scene.unit, scene.width
    top, wood = scene.height * 0.76, mix(scene.palette.accents[1], (120, 74, 46), 0.55)
    scene.canvas.fill(
        Shape().box(width * 0.5 - 44 * unit, top, 88 * unit, scene.height),
        (darken(wood, 0.25), darken(wood, 0.45)),
        shade=0.4,
    )
    board = Shape().box(width * 0.5 - 50 * unit, top - 2 * unit, 100 * unit, 7 * unit, 2 * unit)
    scene.canvas.fill(board, (lighten(wood, 0.35), lighten(wood, 0.1), wood), shade=0.3)
    scene.ground, scene.hero_height = top - unit, 52.0


def window(scene: Scene, x: float, y: float, wide: float, tall: float) -> None:
    """A window onto hills under the picture's own sky, its light on the wall."""
    inks, sheet, unit = scene.palette, scene.canvas, scene.unit
    sheet.glow(x, y, wide * 1.4, lighten(inks.sky[-1], 0.3), alpha=0.45)
    frame = Shape().box(
        x - wide / 2 - unit, y - tall / 2 - unit, wide + 2 * unit, tall + 2 * unit, unit
    )
    pane = Shape().box(x - wide / 2, y - tall / 2, wide, tall)
    sheet.fill(frame, inks.cream)
    sheet.fill(pane, inks.sky)
    disc = Shape().oval(x + wide * 0.18, y - tall * 0.16, unit * 4)
    sheet.glow(x + wide * 0.18, y - tall * 0.16, unit * 11, inks.sun, alpha=0.6)
    sheet.fill(disc, lighten(inks.sun, 0.4))
    for far, drop in ((0.7, 0.2), (0.4, 0.33)):
        line = [
            (x - wide / 2 + px, py)
            for px, py in hills(scene.rng, wide, y + tall * drop, tall * 0.16)
        ]
        sheet.fill(land(line, y + tall / 2), mix(scene.depth(far), inks.ground, 0.3), clip=pane)
    bars = Shape().box(x - unit * 0.5, y - tall / 2, unit, tall)
    bars.box(x - wide / 2, y - tall * 0.06, wide, unit)
    bars.box(x - wide / 2 - unit * 2.4, y + tall / 2, wide + unit * 4.8, unit * 2, unit * 0.6)
    sheet.fill(bars, inks.cream, shade=0.3)
    for side in (-1, 1):
        edge = x + side * (wide / 2 + unit * 1.5)
        fold = Shape().polygon(
            [
                (edge - side * unit * 8, y - tall * 0.58),
                (edge + side * unit * 3, y - tall * 0.58),
                (edge + side * unit * 2, y + tall * 0.62),
                (edge - side * unit * 2, y + tall * 0.62),
            ]
        )
        sheet.fill(fold, mix(inks.accents[0], inks.cream, 0.25), shade=0.7)
    sheet.fill(
        Shape().box(x - wide * 0.72, y - tall * 0.6, wide * 1.44, unit * 1.2, unit * 0.6), inks.near
    )


def _floor(scene: Scene, top: float, wall: Color) -> None:
    inks, sheet, width, height, unit = (
        scene.palette,
        scene.canvas,
        scene.width,
        scene.height,
        scene.unit,
    )
    wood = mix(inks.accents[1], inks.near, 0.55)
    sheet.backdrop((lighten(wood, 0.12), wood, darken(wood, 0.2)), top)
    planks = Shape()
    for i in range(-6, 18):
        x = width * i / 12
        planks.polygon(
            [
                (x, top),
                (x + unit * 0.25, top),
                (x + (x - width / 2) * 0.5 + unit * 0.4, height),
                (x + (x - width / 2) * 0.5, height),
            ]
        )
    sheet.fill(planks, darken(wood, 0.3), alpha=0.5)
    sheet.fill(Shape().box(0, top - unit * 2.4, width, unit * 2.4), lighten(wall, 0.35))
    rug = Shape().oval(width / 2, height * 0.88, width * 0.4, height * 0.075)
    sheet.fill(rug, mix(inks.accents[0], inks.near, 0.1), shade=0.4)
    for share in (0.86, 0.62):
        ring = Shape().oval(width / 2, height * 0.88, width * 0.4 * share, height * 0.075 * share)
        ring.cut().oval(
            width / 2, height * 0.88, width * 0.4 * (share - 0.05), height * 0.075 * (share - 0.05)
        )
        sheet.fill(ring, inks.accents[3], alpha=0.8)


def _pictures(scene: Scene, x: float, y: float) -> None:
    rng, inks, sheet, unit = scene.rng, scene.palette, scene.canvas, scene.unit
    for dx, dy, w, h in ((-7, -2, 13, 17), (8, 1, 10, 12)):
        left, top = x + dx * unit - w * unit / 2, y + dy * unit - h * unit / 2
        sheet.glow(left + w * unit * 0.5, top + h * unit * 0.6, w * unit, inks.ink, alpha=0.25)
        sheet.fill(Shape().box(left, top, w * unit, h * unit), inks.near)
        inner = Shape().box(left + unit, top + unit, (w - 2) * unit, (h - 2) * unit)
        sheet.fill(inner, inks.cream)
        for _ in range(3):
            spot = Shape().oval(
                left + rng.uniform(0.2, 0.8) * w * unit,
                top + rng.uniform(0.3, 0.9) * h * unit,
                rng.uniform(2, 4) * unit,
            )
            sheet.fill(spot, rng.choice(inks.accents[:3]), clip=inner, alpha=0.9)


def _shelf_and_lamp(scene: Scene, is_left: bool, floor: float) -> None:
    """A low sideboard under the pictures, a plant on it, a floor lamp beside the window."""
    rng, inks = scene.rng, scene.palette
    pen = scene.pen(
        scene.width * (0.78 if is_left else 0.22), floor + scene.unit * 4, 30, flip=not is_left
    )
    wood = mix(inks.accents[1], inks.near, 0.35)
    pen.glow(0, 0, 75, inks.ink, ry=9, alpha=0.5)
    pen.fill(Shape().limb([(-42, -20), (-46, 0)], 5, 3).limb([(42, -20), (46, 0)], 5, 3), inks.near)
    pen.fill(Shape().box(-58, -62, 116, 46, 4), wood)
    pen.fill(Shape().box(-53, -57, 50, 36, 2).box(3, -57, 50, 36, 2), lighten(wood, 0.12))
    pen.fill(Shape().oval(-9, -39, 2.4).oval(9, -39, 2.4), inks.near, flat=True)
    leaves(pen, rng, -28, -74, 52, mix(inks.accents[2], inks.ground, 0.4))
    pen.fill(Shape().polygon([(-40, -84), (-16, -84), (-20, -62), (-36, -62)]), inks.accents[0])
    x = 16.0
    for _ in range(5):
        thick, tall = rng.uniform(4, 7), rng.uniform(20, 30)
        pen.fill(Shape().box(x, -62 - tall, thick, tall, 1), rng.choice(inks.accents))
        x += thick + 0.6


def leaves(pen: Pen, rng: Random, x: float, y: float, size: float, ink: Color) -> None:
    """A tuft of broad leaves growing from (x, y)."""
    for step in range(7):
        a = math.radians(-90 + (step - 3) * 26 + rng.uniform(-6, 6))
        far = size * rng.uniform(0.75, 1.05)
        tip = (x + far * math.cos(a), y + far * math.sin(a) * 0.9)
        mid = ((x + tip[0]) / 2, (y + tip[1]) / 2)
        nx, ny = -math.sin(a) * size * 0.15, math.cos(a) * size * 0.15
        leaf = Shape().blob((x, y), (mid[0] + nx, mid[1] + ny), tip, (mid[0] - nx, mid[1] - ny))
        pen.fill(leaf, lighten(ink, 0.16 * (step % 2)), shade=0.5)
