"""Read what image generators wrote into a file about how it was made.

Everything here comes from strangers, so the bytes are walked within fixed
bounds, no pixel is decoded, and nothing a file holds can raise: what can't be
understood stays in ``raw``. The walk is our own, not Pillow's, because Pillow
decodes a PNG to reach its last chunks, and refuses texts of more than a megabyte.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PIL.Image import Image

from gallery.imaging.metadata.automatic1111 import read_automatic1111
from gallery.imaging.metadata.comfyui import read_comfyui
from gallery.imaging.metadata.containers import walk
from gallery.imaging.metadata.fooocus import read_fooocus
from gallery.imaging.metadata.invokeai import read_invokeai
from gallery.imaging.metadata.novelai import read_novelai
from gallery.imaging.metadata.provenance import digital_source_types
from gallery.imaging.metadata.values import Generation, TextStore, clean

__all__ = ["EmbeddedMetadata", "read_metadata"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

# The most telling formats first: an A1111 text is written by many tools beside their own.
_READERS: tuple[Callable[[dict[str, str]], Generation | None], ...] = (
    read_invokeai,
    read_novelai,
    read_fooocus,
    read_comfyui,
    read_automatic1111,
)


@dataclass(frozen=True, kw_only=True)
class EmbeddedMetadata:
    """What a file says about its making. Claims of the file, verified by nobody.

    ``raw`` maps a place ("parameters", "exif:UserComment", "xmp") to its text, at most
    256 KB each and 1 MB together. No string holds NUL or a lone surrogate; every number
    fits 64 signed bits. ``size`` is (width, height) in pixels as the generator states it.
    """

    generator: str | None
    prompt: str | None
    negative_prompt: str | None
    model: str | None
    seed: int | None
    steps: int | None
    sampler: str | None
    size: tuple[int, int] | None
    marks: tuple[str, ...]
    raw: dict[str, str]


def read_metadata(image: Image, content: bytes | memoryview) -> EmbeddedMetadata | None:
    """Read the generator metadata of *content*, the bytes *image* was opened from.

    Returns None where nothing is embedded. Never raises, whatever the bytes hold.
    """
    store = TextStore()
    has_c2pa = _survive(lambda: walk(image.format, content, store))
    raw = store.texts
    sources = _survive(lambda: digital_source_types(raw.get("xmp", ""))) or ()
    marks = (*(["c2pa"] if has_c2pa else []), *(f"iptc:{source}" for source in sources))
    if not raw and not marks:
        return None
    return _embedded(_recognise(raw), marks=marks, raw=raw)


def _recognise(raw: dict[str, str]) -> Generation:
    readings = [_survive(partial(reader, raw)) for reader in _READERS]
    found = [generation for generation in readings if generation is not None]
    if not found:
        return Generation(generator=None)
    # ComfyUI's saver nodes write an A1111 text about the same picture: it fills the gaps
    # that custom nodes leave in the graph. Other pairs may be about different pictures.
    if found[0].generator == "comfyui" and found[-1].generator == "automatic1111":
        return _fill_gaps(found[0], found[-1])
    return found[0]


def _fill_gaps(first: Generation, second: Generation) -> Generation:
    stated = {name: value for name, value in vars(first).items() if value is not None}
    return Generation(**{**vars(second), **stated})


def _embedded(
    generation: Generation, *, marks: tuple[str, ...], raw: dict[str, str]
) -> EmbeddedMetadata:
    return EmbeddedMetadata(
        generator=generation.generator,
        prompt=clean(generation.prompt),
        negative_prompt=clean(generation.negative_prompt),
        model=clean(generation.model),
        seed=generation.seed,
        steps=generation.steps,
        sampler=clean(generation.sampler),
        size=generation.size,
        marks=marks,
        raw=raw,
    )


def _survive(step: Callable[[], T]) -> T | None:
    # The promise never to raise has to hold for bugs of ours too: a wrong reader may cost
    # a caption, not an upload. The log says so, and the tests fail on any line in it.
    try:
        return step()
    except Exception:
        logger.exception("embedded metadata could not be read")
        return None
