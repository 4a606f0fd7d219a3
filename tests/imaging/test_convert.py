"""Pictures in the format that their kind is stored in."""

import io
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms

from gallery.errors import ImageTooLarge
from gallery.imaging.convert import to_format
from gallery.imaging.verify import verify
from tests.pictures import picture, pixels

COLOURS: dict[str, Any] = {
    "1": 1,
    "L": 120,
    "LA": (120, 60),
    "P": 3,
    "RGB": (200, 80, 40),
    "RGBA": (200, 80, 40, 60),
    "I;16": 30_000,
}


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:  # noqa: A002
    output = io.BytesIO()
    image.save(output, format, **options)
    return output.getvalue()


@pytest.mark.parametrize("mode", COLOURS)
def test_png_of_any_mode_stays_byte_for_byte(mode: str) -> None:
    """A PNG that is stored as PNG is not touched, however its pixels are laid out."""
    content = encoded(Image.new(mode, (20, 10), COLOURS[mode]), "PNG")

    assert to_format(verify(content), "png") == content


@pytest.mark.parametrize(("format", "target"), [("JPEG", "jpeg"), ("WEBP", "webp")])
def test_stored_format_is_not_touched(format: str, target: str) -> None:  # noqa: A002
    """What arrives in the stored format stays byte for byte, with its orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    content = picture(format, exif=exif)

    assert to_format(verify(content), target) == content


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_becomes_png_without_loss(mode: str) -> None:
    """Each pixel of the PNG is the one that the JPEG decodes to, shown as RGB."""
    image = Image.effect_noise((40, 30), 80).convert(mode)
    taken = verify(encoded(image, "JPEG"))

    converted = pixels(to_format(taken, "png"))

    assert converted.format == "PNG"
    difference = ImageChops.difference(converted.convert("RGB"), taken.image.convert("RGB"))
    assert difference.getbbox() is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_becomes_png_without_loss(mode: str) -> None:
    """Each pixel of the PNG is the one that the WebP decodes to, with its transparency."""
    image = Image.effect_noise((40, 30), 80).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize((40, 30)))
    taken = verify(encoded(image, "WEBP", quality=80))

    converted = pixels(to_format(taken, "png"))

    assert converted.mode == mode
    assert converted.tobytes() == taken.image.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_png_becomes_webp_without_loss(mode: str) -> None:
    """What was lossless stays lossless."""
    image = Image.effect_noise((40, 30), 80).convert(mode)
    if mode == "RGBA":
        image.putalpha(100)
    taken = verify(encoded(image, "PNG"))

    converted = pixels(to_format(taken, "webp"))

    assert (converted.format, converted.mode) == ("WEBP", mode)
    assert converted.tobytes() == taken.image.tobytes()


def test_jpeg_becomes_a_small_webp() -> None:
    """What was lossy already is not blown up by keeping its noise."""
    content = encoded(Image.effect_noise((200, 200), 80).convert("RGB"), "JPEG", quality=92)

    converted = to_format(verify(content), "webp")

    assert len(converted) < len(to_format(verify(content), "png")) / 2


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", (255, 255, 255)),
        ("L", (120, 120, 120)),
        ("P", (3, 3, 3)),
        ("RGB", (200, 80, 40)),
        ("LA", (223, 223, 223)),
        ("RGBA", (242, 214, 204)),
        ("I;16", (117, 117, 117)),
    ],
)
def test_jpeg_shows_the_picture_on_white(mode: str, expected: tuple[int, int, int]) -> None:
    """Every kind of PNG becomes a JPEG of the same colours; what is transparent lies on white."""
    image = Image.new(mode, (16, 16), COLOURS[mode])
    if mode == "P":
        image.putpalette([value for n in range(256) for value in (n, n, n)])
    taken = verify(encoded(image, "PNG"))

    converted = pixels(to_format(taken, "jpeg"))

    assert (converted.format, converted.mode) == ("JPEG", "RGB")
    shown = converted.getpixel((8, 8))
    assert all(abs(a - b) <= 2 for a, b in zip(shown, expected, strict=True)), shown


def test_transparent_colour_of_a_palette_lies_on_white() -> None:
    """A palette's transparent entry is white in a JPEG, not whatever colour it has."""
    image = Image.new("P", (16, 16), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    taken = verify(encoded(image, "PNG", transparency=1))

    converted = pixels(to_format(taken, "jpeg"))

    assert converted.getpixel((8, 8)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_to_eight() -> None:
    """A picture of 16 bits keeps its tones in JPEG instead of turning white."""
    image = Image.new("I;16", (48, 16))
    for x in range(48):
        for y in range(16):
            image.putpixel((x, y), (0, 32_768, 65_535)[x // 16])

    converted = pixels(to_format(verify(encoded(image, "PNG")), "jpeg"))

    tones = [converted.getpixel((x, 8))[0] for x in (8, 24, 40)]
    assert all(abs(a - b) <= 2 for a, b in zip(tones, (0, 128, 255), strict=True)), tones


@pytest.mark.parametrize(
    ("source", "target"), [("JPEG", "png"), ("JPEG", "webp"), ("WEBP", "jpeg"), ("PNG", "jpeg")]
)
def test_orientation_is_applied_once(source: str, target: str) -> None:
    """A converted picture is upright by itself, and nothing turns it again."""
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned clockwise: the left end of the top becomes the right.
    image = Image.new("RGB", (40, 20), "white")
    image.paste("black", (0, 0, 10, 20))

    converted = verify(to_format(verify(encoded(image, source, exif=exif)), target))

    assert converted.format == target
    assert (converted.image.size, converted.image.getexif().get(0x0112, 1)) == ((20, 40), 1)
    assert sum(converted.image.convert("RGB").getpixel((10, 4))) < 100
    assert sum(converted.image.convert("RGB").getpixel((10, 30))) > 665


@pytest.mark.parametrize(
    ("source", "mode", "target"),
    [("PNG", "RGB", "jpeg"), ("PNG", "P", "jpeg"), ("JPEG", "RGB", "png"), ("PNG", "RGBA", "webp")],
)
def test_colour_profile_goes_along(source: str, mode: str, target: str) -> None:
    """A picture keeps the meaning of its colours."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(Image.new(mode, (8, 8)), source, icc_profile=profile)

    converted = pixels(to_format(verify(content), target))

    assert converted.info["icc_profile"] == profile


@pytest.mark.parametrize(("source", "mode"), [("JPEG", "CMYK"), ("PNG", "L")])
def test_profile_of_other_colours_is_dropped(source: str, mode: str) -> None:
    """A profile for ink or grey does not fit the RGB that is written."""
    content = encoded(Image.new(mode, (8, 8)), source, icc_profile=b"for other colours")
    target = "webp"

    converted = pixels(to_format(verify(content), target))

    assert "icc_profile" not in converted.info


@pytest.mark.parametrize(
    ("target", "longest"), [("webp", 16_383), ("jpeg", 65_500)], ids=["webp", "jpeg"]
)
def test_side_that_the_format_has_no_room_for_is_refused(target: str, longest: int) -> None:
    """A strip longer than the stored format can be is too large; one that just fits is taken."""
    fits = verify(picture("PNG", size=(1, longest)))
    too_long = verify(picture("PNG", size=(longest + 1, 1)))

    converted = pixels(to_format(fits, target))
    with pytest.raises(ImageTooLarge, match=f"{longest:,} pixels"):
        to_format(too_long, target)

    assert converted.size == (1, longest)
