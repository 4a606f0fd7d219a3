"""Pictures for a shop's listing: the object alone, explained, at home, compared."""

from PIL import ImageDraw, ImageFont

from gallery.generators.demo import rooms
from gallery.generators.demo.canvas import Pen, Shape, clouds
from gallery.generators.demo.heroes import ARTISTS, draw_hero
from gallery.generators.demo.kit import Kit, make_kit
from gallery.generators.demo.palettes import Color, darken, lighten, mix
from gallery.generators.demo.reading import WARES
from gallery.generators.demo.scene import Scene

# Widest reach to either side in local units; everything else is about 100 tall.
WIDE = {"sneaker": 68, "bicycle": 70, "teapot": 76}
# How much of those 100 units a low thing fills, for lines and rules that measure it.
RISE = {"mug": 0.84, "sneaker": 0.64, "teapot": 0.95, "book": 0.86, "clock": 0.98}
NOTES = {
    "mug": ("Stays warm", "Dipped glaze", "350 ml"),
    "lamp": ("Soft light", "Linen shade", "28 cm"),
    "vase": ("Hand-thrown", "Watertight", "24 cm"),
    "chair": ("Deep seat", "Oak legs", "Wool"),
    "backpack": ("Rolls up", "Two pockets", "18 l"),
    "bottle": ("Glass", "Real cork", "500 ml"),
    "headphones": ("Soft band", "40 hours", "Folds flat"),
    "sneaker": ("Light", "Grips", "Washable"),
    "plant": ("Easy care", "Clay pot", "40 cm"),
    "candle": ("Beeswax", "45 hours", "Reusable"),
    "clock": ("Two bells", "Silent", "12 cm"),
    "teapot": ("No drip", "Six cups", "1.2 l"),
    "guitar": ("Cedar top", "Nylon", "Light"),
    "bicycle": ("Eight gears", "Basket", "Steel"),
    "umbrella": ("Windproof", "Wide", "90 cm"),
    "book": ("Sewn", "Cloth", "240 pages"),
}
ANCHORS = ((-0.2, 0.86), (0.26, 0.55), (-0.22, 0.22))


def draw_listing(scene: Scene, image_type: str, kit: Kit) -> None:
    """One of the five pictures that sell a thing, in the inks of *kit*."""
    wares = [hero for hero in scene.brief.heroes if hero in WARES]
    ware = wares[0] if wares else scene.brief.rng("ware").choice(sorted(WARES))
    if image_type == "lifestyle":
        _lifestyle(scene, ware, kit)
    elif image_type == "comparison":
        _comparison(scene, ware, kit)
    else:
        _studio(scene, kit)
        if image_type == "main":
            _show(scene, ware, kit, scene.width / 2, scene.height * 0.8, 58)
        elif image_type == "infographic_1":
            _callouts(scene, ware, kit)
        else:
            _feature_row(scene, ware, kit)


def _fit(ware: str) -> float:
    """How much a broad thing shrinks to leave air at its sides."""
    return min(1.0, 58 / WIDE.get(ware, 50))


def _paper(scene: Scene, kit: Kit) -> Color:
    """A light backdrop in a tint that the object is not."""
    return mix(mix(kit.accent, scene.palette.haze, 0.4), (250, 244, 234), 0.62)


def _studio(scene: Scene, kit: Kit) -> None:
    """A seamless backdrop with a pool of light and a curved horizon."""
    sheet, paper = scene.canvas, _paper(scene, kit)
    width, height, unit = scene.width, scene.height, scene.unit
    sheet.backdrop((darken(paper, 0.12), paper, lighten(paper, 0.3)), 0, height * 0.7)
    sheet.backdrop((lighten(paper, 0.16), lighten(paper, 0.36), darken(paper, 0.06)), height * 0.66)
    sheet.veil(height * 0.58, height * 0.74, lighten(paper, 0.3), start=0, end=0.9)
    sheet.veil(height * 0.74, height, lighten(paper, 0.3), start=0.9, end=0)
    sheet.drift(clouds(scene.rng, cells=2), (255, 252, 244), low=100, high=240, alpha=0.35)
    sheet.glow(width * 0.36, height * 0.34, unit * 62, (255, 252, 242), alpha=0.65)
    scene.air_share = 0.0


def _show(scene: Scene, ware: str, kit: Kit, x: float, y: float, size: float) -> Pen:
    """Stand the ware at (x, y), as large as *size* and its breadth allow."""
    size *= _fit(ware)
    pen = scene.pen(x, y, size)
    light = scene.canvas.light
    pen.glow(light * 22, 2, 66, mix(kit.ink, kit.coat, 0.3), ry=13, alpha=0.4, power=1.2)
    ARTISTS[ware](pen, kit)
    return pen


def _write(
    scene: Scene, text: str, x: float, y: float, size: float, ink: Color, *, anchor: str = "mm"
) -> None:
    """A small label; skipped where it would be unreadable anyway."""
    pixels = scene.unit * size
    if pixels >= 5:
        font = ImageFont.load_default(pixels)
        ImageDraw.Draw(scene.canvas.image).text((x, y), text, fill=ink, font=font, anchor=anchor)


def _callouts(scene: Scene, ware: str, kit: Kit) -> None:
    """The object with three fine lines to three short notes."""
    unit, width, height = scene.unit, scene.width, scene.height
    x, base = width / 2, height * 0.82
    size = 52 * _fit(ware)
    _show(scene, ware, kit, x, base, 52)
    for (dx, up), note in zip(ANCHORS, NOTES[ware], strict=True):
        side = -1 if dx < 0 else 1
        at = (x + dx * size * unit, base - up * RISE.get(ware, 1.0) * size * unit)
        end = (x + side * 30 * unit, at[1] - 5 * unit)
        line = Shape().limb([at, (end[0] - side * 4 * unit, end[1])], unit * 0.35)
        line.limb([(end[0] - side * 4 * unit, end[1]), end], unit * 0.35)
        scene.canvas.fill(line, kit.ink)
        scene.canvas.fill(Shape().oval(*at, unit * 1.5), kit.cream)
        scene.canvas.fill(Shape().oval(*at, unit * 0.9), kit.trim)
        tag = (end[0] + side * 7.5 * unit, end[1])
        pill = Shape().box(tag[0] - 9.5 * unit, tag[1] - 3 * unit, 19 * unit, 6 * unit, 3 * unit)
        scene.canvas.glow(tag[0], tag[1] + unit, 13 * unit, kit.ink, ry=5 * unit, alpha=0.25)
        scene.canvas.fill(pill, lighten(kit.cream, 0.6))
        _write(scene, note, tag[0], tag[1], 2.6, kit.ink)


def _feature_row(scene: Scene, ware: str, kit: Kit) -> None:
    """The object on a plinth above three round details, and its height measured."""
    unit, width, height = scene.unit, scene.width, scene.height
    disc = Shape().oval(width / 2, height * 0.38, 31 * unit)
    scene.canvas.fill(disc, lighten(kit.trim, 0.5), shade=0.4)
    plinth = Shape().box(width / 2 - 25 * unit, height * 0.64, 50 * unit, 5 * unit, unit)
    scene.canvas.glow(width / 2, height * 0.69, 38 * unit, kit.ink, ry=4 * unit, alpha=0.35)
    scene.canvas.fill(plinth, (kit.cream, darken(kit.cream, 0.12)), shade=0.3)
    _show(scene, ware, kit, width / 2, height * 0.642, 42)
    rule, x = Shape(), width / 2 + 36 * unit
    tall = 42 * _fit(ware) * RISE.get(ware, 1.0) * unit
    for y in (height * 0.64 - tall, height * 0.64):
        rule.box(x - 1.5 * unit, y - 0.2 * unit, 3 * unit, 0.4 * unit)
    rule.box(x - 0.2 * unit, height * 0.64 - tall, 0.4 * unit, tall)
    scene.canvas.fill(rule, kit.ink)
    for column, note in enumerate(NOTES[ware]):
        cx, cy = width / 2 + (column - 1) * 28 * unit, height * 0.81
        ink = (kit.coat, kit.trim, kit.accent)[column]
        scene.canvas.fill(Shape().oval(cx, cy, 6.5 * unit), ink, shade=0.6)
        icon = (
            Shape().limb(
                [
                    (cx - 2.6 * unit, cy),
                    (cx - 0.7 * unit, cy + 2 * unit),
                    (cx + 3 * unit, cy - 2.4 * unit),
                ],
                unit * 0.9,
            ),
            Shape().blob(
                (cx, cy - 3.6 * unit),
                (cx + 2.6 * unit, cy + unit),
                (cx, cy + 3.2 * unit),
                (cx - 2.6 * unit, cy + unit),
            ),
            Shape()
            .oval(cx, cy, 3.4 * unit)
            .cut()
            .oval(cx, cy, 2.3 * unit)
            .add()
            .limb([(cx, cy - 1.6 * unit), (cx, cy), (cx + 1.2 * unit, cy)], unit * 0.6),
        )[column]
        scene.canvas.fill(icon, lighten(kit.cream, 0.4))
        _write(scene, note, cx, cy + 10.5 * unit, 2.7, kit.ink)


def _lifestyle(scene: Scene, ware: str, kit: Kit) -> None:
    """The object in a room, on a table of its own unless it stands on the floor."""
    rooms.interior(scene)
    if ware in ("chair", "bicycle", "guitar", "backpack", "umbrella"):
        draw_hero(scene, ware, kit, scene.width / 2, scene.ground, 50)
        return
    rooms.set_table(scene)
    for other, x, size in (("book", -32, 18), ("plant", 34, 26)):
        if other != ware:
            draw_hero(
                scene,
                other,
                make_kit(scene.palette, scene.rng),
                scene.width / 2 + x * scene.unit,
                scene.ground,
                size,
            )
    draw_hero(scene, ware, kit, scene.width / 2, scene.ground + scene.unit * 2, 42 * _fit(ware))


def _comparison(scene: Scene, ware: str, kit: Kit) -> None:
    """Ours in colour beside an ordinary one in grey, a divider between."""
    _studio(scene, kit)
    unit, width, height = scene.unit, scene.width, scene.height
    plain = (188, 184, 180)
    half = Shape().box(0, 0, width / 2, height)
    scene.canvas.fill(half, (darken(plain, 0.08), lighten(plain, 0.35), plain), shade=0.0)
    grey = Kit(
        coat=(150, 148, 146),
        trim=(128, 126, 126),
        accent=(138, 138, 136),
        cream=(206, 204, 200),
        ink=(70, 70, 74),
        glow=(196, 194, 188),
        is_lit=False,
        rng=kit.rng,
    )
    size = 36 * min(1.0, width / (2 * unit * 50) + 0.2)
    _show(scene, ware, grey, width * 0.25, height * 0.7, size)
    _show(scene, ware, kit, width * 0.75, height * 0.7, size * 1.12)
    scene.canvas.fill(Shape().box(width / 2 - unit * 0.4, 0, unit * 0.8, height), kit.cream)
    for share, ink, good in ((0.25, grey.ink, False), (0.75, kit.coat, True)):
        cx, cy = width * share, height * 0.82
        scene.canvas.fill(Shape().oval(cx, cy, 4.6 * unit), ink, shade=0.4)
        mark = Shape()
        if good:
            mark.limb(
                [
                    (cx - 2 * unit, cy),
                    (cx - 0.5 * unit, cy + 1.6 * unit),
                    (cx + 2.3 * unit, cy - 1.8 * unit),
                ],
                unit * 0.8,
            )
        else:
            mark.limb(
                [(cx - 1.6 * unit, cy - 1.6 * unit), (cx + 1.6 * unit, cy + 1.6 * unit)], unit * 0.8
            )
            mark.limb(
                [(cx + 1.6 * unit, cy - 1.6 * unit), (cx - 1.6 * unit, cy + 1.6 * unit)], unit * 0.8
            )
        scene.canvas.fill(mark, lighten(kit.cream, 0.4))
        _write(scene, NOTES[ware][0] if good else "Ordinary", cx, cy + 9 * unit, 2.8, kit.ink)
