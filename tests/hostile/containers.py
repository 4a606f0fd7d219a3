"""Take image files apart into their parts, and put them together again with sums that hold."""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

PNG = b"\x89PNG\r\n\x1a\n"
_BARE = {0x01, *range(0xD0, 0xDA)}


@dataclass(frozen=True)
class Part:
    """A chunk of a PNG or WebP, or a segment of a JPEG with what follows it up to the next."""

    name: bytes
    body: bytes
    tail: bytes = b""


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk with a right length and sum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def riff(parts: bytes) -> bytes:
    """Return a WebP file of these chunks."""
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts


def take_apart(content: bytes) -> list[Part]:
    """Return the parts of a file; one without a shape that is known has one."""
    if content.startswith(PNG):
        return _png_parts(content)
    if content.startswith(b"\xff\xd8"):
        return _jpeg_parts(content)
    if content.startswith(b"RIFF"):
        return _webp_parts(content)
    return [Part(b"", content)]


def put_together(parts: list[Part], like: bytes) -> bytes:
    """Return a file of *parts*, of the kind that *like* is."""
    if like.startswith(PNG):
        return PNG + b"".join(png_chunk(part.name, part.body) for part in parts)
    if like.startswith(b"\xff\xd8"):
        return b"\xff\xd8" + b"".join(map(_segment, parts))
    if like.startswith(b"RIFF"):
        return riff(b"".join(map(_webp_chunk, parts)))
    return b"".join(part.body for part in parts)


def _png_parts(content: bytes) -> list[Part]:
    parts, position = [], 8
    while position + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        parts.append(Part(name, content[position + 8 : position + 8 + length]))
        position += 12 + length
    return parts


def _webp_parts(content: bytes) -> list[Part]:
    parts, position = [], 12
    while position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        parts.append(Part(name, content[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    return parts


def _webp_chunk(part: Part) -> bytes:
    return part.name + struct.pack("<I", len(part.body)) + part.body + b"\0" * (len(part.body) % 2)


def _jpeg_parts(content: bytes) -> list[Part]:
    parts, position = [], 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        name = content[position : position + 2]
        length = 0 if name[1] in _BARE else struct.unpack_from(">H", content, position + 2)[0]
        end = position + 2 + length
        following = _next_marker(content, end) if name[1] == 0xDA else end
        parts.append(Part(name, content[position + 4 : end], content[end:following]))
        position = following
    return [*parts, Part(b"", b"", content[position:])]


def _next_marker(content: bytes, position: int) -> int:
    while position + 1 < len(content):
        position = content.find(b"\xff", position)
        if position < 0:
            break
        if content[position + 1 : position + 2] not in (b"\0", *(bytes([n]) for n in _BARE)):
            return position
        if content[position + 1 : position + 2] == b"\xd9":
            return position
        position += 1
    return len(content)


def _segment(part: Part) -> bytes:
    if not part.name or part.name[1] in _BARE:
        return part.name + part.body + part.tail
    # A length of two bytes; what is longer lies about it.
    return part.name + struct.pack(">H", len(part.body) + 2 & 0xFFFF) + part.body + part.tail


def bases() -> list[bytes]:
    """Return small, good files with all that a file may have beside its pixels."""
    colours = Image.effect_mandelbrot((48, 32), (-2, -1.2, 1, 1.2), 30)
    rgb = Image.merge("RGB", [colours, colours.transpose(Image.Transpose.ROTATE_180), colours])
    rgba = rgb.copy()
    rgba.putalpha(colours)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0131] = 6, "A kettle", "papercut"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Steps: 20, Seed: 7, Size: 48x32"
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", "A kettle\nNegative prompt: tea\nSteps: 20, Seed: 7, Size: 48x32")
    told.add_text("prompt", '{"3": {"class_type": "KSampler", "inputs": {"seed": 7}}}', zip=True)
    told.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", zip=True)
    profile = bytes(128)
    meta = {"exif": exif, "icc_profile": profile}
    frames = {"save_all": True, "append_images": [rgb.rotate(9), rgb.rotate(90)], "duration": 50}
    return [
        _encoded(rgb, "PNG", pnginfo=told, **meta),
        _encoded(rgba, "PNG", pnginfo=told),
        _encoded(rgb.quantize(16), "PNG", transparency=3),
        _encoded(colours.convert("1"), "PNG"),
        _encoded(Image.new("I;16", (48, 32), 40_000), "PNG"),
        _encoded(rgb, "PNG", **frames),
        interlaced(),
        _encoded(rgb, "JPEG", comment=b"a comment", **meta),
        _encoded(rgb, "JPEG", progressive=True, subsampling=0),
        _encoded(rgb, "JPEG", restart_marker_rows=1),
        _encoded(colours, "JPEG", quality=30),
        _encoded(rgb.convert("CMYK"), "JPEG"),
        _encoded(rgb, "MPO", save_all=True, append_images=[rgb.rotate(9)]),
        _encoded(rgb, "WEBP", **meta),
        _encoded(rgba, "WEBP", lossless=True, exif=exif),
        _encoded(rgba, "WEBP", quality=20),
        _encoded(rgb, "WEBP", **frames),
        *(_encoded(rgb, kind) for kind in ("GIF", "AVIF")),
    ]


def interlaced() -> bytes:
    """Return an interlaced PNG, which Pillow doesn't write: 8 × 8 grey pixels in seven passes."""
    widths = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))
    rows = b"".join((b"\0" + b"\x80" * width) * height for width, height in widths)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return PNG + b"".join(png_chunk(*chunk) for chunk in chunks)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)  # type: ignore[arg-type]
    return output.getvalue()
