"""Open country: mountains, forests, deserts, gardens and the sky itself.

Each place lays its sheets of paper from far to near. The far ones lean to
the haze, which is all that depth needs.
"""

import math
from itertools import pairwise
from random import Random

from gallery.generators.demo.canvas import Point, Shape, smooth
from gallery.generators.demo.palettes import darken, lighten, mix
from gallery.generators.demo.scene import Scene, drift_clouds, paint_sky


def ridge(
    rng: Random, width: float, base: float, height: float, *, rough: float = 0.5, steps: int = 7
) -> list[Point]:
    """A skyline by midpoint displacement, from left to right."""
    levels = [rng.uniform(0.2, 0.7), rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.8)]
    swing = 0.5
    for _ in range(steps):
        finer = [levels[0]]
        for a, b in pairwise(levels):
            finer += [(a + b) / 2 + rng.uniform(-swing, swing) * 0.55, b]
        levels = finer
        swing *= rough
    last = len(levels) - 1
    return [(width * i / last, base - height * level) for i, level in enumerate(levels)]


def hills(
    rng: Random, width: float, base: float, height: float, *, waves: float = 1.5
) -> list[Point]:
    """A soft rolling line: three sines that never line up."""
    tones = [
        (rng.uniform(0.6, 1.2) * waves, rng.random() * 6.3, 0.6),
        (rng.uniform(1.6, 2.4) * waves, rng.random() * 6.3, 0.28),
        (rng.uniform(3.2, 4.4) * waves, rng.random() * 6.3, 0.12),
    ]
    line = []
    for step in range(65):
        u = step / 64
        rise = sum(part * math.sin(math.tau * turns * u + at) for turns, at, part in tones)
        line.append((width * u, base - height * (0.5 + 0.5 * rise)))
    return line


def land(line: list[Point], bottom: float) -> Shape:
    """Everything below *line*."""
    return Shape().polygon([(line[0][0] - 2, bottom), *line, (line[-1][0] + 2, bottom)])


def mountains(scene: Scene) -> None:
    """Ranges fading into haze, a lake or meadow in front."""
    rng, sheet, width, height = scene.rng, scene.canvas, scene.width, scene.height
    horizon = height * 0.74
    paint_sky(scene, horizon=horizon, disc=rng.uniform(6, 11))
    drift_clouds(scene, top=height * 0.12, bottom=height * 0.36, count=3)
    for layer in range(4):
        far = 0.86 - layer * 0.2
        base = horizon - height * (0.10 - 0.045 * layer)
        line = ridge(rng, width, base, height * (0.44 - 0.07 * layer), rough=0.52)
        ink = scene.depth(far)
        shape = land(line, horizon + height * 0.1)
        sheet.fill(shape, (ink, ink, mix(ink, scene.palette.haze, 0.55)))
        _lit_faces(scene, line, shape, far)
        if scene.brief.weather == "snow" or layer == 1:
            _snow_caps(scene, line, shape)
    _foreground(scene, horizon)


def _lit_faces(scene: Scene, line: list[Point], shape: Shape, far: float) -> None:
    """The slopes that face the sun, one wedge for each peak."""
    rng, lit = scene.rng, Shape()
    side = -1 if scene.sun[0] < scene.width / 2 else 1
    for i in range(8, len(line) - 8, 2):
        x, y = line[i]
        if y == min(point[1] for point in line[i - 8 : i + 9]):
            drop = scene.height * rng.uniform(0.10, 0.2)
            lit.polygon(
                [
                    (x, y),
                    (x + side * drop * 0.95, y + drop * 1.1),
                    (x + side * drop * 0.2, y + drop * 0.8),
                    (x + side * drop * 0.32, y + drop * 0.5),
                    (x - side * drop * 0.05, y + drop * 0.3),
                ]
            )
    ink = mix(scene.depth(far), scene.palette.sky[-1], 0.5)
    scene.canvas.fill(lit, ink, alpha=0.5, clip=shape)


def _snow_caps(scene: Scene, line: list[Point], shape: Shape) -> None:
    top = min(y for _, y in line)
    reach = (max(y for _, y in line) - top) * 0.3
    cap = Shape()
    edge = [(x, top + reach * scene.rng.uniform(0.45, 1.1)) for x, _ in line[::4]]
    cap.polygon([(0, top - 2), (scene.width, top - 2), *edge[::-1]])
    scene.canvas.fill(cap, mix(scene.palette.cream, scene.palette.haze, 0.25), clip=shape)


def _foreground(scene: Scene, horizon: float) -> None:
    rng, sheet, inks, width = scene.rng, scene.canvas, scene.palette, scene.width
    bottom = scene.height
    is_snow = scene.brief.weather == "snow" or "penguin" in scene.brief.heroes
    ground = mix(inks.cream, inks.haze, 0.35) if is_snow else inks.ground
    for layer in range(3):
        share = layer / 2
        base = horizon + (bottom - horizon) * (0.12 + 0.36 * share)
        line = hills(rng, width, base, scene.height * 0.1, waves=1.0)
        ink = mix(mix(ground, inks.haze, 0.5), darken(ground, 0.1 if is_snow else 0.25), share)
        if layer == 1:
            tree_line(scene, line, count=16, size=7.5, far=0.25)
        sheet.fill(land(line, bottom), (lighten(ink, 0.12), darken(ink, 0.18)), shade=0.5)
    scene.ground = horizon + (bottom - horizon) * 0.66


def tree_line(scene: Scene, line: list[Point], *, count: int, size: float, far: float) -> None:
    """Conifers rooted along *line*, in clumps."""
    rng, trees = scene.rng, Shape()
    for _ in range(count):
        x, y = line[min(len(line) - 1, int(rng.betavariate(0.6, 0.6) * len(line)))]
        x += rng.uniform(-2, 2) * scene.unit
        tall = scene.unit * size * rng.uniform(0.55, 1.2)
        conifer(trees, x, y + scene.unit, tall)
    ink = scene.depth(far)
    scene.canvas.fill(trees, (ink, mix(ink, scene.palette.haze, 0.3)))


def conifer(shape: Shape, x: float, y: float, tall: float) -> None:
    """Four tiers and a trunk, as one outline."""
    shape.polygon(
        [
            (x - tall * 0.03, y),
            (x - tall * 0.03, y - tall * 0.2),
            (x + tall * 0.03, y - tall * 0.2),
            (x + tall * 0.03, y),
        ]
    )
    for tier in range(4):
        top, low = 1 - tier * 0.19, 0.62 - tier * 0.17
        half = 0.1 + tier * 0.045
        shape.polygon(
            [
                (x, y - tall * top),
                (x + tall * half, y - tall * low),
                (x, y - tall * (low + 0.05)),
                (x - tall * half, y - tall * low),
            ]
        )


def forest(scene: Scene) -> None:
    """Trunks behind trunks, light falling between them."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height = scene.width, scene.height
    paint_sky(scene, horizon=height * 0.8, disc=rng.uniform(8, 12))
    for layer in range(4):
        far = 0.82 - layer * 0.2
        base = height * (0.62 + layer * 0.06)
        line = hills(rng, width, base, height * 0.06)
        trees = Shape()
        for _ in range(15 - 2 * layer):
            x, y = rng.choice(line)
            tall = height * rng.uniform(0.2, 0.36) * (0.8 + 0.25 * layer)
            conifer(trees, x + rng.uniform(-3, 3) * scene.unit, y + height * 0.02, tall)
        ink = scene.depth(far)
        sheet.fill(trees, (ink, mix(ink, inks.haze, 0.35)))
        sheet.fill(land(line, height), (mix(ink, inks.haze, 0.3), ink))
        sheet.veil(base - height * 0.16, base + height * 0.05, inks.haze, start=0, end=0.28)
    _clearing(scene)
    scene.in_front = lambda: _frame_of_trunks(scene)


def _clearing(scene: Scene) -> None:
    inks, height = scene.palette, scene.height
    line = hills(scene.rng, scene.width, height * 0.82, height * 0.05)
    ground = mix(inks.ground, inks.near, 0.35)
    scene.canvas.fill(land(line, height), (lighten(ground, 0.1), darken(ground, 0.35)), shade=0.4)
    scene.canvas.glow(
        scene.width / 2, height * 0.88, scene.width * 0.4, inks.sky[-1], ry=height * 0.08, alpha=0.4
    )
    scene.ground = height * 0.88


def _frame_of_trunks(scene: Scene) -> None:
    """Two dark trunks and some fern at the edges: the viewer stands among them."""
    rng, width, height, unit = scene.rng, scene.width, scene.height, scene.unit
    frame = Shape()
    for side, x in ((1, rng.uniform(0.02, 0.06) * width), (-1, rng.uniform(0.93, 0.98) * width)):
        thick = unit * rng.uniform(6, 9)
        frame.limb(
            [(x, height * 1.02), (x + side * unit, height * 0.5), (x - side * unit, -unit)],
            thick * 1.3,
            thick * 0.8,
        )
        for y in (0.2, 0.42):
            frame.limb(
                [
                    (x, height * y),
                    (x + side * unit * 8, height * (y - 0.05)),
                    (x + side * unit * 15, height * (y - 0.04)),
                ],
                thick * 0.3,
                unit * 0.3,
            )
    for _ in range(26):
        x = width * rng.betavariate(0.35, 0.35)
        frame.limb(
            [
                (x, height * 1.01),
                (x + rng.uniform(-2, 2) * unit, height * 0.96),
                (x + rng.uniform(-5, 5) * unit, height * rng.uniform(0.90, 0.96)),
            ],
            unit * 1.1,
            unit * 0.2,
        )
    ink = darken(scene.palette.near, 0.35)
    scene.canvas.fill(frame, (mix(ink, scene.palette.haze, 0.1), ink))


def desert(scene: Scene) -> None:
    """Dunes with one lit and one shaded flank each."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height = scene.width, scene.height
    horizon = height * 0.58
    paint_sky(scene, horizon=horizon + height * 0.05, disc=rng.uniform(9, 14))
    sheet.fill(
        land(_mesas(rng, width, horizon, height * 0.16), horizon + height * 0.05),
        (scene.depth(0.62), scene.depth(0.9)),
    )
    sand = mix(inks.ground, inks.accents[1], 0.45)
    for layer in range(4):
        base = horizon + height * (0.05 + 0.1 * layer)
        ink = mix(mix(sand, inks.haze, 0.5), sand, layer / 3)
        _dune(scene, base, height * 0.1, ink)
    scene.ground = height * 0.86
    _cacti(scene)


def _mesas(rng: Random, width: float, base: float, height: float) -> list[Point]:
    line, x = [(0.0, base)], 0.0
    while x < width:
        tall, half = height * rng.uniform(0.3, 1), width * rng.uniform(0.04, 0.11)
        line += [
            (x + half * 0.3, base),
            (x + half * 0.45, base - tall * 0.8),
            (x + half * 0.5, base - tall),
            (x + half * 1.4, base - tall * 0.98),
            (x + half * 1.5, base - tall * 0.6),
            (x + half * 1.8, base),
        ]
        x += half * rng.uniform(2.4, 4.5)
    return [*line, (width * 1.2, base)]


def _dune(scene: Scene, base: float, tall: float, ink: tuple[int, int, int]) -> None:
    rng, width = scene.rng, scene.width
    line = hills(rng, width, base, tall, waves=0.9)
    body = land(line, scene.height)
    scene.canvas.fill(body, (lighten(ink, 0.3), ink, darken(ink, 0.12)), shade=0.35)
    crest = min(range(6, 59), key=lambda i: line[i][1])
    side = scene.canvas.light
    x, y = line[crest]
    reach = side * width * 0.34
    flank = smooth(
        [
            (x, y - 1),
            (x + side * scene.unit * 3, y + tall * 0.5),
            (x - side * scene.unit * 2, y + tall * 1.2),
            (x + side * scene.unit * 10, y + tall * 2.2),
        ],
        closed=False,
    )
    lee = [
        (x + side * reach_x, y + fall_y)
        for reach_x, fall_y in (
            (abs(reach) * 0.5, tall * 1.9),
            (abs(reach) * 0.95, tall * 1.1),
            (abs(reach), -tall),
        )
    ]
    shadow = Shape().polygon([*flank, *lee, (x, y - tall)])
    scene.canvas.fill(shadow, mix(ink, scene.palette.near, 0.34), alpha=0.7, clip=body)


def _cacti(scene: Scene) -> None:
    rng = scene.rng
    for spot in (rng.uniform(0.05, 0.2), rng.uniform(0.8, 0.95)):
        pen = scene.pen(
            scene.width * spot,
            scene.ground + scene.unit * rng.uniform(-4, 6),
            rng.uniform(14, 24),
            flip=rng.random() < 0.5,
        )
        pen.glow(16, 1, 40, scene.palette.ink, ry=7, alpha=0.4)
        body = Shape().limb([(0, 0), (0, -92)], 17).limb([(0, -34), (-26, -38), (-27, -66)], 11)
        pen.fill(body.limb([(0, -48), (22, -50), (24, -80)], 11), scene.palette.accents[2])


def garden(scene: Scene) -> None:
    """Rolling green, a round tree or two, flowers up to the viewer's knees."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height = scene.width, scene.height
    horizon = height * 0.6
    paint_sky(scene, horizon=horizon, disc=rng.uniform(7, 10))
    drift_clouds(scene, top=height * 0.1, bottom=height * 0.4, count=4)
    for layer in range(4):
        share = layer / 3
        base = horizon + (height - horizon) * (0.04 + 0.28 * share * 1.6)
        line = hills(rng, width, base, height * 0.11, waves=0.9)
        ink = mix(mix(inks.ground, inks.haze, 0.62), darken(inks.ground, 0.12), share)
        if layer in (1, 2):
            _round_trees(scene, line, far=0.6 - 0.3 * layer)
        sheet.fill(land(line, height), (lighten(ink, 0.14), darken(ink, 0.08)), shade=0.5)
    scene.ground = height * 0.84
    scene.in_front = lambda: _flowers(scene)


def _round_trees(scene: Scene, line: list[Point], *, far: float) -> None:
    rng, inks = scene.rng, scene.palette
    leaf = inks.accents[2] if rng.random() < 0.6 else inks.accents[rng.randrange(2)]
    for _ in range(4):
        x, y = rng.choice(line)
        pen = scene.pen(x, y + scene.unit, rng.uniform(13, 22), far=max(0.0, far))
        pen.fill(Shape().limb([(0, 2), (1, -40), (0, -60)], 8, 4), inks.near)
        pen.fill(Shape().oval(0, -66, 28, 34), leaf, shade=0.7)


def _flowers(scene: Scene) -> None:
    rng, inks, unit = scene.rng, scene.palette, scene.unit
    stems, heads = Shape(), [Shape() for _ in range(4)]
    hearts = Shape()
    for _ in range(46):
        x, root = scene.width * rng.random(), scene.height * rng.uniform(0.97, 1.06)
        centre = abs(x / scene.width - 0.5) * 2
        tall = unit * rng.uniform(5, 11) * (0.45 + 0.75 * centre)
        tip = (x + rng.uniform(-2, 2) * unit, root - tall)
        stems.limb([(x, root), (x, root - tall * 0.6), tip], unit * 0.5, unit * 0.3)
        stems.blob((x, root), (x + tall * 0.24, root - tall * 0.42), (x, root - tall * 0.2))
        head, size = rng.choice(heads), unit * rng.uniform(0.7, 1.5)
        for petal in range(5):
            a = math.tau * petal / 5 + x
            head.oval(tip[0] + size * math.cos(a), tip[1] + size * math.sin(a), size * 0.72)
        hearts.oval(tip[0], tip[1], size * 0.62)
    green = mix(darken(inks.ground, 0.45), inks.near, 0.4)
    scene.canvas.fill(stems, green)
    petals = (inks.accents[0], inks.accents[1], inks.cream, mix(inks.accents[0], inks.cream, 0.45))
    for head, ink in zip(heads, petals, strict=True):
        scene.canvas.fill(head, mix(ink, scene.air, scene.air_share))
    scene.canvas.fill(hearts, mix(inks.accents[1], inks.near, 0.3))


def sky(scene: Scene) -> None:
    """High above a sea of clouds."""
    rng, height = scene.rng, scene.height
    paint_sky(scene, horizon=height, disc=rng.uniform(9, 14))
    drift_clouds(scene, top=height * 0.1, bottom=height * 0.6, count=6)
    inks = scene.palette
    for layer in range(3):
        bank = Shape()
        y = height * (0.8 + 0.07 * layer)
        x = -scene.unit * 10
        while x < scene.width + scene.unit * 10:
            size = scene.unit * rng.uniform(6, 12)
            bank.oval(x, y + rng.uniform(-2, 3) * scene.unit, size)
            x += size * 1.2
        bank.box(-5, y, scene.width + 10, height)
        ink = mix(
            inks.haze,
            mix(inks.cream, inks.sky[1], 0.55 if scene.is_night else 0.12),
            0.35 + 0.3 * layer,
        )
        scene.canvas.fill(bank, (lighten(ink, 0.25), ink), shade=0.25)
    scene.ground = height * 0.8
