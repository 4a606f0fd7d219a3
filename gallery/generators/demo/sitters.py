"""Creatures that sit: cat, fox, bear, rabbit and dog share one seat and one muzzle."""

from dataclasses import replace

from gallery.generators.demo.canvas import Pen, Shape
from gallery.generators.demo.kit import Kit, blush, eyes, stand
from gallery.generators.demo.palettes import Color, darken, lighten, mix


def _seat(pen: Pen, kit: Kit, coat: Color, chest: Color) -> None:
    """A seated body: haunches, chest, paws."""
    stand(pen, kit, 36)
    body = Shape().blob(
        (-13, -58), (13, -58), (25, -30), (30, -8), (20, 0), (-20, 0), (-30, -8), (-25, -30)
    )
    pen.fill(body, coat)
    pen.fill(Shape().oval(0, -30, 13, 24), chest, clip=body, shade=0.2)
    for side in (-1, 1):
        pen.fill(Shape().oval(side * 24, -9, 10, 12), darken(coat, 0.06), clip=body)
        pen.fill(Shape().limb([(side * 8, -34), (side * 9, -6)], 10, 9), lighten(coat, 0.06))
    pen.fill(Shape().oval(-10, -3, 8, 4.4).oval(10, -3, 8, 4.4), chest)


def _muzzle(pen: Pen, kit: Kit, y: float, chest: Color) -> None:
    pen.fill(Shape().oval(-5, y + 3, 7, 5.6).oval(5, y + 3, 7, 5.6), chest, shade=0.1)
    pen.fill(Shape().blob((-3.6, y - 2.6), (3.6, y - 2.6), (0, y + 1.6)), kit.ink, flat=True)
    pen.fill(
        Shape()
        .limb([(0, y), (-1, y + 3), (-4.5, y + 4)], 0.9)
        .limb([(0, y), (1, y + 3), (4.5, y + 4)], 0.9),
        kit.ink,
        flat=True,
    )


def cat(pen: Pen, kit: Kit) -> None:
    """A tabby with a curled tail."""
    kit = replace(kit, coat=mix(kit.coat, (226, 146, 82), 0.45))
    chest = lighten(kit.coat, 0.6)
    tail = Shape().limb([(22, -6), (44, -10), (48, -34), (38, -48), (34, -40)], 10, 8)
    pen.fill(tail, darken(kit.coat, 0.08))
    _seat(pen, kit, kit.coat, chest)
    head = Shape().blob(
        (-28, -70), (-22, -86), (0, -90), (22, -86), (28, -70), (16, -55), (0, -52), (-16, -55)
    )
    for side in (-1, 1):
        pen.fill(Shape().polygon([(side * 27, -72), (side * 27, -103), (side * 7, -87)]), kit.coat)
        pen.fill(
            Shape().polygon([(side * 23, -80), (side * 23.5, -95), (side * 13, -86)]), kit.trim
        )
    pen.fill(head, kit.coat)
    stripes = Shape().limb([(0, -92), (0, -81)], 3.4, 1).limb([(-8, -91), (-7, -83)], 3, 1)
    stripes.limb([(8, -91), (7, -83)], 3, 1)
    for side in (-1, 1):
        stripes.limb([(side * 29, -68), (side * 20, -68)], 3, 0.8)
        stripes.limb([(side * 28, -62), (side * 20, -64)], 3, 0.8)
    pen.fill(stripes, darken(kit.coat, 0.4), clip=head, flat=True)
    _muzzle(pen, kit, -65, chest)
    eyes(pen, kit, 0, -72, 11, 3.6)
    blush(pen, kit, 0, -64, 17, 4)
    whiskers = Shape()
    for side in (-1, 1):
        for lift in (-2, 2):
            whiskers.limb([(side * 12, -62 + lift / 2), (side * 33, -63 + lift * 2)], 0.7, 0.3)
    pen.fill(whiskers, kit.cream, flat=True)


def fox(pen: Pen, kit: Kit) -> None:
    """White cheeks, dark ears, a tail as large as itself."""
    coat = mix(kit.coat, (226, 102, 48), 0.6)
    tail = Shape().blob((18, -4), (40, -4), (56, -24), (52, -52), (42, -62), (38, -40), (28, -20))
    pen.fill(tail, coat)
    pen.fill(Shape().oval(48, -58, 15, 15), kit.cream, clip=tail, shade=0.2)
    _seat(pen, kit, coat, kit.cream)
    for side in (-1, 1):
        pen.fill(Shape().polygon([(side * 28, -74), (side * 25, -107), (side * 5, -86)]), coat)
        pen.fill(
            Shape().polygon([(side * 26, -94), (side * 25, -107), (side * 17.5, -99)]),
            kit.ink,
            flat=True,
        )
    head = Shape().polygon(
        [(-34, -72), (-20, -88), (0, -91), (20, -88), (34, -72), (10, -56), (0, -50), (-10, -56)]
    )
    pen.fill(head, coat)
    cheeks = Shape().blob((-36, -73), (-16, -74), (-4, -64), (0, -48), (-20, -54))
    cheeks.blob((36, -73), (16, -74), (4, -64), (0, -48), (20, -54))
    pen.fill(cheeks, kit.cream, clip=head, shade=0.15)
    pen.fill(Shape().oval(0, -53, 4.2, 3.4), kit.ink, flat=True)
    eyes(pen, kit, 0, -72, 12, 3.3)


def bear(pen: Pen, kit: Kit) -> None:
    """Broad, round-eared, wearing a scarf."""
    coat = mix(kit.coat, (112, 72, 52), 0.62)
    chest = lighten(coat, 0.45)
    pen.fill(Shape().oval(-24, -92, 10).oval(24, -92, 10), coat)
    pen.fill(Shape().oval(-24, -92, 5.4).oval(24, -92, 5.4), chest)
    stand(pen, kit, 42)
    body = Shape().blob((-20, -58), (20, -58), (36, -28), (32, -4), (0, 0), (-32, -4), (-36, -28))
    pen.fill(body, coat)
    pen.fill(Shape().oval(0, -24, 19, 22), chest, clip=body, shade=0.2)
    for side in (-1, 1):
        pen.fill(Shape().limb([(side * 26, -48), (side * 33, -30), (side * 26, -18)], 14, 12), coat)
        pen.fill(Shape().oval(side * 21, -5, 12, 8), darken(coat, 0.08))
        pen.fill(Shape().oval(side * 21, -5, 6, 4), chest, flat=True)
    pen.fill(
        Shape().blob((-30, -76), (-18, -95), (18, -95), (30, -76), (20, -58), (-20, -58)), coat
    )
    _muzzle(pen, kit, -70, chest)
    eyes(pen, kit, 0, -78, 12, 3.2)
    blush(pen, kit, 0, -70, 19, 4)
    pen.fill(
        Shape().limb([(-20, -57), (0, -53), (20, -57)], 8).limb([(12, -55), (16, -36)], 8, 9),
        kit.trim,
    )


def rabbit(pen: Pen, kit: Kit) -> None:
    """Long ears, one of them listening elsewhere."""
    coat = mix(kit.cream, kit.coat, 0.25)
    for side, tip in ((-1, (-15, -124)), (1, (27, -116))):
        pen.fill(Shape().limb([(side * 9, -80), (side * 12, -102), tip], 11, 9), coat)
        pen.fill(
            Shape().limb([(side * 9.5, -86), (side * 12, -102), (tip[0], tip[1] + 3)], 4, 3.4),
            mix(kit.trim, coat, 0.3),
        )
    pen.fill(Shape().oval(27, -10, 9), lighten(coat, 0.5))
    _seat(pen, kit, coat, lighten(coat, 0.6))
    pen.fill(
        Shape().blob((-24, -70), (-16, -87), (16, -87), (24, -70), (14, -55), (-14, -55)), coat
    )
    _muzzle(pen, kit, -66, lighten(coat, 0.6))
    pen.fill(
        Shape().box(-2.6, -60.5, 2.5, 5, 0.8).box(0.1, -60.5, 2.5, 5, 0.8),
        (255, 252, 244),
        flat=True,
    )
    eyes(pen, kit, 0, -74, 11, 3.4)
    blush(pen, kit, 0, -66, 16, 4)


def dog(pen: Pen, kit: Kit) -> None:
    """Floppy ears, a patch, a collar."""
    coat = mix(kit.cream, (190, 130, 80), 0.35)
    patch = mix(kit.coat, (104, 66, 46), 0.5)
    pen.fill(Shape().limb([(20, -10), (38, -22), (42, -38)], 9, 5), patch)
    _seat(pen, kit, coat, kit.cream)
    head = Shape().blob((-25, -74), (-16, -91), (16, -91), (25, -74), (17, -54), (-17, -54))
    pen.fill(head, coat)
    pen.fill(Shape().oval(12, -76, 12, 14), patch, clip=head, shade=0.2)
    for side in (-1, 1):
        pen.fill(
            Shape().blob(
                (side * 16, -92),
                (side * 27, -86),
                (side * 34, -62),
                (side * 27, -56),
                (side * 21, -72),
            ),
            patch,
        )
    _muzzle(pen, kit, -65, kit.cream)
    pen.fill(Shape().blob((-3, -60), (3, -60), (2.6, -53), (-2.6, -53)), (232, 108, 110), flat=True)
    eyes(pen, kit, 0, -75, 10.5, 3.3)
    pen.fill(Shape().limb([(-15, -54), (0, -50), (15, -54)], 5), kit.trim)
    pen.fill(Shape().oval(0, -46, 3.6), kit.glow)


SITTERS = {"cat": cat, "fox": fox, "bear": bear, "rabbit": rabbit, "dog": dog}
