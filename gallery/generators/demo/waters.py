"""The sea from above, and from below."""

from gallery.generators.demo.canvas import Point, Shape, clouds
from gallery.generators.demo.palettes import Color, darken, lighten, mix
from gallery.generators.demo.places import hills, land, ridge
from gallery.generators.demo.scene import Scene, drift_clouds, paint_sky


def sea(scene: Scene) -> None:
    """Open water under a wide sky; the light lies on the waves."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height = scene.width, scene.height
    horizon = height * rng.uniform(0.5, 0.58)
    paint_sky(scene, horizon=horizon, disc=rng.uniform(9, 14))
    drift_clouds(scene, top=height * 0.1, bottom=horizon * 0.85, count=5)
    for far, tall in ((0.75, 0.09), (0.5, 0.055)):
        line = ridge(rng, width, horizon + 1, height * tall, rough=0.5)
        sheet.fill(land(line, horizon + 2), scene.depth(far), alpha=0.9)
    top = mix(inks.water, inks.sky[-1], 0.55)
    sheet.backdrop((top, inks.water, darken(inks.water, 0.35)), horizon)
    _glitter(scene, horizon)
    _waves(scene, horizon)
    scene.ground = horizon + (height - horizon) * 0.5


def _glitter(scene: Scene, horizon: float) -> None:
    rng, marks, unit = scene.rng, Shape(), scene.unit
    for _ in range(60):
        near = rng.random() ** 1.2
        y = horizon + (scene.height - horizon) * near
        x = scene.sun[0] + rng.gauss(0, 3.5 + 9 * near) * unit
        half, thin = unit * (1 + 4.5 * near) * rng.uniform(0.5, 1.3), unit * (0.14 + 0.4 * near)
        marks.polygon([(x - half, y), (x, y - thin), (x + half, y), (x, y + thin)])
    scene.canvas.fill(marks, scene.palette.sun, alpha=0.6)


def _waves(scene: Scene, horizon: float) -> None:
    inks, depth = scene.palette, scene.height - horizon
    for layer in range(4):
        y = horizon + depth * (0.22 + 0.2 * layer)
        ink = mix(mix(inks.water, inks.sky[-1], 0.3), darken(inks.water, 0.45), layer / 3)
        line = hills(scene.rng, scene.width, y, depth * (0.05 + 0.02 * layer), waves=2.5)
        body = land(line, scene.height)
        scene.canvas.fill(body, (ink, darken(ink, 0.15)), alpha=0.5)


def underwater(scene: Scene) -> None:
    """Shafts of light, kelp and coral."""
    rng, sheet, inks = scene.rng, scene.canvas, scene.palette
    width, height, unit = scene.width, scene.height, scene.unit
    deep = darken(inks.water, 0.55)
    sheet.backdrop((lighten(inks.water, 0.45), inks.water, deep))
    sheet.drift(clouds(rng, cells=3), lighten(inks.water, 0.5), alpha=0.3)
    shafts = Shape()
    for _ in range(6):
        x, thick = rng.uniform(-0.1, 1) * width, rng.uniform(3, 9) * unit
        shafts.polygon(
            [
                (x, -2),
                (x + thick, -2),
                (x + thick * 3 + width * 0.12, height * 0.9),
                (x + width * 0.12, height * 0.9),
            ]
        )
    sheet.fill(shafts, lighten(inks.water, 0.75), alpha=0.14)
    for layer in range(3):
        line = hills(rng, width, height * (0.84 + 0.06 * layer), height * 0.1)
        ink = mix(inks.water, deep, 0.35 + 0.3 * layer)
        _weeds(scene, line, mix(ink, inks.accents[(layer * 2) % 4], 0.25 + 0.2 * layer))
        sheet.fill(land(line, height), (lighten(ink, 0.1), darken(ink, 0.2)), shade=0.4)
    bubbles = Shape()
    for _ in range(26):
        bubbles.oval(rng.random() * width, rng.random() * height, unit * rng.uniform(0.2, 1.1))
    sheet.fill(bubbles, inks.cream, alpha=0.32)
    scene.air, scene.air_share = inks.water, 0.2
    scene.ground = height * 0.8


def _weeds(scene: Scene, line: list[Point], ink: Color) -> None:
    rng, weeds, unit = scene.rng, Shape(), scene.unit
    for _ in range(9):
        x, y = rng.choice(line)
        tall, lean = unit * rng.uniform(8, 24), unit * rng.uniform(-4, 4)
        weeds.limb(
            [
                (x, y + unit * 4),
                (x + lean * 0.4, y - tall * 0.3),
                (x - lean * 0.3, y - tall * 0.7),
                (x + lean * 0.5, y - tall),
            ],
            unit * 2.2,
            unit * 0.4,
        )
        for rise in (0.25, 0.45, 0.65):
            for side in (-1, 1):
                root = (x, y - tall * rise)
                tip = (x + side * unit * 3.4, root[1] - unit * 3)
                weeds.blob(
                    root,
                    (x + side * unit * 2.4, root[1] - unit * 0.4),
                    tip,
                    (x + side * unit * 0.8, root[1] - unit * 2.2),
                )
    scene.canvas.fill(weeds, (lighten(ink, 0.2), ink))
