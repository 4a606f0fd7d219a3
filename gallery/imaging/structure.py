"""Look over the parts of a file before a decoder walks them, so that no file is slow to read.

25 MB hold two million empty chunks of a PNG or six million empty segments of a
JPEG, and a hundred thousand colour profiles that unfold to a megabyte each:
seconds of work and hundreds of megabytes for a picture of one pixel. What
generators, cameras and editors write has some dozens of parts.
"""

import re
import struct
from typing import Protocol

from gallery.errors import DamagedImage, ImageTooLarge

# An encoder that writes its pixels in chunks of 1 KB needs 25,000 of them.
MOST_PARTS = 32_768
# The format allows one; some editors are careless.
MOST_PROFILES = 4
# Each scan of a progressive JPEG goes over all pixels again: ten are usual.
MOST_SCANNED_PIXELS = 1_000_000_000
# All coefficients of such a JPEG, of 2 bytes, are in memory beside its pixels, which take 6 each
# with what they are shrunk to: 22 megapixels at full colour, 29 at the usual quarter of it.
MOST_PROGRESSIVE_BYTES = 264_000_000
_PIXEL_BYTES = 6
_COEFFICIENT_BYTES = 2

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
# Two bytes that begin a part; 0 follows an 0xFF among the pixels, and D0 to D7 only mark places.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# These stand alone: no length follows.
_BARE = {0x01, 0xD8}
# Four components, each of three bytes.
_LONGEST_FRAME_BYTES = 8 + 4 * 3


class Bytes(Protocol):
    """Bytes, or a file that is mapped into memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


def check_structure(content: Bytes) -> None:
    """Refuse a file that would take long to read for what it is made of, not for its pixels.

    Raises:
        DamagedImage: it has more parts, colour profiles or scans than any picture needs.
        ImageTooLarge: it is progressive, and would take too much memory.
    """
    if content[:8] == _PNG:
        _check_png(content)
    elif content[:2] == _JPEG:
        _check_jpeg(content)
    elif content[:4] == b"RIFF":
        _check_webp(content)


def _check_png(content: Bytes) -> None:
    position, profiles = 8, 0
    for _ in range(MOST_PARTS):
        head = content[position : position + 8]
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length, name = struct.unpack(">I4s", head)
        profiles += name == b"iCCP"
        if profiles > MOST_PROFILES:
            raise DamagedImage("The image has more than one colour profile")
        position += 12 + length
    raise _too_many()


def _check_webp(content: Bytes) -> None:
    position = 12
    for _ in range(MOST_PARTS):
        head = content[position : position + 8]
        if len(head) < 8:
            return
        (length,) = struct.unpack("<4xI", head)
        position += 8 + length + length % 2
    raise _too_many()


def _check_jpeg(content: Bytes) -> None:
    """Walk the segments as decoders do, which go on to the next marker wherever they are lost."""
    position, pixels, size_bytes, scans, parts = 2, 0, 0.0, 0, 0
    while found := _MARKER.search(content, position):  # type: ignore[call-overload]
        marker = found[0][1]
        # Before the pixels, Pillow looks at each stray byte as if it were a part.
        parts += 1 if scans else 1 + found.start() - position
        if parts > MOST_PARTS:
            raise _too_many()
        position = found.end()
        if marker == _END_OF_IMAGE:
            return
        if marker in _BARE:
            continue
        segment = content[position : position + _LONGEST_FRAME_BYTES]
        if marker in _FRAMES and len(segment) >= 8:
            height, width = struct.unpack_from(">HH", segment, 3)
            pixels = max(pixels, height * width)
            size_bytes = max(size_bytes, height * width * _bytes_in_memory(segment))
        scans += marker == _START_OF_SCAN
        if scans > 1 and size_bytes > MOST_PROGRESSIVE_BYTES:
            raise ImageTooLarge(
                f"The image has {pixels:,} pixels, more than a progressive JPEG of its kind may:"
                " save it without progressive display"
            )
        if scans * pixels > MOST_SCANNED_PIXELS:
            raise DamagedImage("The image is made of too many scans")
        position += int.from_bytes(segment[:2])
    if not scans and len(content) - position > MOST_PARTS:
        raise _too_many()


def _bytes_in_memory(frame: bytes) -> float:
    """Return how many bytes each pixel of a progressive JPEG takes, by its frame's header.

    Each component has so many samples, across and down, to those of the finest (T.81, B.2.2).
    """
    count = frame[7]
    sampling = [(each >> 4) * (each & 15) for each in frame[9 : 8 + 3 * count : 3]]
    finest = max([*sampling, 1])
    return _PIXEL_BYTES + _COEFFICIENT_BYTES * sum(sampling) / finest


def _too_many() -> DamagedImage:
    return DamagedImage(f"The file has more than {MOST_PARTS:,} parts")
