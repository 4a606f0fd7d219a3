"""Read what the images API answered, believing nothing of it.

Any server may stand behind the address, so each field is looked at before it
is used, and what it calls a picture has to begin like one. Whether it is whole
is found out by those who keep it.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gallery.generators.base import GenerationFailed
from gallery.generators.fetching import format_of

MOST_REVISED_CHARACTERS = 2000
MOST_URL_CHARACTERS = 2000
MOST_PARTS = 1000


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One picture as the service made it."""

    content: bytes
    format: str
    revised_prompt: str = ""
    cost: float | None = None
    url: str | None = None


def read_answer(body: bytes, *, fetch: Callable[[str], bytes]) -> Drawn:
    """Return the picture in *body*; *fetch* gets it where only its address was told.

    Raises:
        GenerationFailed: the body is not an answer of this API, or holds no picture.
    """
    answer = _parsed(body)
    images = answer.get("data")
    if not isinstance(images, list) or not images or not isinstance(images[0], dict):
        raise GenerationFailed("The image service answered without a picture.")
    first = images[0]
    url = first.get("url") if isinstance(first.get("url"), str) else None
    encoded = first.get("b64_json")
    if isinstance(encoded, str) and encoded:
        content = _decoded(encoded)
    elif url:
        content = fetch(url)
    else:
        raise GenerationFailed("The image service answered without a picture.")
    file_format = format_of(content)
    if file_format is None:
        raise GenerationFailed("The image service answered with something that is not a picture.")
    return Drawn(
        content=content,
        format=file_format,
        revised_prompt=_printable(first.get("revised_prompt")),
        cost=_cost(answer.get("usage")),
        url=_shown_url(url),
    )


def _parsed(body: bytes) -> dict[str, Any]:
    # A true answer has a handful; millions of empty ones would fill the memory.
    if body.count(b"[") + body.count(b"{") > MOST_PARTS:
        raise GenerationFailed("The image service's answer can't be read.")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GenerationFailed("The image service's answer can't be read.") from error
    if not isinstance(answer, dict):
        raise GenerationFailed("The image service's answer can't be read.")
    return answer


def _decoded(encoded: str) -> bytes:
    # Some servers wrap it as a data URL, and some break it into lines.
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError as error:
        raise GenerationFailed("The image service's answer can't be read.") from error


def _printable(text: object) -> str:
    if not isinstance(text, str):
        return ""
    kept = text[:MOST_REVISED_CHARACTERS]
    return "".join(one if one.isprintable() else " " for one in kept).strip()


def _cost(usage: object) -> float | None:
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    # Not a number fails every comparison; an integer of 400 digits would be no float.
    return float(cost) if 0 <= cost < 1e12 else None


def _shown_url(url: str | None) -> str | None:
    """*url* where a page could link to it: never a script, never a novel."""
    if url and url.startswith(("https://", "http://")) and len(url) <= MOST_URL_CHARACTERS:
        return url if url.isascii() and url.isprintable() else None
    return None
