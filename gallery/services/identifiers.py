"""Ids, slugs and texts: what may come in from outside, and what we make."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gallery.errors import InvalidField, InvalidName

MOST_TEXT = 10_000
MOST_CARDS = 32
MOST_CARD_TEXT = 5_000
# A picture that costs more is a mistake, and would spoil the statistics.
MOST_COST = 1_000
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def new_id(now: datetime) -> UUID:
    """Return a UUID version 7 (RFC 9562): it sorts by *now*, and 74 random bits hide it."""
    value = first_id(now).int | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def first_id(at: datetime) -> UUID:
    """Return what sorts before all ids made at *at* or later, and after all that were before.

    By milliseconds: what is within one is not told apart.
    """
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=(milliseconds & (1 << 48) - 1) << 80)


def check_slug(what: str, value: str) -> str:
    """Return *value* if it can be a name in an address and in a storage key.

    Raises:
        InvalidName: not 1 to 64 ASCII letters, digits, ``_`` and ``-``.
    """
    if not _SLUG.fullmatch(value):
        raise InvalidName(
            f"The {what} must be 1 to 64 letters, digits, hyphens and underscores,"
            " and start with a letter or digit"
        )
    return value


def slugify(value: str, *, fallback: str) -> str:
    """Return *value* as a lower-case slug, for keys that people read."""
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:48].strip("-") or fallback


def check_text(what: str, value: str, *, most: int = MOST_TEXT) -> str:
    """Return *value* if a database, JSON and a page can carry it.

    Raises:
        InvalidField: too long, or with NUL or half a surrogate pair.
    """
    if len(value) > most:
        raise InvalidField(f"{what} has {len(value):,} characters; at most {most:,} are taken")
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidField(f"{what} holds characters that are not text")
    return value


def check_cards(cards: Sequence[str]) -> Sequence[str]:
    """Return *cards* if a row can hold them.

    Raises:
        InvalidField: too many, too long, or no text.
    """
    if len(cards) > MOST_CARDS:
        raise InvalidField(f"cards has {len(cards)} entries; at most {MOST_CARDS} are taken")
    for card in cards:
        check_text("cards", card, most=1000)
    # To compare texts however they were typed costs the square of their length.
    check_text("cards", "".join(cards), most=MOST_CARD_TEXT)
    return cards


def as_micros(amount: float) -> int | None:
    """Return an amount of money in millionths, or None where no picture can cost it."""
    return round(amount * 1_000_000) if 0 <= amount <= MOST_COST else None
