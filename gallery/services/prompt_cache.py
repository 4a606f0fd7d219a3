"""The canonical form of a prompt, by which the same wish is recognised."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence


def canonical_prompt(
    sentence: str,
    cards: Sequence[str] = (),
    *,
    style: str | None = None,
    service: str | None = None,
) -> str:
    """Return the one text that stands for this prompt, however it was typed.

    Unicode NFC, white space collapsed, cards in their order; style and
    service only where they were given.
    """
    parts: dict[str, object] = {
        "sentence": _collapsed(sentence),
        "cards": [_collapsed(card) for card in cards],
    }
    if style:
        parts["style"] = _collapsed(style)
    if service:
        parts["service"] = _collapsed(service)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def hash_prompt(
    sentence: str,
    cards: Sequence[str] = (),
    *,
    style: str | None = None,
    service: str | None = None,
) -> str:
    """Return the SHA-256 of the canonical prompt, in hex."""
    canonical = canonical_prompt(sentence, cards, style=style, service=service)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _collapsed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
