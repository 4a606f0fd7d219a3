"""Palettes chosen by hand: a sky, a distance, a foreground and four accents each.

Random colours look like random colours. A picture takes exactly one palette,
and everything in it, creatures too, is mixed from these inks.
"""

from dataclasses import dataclass
from random import Random

Color = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The inks of one picture, all as RGB."""

    name: str
    time: str
    tags: frozenset[str]
    sky: tuple[Color, ...]
    sun: Color
    haze: Color
    near: Color
    ground: Color
    water: Color
    accents: tuple[Color, ...]
    cream: Color
    ink: Color


def color(text: str) -> Color:
    """Read ``rrggbb``."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(first: Color, second: Color, share: float) -> Color:
    """*share* of the second ink in the first."""
    keep = 1 - share
    return (
        round(first[0] * keep + second[0] * share),
        round(first[1] * keep + second[1] * share),
        round(first[2] * keep + second[2] * share),
    )


def lighten(ink: Color, share: float) -> Color:
    return mix(ink, (255, 250, 238), share)


def darken(ink: Color, share: float) -> Color:
    return mix(ink, (18, 12, 38), share)


def _palette(name: str, time: str, tags: str, inks: str) -> Palette:
    rows = [[color(ink) for ink in row.split()] for row in inks.split("|")]
    sun, haze, near, ground, water = rows[1]
    cream, ink = rows[3]
    return Palette(
        name=name,
        time=time,
        tags=frozenset(tags.split()),
        sky=tuple(rows[0]),
        sun=sun,
        haze=haze,
        near=near,
        ground=ground,
        water=water,
        accents=tuple(rows[2]),
        cream=cream,
        ink=ink,
    )


# name, time of day, colour words, then: sky from top to horizon | sun haze near
# ground water | four accents | cream ink
PALETTES = (
    _palette(
        "alpine",
        "day",
        "blue fresh clear sea",
        "3f8fc4 8cc6de e6f3ea|fff6d6 b4d6de 1d4e57"
        " 5f9a6b 2f7fa0|e4573d f2b441 2c7f86 f4ead2|fbf3e0 1c2f3d",
    ),
    _palette(
        "meadow",
        "day",
        "green spring garden forest",
        "6cb8c9 b5dfcf f6f1cf|fff3c0 bcdcc0 2d5f4a"
        " 84b25a 4aa3a8|e8674a f5c04f 3d7f6b f1e6c8|fdf6e3 22392f",
    ),
    _palette(
        "terracotta",
        "day",
        "orange warm red desert",
        "5fb0b4 bfdcc4 fbe6bd|fff0c9 f1bf93"
        " 8f3b2a d98a52 2f8c92|c4472f efa53a 27706f f6dfb8|fdf0d9 3a1f22",
    ),
    _palette(
        "mustard",
        "day",
        "yellow gold retro autumn",
        "e9c46a f1d898 faeecb|fff8e1 ddc08a"
        " 5b4a2f b98b3e 5a8c86|c8553d 2a6f6b e39b32 f5e6c4|fcf3dc 33291f",
    ),
    _palette(
        "nordic",
        "day",
        "grey gray fog quiet rain rainy",
        "8fa6b2 b9c8cb e2e3da|f8f4e6 c3cfce"
        " 2f4650 71867c 55808f|c9614a e0b05a 43697a ebe4d3|f6f1e5 22313a",
    ),
    _palette(
        "tropic",
        "day",
        "turquoise teal summer sea underwater",
        "1f9fb8 79d2cb fdf0c4|fff8dc a5dccb 0f5a5c"
        " 3f9d6d 168a9c|ff6f59 ffc857 0f7f86 ffe9c9|fff6e2 10353f",
    ),
    _palette(
        "sorbet",
        "dawn",
        "pink rose soft spring",
        "8fb4d6 f3c4c8 ffe9d2|fff7e3 e8bfc3"
        " 5a5f8a b98fa5 88a9c9|ef7674 f8c16f 6a7fb5 fdeadb|fff5ea 33345a",
    ),
    _palette(
        "peach",
        "dawn",
        "peach morning warm desert",
        "6f9fc0 f5c9a8 ffecc8|fff8e0 edc2a4 4d5a6b"
        " 9b9a78 6c9fb0|e76f51 f4a261 4b8a8c fbe8cf|fff4e3 2f3547",
    ),
    _palette(
        "lavender",
        "dawn",
        "purple lilac violet soft",
        "7d86c7 c9b1df fbe3da|fff5e6 c7b2d8"
        " 443a72 8f7fb3 7c8fc9|f0828d fbc687 6258a6 f7e6ea|fff4ee 2a2550",
    ),
    _palette(
        "ember",
        "dusk",
        "red orange fire sunset",
        "2c1b52 b03f6c ffb066|ffe8bd d9707f 2b1236"
        " 6d2c50 7a3a6f|ff6b4a ffbe5c 8c3b7a ffe3c0|fff0d8 21102e",
    ),
    _palette(
        "marigold",
        "dusk",
        "gold yellow orange autumn desert",
        "3c4f7d e58a5c ffd58a|fff2c4 e09a6d"
        " 4a2531 99543f 6a6384|ee5b3b ffc145 4f5d95 fde4bb|fff1d6 2b1b2b",
    ),
    _palette(
        "rosewood",
        "dusk",
        "pink magenta red",
        "43305f c9607f fbbd9c|ffeacc cf7f93 3a1740"
        " 7d3d63 8d5580|f25f5c ffd07b 5f4b8b fce0d0|fff0e2 271334",
    ),
    _palette(
        "plum",
        "dusk",
        "purple violet mystery",
        "241a4d 6a3f8c f29ca3|ffe3cf 9a6aa5 1f1140"
        " 4c2f6b 5a478f|ff7a70 ffc371 3fa7a0 f6dcea|fff0e6 1a0f33",
    ),
    _palette(
        "midnight",
        "night",
        "blue dark sea space",
        "070c29 172a66 4a62a8|f7f1d8 3a5192 080d26 1c2f5c"
        " 1c3a73|f4a64b ffd782 4f8bd0 dfe3f2|f6f0dc 060919",
    ),
    _palette(
        "aurora",
        "night",
        "green teal cold snow mountains forest",
        "041522 0b3f50 3fa08d|eefbe8 1f6470 041018"
        " 124450 0f5563|f6c65b 7fe0b0 f0806a d7efe6|effaec 030c13",
    ),
    _palette(
        "velvet",
        "night",
        "purple violet magic dream space",
        "130a31 3a2075 9a5bb0|ffeeda 53348c"
        " 0e0626 2f1a5c 38246e|ff8fa3 ffcf70 57c4c9 eadcf5|fff1e6 0a041d",
    ),
    _palette(
        "lantern",
        "night",
        "gold orange warm cosy interior city",
        "0b1026 2a2a55 8a5a5f|ffe9b8 4a3f60 0a0b1c"
        " 2b2742 2b345f|ff9f45 ffd36e c4514d f4e1c6|fff0d2 070714",
    ),
)


def choose_palette(rng: Random, *, time: str | None, words: frozenset[str], place: str) -> Palette:
    """The palette the prompt asks for by time or colour; its hash settles the rest.

    A palette made for the *place* has the better odds, not the only ones.
    """
    choices = [one for one in PALETTES if time is None or one.time == time]

    def merit(one: Palette) -> float:
        asked = len((one.tags | {one.name}) & words)
        return 2 * asked + (0.4 if place in one.tags else 0.0) + rng.random()

    return max(choices, key=merit)
