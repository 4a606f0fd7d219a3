"""The demo generator: a picture worth looking at from a prompt alone.

It needs no network, no key and no files, and it is deterministic: the same
prompt, size, format and version give the same bytes. That makes an empty
gallery worth visiting and a test worth trusting.
"""

import hashlib
from collections.abc import Mapping

from PIL import Image

from gallery.generators.base import GeneratedImage, GenerationFailed
from gallery.generators.demo.canvas import Canvas
from gallery.generators.demo.compose import compose
from gallery.generators.demo.finish import GRAIN, encode, grain, vignette
from gallery.generators.demo.reading import VERSION, read_prompt, seed_of

__all__ = ["IMAGE_TYPES", "MAX_SIDE", "DemoGenerator"]

IMAGE_TYPES = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")
MAX_SIDE = 4096
# Larger sheets are drawn at this side and enlarged: paper cut-outs lose nothing by it.
DRAWN_SIDE = 1536
NOTED_CHARACTERS = 2000
LONGEST_SECONDS = 30.0


class DemoGenerator:
    """Draws with Pillow what a prompt's words suggest."""

    name = "demo"
    model = f"demo-papercut-{VERSION}"

    @property
    def longest_seconds(self) -> float:
        return LONGEST_SECONDS

    def generate(
        self,
        prompt: str,
        *,
        width: int = 1024,
        height: int = 1024,
        format: str = "png",  # noqa: A002 (the word of the contract, as in Pillow)
        parameters: Mapping[str, object] | None = None,
        reference: bytes | None = None,
    ) -> GeneratedImage:
        """Draw *prompt*.

        ``parameters`` may hold ``image_type`` (one of :data:`IMAGE_TYPES`, for a
        shop's listing) and ``seed``, which overrides the prompt's own. A *reference*
        is not looked at, but its SHA-256 goes into the seed beside the prompt, so that
        another reference makes another picture and the same one the same.

        Raises:
            GenerationFailed: a side outside 1 to 4096 pixels, an unknown format or image type.
        """
        wanted = dict(parameters or {})
        _check(width, height, format, wanted)
        seed = _seed(prompt, wanted, reference)
        if reference is not None:
            wanted["reference"] = True
        image = _draw(prompt, seed, width, height, wanted.get("image_type"))
        image = grain(vignette(image), GRAIN[format])
        note = f"{_printable(prompt)}\nSteps: 20, Sampler: Demo, Seed: {seed}, "
        note += f"Size: {width}x{height}, Model: {self.model}"
        return GeneratedImage(
            content=encode(image, file_format=format, note=note),
            format=format,
            model=self.model,
            seed=seed,
            parameters={**wanted, "width": width, "height": height, "seed": seed},
        )


def _check(width: int, height: int, file_format: str, wanted: Mapping[str, object]) -> None:
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise GenerationFailed(f"A side has 1 to {MAX_SIDE} pixels, not {width}x{height}.")
    if file_format not in GRAIN:
        raise GenerationFailed(f"The format is png, jpeg or webp, not {file_format[:20]!r}.")
    image_type = wanted.get("image_type")
    if image_type is not None and image_type not in IMAGE_TYPES:
        raise GenerationFailed(f"The image type is one of {', '.join(IMAGE_TYPES)}.")


def _seed(prompt: str, wanted: Mapping[str, object], reference: bytes | None) -> int:
    seed = wanted.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool):
        return seed % 2**32
    if wanted.get("image_type") is not None:
        # The five pictures of a listing show one object: up to the first comma the prompt
        # says what it is, and that alone settles its colours.
        prompt = prompt.partition(",")[0]
    if reference is not None:
        return seed_of(prompt, hashlib.sha256(reference).hexdigest())
    return seed_of(prompt)


def _draw(prompt: str, seed: int, width: int, height: int, image_type: object) -> Image.Image:
    shrink = min(1.0, DRAWN_SIDE / max(width, height))
    canvas = Canvas(max(1, round(width * shrink)), max(1, round(height * shrink)))
    compose(canvas, read_prompt(prompt, seed=seed), image_type=image_type)
    if shrink < 1:
        return canvas.image.resize((width, height), Image.Resampling.BICUBIC)
    return canvas.image


def _printable(prompt: str) -> str:
    """*prompt* without NUL and control characters, cut to a length a reader shows."""
    kept = "".join(ch if ch.isprintable() else " " for ch in prompt[:NOTED_CHARACTERS])
    return kept.encode("utf-8", "replace").decode()
