"""Convert a picture to the format that its kind is stored in.

Bytes that arrive in that format are never touched. Others are encoded
once: without loss to PNG and, for what was lossless, to WebP; with high
quality to JPEG. The colour profile goes along, the orientation is applied.
"""

import io

from PIL import Image

from gallery.errors import ImageTooLarge
from gallery.imaging.verify import Picture, refusing_damage

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
EXTENSIONS = {"png": "png", "jpeg": "jpg", "webp": "webp"}
JPEG_QUALITY = 92
# The default level costs five times as much for 15 % fewer bytes.
PNG_LEVEL = 1
# Source, result and what stands between them are in memory together: 24 megapixels, as cameras
# have, take up to 250 MB. What is kept as it came may be larger.
MOST_PIXELS = 24_000_000
_LONGEST_SIDE = {"jpeg": 65_500, "webp": 16_383}
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@refusing_damage()
def to_format(picture: Picture, target: str) -> bytes:
    """Return the bytes of *picture* as *target*: ``png``, ``jpeg`` or ``webp``.

    Raises:
        ImageTooLarge: a side is longer than *target* can hold, or there are
            more than 24 megapixels to convert.
        DamagedImage: its pixels can't be made into any other.
    """
    if picture.format == target:
        return picture.content
    if picture.width * picture.height > MOST_PIXELS:
        raise ImageTooLarge(
            f"The image has {picture.width} × {picture.height} pixels; to be converted to"
            f" {target.upper()} it may have at most {MOST_PIXELS:,}"
        )
    longest = _LONGEST_SIDE.get(target)
    if longest and max(picture.width, picture.height) > longest:
        raise ImageTooLarge(f"No side of the image may have more than {longest:,} pixels")
    image = picture.upright()
    output = io.BytesIO()
    profile = {"icc_profile": image.info.get("icc_profile")}
    if target == "png":
        _for_png(image).save(output, "PNG", compress_level=PNG_LEVEL, **_fitting(image, profile))
    elif target == "webp":
        lossless = picture.format == "png"
        shown = to_rgb(image)
        shown.save(output, "WEBP", lossless=lossless, quality=90, **_fitting(image, profile))
    else:
        flat = flatten(to_rgb(image))
        flat.save(output, "JPEG", quality=JPEG_QUALITY, **_fitting(image, profile))
    return output.getvalue()


def to_rgb(image: Image.Image) -> Image.Image:
    """Return *image* as RGB, or RGBA where it has transparency; 16 bits become 8.

    It is not copied where it is that already.
    """
    if image.mode in _SIXTEEN_BIT:
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")


def flatten(image: Image.Image) -> Image.Image:
    """Lay a transparent image on white, for formats without transparency."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _for_png(image: Image.Image) -> Image.Image:
    return to_rgb(image) if image.mode in ("CMYK", "YCbCr", "LAB", "HSV") else image


def _fitting(image: Image.Image, profile: dict[str, bytes | None]) -> dict[str, bytes | None]:
    """Drop a profile that describes other colours than the ones now written."""
    return profile if image.mode in ("RGB", "RGBA", "P") else {}
