"""Read the "infotext" of AUTOMATIC1111's web UI, Forge, and the many that copy it.

Prompt lines, then "Negative prompt:" lines, then one line of "Steps: 20, Sampler: …".
Scanned by hand: the web UI's own regular expressions take quadratic time on hostile text.
"""

from __future__ import annotations

import re

from gallery.imaging.metadata.values import Generation, load_json, pixel_pair, whole, words

_NEGATIVE = "Negative prompt:"
# A quoted value only counts as one where a comma or the end follows, as in the web UI.
_VALUE = re.compile(r'[ \t]*+("(?:\\.|[^"\\])*+"(?=[ \t]*+(?:,|$))|[^,]*+)', re.DOTALL)


def read_automatic1111(raw: dict[str, str]) -> Generation | None:
    for place in ("parameters", "exif:UserComment", "exif:ImageDescription"):
        if place in raw and (generation := read_infotext(raw[place])):
            return generation
    return None


def read_infotext(text: str) -> Generation | None:
    """Read an infotext; None where *text* has neither settings nor a negative prompt."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    settings_at = _find_settings(lines)
    settings = {} if settings_at is None else read_settings(lines[settings_at])
    lines = lines[:settings_at]
    negative_at = next((i for i, line in enumerate(lines) if line.startswith(_NEGATIVE)), None)
    if settings_at is None and negative_at is None:
        return None
    negative = "" if negative_at is None else "\n".join(lines[negative_at:])
    is_fooocus = settings.get("Version", "").startswith("Fooocus")
    return Generation(
        generator="fooocus" if is_fooocus else "automatic1111",
        prompt=words("\n".join(lines[:negative_at])),
        negative_prompt=words(negative[len(_NEGATIVE) :]),
        model=words(settings.get("Model")),
        seed=whole(settings.get("Seed")),
        steps=whole(settings.get("Steps")),
        sampler=words(settings.get("Sampler")),
        size=pixel_pair(settings.get("Size")),
    )


def _find_settings(lines: list[str]) -> int | None:
    # The last such line: a prompt may well have a line beginning with "Steps:" itself,
    # and extensions add lines below the settings.
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("Steps: ") or (
            index == len(lines) - 1 and {"Seed", "Size"} <= read_settings(lines[index]).keys()
        ):
            return index
    return None


def read_settings(line: str) -> dict[str, str]:
    """Split 'Steps: 20, Lora hashes: "a: 1, b: 2", …'; of two equal names the first counts."""
    settings: dict[str, str] = {}
    position = 0
    while (colon := line.find(":", position)) >= 0:
        name = line[position:colon].rpartition(",")[2].strip()
        match = _VALUE.match(line, colon + 1)
        if match is None:
            break
        settings.setdefault(name, _unquote(match[1].strip()))
        position = match.end() + 1
    return settings


def _unquote(value: str) -> str:
    unquoted = load_json(value) if value.startswith('"') else None
    return unquoted if isinstance(unquoted, str) else value
