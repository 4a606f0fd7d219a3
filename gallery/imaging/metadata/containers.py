"""Walk PNG, JPEG and WebP for the segments that carry text, EXIF, XMP and C2PA.

Structure only: image data is stepped over. Each format is a stream of (name, payload)
pairs; a broken stream ends early, and what came before the break counts.
"""

from __future__ import annotations

import codecs
import struct
import zlib
from collections.abc import Iterator

from gallery.imaging.metadata.exif import read_exif
from gallery.imaging.metadata.provenance import is_c2pa_jumbf
from gallery.imaging.metadata.values import ENTRY_BYTES, TextStore

# A real file has some thousands; a file of empty segments must not keep us for seconds.
MAX_SEGMENTS = 100_000

# Deflate never needs more than this for ENTRY_BYTES of text that is worth reading.
_DEFLATED_BYTES = 2 * ENTRY_BYTES
_XMP_KEYWORD = "XML:com.adobe.xmp"
_XMP_APP1 = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF_APP1 = b"Exif\0\0"

Segments = Iterator[tuple[bytes, memoryview]]


def walk(image_format: str | None, content: bytes | memoryview, store: TextStore) -> bool:
    """Put the texts of *content* into *store*; return whether it carries C2PA."""
    view = memoryview(content)
    if not view.c_contiguous or view.itemsize != 1:
        view = memoryview(view.tobytes())
    view = view.cast("B") if view.ndim != 1 or view.format != "B" else view
    match image_format:
        case "PNG":
            return _walk_png(view, store)
        case "JPEG" | "MPO":
            return _walk_jpeg(view, store)
        case "WEBP":
            return _walk_webp(view, store)
    return False


def _walk_png(view: memoryview, store: TextStore) -> bool:
    has_c2pa = False
    for name, payload in _png_chunks(view):
        if name == b"caBX":
            has_c2pa = True
        elif name == b"eXIf":
            read_exif(payload, store)
        elif name in (b"tEXt", b"zTXt", b"iTXt") and not store.is_full:
            keyword, text = _png_text(name, payload)
            store.add("xmp" if keyword == _XMP_KEYWORD else keyword, text)
    return has_c2pa


def _png_chunks(view: memoryview) -> Segments:
    position = 8
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(view):
            return
        length, name = struct.unpack_from(">I4s", view, position)
        yield name, view[position + 8 : position + 8 + length]
        if name == b"IEND":
            return
        position += 12 + length


def _png_text(name: bytes, payload: memoryview) -> tuple[str, str]:
    """Split a text chunk into keyword and text (PNG specification, 11.3.3)."""
    head = bytes(payload[: _DEFLATED_BYTES + 1024])
    keyword, _, rest = head.partition(b"\0")
    is_deflated = name == b"zTXt"
    if name == b"iTXt":
        is_deflated = rest[:1] == b"\1"
        _language, _, rest = rest[2:].partition(b"\0")
        _translated_keyword, _, rest = rest.partition(b"\0")
    elif is_deflated:
        rest = rest[1:]
    text = (_inflate(rest) if is_deflated else rest)[:ENTRY_BYTES]
    if name == b"iTXt":
        return keyword[:79].decode("latin-1"), text.decode("utf-8", "replace")
    return keyword[:79].decode("latin-1"), _decode_latin(text)


def _inflate(deflated: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(deflated, ENTRY_BYTES)
    except zlib.error:
        return b""


def _decode_latin(text: bytes) -> str:
    """Decode what ought to be Latin-1, and as often is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # A character cut in two by the limit doesn't make the text Latin-1.
        return decoder.decode(text, final=len(text) < ENTRY_BYTES)
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _walk_jpeg(view: memoryview, store: TextStore) -> bool:
    has_c2pa = False
    exif = bytearray()
    for name, payload in _jpeg_segments(view):
        if name == b"\xeb":
            # ISO 19566-5 D.2: "JP", box instance, packet number, then the box itself.
            has_c2pa = has_c2pa or (bytes(payload[:2]) == b"JP" and is_c2pa_jumbf(payload[8:]))
        elif name == b"\xe1" and bytes(payload[: len(_EXIF_APP1)]) == _EXIF_APP1:
            # More than 64 KB of EXIF goes on in the next segment, as Pillow reads it too.
            if len(exif) < 4 * ENTRY_BYTES:
                exif += payload[len(_EXIF_APP1) :]
        elif name == b"\xe1" and bytes(payload[: len(_XMP_APP1)]) == _XMP_APP1:
            _add_xmp(payload[len(_XMP_APP1) :], store)
    read_exif(memoryview(exif), store)
    return has_c2pa


def _jpeg_segments(view: memoryview) -> Segments:
    position = 2
    for _ in range(MAX_SEGMENTS):
        if position + 4 > len(view) or view[position] != 0xFF:
            return
        marker = view[position + 1]
        if marker in (0xDA, 0xD9):  # The scan, or the end: metadata comes before.
            return
        if marker == 0xFF:
            position += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            position += 2
        else:
            (length,) = struct.unpack_from(">H", view, position + 2)
            yield bytes((marker,)), view[position + 4 : position + 2 + length]
            position += 2 + length


def _walk_webp(view: memoryview, store: TextStore) -> bool:
    has_c2pa = False
    for name, payload in _riff_chunks(view):
        if name == b"C2PA":
            has_c2pa = True
        elif name == b"EXIF":
            read_exif(payload, store)
        elif name == b"XMP ":
            _add_xmp(payload, store)
    return has_c2pa


def _riff_chunks(view: memoryview) -> Segments:
    position = 12
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(view):
            return
        name, length = struct.unpack_from("<4sI", view, position)
        yield name, view[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def _add_xmp(payload: memoryview, store: TextStore) -> None:
    if not store.is_full:
        store.add("xmp", bytes(payload[:ENTRY_BYTES]).decode("utf-8", "replace"))
