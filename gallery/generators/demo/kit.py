"""What every hero is handed: its inks and its luck; and the faces they share."""

from dataclasses import dataclass
from random import Random

from gallery.generators.demo.canvas import Pen, Shape
from gallery.generators.demo.palettes import Color, Palette, lighten, mix


@dataclass(frozen=True, kw_only=True)
class Kit:
    """The inks of one hero, taken from the palette of its picture."""

    coat: Color
    trim: Color
    accent: Color
    cream: Color
    ink: Color
    glow: Color
    is_lit: bool
    rng: Random


def make_kit(palette: Palette, rng: Random, *, coat: Color | None = None) -> Kit:
    """Three different accents in a drawn order; night lights what can shine."""
    inks = rng.sample(list(palette.accents[:3]), 3)
    return Kit(
        coat=coat or inks[0],
        trim=inks[1],
        accent=inks[2],
        cream=palette.cream,
        ink=mix(palette.ink, palette.near, 0.3),
        glow=lighten(palette.accents[1], 0.3),
        is_lit=palette.time in ("night", "dusk"),
        rng=rng,
    )


def eyes(pen: Pen, kit: Kit, x: float, y: float, gap: float, r: float) -> None:
    """Two dark eyes, each with a spark."""
    pen.fill(
        Shape().oval(x - gap, y, r, r * 1.15).oval(x + gap, y, r, r * 1.15), kit.ink, flat=True
    )
    sparks = Shape().oval(x - gap - r * 0.3, y - r * 0.4, r * 0.34)
    pen.fill(sparks.oval(x + gap - r * 0.3, y - r * 0.4, r * 0.34), kit.cream, flat=True)


def blush(pen: Pen, kit: Kit, x: float, y: float, gap: float, r: float) -> None:
    """Warm cheeks."""
    warm = mix(kit.trim, (240, 110, 100), 0.6)
    pen.fill(
        Shape().oval(x - gap, y, r, r * 0.7).oval(x + gap, y, r, r * 0.7),
        warm,
        alpha=0.45,
        flat=True,
    )


def stand(pen: Pen, kit: Kit, half: float, *, alpha: float = 0.55) -> None:
    """The soft shadow a thing stands on."""
    pen.glow(pen.canvas.light * 3, 0, half * 1.5, kit.ink, ry=half * 0.26, alpha=alpha, power=1.1)
