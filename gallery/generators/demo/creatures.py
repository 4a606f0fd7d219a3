"""Creatures with a build of their own; the furry sitters are in sitters.py.

All draw in local units: feet on y = 0, about 100 tall, facing the viewer or
the right.
"""

import math
from dataclasses import replace

from gallery.generators.demo.canvas import Pen, Shape
from gallery.generators.demo.kit import Kit, blush, eyes, stand
from gallery.generators.demo.palettes import darken, lighten, mix
from gallery.generators.demo.sitters import SITTERS


def owl(pen: Pen, kit: Kit) -> None:
    """Two great eyes above a waistcoat of feathers, on a branch of its own."""
    stand(pen, kit, 30)
    kit = replace(kit, coat=mix(kit.coat, (150, 96, 70), 0.4))
    body = Shape().blob(
        (-22, -88), (0, -82), (22, -88), (33, -50), (24, -8), (0, 0), (-24, -8), (-33, -50)
    )
    pen.fill(body, kit.coat)
    belly = Shape().oval(0, -24, 20, 30)
    pen.fill(belly, lighten(kit.coat, 0.5), clip=body, shade=0.2)
    marks = Shape()
    for row in range(4):
        for column in range(-2, 3):
            x = column * 8 + (row % 2) * 4
            marks.limb(
                [(x - 2.6, -38 + row * 9), (x, -35 + row * 9), (x + 2.6, -38 + row * 9)], 1.6
            )
    pen.fill(marks, kit.trim, clip=belly, flat=True)
    for side in (-1, 1):
        pen.fill(
            Shape().blob((side * 27, -60), (side * 37, -34), (side * 26, -10), (side * 21, -34)),
            darken(kit.coat, 0.22),
        )
        pen.fill(Shape().polygon([(side * 9, -83), (side * 28, -101), (side * 27, -78)]), kit.coat)
        pen.fill(Shape().oval(side * 12.5, -68, 13.5), kit.cream, shade=0.15)
        pen.fill(Shape().oval(side * 12, -67, 8.5), kit.glow, shade=0.2)
        pen.fill(Shape().oval(side * 11.5, -67, 5.4), kit.ink, flat=True)
        pen.fill(Shape().oval(side * 11.5 - 2, -69.4, 1.9), kit.cream, flat=True)
    pen.fill(Shape().polygon([(-4.4, -62), (4.4, -62), (0, -50)]), kit.trim)
    pen.fill(Shape().oval(-8, -1, 5, 3).oval(8, -1, 5, 3), kit.trim)


def penguin(pen: Pen, kit: Kit) -> None:
    """Evening dress, orange shoes, a bobble hat."""
    coat = mix(kit.ink, (40, 60, 96), 0.5)
    stand(pen, kit, 30)
    pen.fill(Shape().oval(-11, -2, 11, 4.6).oval(11, -2, 11, 4.6), (244, 156, 66))
    body = Shape().blob(
        (0, -92),
        (19, -84),
        (25, -60),
        (29, -28),
        (20, -3),
        (-20, -3),
        (-29, -28),
        (-25, -60),
        (-19, -84),
    )
    for side in (-1, 1):
        pen.fill(
            Shape().blob((side * 20, -58), (side * 38, -34), (side * 36, -24), (side * 22, -34)),
            darken(coat, 0.15),
        )
    pen.fill(body, coat)
    face = Shape().oval(-9, -70, 11, 12).oval(9, -70, 11, 12).oval(0, -30, 21, 31)
    pen.fill(face, kit.cream, clip=body, shade=0.2)
    pen.fill(Shape().blob((-6, -65), (6, -65), (0, -57)), (244, 156, 66))
    eyes(pen, kit, 0, -72, 9, 3)
    blush(pen, kit, 0, -64, 14, 3.6)
    pen.fill(Shape().blob((-20, -84), (-12, -102), (12, -102), (20, -84)), kit.trim)
    pen.fill(Shape().box(-22, -88, 44, 8, 4), lighten(kit.trim, 0.4))
    pen.fill(Shape().oval(0, -105, 6.5), kit.cream)


def dragon(pen: Pen, kit: Kit) -> None:
    """A plump dragon with more smoke than fire."""
    stand(pen, kit, 48)
    coat, belly = kit.coat, lighten(kit.trim, 0.45)
    wing = Shape().polygon(
        [
            (-8, -52),
            (-26, -92),
            (-58, -98),
            (-52, -78),
            (-60, -66),
            (-46, -60),
            (-44, -44),
            (-30, -48),
            (-14, -36),
        ]
    )
    pen.fill(wing, kit.trim, shade=0.7)
    bones = Shape()
    for tip in ((-58, -98), (-60, -66), (-44, -44)):
        bones.limb([(-10, -48), (-26, -80 if tip[1] < -80 else -58), tip], 2.4, 0.8)
    pen.fill(bones, darken(kit.trim, 0.35), flat=True)
    tail = Shape().limb([(-16, -12), (-44, -4), (-62, -14), (-66, -32)], 20, 3)
    pen.fill(tail.polygon([(-72, -30), (-66, -46), (-60, -31)]), coat)
    spikes = Shape()
    for x, y, turn in (
        (-28, -24, -130),
        (-22, -44, -150),
        (-9, -64, -150),
        (1, -84, -140),
        (-44, -11, -100),
    ):
        a = math.radians(turn)
        spikes.polygon(
            [
                (x - 6 * math.sin(a), y + 6 * math.cos(a)),
                (x + 15 * math.cos(a), y + 15 * math.sin(a)),
                (x + 6 * math.sin(a), y - 6 * math.cos(a)),
            ]
        )
    pen.fill(spikes, kit.accent)
    body = Shape().blob(
        (-6, -58), (14, -56), (30, -30), (28, -6), (6, 0), (-24, -2), (-30, -20), (-22, -42)
    )
    neck = Shape().limb([(0, -40), (6, -66), (12, -84)], 34, 21)
    pen.fill(neck, coat)
    pen.fill(body, coat)
    front = Shape().limb([(20, -84), (14, -62), (20, -34), (14, -4)], 12, 24)
    whole = Shape()
    whole.parts = neck.parts + body.parts
    pen.fill(front, belly, clip=whole, shade=0.2)
    lines = Shape()
    for y in range(-74, -4, 10):
        lines.limb([(6, y), (16, y + 2), (32, y)], 1.3)
    clip = Shape()
    clip.parts = front.parts
    pen.fill(lines, mix(belly, coat, 0.5), clip=clip, flat=True)
    pen.fill(Shape().limb([(14, -44), (28, -34), (36, -36)], 9, 6), lighten(coat, 0.08))
    pen.fill(Shape().oval(-12, -8, 18, 13).oval(4, -3, 12, 5), lighten(coat, 0.05))
    pen.fill(Shape().oval(22, -3, 11, 5), lighten(coat, 0.05))
    pen.fill(
        Shape()
        .limb([(4, -98), (-4, -108), (-12, -110)], 5, 1.4)
        .limb([(12, -100), (8, -112), (0, -116)], 5, 1.4),
        kit.cream,
    )
    pen.fill(
        Shape().blob(
            (0, -96), (14, -104), (26, -98), (44, -92), (50, -84), (44, -77), (22, -74), (4, -78)
        ),
        coat,
    )
    pen.fill(Shape().limb([(46, -81), (34, -79), (26, -82)], 1.3, 0.8), kit.ink, flat=True)
    pen.fill(Shape().oval(44, -89, 1.7), kit.ink, flat=True)
    pen.fill(Shape().oval(21, -92, 5.4, 5.8), kit.cream, shade=0.1)
    pen.fill(Shape().oval(22.4, -91.4, 3.2, 3.8), kit.ink, flat=True)
    pen.fill(Shape().oval(21.2, -93, 1.2), kit.cream, flat=True)
    for x, y, r in ((57, -88, 4), (65, -95, 5.5), (75, -104, 7.5)):
        pen.fill(Shape().oval(x, y, r), kit.cream, alpha=0.7, shade=0.2)


def robot(pen: Pen, kit: Kit) -> None:
    """A kindly tin robot with a screen for a face."""
    stand(pen, kit, 34)
    metal = mix(kit.coat, (214, 220, 222), 0.35)
    joint = mix(kit.ink, metal, 0.3)
    for side in (-1, 1):
        pen.fill(Shape().limb([(side * 12, -20), (side * 12, -6)], 8), joint)
        pen.fill(Shape().box(side * 13 - 11, -8, 22, 8, 4), metal)
        pen.fill(Shape().limb([(side * 24, -46), (side * 36, -36), (side * 36, -24)], 7), joint)
        pen.fill(Shape().oval(side * 36, -20, 7).cut().box(side * 36 - 2.4, -19, 4.8, 9), kit.trim)
    pen.fill(Shape().box(-26, -54, 52, 38, 9), metal)
    pen.fill(Shape().box(-17, -46, 22, 15, 3), kit.cream)
    pen.fill(Shape().limb([(-13, -35), (-9, -41), (-4, -36), (1, -43)], 1.6), kit.trim, flat=True)
    for x, ink in ((12, kit.trim), (19, kit.glow)):
        pen.fill(Shape().oval(x, -41, 3), ink)
    pen.fill(Shape().box(9, -33, 13, 3, 1.5).box(-17, -26, 39, 3, 1.5), joint)
    pen.fill(Shape().box(-8, -60, 16, 8, 2), joint)
    pen.fill(Shape().box(-37, -84, 8, 14, 4).box(29, -84, 8, 14, 4), kit.trim)
    pen.fill(Shape().limb([(0, -96), (0, -108)], 2.2), joint)
    pen.glow(0, -111, 16, kit.glow, alpha=0.7)
    pen.fill(Shape().oval(0, -111, 5), kit.glow)
    pen.fill(Shape().box(-32, -98, 64, 42, 13), metal)
    pen.fill(Shape().box(-25, -91, 50, 28, 10), kit.ink, shade=0)
    for side in (-1, 1):
        pen.glow(side * 11, -79, 10, kit.glow, alpha=0.6)
        pen.fill(Shape().oval(side * 11, -79, 4.6, 5.6), kit.glow, flat=True)
    pen.fill(Shape().limb([(-6, -70), (0, -67), (6, -70)], 1.8), kit.glow, flat=True)


def whale(pen: Pen, kit: Kit) -> None:
    """A whale breathing at the surface."""
    coat = mix(kit.coat, (44, 92, 158), 0.74)
    pen.fill(
        Shape().blob(
            (-50, -24),
            (-74, -46),
            (-88, -64),
            (-70, -66),
            (-64, -58),
            (-56, -70),
            (-40, -72),
            (-48, -56),
            (-36, -36),
        ),
        coat,
    )
    body = Shape().blob(
        (-58, -34),
        (-34, -30),
        (-10, -52),
        (26, -62),
        (62, -50),
        (76, -22),
        (68, 2),
        (30, 12),
        (-20, 8),
        (-50, -12),
    )
    pen.fill(body, coat, shade=0.5)
    belly = Shape().blob((80, -14), (40, -16), (0, -2), (-30, 14), (30, 24), (80, 14))
    pen.fill(belly, lighten(coat, 0.72), clip=body, shade=0.15)
    grooves = Shape()
    for step in range(4):
        grooves.limb([(70, -8 + step * 5), (36, -8 + step * 5), (2, 4 + step * 4)], 1)
    both = Shape()
    both.parts = belly.parts
    pen.fill(grooves, mix(coat, kit.cream, 0.5), clip=body, flat=True)
    pen.fill(Shape().blob((22, -4), (10, 14), (-6, 22), (2, 2), (12, -8)), darken(coat, 0.2))
    pen.fill(Shape().oval(48, -22, 3.2), kit.ink, flat=True)
    pen.fill(Shape().oval(47, -23.2, 1), kit.cream, flat=True)
    pen.fill(Shape().limb([(58, -17), (52, -14), (45, -15)], 1.2), kit.ink, flat=True)
    spout = Shape()
    for side in (-1, 1):
        spout.limb(
            [(28, -62), (28 + side * 3, -84), (28 + side * 18, -96), (28 + side * 27, -84)], 5, 2
        )
        spout.oval(28 + side * 30, -76, 2.2).oval(28 + side * 9, -102, 2)
    pen.fill(spout, kit.cream, alpha=0.9, shade=0.1)
    foam = Shape()
    for x in range(-70, 100, 14):
        foam.oval(x, 8 + (x % 3), 10, 2.4)
    pen.fill(foam, kit.cream, alpha=0.5, flat=True)


def octopus(pen: Pen, kit: Kit) -> None:
    """Eight arms, all of them busy."""
    stand(pen, kit, 44, alpha=0.35)
    back, front = Shape(), Shape()
    for i in range(8):
        side = -1 if i < 4 else 1
        rank = i % 4
        reach = 14 + rank * 14
        curl = kit.rng.uniform(-5, 5)
        arm = back if rank % 2 else front
        arm.limb(
            [
                (side * (6 + rank * 4), -38),
                (side * reach, -20 + curl),
                (side * (reach + 10), -3 + rank * -2),
                (side * (reach + 20), -12 - rank * 4),
                (side * (reach + 15), -19 - rank * 4),
            ],
            13,
            3,
        )
    pen.fill(back, darken(kit.coat, 0.25))
    pen.fill(front, kit.coat)
    head = Shape().blob(
        (0, -100),
        (26, -90),
        (33, -66),
        (22, -44),
        (16, -32),
        (-16, -32),
        (-22, -44),
        (-33, -66),
        (-26, -90),
    )
    pen.fill(head, kit.coat, shade=0.5)
    spots = Shape()
    for x, y, r in ((-16, -84, 5), (-6, -91, 3), (16, -86, 4), (22, -74, 2.6)):
        spots.oval(x, y, r)
    pen.fill(spots, lighten(kit.coat, 0.35), flat=True)
    eyes(pen, kit, 0, -58, 12, 4.4)
    blush(pen, kit, 0, -49, 19, 4.6)
    pen.fill(Shape().limb([(-5, -49), (0, -46), (5, -49)], 1.5), kit.ink, flat=True)


def fish(pen: Pen, kit: Kit) -> None:
    """A round fish and two small companions."""
    for x, y, size, coat in (
        (-52, -84, 0.32, kit.accent),
        (44, -96, 0.26, kit.trim),
        (0, -44, 1, kit.coat),
    ):

        def at(
            px: float, py: float, x: float = x, y: float = y, size: float = size
        ) -> tuple[float, float]:
            return x + px * size, y + py * size

        pen.fill(Shape().blob(at(-30, 0), at(-58, -26), at(-52, 0), at(-58, 26)), darken(coat, 0.1))
        pen.fill(
            Shape().blob(at(-14, -22), at(-8, -46), at(18, -36), at(20, -22)), darken(coat, 0.2)
        )
        body = Shape().oval(*at(0, 0), 40 * size, 29 * size)
        pen.fill(body, coat, shade=0.5)
        bands = Shape()
        for shift in (-16, 4):
            bands.limb([at(shift, -34), at(shift + 5, 0), at(shift, 34)], 7 * size)
        pen.fill(bands, kit.cream, clip=body, shade=0.2)
        pen.fill(Shape().blob(at(-2, 4), at(-18, 16), at(-4, 18), at(6, 10)), darken(coat, 0.25))
        pen.fill(Shape().oval(*at(24, -7), 6.5 * size), kit.cream, flat=True)
        pen.fill(Shape().oval(*at(25.5, -6.5), 4 * size), kit.ink, flat=True)


def bird(pen: Pen, kit: Kit) -> None:
    """A round songbird with two notes in the air."""
    stand(pen, kit, 24)
    pen.fill(
        Shape().limb([(-4, -16), (-5, 0), (3, 0)], 2).limb([(8, -16), (8, 0), (16, 0)], 2),
        kit.ink,
        flat=True,
    )
    pen.fill(Shape().blob((-28, -44), (-62, -40), (-66, -30), (-28, -26)), darken(kit.coat, 0.25))
    body = Shape().blob(
        (12, -82), (32, -70), (34, -44), (18, -16), (-12, -14), (-36, -34), (-26, -50), (-6, -72)
    )
    pen.fill(body, kit.coat, shade=0.5)
    pen.fill(Shape().oval(24, -34, 20, 24), lighten(kit.trim, 0.5), clip=body, shade=0.2)
    pen.fill(
        Shape().blob((-2, -52), (6, -34), (-14, -22), (-46, -30), (-24, -40)),
        darken(kit.coat, 0.18),
    )
    pen.fill(Shape().polygon([(31, -68), (48, -62), (31, -57)]), kit.trim)
    pen.fill(Shape().oval(19, -66, 3.4), kit.ink, flat=True)
    pen.fill(Shape().oval(18, -67.4, 1.1), kit.cream, flat=True)
    for x, y in ((54, -88), (68, -76)):
        pen.fill(
            Shape()
            .oval(x, y, 4, 3, -20)
            .limb([(x + 3.4, y), (x + 3.4, y - 17)], 1.4)
            .limb([(x + 3.4, y - 17), (x + 10, y - 13)], 2.4, 1),
            kit.cream,
            flat=True,
        )


def snail(pen: Pen, kit: Kit) -> None:
    """A snail under way, in no hurry."""
    stand(pen, kit, 52)
    skin = lighten(mix(kit.trim, kit.cream, 0.5), 0.1)
    horns = Shape().limb([(48, -34), (54, -58)], 3.6, 2.6).limb([(40, -36), (40, -60)], 3.6, 2.6)
    pen.fill(horns.oval(54, -60, 3.6).oval(40, -62, 3.6), skin)
    foot = Shape().blob(
        (-62, -2),
        (-40, -12),
        (0, -16),
        (30, -22),
        (38, -42),
        (54, -42),
        (58, -26),
        (48, -4),
        (20, 0),
        (-30, 0),
    )
    pen.fill(foot, skin)
    pen.fill(Shape().oval(-8, -46, 38), kit.coat, shade=0.6)
    turn = []
    for step in range(44):
        a, r = step * 0.36, 32 * (1 - step / 48)
        turn.append((-8 + r * math.cos(a), -46 + r * math.sin(a)))
    pen.fill(Shape().limb(turn, 5, 2.4), lighten(kit.coat, 0.5), shade=0.2)
    pen.fill(Shape().oval(54, -61, 1.7).oval(40, -63, 1.7), kit.ink, flat=True)
    pen.fill(Shape().limb([(56, -30), (52, -27), (47, -28)], 1.3), kit.ink, flat=True)


CREATURES = {
    **SITTERS,
    "owl": owl,
    "penguin": penguin,
    "dragon": dragon,
    "robot": robot,
    "whale": whale,
    "octopus": octopus,
    "fish": fish,
    "bird": bird,
    "snail": snail,
}
