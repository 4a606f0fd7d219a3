"""Smaller versions of a picture, as WebP."""

import io
from typing import BinaryIO

from PIL import Image, ImageOps

from gallery.errors import DamagedImage
from gallery.imaging.convert import to_rgb
from gallery.imaging.verify import DECODING, is_turned

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
    turned = ImageOps.exif_transpose(image) if is_turned(image) else image
    # A huge picture is made small before its bits are made more, where its mode can be shrunk.
    small = turned if _shrinks(turned) else to_rgb(turned)
    scale = min(width / small.width, LONGEST_SIDE / small.height)
    if scale < 1:
        size = max(1, round(small.width * scale)), max(1, round(small.height * scale))
        small = small.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    output = io.BytesIO()
    small = to_rgb(small)
    small.save(output, "WEBP", quality=QUALITY, method=EFFORT)
    return output.getvalue()


def _shrinks(image: Image.Image) -> bool:
    return image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info


def make_thumbnail_from(stream: BinaryIO, width: int) -> bytes:
    """Decode a stored original and return its thumbnail.

    Raises:
        DamagedImage: the stored bytes can't be decoded any more.
    """
    try:
        with Image.open(stream, formats=("PNG", "JPEG", "WEBP")) as image:
            # A JPEG can be decoded at a half or a quarter of its size for a fraction of the cost.
            image.draft("RGB", (width * 2, width * 2))
            return make_thumbnail(image, width)
    except (OSError, ValueError, SyntaxError) as error:
        raise DamagedImage("The stored image can't be decoded") from error


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
