"""Files of too many parts are refused before a decoder walks them; usual ones pass."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gallery.errors import DamagedImage
from gallery.imaging.structure import MOST_PARTS, MOST_PROFILES, MOST_SCANNED_PIXELS
from gallery.imaging.verify import verify, verify_file
from tests.hostile.containers import PNG, Part, png_chunk, put_together, riff, take_apart
from tests.pictures import picture

PICTURE = picture("PNG")
PHOTO = picture("JPEG")
WEBP = picture("WEBP")
PROFILE = b"a\0\0" + zlib.compress(bytes(128))
HEADER_BYTES = 33
JFIF_BYTES = 20


def png_with(chunk: bytes, count: int) -> bytes:
    return PICTURE[:HEADER_BYTES] + chunk * count + PICTURE[HEADER_BYTES:]


def jpeg_with(segment: bytes, count: int) -> bytes:
    return PHOTO[:JFIF_BYTES] + segment * count + PHOTO[JFIF_BYTES:]


def webp_with(count: int) -> bytes:
    extended = (
        b"VP8X\x0a\0\0\0" + bytes(4) + (47).to_bytes(3, "little") + (31).to_bytes(3, "little")
    )
    return riff(extended + WEBP[12:] + b"TEST\0\0\0\0" * count)


def progressive_with(scans: int, side: int) -> bytes:
    """Return a JPEG that goes over its last coefficients again and again."""
    output = io.BytesIO()
    Image.new("L", (side, side), 128).save(output, "JPEG", progressive=True)
    content = output.getvalue()
    last = content[content.rfind(b"\xff\xda") : -2]
    return content[:-2] + last * scans + content[-2:]


USUAL: dict[str, Callable[[], bytes]] = {
    "chunks": lambda: png_with(png_chunk(b"teSt", b""), MOST_PARTS - 10),
    "pixels in small chunks": lambda: small_chunks(),
    "profiles": lambda: png_with(png_chunk(b"iCCP", PROFILE), MOST_PROFILES),
    "segments": lambda: jpeg_with(b"\xff\xe5\0\2", MOST_PARTS - 100),
    "stray bytes": lambda: jpeg_with(b"\0", 1_000),
    "scans": lambda: progressive_with(15, 2_000),
    "WebP's chunks": lambda: webp_with(1_000),
}
FLOODS: dict[str, Callable[[], bytes]] = {
    "chunks": lambda: png_with(png_chunk(b"teSt", b""), MOST_PARTS),
    "empty pixels": lambda: png_with(png_chunk(b"IDAT", b""), MOST_PARTS),
    "chunks behind the pixels": lambda: PICTURE[:-12] + png_chunk(b"teSt", b"") * MOST_PARTS,
    "profiles": lambda: png_with(png_chunk(b"iCCP", PROFILE), MOST_PROFILES + 1),
    "segments": lambda: jpeg_with(b"\xff\xe5\0\2", MOST_PARTS + 1),
    "comments": lambda: jpeg_with(b"\xff\xfe\0\2", MOST_PARTS + 1),
    "filling": lambda: jpeg_with(b"\xff", MOST_PARTS + 1),
    "stray bytes": lambda: jpeg_with(b"\0", MOST_PARTS + 1),
    "nothing but stray bytes": lambda: PHOTO[:2] + bytes(2 * MOST_PARTS),
    "scans": lambda: progressive_with(MOST_SCANNED_PIXELS // 4_000_000, 2_000),
    "scans behind a marker": lambda: hidden_scans(),
    "WebP's chunks": lambda: webp_with(MOST_PARTS),
}


def small_chunks() -> bytes:
    """Return a PNG whose pixels come one byte a chunk."""
    parts = [
        Part(part.name, bytes([byte]))
        for part in take_apart(PICTURE)
        if part.name == b"IDAT"
        for byte in part.body
    ]
    return put_together([take_apart(PICTURE)[0], *parts, Part(b"IEND", b"")], PNG)


def hidden_scans() -> bytes:
    """Return a JPEG that says inside a comment that it ends, and then goes on."""
    content = progressive_with(MOST_SCANNED_PIXELS // 4_000_000, 2_000)
    at = content.rfind(b"\xff\xda")
    return content[:at] + b"\xff\xfe\0\4\xff\xd9" + content[at:]


@pytest.mark.parametrize("name", USUAL)
def test_file_of_many_parts_is_taken(name: str) -> None:
    """As many as some odd encoder writes are no reason to refuse a picture."""
    content = USUAL[name]()

    assert verify(content).content == content


@pytest.mark.parametrize("name", FLOODS)
def test_flood_of_parts_is_refused(tmp_path: Path, name: str) -> None:
    """However small the picture in it."""
    content = FLOODS[name]()
    file = tmp_path / "flood"
    file.write_bytes(content)

    with pytest.raises(DamagedImage, match=r"parts|scans|profile"):
        verify(content)
    with pytest.raises(DamagedImage, match=r"parts|scans|profile"):
        verify_file(lambda: file.open("rb"))


def test_frame_that_is_cut_is_refused_for_what_it_is() -> None:
    """A file that ends within its first segment is no flood."""
    cut = PHOTO[: PHOTO.index(b"\xff\xc0") + 6]

    with pytest.raises(DamagedImage, match=r"header|end"):
        verify(cut)


def test_length_that_leads_nowhere_ends_the_walk() -> None:
    """A chunk that claims four billion bytes is the last one looked at."""
    claiming = PICTURE[:HEADER_BYTES] + struct.pack(">I4s", 2**32 - 1, b"teSt") + bytes(90_000)

    with pytest.raises(DamagedImage, match=r"header|end"):
        verify(claiming)
