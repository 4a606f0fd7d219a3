"""Stored files at the addresses that older clients know, and thumbnails."""

import hashlib

import pytest

from tests.conftest import Person
from tests.pictures import picture, pixels
from tests.views.fronting import either_way
from tests.views.saving import (
    illustrate,
    save_generation,
    save_round_image,
    save_session_image,
    show_to,
)


@pytest.fixture
def addresses(alice: Person, session: str, game: str, story: str) -> dict[str, str]:
    """The address of a stored file of each kind; all of them public."""
    return {
        "session": f"/storage/generated/{session}/main.png",
        "round": f"/generated-images/{game}/1/fox.jpg",
        "story": illustrate(alice, story, 9)["localUrl"],
        "generation": save_generation(alice, visibility="public")["image_url"],
    }


@either_way
@pytest.mark.parametrize("kind", ["session", "round", "story", "generation"])
def test_file_is_at_its_old_address(visitor: Person, addresses: dict[str, str], kind: str) -> None:
    """Each kind is found where its clients look for it, byte for byte, to be shown."""
    answer = visitor.get(addresses[kind])

    expected = picture("JPEG") if kind == "round" else picture()
    assert answer.content == expected
    assert answer.headers["ETag"] == f'"{hashlib.sha256(expected).hexdigest()}"'
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert answer.headers["Cache-Control"] == "public, no-cache"


def test_story_and_generation_addresses_have_the_documented_form(
    addresses: dict[str, str],
) -> None:
    """The addresses follow the keys."""
    assert addresses["story"].startswith("/generated/story-1773500966-p9")
    assert addresses["generation"].startswith("/outputs/images/generations/2026-03-14/papercut-1/")


@pytest.mark.parametrize(
    "path",
    [
        "/storage/generated/{session}/front.png",
        "/storage/generated/{session}/main.v2.png",
        "/storage/generated/{session}/main.jpg",
        "/generated-images/TEA/2/fox.jpg",
        "/generated-images/TEA/1/heron.jpg",
        "/generated-images/TEA/01/fox.jpg",
        "/generated/{session}",
        "/generated/nothing.png",
        "/outputs/images/generations/nothing.png",
        "/outputs/images/generations/.tmp/x",
        "/outputs/generated/x.png",
    ],
)
def test_file_that_is_not_there_is_a_404(
    visitor: Person, addresses: dict[str, str], session: str, path: str
) -> None:
    """Only what a row points to is served."""
    assert visitor.get(path.format(session=session)).status_code == 404


def test_object_without_a_row_is_not_served(visitor: Person, house) -> None:
    """What lies in the storage and belongs to no image is nobody's to see."""
    import io

    house.storages.default.put("generated/stray.png", io.BytesIO(picture()))

    assert visitor.get("/generated/stray.png").status_code == 404


@either_way
def test_replaced_file_keeps_its_address_and_changes_its_etag(
    alice: Person, visitor: Person, session: str
) -> None:
    """Behind the same address a client gets the new picture."""
    path = f"/storage/generated/{session}/main.png"
    etag = visitor.get(path).headers["ETag"]
    save_session_image(alice, session, content=picture(colour=(1, 2, 3)))

    answer = visitor.get(path, headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (200, picture(colour=(1, 2, 3)))


@either_way
def test_private_file_is_kept_out_of_shared_caches(alice: Person, session: str) -> None:
    """What its owner alone may see is marked private."""
    show_to(alice, "private", "session", session)

    answer = alice.get(f"/storage/generated/{session}/main.png")

    assert answer.headers["Cache-Control"] == "private, no-cache"


@either_way
def test_file_can_be_asked_for_in_parts(visitor: Person, game: str) -> None:
    """Ranges and conditions work at every address."""
    path = f"/generated-images/{game}/1/fox.jpg"
    part = visitor.get(path, headers={"Range": "bytes=2-4"})
    same = visitor.get(path, headers={"If-None-Match": part.headers["ETag"]})

    assert (part.status_code, part.content) == (206, picture("JPEG")[2:5])
    assert (same.status_code, same.content) == (304, b"")


@either_way
@pytest.mark.parametrize(
    ("width", "expected"), [(320, (320, 160)), (640, (640, 320)), (1280, (1280, 640))]
)
def test_thumbnail_is_a_webp_of_its_width(
    alice: Person, visitor: Person, width: int, expected: tuple[int, int]
) -> None:
    """The three widths are made from the original, in proportion."""
    image = save_generation(alice, picture(size=(1400, 700)), visibility="public")

    answer = visitor.get(image["thumbnails"][str(width)])

    assert answer.headers["Content-Type"] == "image/webp"
    assert pixels(answer.content).size == expected


def test_thumbnail_is_never_enlarged(alice: Person, visitor: Person) -> None:
    """A small picture stays small."""
    image = save_generation(alice, visibility="public")

    assert pixels(visitor.get(image["thumbnails"]["1280"]).content).size == (48, 32)


@pytest.mark.parametrize("width", ["1", "100", "319", "321", "1281", "9999999", "0", "320px"])
def test_other_widths_are_a_404_and_are_not_made(
    alice: Person, visitor: Person, house, width: str
) -> None:
    """Nobody fills the disk by asking for widths."""
    image = save_generation(alice, visibility="public")

    answer = visitor.get(f"/thumbnails/{image['id']}/{width}-{image['sha256'][:12]}.webp")

    assert answer.status_code == 404
    assert list(house.storages.default.iter_keys()) == [image["key"]]


@pytest.mark.parametrize(
    ("visibility", "fits", "expected"),
    [
        ("public", True, "private, max-age=31536000, immutable"),
        ("public", False, "private, no-cache"),
        ("private", True, "private, max-age=31536000, immutable"),
        ("private", False, "private, no-cache"),
    ],
)
def test_thumbnail_is_cached_for_ever_where_its_version_fits(
    alice: Person, visibility: str, fits: bool, expected: str
) -> None:
    """Browsers keep what its address names; shared caches could outlive a change of mind."""
    image = save_generation(alice, visibility=visibility)
    version = image["sha256"][:12] if fits else "000000000000"

    answer = alice.get(f"/thumbnails/{image['id']}/320-{version}.webp")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, expected)


def test_thumbnail_of_a_part_of_the_version_is_not_cached_for_ever(alice: Person) -> None:
    """One letter of a digest fits many pictures, so it names none."""
    image = save_generation(alice)

    answer = alice.get(f"/thumbnails/{image['id']}/320-{image['sha256'][:1]}.webp")

    assert "immutable" not in answer.headers["Cache-Control"]


@either_way
def test_thumbnail_has_an_etag_of_its_own(alice: Person, visitor: Person) -> None:
    """Original and thumbnails are other bytes, so they have other ETags."""
    image = save_round_image(alice)

    tags = [visitor.get(path).headers["ETag"] for path in image["thumbnails"].values()]
    tags.append(visitor.get(image["image_url"]).headers["ETag"])
    again = visitor.get(image["thumbnails"]["320"], headers={"If-None-Match": tags[0]})

    assert len(set(tags)) == 4
    assert again.status_code == 304


@either_way
def test_thumbnail_of_a_replaced_picture_has_a_new_address(alice: Person, session: str) -> None:
    """Caches that keep a thumbnail for ever never show the old picture for the new one."""
    before = alice.get(f"/api/sessions/{session}/images").json()["images"][0]["thumbnails"]["320"]
    old = alice.get(before).content
    image = save_session_image(alice, session, content=picture(colour=(1, 2, 3)))

    assert image["thumbnails"]["320"] != before
    assert alice.get(image["thumbnails"]["320"]).content != old
