"""How large a picture may be for what is done with it, and that large ones are shrunk rightly."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageChops

from gallery.errors import DamagedImage, ImageRejected, ImageTooLarge
from gallery.imaging.convert import to_format
from gallery.imaging.placeholder import make_placeholder
from gallery.imaging.reducing import shrink
from gallery.imaging.verify import Picture, verify
from tests.hostile.containers import PNG, png_chunk, riff
from tests.pictures import picture


def decoded(width: int, height: int, kind: str = "png") -> Picture:
    image = Image.new("1", (width, height), 1)
    return Picture(content=b"as it came", format=kind, width=width, height=height, image=image)


def transparent_beyond_its_colours() -> bytes:
    """Return a PNG of two colours that says how transparent 300 of them are."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0)
    chunks = {b"PLTE": bytes(6), b"tRNS": bytes(300), b"IDAT": zlib.compress(bytes(2))}
    parts = [(b"IHDR", header), *chunks.items(), (b"IEND", b"")]
    return PNG + b"".join(png_chunk(*part) for part in parts)


def test_camera_picture_can_be_converted() -> None:
    """24 megapixels are the most."""
    made = Image.open(io.BytesIO(to_format(decoded(6_000, 4_000), "jpeg")))

    assert (made.format, made.size) == ("JPEG", (6_000, 4_000))


def test_larger_picture_is_not_converted() -> None:
    """The refusal says how large it is, and may be."""
    with pytest.raises(ImageTooLarge, match=r"6000 × 4001 .* JPEG .* at most 24,000,000"):
        to_format(decoded(6_000, 4_001), "jpeg")


def test_larger_picture_is_kept_as_it_came() -> None:
    """What needn't be converted costs no second picture."""
    assert to_format(decoded(6_000, 4_001), "png") == b"as it came"


def test_side_may_have_65535_pixels() -> None:
    """A strip of paper is a picture."""
    taken = verify(picture("PNG", (65_535, 1), mode="1", colour=1))

    assert taken.width == 65_535


@pytest.mark.parametrize("size", [(65_536, 1), (1, 65_536)])
def test_longer_side_is_refused(size: tuple[int, int]) -> None:
    """By the header, before there is room for a million rows."""
    with pytest.raises(ImageTooLarge, match="no side may have more than 65,535"):
        verify(picture("PNG", size, mode="1", colour=1))


@pytest.mark.parametrize(("height", "refusal"), [(3_000, "damaged"), (3_001, "at most 15,000,000")])
def test_webp_may_claim_fifteen_megapixels(height: int, refusal: str) -> None:
    """One that claims as many is looked at, and one of a row more is not."""
    sides = (5_000 - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    claiming = riff(b"VP8X\x0a\0\0\0" + bytes(4) + sides)

    with pytest.raises(ImageRejected, match=refusal):
        verify(claiming)


def test_progressive_jpeg_is_taken_by_what_it_needs() -> None:
    """Its coefficients need as much room as its pixels, and at full colour twice as much."""
    size = (5_500, 4_001)

    with pytest.raises(ImageTooLarge, match="save it without progressive display"):
        verify(picture("JPEG", size, progressive=True, subsampling="4:4:4"))
    assert verify(picture("JPEG", size, progressive=True, subsampling="4:2:0")).height == 4_001
    assert verify(picture("JPEG", size, subsampling="4:4:4")).height == 4_001


def test_what_decodes_and_cant_be_used_is_damaged() -> None:
    """Pillow notices only when colours are made of it."""
    taken = verify(transparent_beyond_its_colours())

    with pytest.raises(DamagedImage, match="can't be read"):
        make_placeholder(taken.image)
    with pytest.raises(DamagedImage, match="can't be read"):
        to_format(taken, "jpeg")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_shrinking_in_strips_shows_the_same(mode: str) -> None:
    """Strip by strip or at once: the same picture, as far as anybody sees."""
    drawn = Image.effect_mandelbrot((3_001, 1_203), (-2, -1.2, 1, 1.2), 60)
    image = drawn.convert("RGB").quantize(32) if mode == "P" else drawn.convert(mode)
    wanted = "RGBA" if mode in ("RGBA", "LA") else "RGB"
    at_once = image.convert(wanted).resize((200, 80), Image.Resampling.LANCZOS, reducing_gap=3.0)

    small = shrink(image, (200, 80))

    assert (small.mode, small.size) == (wanted, (200, 80))
    difference = ImageChops.difference(small, at_once).getextrema()
    assert max(highest for _, highest in difference) <= 3
