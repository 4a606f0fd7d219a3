"""Which bytes are taken as a picture, and which are refused, and why."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gallery.errors import DamagedImage, ImageRejected, ImageTooLarge, UnsupportedImage
from gallery.imaging.verify import turn_of, verify
from tests.pictures import picture

ORIENTATION = 0x0112


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return picture("JPEG", exif=exif)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size, with hardly anything in it."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))
        + png_chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + png_chunk(b"IEND", b"")
    )  # fmt: skip


def png_chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def webp_header(chunk: bytes, content: bytes) -> bytes:
    body = b"WEBP" + chunk + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animated(format: str) -> bytes:  # noqa: A002 - Pillow's word
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    output = io.BytesIO()
    frames[0].save(output, format, save_all=True, append_images=frames[1:], duration=100)
    return output.getvalue()


@pytest.mark.parametrize(("format", "told"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_format_and_size_are_told(format: str, told: str) -> None:  # noqa: A002
    """A PNG, a JPEG and a WebP are taken, with what they are and how large."""
    content = picture(format, size=(48, 32))

    taken = verify(content)

    assert (taken.format, taken.width, taken.height) == (told, 48, 32)
    assert taken.content == content


def test_pixels_are_decoded_already() -> None:
    """Whoever verified a picture needs no second decode."""
    taken = verify(picture("PNG", colour=(200, 80, 40)))

    assert taken.image.getpixel((40, 30)) == (200, 80, 40)


def test_jpeg_with_several_pictures_is_a_jpeg() -> None:
    """A phone's MPO is shown by its first picture, and is kept as a JPEG."""
    frames = [Image.new("RGB", (16, 8), colour) for colour in ("red", "blue")]
    output = io.BytesIO()
    frames[0].save(output, "MPO", save_all=True, append_images=frames[1:])

    taken = verify(output.getvalue())

    assert (taken.format, taken.width, taken.height) == ("jpeg", 16, 8)


@pytest.mark.parametrize(
    ("orientation", "size"),
    [
        (1, (48, 32)), (2, (48, 32)), (3, (48, 32)), (4, (48, 32)),
        (5, (32, 48)), (6, (32, 48)), (7, (32, 48)), (8, (32, 48)),
        (0, (48, 32)), (9, (48, 32)),
    ],
)  # fmt: skip
def test_size_is_as_shown(orientation: int, size: tuple[int, int]) -> None:
    """Where the EXIF data turns a picture by a quarter, its sides are swapped."""
    taken = verify(turned(orientation))

    assert (taken.width, taken.height) == size
    assert taken.upright().size == size


@pytest.mark.parametrize(
    ("orientation", "expected"), [(1, False), (2, True), (8, True), (9, False)]
)
def test_only_known_orientations_turn(orientation: int, expected: bool) -> None:
    """Orientations from 2 to 8 ask for turning; 1 and nonsense don't."""
    image = verify(turned(orientation)).image

    assert (turn_of(image) is not None) is expected


def test_orientation_that_is_no_number_is_ignored() -> None:
    """Nonsense in the EXIF data does not cost anybody their picture."""
    entry = struct.pack("<HHI4s", ORIENTATION, 2, 4, b"up\x00\x00")
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00" + entry + b"\x00" * 4

    taken = verify(picture("JPEG", exif=exif))

    assert turn_of(taken.image) is None
    assert (taken.width, taken.height) == (48, 32)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_unreadable_exif_is_ignored() -> None:
    """EXIF data that can't be parsed leaves the picture as it is stored."""
    taken = verify(picture("WEBP", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))

    assert (taken.width, taken.height) == (48, 32)
    assert taken.upright().size == (48, 32)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"\x00" * 1000, id="zeros"),
    ],
)
def test_other_bytes_are_unsupported(content: bytes) -> None:
    """What is no picture is refused as unsupported."""
    with pytest.raises(UnsupportedImage, match="not a readable PNG, JPEG or WebP"):
        verify(content)


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_unsupported(format: str) -> None:  # noqa: A002
    """A picture in another format is refused, though Pillow could read it."""
    with pytest.raises(UnsupportedImage):
        verify(picture(format))


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animation_is_unsupported(format: str) -> None:  # noqa: A002
    """Only static pictures are taken."""
    with pytest.raises(UnsupportedImage, match="animated"):
        verify(animated(format))


def test_too_many_bytes_are_refused() -> None:
    """The limit of bytes is the last size that is taken."""
    content = picture("PNG")

    taken = verify(content, most_bytes=len(content))
    with pytest.raises(ImageTooLarge, match=f"at most {len(content) - 1} are taken"):
        verify(content, most_bytes=len(content) - 1)

    assert taken.width == 48


def test_usual_limit_is_25_mebibytes() -> None:
    """Unless told otherwise, 25 MiB are looked at and a byte more is not."""
    with pytest.raises(UnsupportedImage):
        verify(b"\x00" * 26_214_400)
    with pytest.raises(ImageTooLarge, match="26,214,401 bytes; at most 26,214,400"):
        verify(b"\x00" * 26_214_401)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png_header(10_001, 5_000), id="png just above"),
        pytest.param(png_header(65_500, 65_500), id="png of four billion"),
        pytest.param(webp_header(b"VP8X", b"\x00" * 4 + b"\xff\xff\xff" * 2), id="webp extended"),
        pytest.param(
            webp_header(b"VP8L", b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + b"\x00" * 8),
            id="webp lossless",
        ),
        pytest.param(
            webp_header(b"VP8 ", b"\x00" * 6 + struct.pack("<HH", 16_383, 16_383) + b"\x00" * 8),
            id="webp lossy",
        ),
    ],
)
def test_too_many_pixels_are_refused_by_the_header(content: bytes) -> None:
    """A few bytes that claim more than 50 megapixels (as WebP: 15) are refused before decoding."""
    with pytest.raises(ImageTooLarge, match=r"at most (50|15),000,000 are taken"):
        verify(content)


def test_fifty_megapixels_pass_the_header() -> None:
    """Exactly 50 megapixels are not too large: this one is refused for what comes after."""
    with pytest.raises(DamagedImage):
        verify(png_header(10_000, 5_000))


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (0, 0)])
def test_picture_without_pixels_is_damaged(width: int, height: int) -> None:
    """A size of zero is no picture."""
    with pytest.raises(ImageRejected):
        verify(png_header(width, height))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_picture_is_damaged(format: str, share: float) -> None:  # noqa: A002
    """A picture that ends too early is refused, whatever its format."""
    content = picture(format, size=(200, 200))

    with pytest.raises(DamagedImage):
        verify(content[: int(len(content) * share)])


def test_png_with_a_wrong_checksum_is_damaged() -> None:
    """A flipped bit in a checksum is seen, though the pixels could be decoded."""
    content = bytearray(picture("PNG"))
    start = content.index(b"IDAT")
    length = int.from_bytes(content[start - 4 : start], "big")
    content[start + 4 + length] ^= 1

    with pytest.raises(DamagedImage):
        verify(bytes(content))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_every_flipped_byte_is_taken_or_refused_cleanly(format: str) -> None:  # noqa: A002
    """Damage anywhere in a file never raises anything but a refusal."""
    content = picture(format, size=(8, 8))

    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        try:
            verify(bytes(damaged)).upright()
        except ImageRejected:
            continue


def test_refusal_is_one_short_line() -> None:
    """What a decoder says of hostile bytes is told shortly."""
    with pytest.raises(DamagedImage) as caught:
        verify(picture("PNG")[:60])

    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) < 200


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_refusals_of_the_corpus_are_ours(corpus: Path) -> None:
    """Hostile and odd files are taken or refused; nothing else happens."""
    for path in sorted(corpus.iterdir()):
        try:
            verify(path.read_bytes()).upright()
        except ImageRejected:
            continue
