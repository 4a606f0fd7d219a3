"""Read Fooocus: a JSON of settings, or an A1111 text, with the scheme named beside it.

PNG has ``parameters`` and ``fooocus_scheme``; JPEG and WebP have UserComment and MakerNote
(see ``modules/meta_parser.py`` there).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gallery.imaging.metadata.automatic1111 import read_infotext
from gallery.imaging.metadata.values import (
    Generation,
    load_object,
    pixel_pair,
    pixels,
    whole,
    words,
)

_PLACES = (("parameters", "fooocus_scheme"), ("exif:UserComment", "exif:MakerNote"))
_TELLING = {"base_model", "metadata_scheme", "performance"}


def read_fooocus(raw: dict[str, str]) -> Generation | None:
    for place, scheme_place in _PLACES:
        text, scheme = raw.get(place), raw.get(scheme_place)
        settings = _settings(text)
        if settings and (scheme == "fooocus" or len(_TELLING & settings.keys()) >= 2):
            return _read_settings(settings)
        if text and scheme == "a1111" and (generation := read_infotext(text)):
            return replace(generation, generator="fooocus")
    return None


def _settings(text: str | None) -> dict[str, Any]:
    # Early versions wrote the labels of the page ("Base Model") for names.
    return {key.lower().replace(" ", "_"): value for key, value in load_object(text).items()}


def _read_settings(settings: dict[str, Any]) -> Generation:
    return Generation(
        generator="fooocus",
        prompt=words(settings.get("prompt")) or _joined(settings.get("full_prompt")),
        negative_prompt=words(settings.get("negative_prompt"))
        or _joined(settings.get("full_negative_prompt")),
        model=words(settings.get("base_model")),
        seed=whole(settings.get("seed")),
        steps=whole(settings.get("steps")),
        sampler=words(settings.get("sampler")),
        size=pixel_pair(settings.get("resolution"))
        or pixels(settings.get("width"), settings.get("height")),
    )


def _joined(parts: object) -> str | None:
    if not isinstance(parts, list):
        return words(parts)
    return ", ".join(part for part in parts if isinstance(part, str)) or None
