"""Thumbnails: smaller, upright, WebP."""

import io

import pytest
from PIL import Image

from gallery.errors import DamagedImage
from gallery.imaging.thumbnails import WIDTHS, make_thumbnail, make_thumbnail_from
from tests.pictures import picture, pixels


def test_widths_are_those_that_front_ends_know() -> None:
    """The three widths are part of the JSON."""
    assert WIDTHS == (320, 640, 1280)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (320, 240)),
        ((321, 100), (320, 100)),
        ((320, 1000), (320, 1000)),
        ((319, 50), (319, 50)),
        ((1, 1), (1, 1)),
        ((1000, 1), (320, 1)),
        ((20_000, 3), (320, 1)),
        ((1, 1000), (1, 1000)),
        ((3, 16_383), (3, 16_383)),
        ((3, 20_000), (2, 16_383)),
        ((640, 40_000), (262, 16_383)),
    ],
)
def test_size_fits_the_width_and_is_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """A thumbnail keeps its proportions, is never larger than the picture, and fits into WebP."""
    thumbnail = pixels(make_thumbnail(Image.new("RGB", size), 320))

    assert thumbnail.format == "WEBP"
    assert thumbnail.size == expected


@pytest.mark.parametrize("make", [make_thumbnail, make_thumbnail_from])
def test_thumbnail_is_upright(make) -> None:
    """The orientation that the EXIF data asks for is applied."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (400, 200), "white")
    image.paste("black", (0, 0, 100, 200))
    output = io.BytesIO()
    image.save(output, "JPEG", exif=exif)
    output.seek(0)

    thumbnail = pixels(make(Image.open(output) if make is make_thumbnail else output, 100))

    assert thumbnail.size == (100, 200)
    assert sum(thumbnail.convert("RGB").getpixel((50, 20))) < 100
    assert sum(thumbnail.convert("RGB").getpixel((50, 180))) > 665


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "RGB"), ("L", "RGB"), ("P", "RGB"), ("I;16", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA")],
)
def test_picture_of_any_mode_has_a_thumbnail(mode: str, expected: str) -> None:
    """Transparency stays; everything else becomes RGB."""
    content = io.BytesIO(picture("PNG", size=(400, 300), mode=mode, colour=0))

    thumbnail = pixels(make_thumbnail_from(content, 320))

    assert (thumbnail.mode, thumbnail.size) == (expected, (320, 240))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_thumbnail_is_made_from_stored_bytes(format: str) -> None:  # noqa: A002
    """An original of each format gives a thumbnail of its colours."""
    content = io.BytesIO(picture(format, size=(1600, 1200), colour=(200, 80, 40)))

    thumbnail = pixels(make_thumbnail_from(content, 640))

    assert thumbnail.size == (640, 480)
    shown = thumbnail.getpixel((600, 450))
    assert all(abs(a - b) < 6 for a, b in zip(shown, (200, 80, 40), strict=True)), shown


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a picture", id="text"),
        pytest.param(picture("PNG", size=(300, 300))[:300], id="half a PNG"),
        pytest.param(picture("JPEG", size=(300, 300))[:600], id="half a JPEG"),
        pytest.param(picture("GIF"), id="another format"),
    ],
)
def test_damaged_original_is_told(content: bytes) -> None:
    """An original that has rotted away is told as damaged."""
    with pytest.raises(DamagedImage):
        make_thumbnail_from(io.BytesIO(content), 320)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_rot_anywhere_is_told_as_damage_or_survived(format: str) -> None:  # noqa: A002
    """No flipped byte of an original makes anything but a thumbnail or that error."""
    content = picture(format, size=(8, 8))

    for place in range(len(content)):
        rotten = bytearray(content)
        rotten[place] ^= 0xFF
        try:
            make_thumbnail_from(io.BytesIO(rotten), 320)
        except DamagedImage:
            continue
