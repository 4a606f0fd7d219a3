"""Last steps: vignette, grain, and the file itself."""

import io
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, PngImagePlugin

GRAIN = {"png": 2, "jpeg": 7, "webp": 5}


@lru_cache(maxsize=4)
def _grain(depth: int) -> Image.Image:
    """Grey grain around 128, at most *depth* either way."""
    table = bytes(128 - depth + value * (2 * depth + 1) // 256 for value in range(256))
    grains = Random(depth).randbytes(512 * 512)  # noqa: S311 (paint, not secrets)
    fine = Image.frombytes("L", (512, 512), grains.translate(table))
    return Image.merge("RGB", (fine, fine, fine))


def vignette(image: Image.Image, strength: float = 0.22) -> Image.Image:
    """Darken the corners a little, as a lens does."""
    rim = Image.radial_gradient("L").crop((20, 20, 236, 236))
    table = [
        255 - round(255 * strength * max(0.0, value / 255 - 0.3) ** 1.5) for value in range(256)
    ]
    mask = rim.point(table).resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, Image.merge("RGB", (mask, mask, mask)))


def grain(image: Image.Image, depth: int) -> Image.Image:
    """Film grain, which also hides the steps of long gradients."""
    tile = _grain(depth)
    sheet = Image.new("RGB", image.size)
    for top in range(0, image.height, tile.height):
        for left in range(0, image.width, tile.width):
            sheet.paste(tile, (left, top))
    return ImageChops.add(image, sheet, 1, -128)


def encode(image: Image.Image, *, file_format: str, note: str) -> bytes:
    """Write the file; a PNG carries *note* as its ``parameters`` text."""
    buffer = io.BytesIO()
    if file_format == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", note)
        image.save(buffer, "PNG", compress_level=1, pnginfo=info)
    elif file_format == "jpeg":
        image.save(buffer, "JPEG", quality=88)
    else:
        image.save(buffer, "WEBP", quality=86, method=2)
    return buffer.getvalue()
