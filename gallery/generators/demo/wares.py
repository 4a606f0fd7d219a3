"""Wares: what a shop sells and a still life shows, drawn with a highlight.

Local units as in creatures.py: they stand on y = 0, about 100 tall.
"""

import math

from gallery.generators.demo.canvas import Pen, Shape
from gallery.generators.demo.kit import Kit, stand
from gallery.generators.demo.palettes import darken, lighten, mix


def _sheen(pen: Pen, clip: Shape, x: float, top: float, tall: float, wide: float = 4) -> None:
    """A soft upright highlight on the lit side."""
    pen.fill(
        Shape().box(x - wide / 2, top, wide, tall, wide / 2),
        (255, 252, 244),
        alpha=0.38,
        clip=clip,
        flat=True,
    )


def mug(pen: Pen, kit: Kit) -> None:
    """Stoneware, dipped in glaze, still steaming."""
    stand(pen, kit, 42)
    handle = Shape().oval(36, -42, 23, 25).cut().oval(36, -42, 13.5, 15.5)
    pen.fill(handle, darken(kit.coat, 0.08))
    body = Shape().box(-37, -82, 74, 82, 22).box(-37, -82, 74, 40)
    pen.fill(body, kit.coat, shade=0.6)
    pen.fill(
        Shape().blob((-50, -30), (-20, -26), (0, -31), (24, -25), (50, -30), (50, 10), (-50, 10)),
        lighten(kit.cream, 0.1),
        clip=body,
        shade=0.5,
    )
    pen.fill(Shape().oval(0, -81, 37.5, 8), lighten(kit.coat, 0.3), shade=0.2)
    pen.fill(Shape().oval(0, -80, 33, 6.2), (84, 50, 38), shade=0.3)
    _sheen(pen, body, -27, -68, 46, 5)
    for x in (-10, 6):
        steam = Shape().limb([(x, -90), (x + 7, -101), (x - 3, -112), (x + 6, -124)], 4.6, 1)
        pen.fill(steam, kit.cream, alpha=0.5, flat=True)


def lamp(pen: Pen, kit: Kit) -> None:
    """A table lamp with a pleated shade, switched on."""
    stand(pen, kit, 30)
    pen.glow(0, -62, 84, kit.glow, alpha=0.5)
    pen.fill(Shape().oval(0, -3, 22, 5), darken(kit.coat, 0.2))
    pen.fill(
        Shape().blob(
            (-7, -50), (7, -50), (10, -38), (20, -22), (12, -4), (-12, -4), (-20, -22), (-10, -38)
        ),
        kit.coat,
        shade=0.6,
    )
    pen.fill(Shape().box(-2, -58, 4, 10), kit.ink, flat=True)
    shade = Shape().polygon([(-22, -102), (22, -102), (40, -54), (-40, -54)])
    pen.fill(shade, (lighten(kit.cream, 0.2), kit.glow, lighten(kit.glow, 0.3)), shade=0.15)
    pleats = Shape()
    for i in range(-4, 5):
        pleats.limb([(i * 5, -102), (i * 9, -54)], 0.8)
    pen.fill(pleats, darken(kit.glow, 0.25), alpha=0.5, flat=True)
    pen.fill(Shape().box(-40, -56.5, 80, 3.4, 1.5).box(-22, -103, 44, 3, 1.5), kit.trim)


def vase(pen: Pen, kit: Kit) -> None:
    """Hand-thrown, with three stems."""
    stand(pen, kit, 30)
    leaf = mix(kit.accent, (70, 120, 80), 0.5)
    for tip, ink in (
        ((-30, -106), kit.trim),
        ((3, -122), lighten(kit.trim, 0.35)),
        ((31, -102), kit.cream),
    ):
        mid = (tip[0] * 0.35, -80)
        pen.fill(Shape().limb([(0, -56), mid, tip], 2, 1.4), leaf, flat=True)
        pen.fill(Shape().blob(mid, (mid[0] + 12, mid[1] - 13), (mid[0] + 18, mid[1] - 8)), leaf)
        for i in range(6):
            a = math.tau * i / 6
            pen.fill(
                Shape().oval(tip[0] + 7 * math.cos(a), tip[1] + 7 * math.sin(a), 6), ink, shade=0.4
            )
        pen.fill(Shape().oval(tip[0], tip[1], 4.4), kit.glow)
    body = Shape().blob(
        (-9, -64),
        (9, -64),
        (8, -54),
        (27, -34),
        (24, -10),
        (13, 0),
        (-13, 0),
        (-24, -10),
        (-27, -34),
        (-8, -54),
    )
    pen.fill(body, kit.coat, shade=0.7)
    pen.fill(
        Shape().box(-40, -36, 80, 3).box(-40, -30, 80, 7),
        lighten(kit.coat, 0.5),
        clip=body,
        shade=0.5,
    )
    pen.fill(Shape().oval(0, -65, 10.4, 2.6), darken(kit.coat, 0.35), shade=0)
    _sheen(pen, body, -16, -44, 34, 4)


def chair(pen: Pen, kit: Kit) -> None:
    """An armchair on turned legs."""
    stand(pen, kit, 50)
    wood = mix((150, 96, 58), kit.ink, 0.2)
    for x, lean in ((-34, -5), (34, 5), (-22, -2), (22, 2)):
        pen.fill(Shape().limb([(x, -20), (x + lean, -1)], 5, 3), wood)
    back = Shape().blob((-36, -40), (-38, -84), (-24, -102), (24, -102), (38, -84), (36, -40))
    pen.fill(back, darken(kit.coat, 0.1), shade=0.5)
    seams = Shape().limb([(-13, -100), (-12, -50)], 1.2).limb([(13, -100), (12, -50)], 1.2)
    pen.fill(seams, darken(kit.coat, 0.35), clip=back, flat=True)
    pen.fill(Shape().box(-40, -34, 80, 18, 7), darken(kit.coat, 0.16), shade=0.5)
    pen.fill(Shape().box(-36, -48, 72, 19, 9), lighten(kit.coat, 0.08), shade=0.5)
    for side in (-1, 1):
        pen.fill(Shape().box(side * 41 - 10, -60, 20, 45, 10), kit.coat, shade=0.6)
    pen.fill(Shape().blob((-18, -50), (-20, -78), (10, -81), (13, -51)), kit.trim, shade=0.6)


def backpack(pen: Pen, kit: Kit) -> None:
    """Canvas with leather straps and a rolled blanket."""
    stand(pen, kit, 40)
    leather = mix((150, 92, 54), kit.ink, 0.15)
    pen.fill(Shape().limb([(-9, -96), (-8, -108), (8, -108), (9, -96)], 4), leather)
    for side in (-1, 1):
        pen.fill(Shape().box(side * 36 - 9, -42, 18, 38, 7), darken(kit.coat, 0.18))
    body = Shape().blob(
        (-26, -96), (26, -96), (35, -74), (37, -10), (26, 0), (-26, 0), (-37, -10), (-35, -74)
    )
    pen.fill(body, kit.coat, shade=0.6)
    pen.fill(Shape().box(-25, -40, 50, 34, 7), lighten(kit.coat, 0.1), shade=0.5)
    pen.fill(Shape().box(-25, -40, 50, 10, 5), darken(kit.coat, 0.14), shade=0.3)
    flap = Shape().blob(
        (-27, -98), (27, -98), (36, -76), (34, -56), (0, -50), (-34, -56), (-36, -76)
    )
    pen.fill(flap, darken(kit.coat, 0.08), shade=0.5)
    for x in (-15, 15):
        pen.fill(Shape().box(x - 3, -74, 6, 34, 2), leather)
        pen.fill(Shape().box(x - 4.6, -50, 9.2, 7, 1.5).cut().box(x - 2.4, -48, 4.8, 3), kit.glow)
    pen.fill(Shape().box(-32, -112, 64, 17, 8.5), kit.trim, shade=0.6)
    for x in (-18, 18):
        pen.fill(Shape().box(x - 2.6, -113, 5.2, 19, 2), leather)


def bottle(pen: Pen, kit: Kit) -> None:
    """Glass with a paper label and a cork."""
    stand(pen, kit, 24)
    glass = mix(kit.coat, kit.ink, 0.15)
    pen.fill(Shape().box(-5, -110, 10, 12, 2), (190, 142, 96))
    body = Shape().blob(
        (-6, -100),
        (6, -100),
        (6.5, -78),
        (21, -58),
        (22, -8),
        (15, 0),
        (-15, 0),
        (-22, -8),
        (-21, -58),
        (-6.5, -78),
    )
    pen.fill(body, (lighten(glass, 0.25), glass, darken(glass, 0.15)), shade=0.7, alpha=0.95)
    pen.fill(Shape().box(-8, -102, 16, 5, 2), darken(glass, 0.1))
    pen.fill(Shape().box(-40, -46, 80, 32), kit.cream, clip=body, shade=0.5)
    pen.fill(Shape().oval(0, -34, 6.4), kit.trim, shade=0.5)
    pen.fill(Shape().box(-11, -24, 22, 1.8, 0.9).box(-7, -20, 14, 1.4, 0.7), kit.ink, flat=True)
    _sheen(pen, body, -14, -64, 56, 3.4)


def headphones(pen: Pen, kit: Kit) -> None:
    """Large soft cups on a padded band."""
    stand(pen, kit, 42)
    band = Shape().oval(0, -52, 42, 48).cut().oval(0, -50, 35, 41).box(-60, -46, 120, 60)
    pen.fill(band, kit.ink, shade=0.4)
    pad = Shape().oval(0, -52, 43, 50).cut().oval(0, -48, 35, 42).box(-60, -76, 120, 90)
    pen.fill(pad, kit.coat, shade=0.5)
    for side in (-1, 1):
        pen.fill(Shape().limb([(side * 39, -56), (side * 40, -38)], 5), lighten(kit.ink, 0.5))
        pen.fill(Shape().box(side * 30 - 9, -46, 18, 44, 9), darken(kit.coat, 0.4))
        cup = Shape().box(side * 42 - 11, -50, 22, 52, 11)
        pen.fill(cup, kit.coat, shade=0.7)
        pen.fill(Shape().box(side * 46 - 4, -38, 8, 28, 4), kit.trim, shade=0.5)


def sneaker(pen: Pen, kit: Kit) -> None:
    """A low shoe in profile, ready to leave."""
    stand(pen, kit, 66)
    upper = Shape().blob(
        (-58, -12),
        (-60, -44),
        (-52, -62),
        (-40, -54),
        (-22, -54),
        (-6, -64),
        (6, -56),
        (26, -36),
        (54, -28),
        (64, -12),
        (30, -8),
        (-30, -8),
    )
    pen.fill(upper, kit.coat, shade=0.6)
    pen.fill(Shape().blob((-62, -10), (-64, -48), (-44, -42), (-36, -10)), kit.trim, clip=upper)
    pen.fill(
        Shape().blob((34, -40), (72, -30), (72, -6), (30, -6), (40, -20)),
        kit.cream,
        clip=upper,
        shade=0.3,
    )
    swoosh = Shape().limb([(-30, -22), (-8, -16), (16, -34)], 3, 8)
    pen.fill(swoosh, kit.cream, clip=upper, shade=0.2)
    pen.fill(
        Shape().blob((-44, -56), (-22, -56), (-6, -66), (-8, -58), (-24, -48), (-42, -48)),
        darken(kit.coat, 0.35),
    )
    laces = Shape()
    for i in range(4):
        laces.limb([(-4 + i * 8, -63 + i * 8), (-12 + i * 8, -51 + i * 8)], 2.6)
    pen.fill(laces, lighten(kit.cream, 0.4), flat=True)
    sole = Shape().blob(
        (-62, -14), (-30, -11), (20, -11), (66, -15), (68, -4), (56, 0), (-54, 0), (-63, -4)
    )
    pen.fill(sole, lighten(kit.cream, 0.3), shade=0.5)
    pen.fill(Shape().limb([(-61, -6), (0, -4), (66, -7)], 1.8), kit.trim, clip=sole, flat=True)


def plant(pen: Pen, kit: Kit) -> None:
    """Broad leaves in a pot."""
    stand(pen, kit, 30)
    leaf = mix(kit.accent, (64, 124, 84), 0.6)
    for i, turn in enumerate((-160, -20, -140, -40, -118, -62, -90)):
        a = math.radians(turn)
        far = (46, 46, 58, 58, 62, 62, 68)[i]
        tip = (far * math.cos(a), -40 + far * math.sin(a) * 0.95)
        mid = (tip[0] * 0.55, -40 + (tip[1] + 40) * 0.55)
        nx, ny = -math.sin(a) * 11, math.cos(a) * 11
        blade = Shape().blob((0, -38), (mid[0] + nx, mid[1] + ny), tip, (mid[0] - nx, mid[1] - ny))
        pen.fill(blade, lighten(leaf, 0.12 * (i % 3)), shade=0.6)
        pen.fill(
            Shape().limb([(0, -38), mid, (tip[0] * 0.9, tip[1] + 3)], 1.2, 0.5),
            lighten(leaf, 0.4),
            flat=True,
        )
    pen.fill(Shape().polygon([(-25, -38), (25, -38), (18, 0), (-18, 0)]), kit.coat, shade=0.6)
    pen.fill(Shape().box(-28, -43, 56, 11, 3), lighten(kit.coat, 0.12), shade=0.5)


def candle(pen: Pen, kit: Kit) -> None:
    """A candle in a tumbler."""
    stand(pen, kit, 26)
    pen.glow(0, -86, 72, kit.glow, alpha=0.7)
    cup = Shape().box(-24, -58, 48, 58, 7)
    pen.fill(cup, kit.coat, shade=0.6)
    pen.fill(Shape().oval(0, -57, 24, 5), lighten(kit.cream, 0.3), shade=0.2)
    pen.fill(Shape().box(-15, -40, 30, 24, 3), kit.cream, shade=0.3)
    pen.fill(Shape().box(-9, -33, 18, 2, 1).box(-6, -27, 12, 2, 1), kit.ink, flat=True)
    pen.fill(Shape().limb([(0, -57), (1, -66)], 1.6), kit.ink, flat=True)
    pen.fill(
        Shape().blob((0, -100), (9, -80), (6, -68), (-6, -68), (-9, -80)),
        (lighten(kit.glow, 0.3), kit.glow, (240, 130, 60)),
    )
    pen.fill(Shape().blob((0, -86), (4, -76), (0, -70), (-4, -76)), (255, 250, 230), flat=True)
    _sheen(pen, cup, -17, -50, 42, 3.4)


def clock(pen: Pen, kit: Kit) -> None:
    """An alarm clock at ten past ten."""
    stand(pen, kit, 34)
    for side in (-1, 1):
        pen.fill(Shape().limb([(side * 22, -16), (side * 30, -2)], 7, 5), kit.ink)
        pen.fill(Shape().oval(side * 25, -88, 15, 11, side * 38), kit.trim)
    pen.fill(Shape().limb([(-8, -92), (0, -100), (8, -92)], 3), kit.ink, flat=True)
    pen.fill(Shape().oval(0, -48, 42), kit.coat, shade=0.6)
    pen.fill(Shape().oval(0, -48, 33), kit.cream, shade=0.3)
    marks = Shape()
    for i in range(12):
        a = math.tau * i / 12
        far = 24 if i % 3 == 0 else 26.5
        marks.limb(
            [
                (far * math.sin(a), -48 - far * math.cos(a)),
                (29 * math.sin(a), -48 - 29 * math.cos(a)),
            ],
            2.4 if i % 3 == 0 else 1.4,
        )
    marks.limb([(0, -48), (-15, -58)], 4, 2.6).limb([(0, -48), (19, -63)], 3, 2)
    pen.fill(marks, kit.ink, flat=True)
    pen.fill(Shape().oval(0, -48, 3.4), kit.trim)


def pear(pen: Pen, kit: Kit) -> None:
    """Two pears and an apple."""
    for x, size, ink in ((-24, 0.94, kit.trim), (22, 1.0, mix(kit.accent, (190, 200, 90), 0.5))):
        pen.glow(x + 3, 0, 40 * size, kit.ink, ry=7, alpha=0.5)
        pen.fill(
            Shape().limb([(x, -88 * size), (x + 4, -104 * size)], 3, 2), (92, 60, 40), flat=True
        )
        pen.fill(
            Shape().blob(
                (x + 3, -97 * size),
                (x + 15, -109 * size),
                (x + 25, -104 * size),
                (x + 14, -96 * size),
            ),
            mix(ink, (70, 120, 80), 0.6),
        )
        body = Shape().blob(
            *(
                (x + px * size, py * size)
                for px, py in (
                    (0, -91),
                    (12, -82),
                    (15, -60),
                    (29, -32),
                    (24, -6),
                    (0, 0),
                    (-24, -6),
                    (-29, -32),
                    (-15, -60),
                    (-12, -82),
                )
            )
        )
        pen.fill(body, ink, shade=0.75)
        pen.fill(
            Shape().oval(x - 13 * size, -34 * size, 4, 10, 14),
            (255, 252, 240),
            alpha=0.4,
            flat=True,
        )
    pen.glow(2, 6, 30, kit.ink, ry=6, alpha=0.5)
    pen.fill(
        Shape().blob(
            (0, -36), (13, -40), (25, -26), (19, 2), (0, 6), (-19, 2), (-25, -26), (-13, -40)
        ),
        kit.coat,
        shade=0.75,
    )
    pen.fill(Shape().limb([(0, -36), (3, -48)], 2.6, 1.8), (92, 60, 40), flat=True)


def guitar(pen: Pen, kit: Kit) -> None:
    """Leaning on nothing, as guitars in pictures do."""
    stand(pen, kit, 30)
    wood = mix(kit.coat, (190, 120, 60), 0.45)
    pen.fill(Shape().box(-3, -102, 6, 54), mix(wood, kit.ink, 0.55))
    pen.fill(Shape().blob((-5, -112), (5, -112), (6, -100), (-6, -100)), kit.ink)
    body = Shape().blob(
        (0, -60),
        (18, -56),
        (19, -42),
        (17, -34),
        (28, -18),
        (20, 0),
        (0, 3),
        (-20, 0),
        (-28, -18),
        (-17, -34),
        (-19, -42),
        (-18, -56),
    )
    pen.fill(body, wood, shade=0.6)
    pen.fill(Shape().oval(0, -36, 9.5), kit.cream, shade=0)
    pen.fill(Shape().oval(0, -36, 8), kit.ink, flat=True)
    pen.fill(Shape().box(-11, -15, 22, 4, 1.5), kit.ink, flat=True)
    strings = Shape()
    for x in (-2, -0.7, 0.7, 2):
        strings.limb([(x, -108), (x, -13)], 0.4)
    pen.fill(strings, kit.cream, flat=True)


def teapot(pen: Pen, kit: Kit) -> None:
    """Round, dotted, about to pour."""
    stand(pen, kit, 46)
    pen.fill(
        Shape().limb([(30, -28), (48, -36), (56, -58), (68, -66)], 18, 8), darken(kit.coat, 0.05)
    )
    pen.fill(Shape().oval(-42, -42, 23, 24).cut().oval(-42, -42, 15, 16), darken(kit.coat, 0.12))
    body = Shape().blob(
        (-22, -76), (22, -76), (42, -48), (36, -12), (18, 0), (-18, 0), (-36, -12), (-42, -48)
    )
    pen.fill(body, kit.coat, shade=0.6)
    dots = Shape()
    for row in range(4):
        for column in range(-3, 4):
            dots.oval(column * 13 + (row % 2) * 6.5, -62 + row * 17, 2.8)
    pen.fill(dots, kit.cream, clip=body, flat=True)
    pen.fill(Shape().blob((-25, -76), (0, -90), (25, -76), (0, -71)), kit.trim)
    pen.fill(Shape().oval(0, -92, 6.4), kit.cream, shade=0.5)
    _sheen(pen, body, -26, -56, 34, 5)
    steam = Shape().limb([(70, -74), (76, -86), (68, -96), (75, -110)], 4.4, 1)
    pen.fill(steam, kit.cream, alpha=0.5, flat=True)


WARES = {
    "mug": mug,
    "lamp": lamp,
    "vase": vase,
    "chair": chair,
    "backpack": backpack,
    "bottle": bottle,
    "headphones": headphones,
    "sneaker": sneaker,
    "plant": plant,
    "candle": candle,
    "clock": clock,
    "pear": pear,
    "guitar": guitar,
    "teapot": teapot,
}
