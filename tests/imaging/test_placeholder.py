"""The blurred impression that is shown while a picture loads."""

import base64
import io

import blurhash
import pytest
from PIL import Image

from gallery.imaging.placeholder import draw_placeholder, make_placeholder


def drawn(placeholder: str) -> Image.Image:
    uri = draw_placeholder(placeholder)
    assert uri.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("size", [(1, 1), (48, 32), (3, 2000), (2000, 3)])
def test_picture_of_any_mode_and_size_has_a_blurhash(mode: str, size: tuple[int, int]) -> None:
    """A hash has 4 × 3 components, which makes 28 characters, whatever the picture is like."""
    placeholder = make_placeholder(Image.new(mode, size))

    assert len(placeholder) == 28
    assert blurhash.components(placeholder) == (4, 3)


def test_placeholder_shows_the_colours_where_they_are() -> None:
    """What is drawn of the hash resembles the picture."""
    image = Image.new("RGB", (100, 100), "blue")
    image.paste("red", (0, 0, 50, 100))

    shown = drawn(make_placeholder(image))

    left, right = shown.getpixel((0, 3)), shown.getpixel((7, 3))
    assert left[0] > 180 > 130 > left[2]
    assert right[2] > 180 > 130 > right[0]


def test_transparent_picture_shines_white() -> None:
    """What is transparent is drawn as on paper."""
    shown = drawn(make_placeholder(Image.new("RGBA", (10, 10), (0, 0, 0, 0))))

    assert shown.size == (8, 6)
    assert min(shown.getpixel((4, 3))) > 250


@pytest.mark.parametrize(
    "hostile",
    [
        "", "L", "LLLLL", "<script>", "'\"><img src=x>", " " * 28, "ü" * 28, "\x00" * 28,
        "\ud800" * 28, "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMdnj" * 2,
        "LEHV6nWB2yk8pyo0adR*.7kCMdn\x00", "~" * 5000,
    ],
    ids=range(13),
)  # fmt: skip
def test_text_that_is_no_blurhash_draws_nothing(hostile: str) -> None:
    """A page never breaks over what a row holds."""
    assert draw_placeholder(hostile) == ""
