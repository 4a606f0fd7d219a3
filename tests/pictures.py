"""Small pictures for the tests, made on the spot."""

import io
from typing import Any

from PIL import Image


def picture(
    format: str = "PNG",  # noqa: A002 - Pillow's word
    size: tuple[int, int] = (48, 32),
    colour: Any = (200, 80, 40),
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """Return an encoded picture with some structure in it."""
    image = Image.new(mode, size, colour)
    if mode == "RGB":
        image.paste((30, 60, 120), (0, 0, max(1, size[0] // 2), max(1, size[1] // 2)))
    output = io.BytesIO()
    image.save(output, format, **options)
    return output.getvalue()


def pixels(content: bytes) -> Image.Image:
    """Decode *content*."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
