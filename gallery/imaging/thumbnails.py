"""Smaller versions of a picture, as WebP."""

import io
from typing import BinaryIO

from PIL import Image, ImageOps

from gallery.errors import DamagedImage
from gallery.imaging.convert import to_rgb
from gallery.imaging.verify import is_turned

WIDTHS = (320, 640, 1280)
MEDIA_TYPE = "image/webp"
# WebP has no room for more; a strip of paper may be narrow and longer still.
LONGEST_SIDE = 16_383
QUALITY = 80
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
