"""Turn untrusted text into bounded text, JSON and numbers that a database can hold."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

ENTRY_BYTES = 256 * 1024
TOTAL_BYTES = 1024 * 1024
# Reading an entry costs up to ENTRY_BYTES of work even where nothing of it is kept.
MAX_ENTRIES = 256

_INT64 = range(-(2**63), 2**63)
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_PAIR = re.compile(r"\(?([0-9]{1,9})\s{0,4}[x,]\s{0,4}([0-9]{1,9})\)?")


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What one generator's format says, before its strings are made safe."""

    generator: str | None
    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: int | None = None
    steps: int | None = None
    sampler: str | None = None
    size: tuple[int, int] | None = None


@dataclass
class TextStore:
    """Texts by where they were found, capped one by one and together."""

    texts: dict[str, str] = field(default_factory=dict)
    _bytes_left: int = TOTAL_BYTES
    _entries_left: int = MAX_ENTRIES

    @property
    def is_full(self) -> bool:
        return self._bytes_left <= 0 or self._entries_left <= 0

    def add(self, place: str, text: str) -> None:
        """Keep *text*; of two at one place the later stays, as Pillow has it."""
        if self.is_full:
            return
        self._entries_left -= 1
        name = clean(place, limit=200)
        kept = clean(text, limit=min(ENTRY_BYTES, self._bytes_left))
        if name and kept:
            self._bytes_left -= len(kept.encode())
            self.texts[name] = kept


def clean(text: str | None, *, limit: int = ENTRY_BYTES) -> str | None:
    """Drop what PostgreSQL or JSON refuse (NUL, lone surrogates); cut to *limit* UTF-8 bytes.

    Returns None where nothing but white space is left.
    """
    if text is None:
        return None
    encoded = text.replace("\0", "").encode("utf-8", "ignore")[:limit]
    kept = encoded.decode("utf-8", "ignore")
    return kept if kept.strip() else None


def load_json(text: str | None) -> Any:
    """Parse JSON that may be hostile; None where it isn't JSON or nests too deeply.

    Integers past any database's range become None on their own, so that one of them
    doesn't cost the whole document. NaN is read too: ComfyUI writes it.
    """
    if text is None or not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text, parse_int=whole)
    except (ValueError, RecursionError):
        return None


def load_object(text: str | None) -> dict[str, Any]:
    """Parse a JSON object; anything else is an empty one."""
    parsed = load_json(text)
    return parsed if isinstance(parsed, dict) else {}


def whole(value: object) -> int | None:
    """Return *value* as an integer of 64 signed bits, or None where it isn't one."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value in _INT64:
        return value
    return None


def words(value: object) -> str | None:
    """Return *value* where it is a string with something in it."""
    return (value.strip() or None) if isinstance(value, str) else None


def pixels(width: object, height: object) -> tuple[int, int] | None:
    """Return (width, height) where both are positive integers."""
    across, down = whole(width), whole(height)
    return (across, down) if across and down and min(across, down) > 0 else None


def pixel_pair(value: object) -> tuple[int, int] | None:
    """Read "512x768", "(1152, 896)" or [1152, 896]."""
    if isinstance(value, list) and len(value) == 2:
        return pixels(*value)
    match = _PAIR.fullmatch(value.strip()) if isinstance(value, str) else None
    return pixels(match[1], match[2]) if match else None
