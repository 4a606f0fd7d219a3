"""Things of the wide world: castle, lighthouse, balloon, rocket, ship, bicycle …

Local units as in creatures.py: the ground is y = 0, about 100 tall.
"""

import math

from gallery.generators.demo.canvas import Pen, Shape
from gallery.generators.demo.kit import Kit, stand
from gallery.generators.demo.palettes import darken, lighten, mix


def _pane(kit: Kit) -> tuple[int, int, int]:
    return kit.glow if kit.is_lit else mix(kit.ink, kit.accent, 0.3)


def castle(pen: Pen, kit: Kit) -> None:
    """Five towers, flags out."""
    stand(pen, kit, 56)
    stone = mix(kit.cream, kit.coat, 0.22)
    for x, wide, tall in ((-36, 18, 58), (36, 18, 58), (0, 26, 84), (-18, 14, 66), (20, 14, 62)):
        tower = Shape().box(x - wide / 2, -tall, wide, tall)
        for i in range(3):
            tower.box(x - wide / 2 - 1.5 + i * (wide + 3) * 0.4, -tall - 4, (wide + 3) * 0.2, 5)
        tower.box(x - wide / 2 - 1.5, -tall, wide + 3, 4)
        pen.fill(tower, stone, shade=0.6)
        roof = Shape().polygon(
            [(x - wide * 0.66, -tall - 2), (x, -tall - wide * 1.5), (x + wide * 0.66, -tall - 2)]
        )
        pen.fill(roof, kit.coat, shade=0.6)
        top = -tall - wide * 1.5
        pen.fill(Shape().limb([(x, top), (x, top - 8)], 1), kit.ink, flat=True)
        pen.fill(Shape().polygon([(x, top - 9), (x + 9, top - 6), (x, top - 3)]), kit.trim)
        pen.fill(Shape().box(x - 2.2, -tall + 11, 4.4, 9, 2.2), _pane(kit), flat=True)
    wall = Shape().box(-50, -34, 100, 34)
    for i in range(9):
        wall.box(-50 + i * 11.6, -39, 6, 6)
    pen.fill(wall, lighten(stone, 0.1), shade=0.5)
    bricks = Shape()
    for i in range(16):
        bricks.box(-46 + (i * 37) % 90, -29 + (i * 17) % 24, 6, 2.4, 1)
    pen.fill(bricks, darken(stone, 0.16), flat=True)
    pen.fill(Shape().box(-10, -24, 20, 30, 10).cut().box(-14, 0, 28, 8), darken(kit.coat, 0.45))
    for x in (-30, 30):
        pen.fill(Shape().box(x - 2.4, -25, 4.8, 9, 2.4), _pane(kit), flat=True)


def lighthouse(pen: Pen, kit: Kit) -> None:
    """Striped, on its rock; the lamp is lit at night."""
    rock = Shape().polygon(
        [(-44, 6), (-38, -6), (-24, -12), (-10, -9), (12, -14), (28, -8), (42, -2), (50, 6)]
    )
    pen.fill(rock, mix(kit.ink, kit.coat, 0.25), shade=0.6)
    tower = Shape().polygon([(-14, -10), (-9, -78), (9, -78), (14, -10)])
    if kit.is_lit:
        for side in (-1, 1):
            beam = Shape().polygon([(0, -87), (side * 130, -112), (side * 130, -74)])
            pen.fill(beam, kit.glow, alpha=0.22, flat=True)
        pen.glow(0, -86, 46, kit.glow, alpha=0.75)
    pen.fill(tower, kit.cream, shade=0.6)
    for y in (-30, -52, -74):
        pen.fill(Shape().box(-20, y, 40, 11), kit.coat, clip=tower, shade=0.6)
    pen.fill(Shape().box(-12, -81, 24, 4, 1), kit.ink)
    pen.fill(Shape().box(-7, -92, 14, 11), kit.glow, flat=True)
    pen.fill(
        Shape().box(-7.6, -92, 1.4, 11).box(-0.7, -92, 1.4, 11).box(6.2, -92, 1.4, 11),
        kit.ink,
        flat=True,
    )
    pen.fill(Shape().blob((-10, -91), (-6, -99), (0, -104), (6, -99), (10, -91)), kit.coat)
    pen.fill(Shape().box(-3, -66, 6, 9, 3).box(-3, -44, 6, 9, 3), _pane(kit), flat=True)
    pen.fill(Shape().box(-5, -22, 10, 14, 5), kit.ink, flat=True)
    pen.fill(Shape().box(14, -24, 22, 16), lighten(kit.cream, 0.2), shade=0.5)
    pen.fill(Shape().polygon([(11, -23), (25, -36), (39, -23)]), kit.coat)
    pen.fill(Shape().box(21, -20, 7, 7), _pane(kit), flat=True)


def house(pen: Pen, kit: Kit) -> None:
    """A cottage with smoke, a round window and a bush either side."""
    stand(pen, kit, 54)
    for x, y, r in ((26, -100, 4), (32, -110, 6), (42, -121, 8)):
        pen.fill(Shape().oval(x, y, r), kit.cream, alpha=0.6, shade=0.1)
    pen.fill(Shape().box(18, -94, 11, 26), mix(kit.coat, kit.ink, 0.35))
    pen.fill(Shape().box(-36, -52, 72, 52), kit.cream, shade=0.6)
    gable = Shape().polygon([(-36, -51), (0, -86), (36, -51)])
    pen.fill(gable, kit.cream, shade=0.3)
    pen.fill(
        Shape().polygon([(-48, -46), (-44, -54), (0, -94), (44, -54), (48, -46), (0, -85)]),
        kit.coat,
    )
    pen.fill(Shape().box(-8, -32, 17, 32, 8).cut().box(-12, 0, 28, 4), kit.trim)
    pen.fill(Shape().oval(5, -15, 1.4), kit.ink, flat=True)
    for x in (-29, 15):
        pen.fill(Shape().box(x, -38, 14, 15, 2), darken(kit.trim, 0.3), shade=0)
        pen.fill(Shape().box(x + 1.5, -36.5, 11, 12, 1), _pane(kit), flat=True)
        pen.fill(
            Shape().box(x + 6.3, -37, 1.4, 13).box(x + 1, -31.3, 12, 1.4).box(x - 2, -24, 18, 3, 1),
            darken(kit.trim, 0.3),
            flat=True,
        )
    pen.fill(Shape().oval(0, -62, 6.5), _pane(kit), flat=True)
    for side in (-1, 1):
        pen.fill(
            Shape().oval(side * 40, -9, 12, 11).oval(side * 50, -6, 9, 8), kit.accent, shade=0.6
        )


def balloon(pen: Pen, kit: Kit) -> None:
    """A hot-air balloon with coloured gores."""
    skin = Shape().blob(
        (0, -104),
        (28, -95),
        (37, -68),
        (24, -42),
        (8, -26),
        (-8, -26),
        (-24, -42),
        (-37, -68),
        (-28, -95),
    )
    ropes = Shape()
    for x in (-7, -2.5, 2.5, 7):
        ropes.limb([(x, -27), (x * 0.9, -11)], 0.8)
    pen.fill(ropes, kit.ink, flat=True)
    pen.fill(skin, kit.coat, shade=0.5)
    for half, ink in ((24, kit.cream), (10, kit.trim)):
        gore = Shape().blob(
            (0, -106),
            (half, -92),
            (half * 1.15, -68),
            (half * 0.7, -42),
            (2, -24),
            (-2, -24),
            (-half * 0.7, -42),
            (-half * 1.15, -68),
            (-half, -92),
        )
        pen.fill(gore, ink, clip=skin, shade=0.4)
        if half == 24:
            inner = Shape().blob(
                (0, -106),
                (17, -92),
                (20, -68),
                (12, -42),
                (1, -24),
                (-1, -24),
                (-12, -42),
                (-20, -68),
                (-17, -92),
            )
            pen.fill(inner, kit.coat, clip=skin, shade=0.4)
    pen.fill(Shape().box(-9, -28, 18, 4, 2), kit.trim)
    pen.fill(Shape().box(-8, -12, 16, 12, 3), mix(kit.trim, kit.ink, 0.45))
    pen.fill(Shape().box(-9, -13, 18, 3.4, 1.6), kit.cream, shade=0.2)
    if kit.is_lit:
        pen.glow(0, -32, 30, kit.glow, alpha=0.6)


def rocket(pen: Pen, kit: Kit) -> None:
    """A rocket of the comic-book age."""
    pen.glow(0, -4, 34, kit.glow, alpha=0.7)
    flame = Shape().blob((-9, -14), (9, -14), (7, 4), (0, 20), (-7, 4))
    pen.fill(flame, (kit.cream, kit.glow, mix(kit.glow, (240, 96, 60), 0.7)))
    for side in (-1, 1):
        pen.fill(
            Shape().blob((side * 13, -42), (side * 31, -20), (side * 29, -2), (side * 12, -15)),
            kit.trim,
        )
    body = Shape().blob(
        (0, -106),
        (11, -92),
        (17, -66),
        (16, -34),
        (10, -12),
        (-10, -12),
        (-16, -34),
        (-17, -66),
        (-11, -92),
    )
    pen.fill(body, kit.cream, shade=0.7)
    pen.fill(Shape().box(-30, -112, 60, 28), kit.coat, clip=body, shade=0.5)
    pen.fill(Shape().box(-30, -28, 60, 6).box(-30, -18, 60, 9), kit.coat, clip=body, shade=0.5)
    pen.fill(Shape().oval(0, -62, 9.5), kit.coat)
    pen.fill(Shape().oval(0, -62, 6.8), mix(kit.accent, kit.cream, 0.35), shade=0.5)
    pen.fill(Shape().oval(-2.4, -64.6, 1.7), kit.cream, flat=True)
    pen.fill(Shape().limb([(0, -36), (0, -8)], 5, 3), kit.trim)


def ship(pen: Pen, kit: Kit) -> None:
    """Two sails, a pennant and foam at the bow."""
    pen.glow(0, 3, 66, kit.ink, ry=9, alpha=0.45)
    pen.fill(Shape().limb([(0, -12), (0, -108)], 2.6, 1.8), mix(kit.trim, kit.ink, 0.6))
    pen.fill(Shape().polygon([(0, -112), (19, -107), (0, -102)]), kit.trim)
    main = Shape().blob((3, -102), (24, -66), (44, -24), (24, -20), (3, -22))
    pen.fill(main, kit.cream, shade=0.6)
    pen.fill(
        Shape().blob((-3, -94), (-10, -60), (-36, -26), (-16, -21), (-3, -22)), kit.coat, shade=0.6
    )
    seam = Shape().limb([(4, -62), (24, -61)], 1).limb([(4, -42), (35, -41)], 1)
    pen.fill(seam, darken(kit.cream, 0.2), flat=True)
    hull = Shape().blob(
        (-54, -17), (-20, -15), (20, -15), (60, -20), (46, 0), (28, 6), (-30, 6), (-46, 0)
    )
    pen.fill(hull, mix(kit.trim, kit.ink, 0.4), shade=0.6)
    pen.fill(Shape().limb([(-54, -14), (0, -10), (58, -16)], 3.4), kit.cream, clip=hull, flat=True)
    foam = Shape()
    for i in range(12):
        foam.oval(-52 + i * 9.6, 5 + (i % 2), 8, 2)
    pen.fill(foam, kit.cream, alpha=0.65, flat=True)


def bicycle(pen: Pen, kit: Kit) -> None:
    """A town bicycle with a basket of flowers."""
    stand(pen, kit, 66)
    for x in (-40, 40):
        wheel = Shape().oval(x, -28, 28).cut().oval(x, -28, 24.6)
        pen.fill(wheel, kit.ink, flat=True)
        pen.fill(Shape().oval(x, -28, 24.6).cut().oval(x, -28, 23.2), kit.cream, flat=True)
        spokes = Shape()
        for i in range(8):
            a = math.pi * i / 8
            spokes.limb(
                [
                    (x - 24 * math.cos(a), -28 - 24 * math.sin(a)),
                    (x + 24 * math.cos(a), -28 + 24 * math.sin(a)),
                ],
                0.6,
            )
        pen.fill(spokes, mix(kit.cream, kit.ink, 0.4), flat=True)
        pen.fill(Shape().limb([(x - 22, -50), (x - 4, -60), (x + 20, -51)], 2.6), kit.coat)
    frame = Shape().limb([(-40, -28), (-4, -28), (28, -66)], 4).limb([(-40, -28), (-16, -64)], 3.4)
    frame.limb([(-4, -28), (-18, -72)], 4).limb([(-15, -60), (27, -62)], 4)
    frame.limb([(40, -28), (24, -84)], 4)
    path = Shape()
    path.parts = frame.parts
    pen.fill(path, kit.coat)
    pen.fill(
        Shape().blob((-32, -76), (-18, -79), (-6, -75), (-18, -71)), mix(kit.trim, kit.ink, 0.5)
    )
    pen.fill(Shape().limb([(24, -84), (30, -90), (14, -94), (8, -90)], 3), kit.ink, flat=True)
    pen.fill(Shape().oval(-4, -28, 7).cut().oval(-4, -28, 4), kit.trim)
    pen.fill(Shape().limb([(-4, -28), (4, -17)], 2.4).box(0, -17, 10, 3, 1), kit.ink, flat=True)
    for i in range(7):
        pen.fill(
            Shape().oval(30 + i * 4.4, -82 - (i * 7) % 10, 5),
            (kit.trim, kit.accent, kit.cream)[i % 3],
            shade=0.4,
        )
    pen.fill(
        Shape().polygon([(28, -80), (60, -80), (55, -60), (33, -60)]),
        mix(kit.trim, kit.cream, 0.45),
    )
    weave = Shape()
    for i in range(3):
        weave.box(28, -76 + i * 6, 32, 1)
    pen.fill(weave, mix(kit.trim, kit.ink, 0.3), alpha=0.6, flat=True)


def umbrella(pen: Pen, kit: Kit) -> None:
    """Open, upright, a crook for a handle."""
    stand(pen, kit, 24)
    pen.fill(
        Shape().limb([(0, -92), (0, -12), (5, -2), (13, -3), (14, -11)], 3),
        mix(kit.trim, kit.ink, 0.5),
    )
    dome = Shape().blob((0, -104), (38, -92), (58, -58), (0, -64), (-58, -58), (-38, -92))
    dome.cut()
    for x in (-39, -13, 13, 39):
        dome.oval(x, -55, 13.4, 8)
    pen.fill(dome, kit.coat, shade=0.5)
    for half in (38, 13):
        gore = Shape().blob(
            (0, -105), (half, -84), (half * 1.02, -52), (-half * 1.02, -52), (-half, -84)
        )
        pen.fill(gore, kit.cream if half == 38 else kit.coat, clip=dome, shade=0.4)
    pen.fill(Shape().limb([(0, -102), (0, -110)], 2.4), kit.ink, flat=True)


def mushroom(pen: Pen, kit: Kit) -> None:
    """A spotted one with its young."""
    for x, size in ((30, 0.46), (-34, 0.36), (0, 1.0)):
        pen.glow(x + 2, 0, 50 * size, kit.ink, ry=8 * size, alpha=0.5)
        pen.fill(
            Shape().blob(
                *(
                    (x + px * size, py * size)
                    for px, py in ((-12, -56), (12, -56), (13, -20), (18, 0), (-18, 0), (-13, -20))
                )
            ),
            kit.cream,
            shade=0.6,
        )
        cap = Shape().blob(
            *(
                (x + px * size, py * size)
                for px, py in ((-50, -52), (-40, -84), (0, -102), (40, -84), (50, -52), (0, -46))
            )
        )
        pen.fill(cap, kit.coat, shade=0.55)
        dots = Shape()
        for px, py, r in (
            (-24, -76, 8),
            (4, -88, 7),
            (26, -70, 9),
            (-2, -64, 6),
            (-38, -58, 5),
            (42, -56, 4),
        ):
            dots.oval(x + px * size, py * size, r * size, r * size * 0.8)
        pen.fill(dots, kit.cream, clip=cap, shade=0.2)


def cake(pen: Pen, kit: Kit) -> None:
    """Three tiers and a candle each year, or nearly."""
    stand(pen, kit, 48)
    pen.fill(Shape().oval(0, -3, 52, 6), kit.cream, shade=0.4)
    icing = lighten(kit.coat, 0.5)
    for half, base, tall, ink in (
        (42, -4, 30, kit.coat),
        (31, -34, 25, icing),
        (20, -59, 20, kit.coat),
    ):
        tier = Shape().box(-half, base - tall, half * 2, tall, 4)
        pen.fill(tier, ink, shade=0.5)
        drip = Shape().box(-half, base - tall - 1, half * 2, 6, 3)
        for i in range(int(half / 4)):
            drip.limb(
                [
                    (-half + 4 + i * 8.2, base - tall + 3),
                    (-half + 4 + i * 8.2, base - tall + 5 + (i * 5) % 7),
                ],
                5,
            )
        pen.fill(drip, kit.cream if ink == kit.coat else kit.trim, clip=None, shade=0.2)
    for x in (-10, 0, 10):
        pen.glow(x, -101, 13, kit.glow, alpha=0.8)
        pen.fill(Shape().box(x - 1.4, -95, 2.8, 15), kit.trim)
        pen.fill(
            Shape().blob((x, -105), (x + 2.4, -99), (x, -96), (x - 2.4, -99)), kit.glow, flat=True
        )


def book(pen: Pen, kit: Kit) -> None:
    """A stack of books, the top one open."""
    stand(pen, kit, 46)
    base = 0.0
    for ink, half, shift in ((kit.coat, 42, 0), (kit.trim, 38, 3), (kit.accent, 40, -3)):
        pen.fill(Shape().box(shift - half, base - 14, half * 2, 14, 3), ink)
        pen.fill(
            Shape().box(shift - half + 6, base - 11.5, half * 2 - 5, 9, 2), kit.cream, shade=0.3
        )
        base -= 14
    for side in (-1, 1):
        page = Shape().blob(
            (0, base - 4),
            (side * 18, base - 14),
            (side * 46, base - 9),
            (side * 48, base - 38),
            (side * 20, base - 44),
            (0, base - 34),
        )
        pen.fill(
            Shape().polygon(
                [(0, base - 1), (side * 50, base - 5), (side * 51, base - 36), (0, base - 30)]
            ),
            kit.coat,
        )
        pen.fill(page, kit.cream, shade=0.35)
        lines = Shape()
        for i in range(4):
            lines.limb(
                [
                    (side * 8, base - 30 + i * 6),
                    (side * 24, base - 36 + i * 6),
                    (side * 40, base - 34 + i * 6),
                ],
                1.2,
            )
        pen.fill(lines, mix(kit.cream, kit.ink, 0.45), flat=True)


THINGS = {
    "castle": castle,
    "lighthouse": lighthouse,
    "house": house,
    "balloon": balloon,
    "rocket": rocket,
    "ship": ship,
    "bicycle": bicycle,
    "umbrella": umbrella,
    "mushroom": mushroom,
    "cake": cake,
    "book": book,
}
