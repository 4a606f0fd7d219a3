"""Smaller versions of a picture, as WebP."""

import io
from typing import BinaryIO

from PIL import Image

from gallery.imaging.convert import to_rgb
from gallery.imaging.reducing import shrink
from gallery.imaging.verify import DECODING, ON_THEIR_SIDES, refusing_damage, turn_of

WIDTHS = (320, 640, 1280)
MEDIA_TYPE = "image/webp"
# WebP has no room for more; a strip of paper may be narrow and longer still.
LONGEST_SIDE = 16_383
QUALITY = 80
RIFF_BYTES = 12
# Effort 2 of 6: half the time of the default for a few per cent more bytes.
EFFORT = 2


def make_thumbnail(image: Image.Image, width: int) -> bytes:
    """Return *image*, upright and at most *width* pixels wide, as WebP; it is never enlarged."""
    turn = turn_of(image)
    size = _fitting(image.size, width, is_on_its_side=turn in ON_THEIR_SIDES)
    small = to_rgb(image) if size == image.size else shrink(image, size)
    if turn is not None:
        small = small.transpose(turn)
    output = io.BytesIO()
    small.save(output, "WEBP", quality=QUALITY, method=EFFORT)
    return output.getvalue()


def _fitting(size: tuple[int, int], width: int, *, is_on_its_side: bool) -> tuple[int, int]:
    """Return the size before it is turned that fits after it."""
    across, down = reversed(size) if is_on_its_side else size
    scale = min(1.0, width / across, LONGEST_SIDE / down)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def make_thumbnail_from(stream: BinaryIO, width: int) -> bytes:
    """Decode a stored original and return its thumbnail.

    Raises:
        DamagedImage: the stored bytes can't be decoded any more.
    """
    with (
        refusing_damage("The stored image can't be decoded"),
        Image.open(stream, formats=("PNG", "JPEG", "WEBP")) as image,
    ):
        # A JPEG can be decoded at a half or a quarter of its size for a fraction of the cost.
        image.draft("RGB", (width * 2, width * 2))
        return make_thumbnail(image, width)


def is_whole(content: bytes) -> bool:
    """Tell whether *content* is a thumbnail that can be decoded to its end."""
    try:
        with DECODING, Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return has_whole_length(content[:RIFF_BYTES], len(content))


def has_whole_length(beginning: bytes, size_bytes: int) -> bool:
    """Tell by its first 12 bytes whether a WebP of *size_bytes* has as many as it should.

    A WebP says after ``RIFF`` how many bytes follow, padded to an even number:
    https://developers.google.com/speed/webp/docs/riff_container
    """
    follow = int.from_bytes(beginning[4:8], "little")
    is_webp = beginning[:4] == b"RIFF" and beginning[8:RIFF_BYTES] == b"WEBP"
    return is_webp and size_bytes == follow + 8
