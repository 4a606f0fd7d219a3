"""A scene: the sheet, the inks, the light and the ground that heroes stand on."""

from collections.abc import Callable
from random import Random

from gallery.generators.demo.canvas import Canvas, Pen, Shape, clouds
from gallery.generators.demo.palettes import Color, Palette, lighten, mix
from gallery.generators.demo.reading import Brief


class Scene:
    """What a place hands to the heroes that enter it."""

    def __init__(self, canvas: Canvas, brief: Brief, palette: Palette) -> None:
        self.canvas, self.brief, self.palette = canvas, brief, palette
        self.width, self.height, self.unit = canvas.width, canvas.height, canvas.unit
        self.rng: Random = brief.rng("place")
        self.ground = self.height * 0.84
        self.hero_height = 46.0
        self.is_night = palette.time == "night"
        self.sun = (self.width * self.rng.uniform(0.22, 0.78), self.height * 0.3)
        self.canvas.light = 1 if self.sun[0] < self.width / 2 else -1
        self.air: Color = mix(palette.haze, palette.sky[0], 0.5)
        self.air_share = 0.26 if self.is_night else 0.10 if palette.time == "day" else 0.15
        self.in_front: Callable[[], None] | None = None

    def pen(
        self,
        x: float,
        y: float,
        height: float,
        *,
        flip: bool = False,
        tilt: float = 0,
        far: float = 0.0,
    ) -> Pen:
        """A pen standing at (x, y) pixels; *height* in hundredths of the sheet, *far* 0 to 1."""
        tint = mix(self.air, self.palette.haze, far)
        share = self.air_share + (0.75 - self.air_share) * far
        return Pen(
            self.canvas, x, y, height * self.unit, flip=flip, tilt=tilt, tint=tint, tint_share=share
        )

    def depth(self, far: float) -> Color:
        """The ink of things *far* away: 0 is at our feet, 1 dissolves in haze."""
        return mix(self.palette.near, self.palette.haze, far)


def paint_sky(scene: Scene, *, horizon: float, disc: float = 9.0) -> None:
    """Graded sky, drifting light, then the sun or the moon with its stars."""
    sheet, inks, rng = scene.canvas, scene.palette, scene.rng
    sheet.backdrop(inks.sky, 0, horizon)
    sheet.backdrop((inks.sky[-1], inks.haze), horizon)
    sheet.drift(
        clouds(rng, cells=2, squash=3),
        lighten(inks.sky[-1], 0.35),
        low=118,
        high=250,
        alpha=0.55,
        bottom=horizon,
    )
    if scene.is_night:
        scatter_stars(scene, horizon)
    x, y = scene.sun = (scene.sun[0], horizon * rng.uniform(0.3, 0.62))
    reach = scene.unit * disc
    sheet.glow(x, y, reach * 5, inks.sun, alpha=0.5, power=2.4)
    sheet.glow(x, y, reach * 2, inks.sun, alpha=0.5)
    face = Shape().oval(x, y, reach)
    sheet.fill(face, (lighten(inks.sun, 0.6), inks.sun))
    if scene.is_night:
        _craters(scene, x, y, reach, face)


def _craters(scene: Scene, x: float, y: float, reach: float, face: Shape) -> None:
    ink = mix(scene.palette.sun, scene.palette.sky[1], 0.22)
    for _ in range(5):
        dx, dy = scene.rng.uniform(-0.7, 0.7) * reach, scene.rng.uniform(-0.7, 0.7) * reach
        crater = Shape().oval(x + dx, y + dy, reach * scene.rng.uniform(0.08, 0.24))
        scene.canvas.fill(crater, ink, alpha=0.6, clip=face)


def scatter_stars(scene: Scene, bottom: float, *, count: int = 150) -> None:
    """Many small stars, a few large ones with a glow."""
    rng, sheet, unit = scene.rng, scene.canvas, scene.unit
    small = Shape()
    for _ in range(count):
        x, y = rng.uniform(0, scene.width), bottom * rng.random() ** 1.3
        r = unit * rng.choice((0.08, 0.1, 0.13, 0.2))
        small.polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)])
    sheet.fill(small, scene.palette.cream, alpha=0.8)
    for _ in range(7):
        x, y = rng.uniform(0, scene.width), bottom * rng.uniform(0, 0.7)
        sheet.glow(x, y, unit * 1.6, scene.palette.cream, alpha=0.6, power=3)
        twinkle(scene, x, y, unit * rng.uniform(0.5, 0.9))


def twinkle(scene: Scene, x: float, y: float, r: float) -> None:
    """A four-pointed star."""
    thin = r * 0.16
    star = Shape().polygon(
        [
            (x - r, y),
            (x - thin, y - thin),
            (x, y - r),
            (x + thin, y - thin),
            (x + r, y),
            (x + thin, y + thin),
            (x, y + r),
            (x - thin, y + thin),
        ]
    )
    scene.canvas.fill(star, scene.palette.cream)


def drift_clouds(scene: Scene, *, top: float, bottom: float, count: int = 4) -> None:
    """Flat-bottomed clouds, lit from above."""
    rng, unit = scene.rng, scene.unit
    ink = mix(scene.palette.cream, scene.palette.sky[-1], 0.3 if not scene.is_night else 0.88)
    for _ in range(count):
        x, y = rng.uniform(0, scene.width), rng.uniform(top, bottom)
        size = unit * rng.uniform(5, 11)
        cloud = Shape().box(x - size * 1.6, y - size * 0.34, size * 3.2, size * 0.34, size * 0.17)
        for shift, reach in ((-0.8, 0.42), (-0.1, 0.66), (0.65, 0.46)):
            nudge = rng.uniform(-0.12, 0.12)
            cloud.oval(x + (shift + nudge) * size, y - size * reach * 0.7, size * reach)
        floor = Shape().box(x - size * 2, y - size * 2, size * 4, size * 2)
        scene.canvas.fill(
            cloud, (lighten(ink, 0.3), mix(ink, scene.palette.haze, 0.45)), alpha=0.88, clip=floor
        )


def fall(scene: Scene) -> None:
    """Snow, rain or a last veil of fog, over everything."""
    rng, unit, weather = scene.rng, scene.unit, scene.brief.weather
    flakes = Shape()
    if weather == "fog":
        fog = clouds(rng, cells=2, squash=3)
        scene.canvas.drift(fog, lighten(scene.palette.haze, 0.3), low=90, high=230, alpha=0.55)
        return
    for _ in range(150 if weather == "snow" else 110):
        x, y = rng.uniform(0, scene.width), rng.uniform(0, scene.height)
        if weather == "snow":
            flakes.oval(x, y, unit * rng.choice((0.2, 0.3, 0.4, 0.7)))
        else:
            run = unit * rng.uniform(2, 4.5)
            flakes.polygon([(x, y), (x + unit * 0.16, y), (x - run * 0.25, y + run)])
    scene.canvas.fill(flakes, scene.palette.cream, alpha=0.75 if weather == "snow" else 0.4)
