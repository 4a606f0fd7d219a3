"""Read the few EXIF text tags that image generators write to.

Not Pillow's reader: on a PNG without EXIF it decodes the pixels to look for some,
and it warns about damaged entries, which a caller may have turned into errors.
"""

from __future__ import annotations

import re
import struct

from gallery.imaging.metadata.values import ENTRY_BYTES, TextStore

_EXIF_DIRECTORY = 0x8769
_TEXT_TYPES = (1, 2, 7)  # BYTE, ASCII, UNDEFINED: one byte each.
_VALUE_BYTES = 2 * ENTRY_BYTES + 8

# Kept wherever they stand: what they hold is text for people.
_NAMES = {
    0x010E: "ImageDescription",
    0x0131: "Software",
    0x9286: "UserComment",
}
# ComfyUI counts down from Make, with "name:json" in each. A camera's own maker and model
# are none of our business, so anything else stays out.
_COMFYUI_NAMES = {0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make"}
_COMFYUI_NAMES |= {0x010C: "0x010C", 0x010B: "0x010B", 0x0110: "Model"}
_COMFYUI_VALUE = re.compile(r"\w{1,40}:\s{0,4}[\[{\"]")
# Fooocus names its scheme there; cameras put kilobytes of binary there.
_MAKER_NOTE = 0x927C
_WANTED = {*_NAMES, *_COMFYUI_NAMES, _MAKER_NOTE}


def read_exif(payload: memoryview, store: TextStore) -> None:
    """Put the generators' EXIF texts into *store* as "exif:<tag name>"."""
    if bytes(payload[:6]) == b"Exif\0\0":
        payload = payload[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(payload[:4]))
    if order is None or len(payload) < 8:
        return
    (offset,) = struct.unpack_from(order + "I", payload, 4)
    pointer = _read_directory(payload, offset, order, store)
    if pointer is not None:
        _read_directory(payload, pointer, order, store)


def _read_directory(payload: memoryview, offset: int, order: str, store: TextStore) -> int | None:
    """Read one directory; return where the Exif directory is, if this one says so."""
    pointer = None
    wanted = set(_WANTED)
    if offset + 2 > len(payload):
        return None
    (count,) = struct.unpack_from(order + "H", payload, offset)
    last = min(offset + 2 + 12 * count, len(payload) - 11)
    for entry in range(offset + 2, last, 12):
        tag, kind, length, value = struct.unpack_from(order + "HHII", payload, entry)
        if tag == _EXIF_DIRECTORY:
            pointer = value
        elif kind in _TEXT_TYPES and tag in wanted:
            wanted.remove(tag)  # A tag stands once; each further one would cost a copy.
            start = value if length > 4 else entry + 8
            _add_tag(tag, bytes(payload[start : start + min(length, _VALUE_BYTES)]), order, store)
    return pointer


def _add_tag(tag: int, value: bytes, order: str, store: TextStore) -> None:
    if store.is_full:
        return
    if tag == _MAKER_NOTE:
        if value.rstrip(b"\0") in (b"fooocus", b"a1111"):
            store.add("exif:MakerNote", value.decode("ascii"))
        return
    text = _decode_comment(value, order)
    if tag in _NAMES:
        store.add(f"exif:{_NAMES[tag]}", text)
    elif _COMFYUI_VALUE.match(text):
        store.add(f"exif:{_COMFYUI_NAMES[tag]}", text)


def _decode_comment(value: bytes, order: str) -> str:
    """Decode a text with or without UserComment's eight bytes of character code."""
    code, rest = value[:8], value[8:]
    if code == b"UNICODE\0":
        return _decode_unicode(rest, order)
    if code in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8)):
        return rest.decode("utf-8", "replace")
    return value.decode("utf-8", "replace")


def _decode_unicode(text: bytes, order: str) -> str:
    """Decode UTF-16 in the order it is really in: writers disagree with their own header."""
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace")
    high, low = text[0:2000:2].count(0), text[1:2000:2].count(0)
    if high == low == 0:
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            pass
    is_big = high > low if high != low else order == ">"
    return text.decode("utf-16-be" if is_big else "utf-16-le", "replace")
