"""Files that are as heavy as any that are taken, or heavier: small to send, large to decode.

``python -m tests.hostile.heavy FOLDER NAME…`` uploads each as every kind of
image, and prints what it cost.
"""

import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import asdict

from PIL import Image

from gallery.imaging.structure import MOST_PARTS
from tests.hostile.containers import PNG, png_chunk, riff
from tests.hostile.victim import KINDS, prepare
from tests.pictures import picture

MEGAPIXELS_50 = (8_000, 6_250)
MEGAPIXELS_24 = (6_000, 4_000)
MEGAPIXELS_22 = (5_500, 4_000)
MEGAPIXELS_15 = (5_000, 3_000)
_SMALL = picture("PNG")
_PHOTO = picture("JPEG")


def flat(kind: str, mode: str, size: tuple[int, int], **options: object) -> bytes:
    """Return one colour, which takes the least room to send and as much as any to decode."""
    output = io.BytesIO()
    Image.new(mode, size).save(output, kind, **options)  # type: ignore[arg-type]
    return output.getvalue()


def deep_png(width: int, height: int) -> bytes:
    """Return a PNG of sixteen bits and with the filter that takes longest."""
    row = b"\4" + b"\1" * (8 * width)
    deflate = zlib.compressobj()
    pixels = b"".join(deflate.compress(row) for _ in range(height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return PNG + b"".join(png_chunk(*chunk) for chunk in chunks)


def turned(kind: str, size: tuple[int, int]) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return flat(kind, "RGB", size, exif=exif)


def profiles() -> bytes:
    profile = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(900_000)))
    return _SMALL[:33] + profile * 20_000 + _SMALL[33:]


def extended_webp() -> bytes:
    small = picture("WEBP")
    extended = b"VP8X\x0a\0\0\0" + bytes(4) + b"\x2f\0\0\x1f\0\0" + small[12:]
    return riff(extended + b"TEST\0\0\0\0" * 2_900_000)


HEAVY: dict[str, Callable[[], bytes]] = {
    "PNG with alpha": lambda: flat("PNG", "RGBA", MEGAPIXELS_50),
    "PNG of grey and alpha": lambda: flat("PNG", "LA", MEGAPIXELS_50),
    "PNG of sixteen bits": lambda: deep_png(*MEGAPIXELS_24),
    "grey PNG of sixteen bits": lambda: flat("PNG", "I;16", MEGAPIXELS_50),
    "PNG of one bit": lambda: flat("PNG", "1", MEGAPIXELS_50),
    "PNG to be converted": lambda: flat("PNG", "RGBA", MEGAPIXELS_24),
    "turned PNG": lambda: turned("PNG", MEGAPIXELS_24),
    "JPEG": lambda: flat("JPEG", "RGB", MEGAPIXELS_50),
    "progressive JPEG": lambda: flat("JPEG", "RGB", MEGAPIXELS_22, progressive=True, subsampling=0),
    "usual progressive JPEG": lambda: flat("JPEG", "RGB", MEGAPIXELS_24, progressive=True),
    "larger progressive JPEG": lambda: flat("JPEG", "RGB", MEGAPIXELS_50, progressive=True),
    "turned JPEG": lambda: turned("JPEG", MEGAPIXELS_24),
    "CMYK": lambda: flat("JPEG", "CMYK", MEGAPIXELS_24),
    "WebP": lambda: flat("WEBP", "RGB", MEGAPIXELS_15),
    "WebP with alpha": lambda: flat("WEBP", "RGBA", MEGAPIXELS_15, lossless=True),
    "long strip": lambda: flat("PNG", "L", (1, 65_535)),
    "longer strip": lambda: flat("PNG", "1", (1, 50_000_000)),
    "many chunks": lambda: _SMALL[:33] + png_chunk(b"teSt", b"") * (MOST_PARTS - 10) + _SMALL[33:],
    "two million chunks": lambda: _SMALL[:33] + png_chunk(b"teSt", b"") * 2_000_000 + _SMALL[33:],
    "six million segments": lambda: _PHOTO[:20] + b"\xff\xe5\0\2" * 6_000_000 + _PHOTO[20:],
    "filling": lambda: _PHOTO[:20] + b"\xff" * 24_000_000 + _PHOTO[20:],
    "three million chunks": extended_webp,
    "twenty thousand profiles": profiles,
}


def main(folder: str, names: list[str]) -> None:
    """Upload, and print."""
    victim = prepare(folder)
    victim.take("generation", 0, _SMALL)
    for number, name in enumerate(names):
        content = HEAVY[name]()
        for kind in dict.fromkeys(KINDS):
            outcome = victim.take(kind, number, content)
            sys.stdout.write(json.dumps({"name": name, "kind": kind} | asdict(outcome)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
