"""Decide whether bytes are a picture that Gallery takes, before anything is kept.

The header comes first, so that a file that claims billions of pixels is
refused before one of them is decoded. Then everything is decoded once,
since a header says nothing of the rest; that one decode also serves the
placeholder, the conversion and the thumbnails. Pillow's ``load`` does not
look at a PNG's checksums and its ``verify`` does not look at the pixels,
so a PNG gets both.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from mmap import ACCESS_READ, mmap
from threading import BoundedSemaphore
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from gallery.errors import DamagedImage, ImageTooLarge, UnsupportedImage
from gallery.imaging.structure import check_structure

MOST_BYTES = 25 * 1024 * 1024
MOST_PIXELS = 50_000_000
# A WebP is in memory four times while Pillow decodes it: this many are 240 MB.
MOST_WEBP_PIXELS = 15_000_000
# Each row has a price of its own, so one picture of a pixel's width may cost a gigabyte.
LONGEST_SIDE = 65_535
FORMATS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp"}
# What is made of a large JPEG to look at: more than a placeholder needs.
GLIMPSE = (128, 128)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The turns after which a picture's width was its height.
ON_THEIR_SIDES = {_TURNS[orientation] for orientation in range(5, 9)}
# What Pillow's decoders raise on damaged input, as far as it has been seen.
_DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    struct.error,
    zlib.error,
    EOFError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    AssertionError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
)

# A decoded picture takes up to 200 MB, so only as many at once as there are cores to do it.
DECODING = BoundedSemaphore(2)

# The limit is checked here, in one place, with a clear error; Pillow's own warns once a process.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A picture that was decoded to its end.

    ``width`` and ``height`` are as it is shown, after the orientation that
    its EXIF data asks for; ``image`` holds the pixels as stored, or a
    smaller version of them.
    """

    format: str
    width: int
    height: int
    image: Image.Image

    def upright(self) -> Image.Image:
        """Return the pixels as they are to be shown."""
        turn = turn_of(self.image)
        return self.image if turn is None else self.image.transpose(turn)


@dataclass(frozen=True, kw_only=True)
class Picture(Decoded):
    """A decoded picture with all its pixels, and the bytes that it came as."""

    content: bytes


def verify(content: bytes, *, most_bytes: int = MOST_BYTES) -> Picture:
    """Decode *content* and return the picture in it.

    Raises:
        UnsupportedImage: not a static PNG, JPEG or WebP.
        ImageTooLarge: more than *most_bytes* bytes or 50 megapixels (a WebP: 15,
            a progressive JPEG: 22 to 29).
        DamagedImage: it can't be decoded to its end, or is made of too many parts.
    """
    _check_bytes(len(content), most_bytes)
    check_structure(content)
    image, (width, height) = _decoded(partial(io.BytesIO, content))
    return Picture(
        content=content,
        format=FORMATS[image.format or ""],
        width=width,
        height=height,
        image=image,
    )


def verify_file(opened: Callable[[], BinaryIO], *, most_bytes: int = MOST_BYTES) -> Decoded:
    """Decode the file that *opened* opens, and return a glimpse of the picture in it.

    The file is never in memory whole. A JPEG's pixels aren't either: all of
    its bits are read, as for the whole picture, but only an eighth of each
    side is made of them.

    Raises:
        UnsupportedImage, ImageTooLarge, DamagedImage: as for ``verify``.
    """
    with opened() as file:
        size = file.seek(0, io.SEEK_END)
        _check_bytes(size, most_bytes)
        if size:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
                check_structure(mapped)
    image, (width, height) = _decoded(opened, glimpse=GLIMPSE)
    return Decoded(format=FORMATS[image.format or ""], width=width, height=height, image=image)


def _check_bytes(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise ImageTooLarge(f"The file has {size:,} bytes; at most {most_bytes:,} are taken")


def _decoded(
    opened: Callable[[], BinaryIO], *, glimpse: tuple[int, int] | None = None
) -> tuple[Image.Image, tuple[int, int]]:
    """Return the decoded image, and the width and height that it is shown with."""
    with opened() as checked, opened() as file:
        image = _read_header(file)
        width, height = image.size
        if glimpse and image.format in ("JPEG", "MPO"):
            image.draft(None, glimpse)
        _decode(image, checked)
    return image, ((height, width) if turn_of(image) in ON_THEIR_SIDES else (width, height))


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return how *image* is to be turned, as its EXIF data asks for, or None: not at all."""
    return _TURNS.get(_orientation(image))


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 1
    return value if isinstance(value, int) else 1


def _read_header(file: BinaryIO) -> Image.Image:
    _check_webp_size(file.read(30))
    file.seek(0)
    try:
        image = Image.open(file, formats=("PNG", "JPEG", "WEBP"))
    except UnidentifiedImageError:
        raise UnsupportedImage("The file is not a readable PNG, JPEG or WebP image") from None
    except _DAMAGE as error:
        raise DamagedImage(f"The image's header is damaged ({_told(error)})") from None
    _check_pixels(*image.size)
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise UnsupportedImage("The image is animated; only static images are taken")
    return image


def _check_webp_size(head: bytes) -> None:
    """Refuse a huge WebP by its header: Pillow's decoder makes room for all pixels on opening."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[i : i + 3], "little") + 1 for i in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[i : i + 2], "little") & 0x3FFF for i in (26, 28))
    _check_pixels(width, height, most=MOST_WEBP_PIXELS)


def _check_pixels(width: int, height: int, *, most: int = MOST_PIXELS) -> None:
    if width < 1 or height < 1:
        raise DamagedImage("The image has no pixels")
    if width * height > most:
        raise ImageTooLarge(f"The image has {width} × {height} pixels; at most {most:,} are taken")
    if max(width, height) > LONGEST_SIDE:
        raise ImageTooLarge(
            f"The image has {width} × {height} pixels; no side may have more than {LONGEST_SIDE:,}"
        )


def _decode(image: Image.Image, file: BinaryIO) -> None:
    with refusing_damage("The image can't be decoded to its end"):
        if image.format == "PNG":
            with Image.open(file, formats=("PNG",)) as checked:
                checked.verify()
        image.load()


@contextmanager
def refusing_damage(told: str = "The image's pixels can't be read") -> Iterator[None]:
    """Raise DamagedImage for what Pillow raises on damaged input, here or where a function is run.

    What could be decoded may still be impossible to use: transparency for
    more colours than there are, a profile that is none.
    """
    try:
        yield
    except _DAMAGE as error:
        raise DamagedImage(f"{told} ({_told(error)})") from None


def _told(error: BaseException) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__
