"""Files that are not what was kept: nobody gets their bytes, and pages say so."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from gallery.extensions import House, db
from gallery.models import Image
from gallery.services.wholeness import Seen, SeenObjects
from tests.conftest import Person
from tests.pictures import picture
from tests.views.presigning import Presigning
from tests.views.reading import Browser
from tests.views.saving import save_generation, save_round_image, sign

CONTENT = picture("PNG", size=(400, 300))
TITLE = "The file of this picture is damaged"


@pytest.fixture
def image(alice: Person) -> dict[str, Any]:
    return save_round_image(alice, content=CONTENT)


@pytest.fixture
def key(alice: Person, image: dict[str, Any]) -> str:
    return str(alice.get(f"/api/images/{image['id']}").json()["key"])


@pytest.fixture
def file(house: House, key: str) -> Path:
    return Path(house.settings.IMAGE_STORAGE_BASE_DIR, key)


def flip(file: Path) -> None:
    """Turn a bit over in the middle, as a dying disk does."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def spoil(file: Path, how: str) -> None:
    if how == "flipped":
        flip(file)
    elif how == "cut":
        os.truncate(file, file.stat().st_size - 1)
    elif how == "grown":
        file.write_bytes(file.read_bytes() + b"x")
    else:
        os.truncate(file, 0)


def mark(image: dict[str, Any], fault: str) -> None:
    db.session.execute(update(Image).where(Image.id == UUID(image["id"])).values(fault=fault))
    db.session.commit()


@pytest.mark.parametrize("was_seen_whole", [False, True])
@pytest.mark.parametrize("how", ["flipped", "cut", "grown", "empty"])
def test_damaged_original_is_not_sent(
    alice: Person, image: dict[str, Any], file: Path, how: str, was_seen_whole: bool
) -> None:
    """Also where it was sent a moment ago: that it has changed is noticed."""
    if was_seen_whole:
        assert alice.get(image["image_url"]).status_code == 200
    spoil(file, how)

    answers = [alice.get(image["image_url"]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in answers[0].headers
    assert TITLE in answers[0].text


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("GET", {"Range": "bytes=0-9"}), ("GET", {"If-None-Match": '"other"'})],
)
def test_no_part_of_it_is_sent(
    alice: Person, image: dict[str, Any], file: Path, method: str, headers: dict[str, str]
) -> None:
    """A part may be the damaged one."""
    flip(file)

    assert alice.request(method, image["image_url"], headers=headers).status_code == 503


def test_link_to_it_is_not_used_up(
    alice: Person, visitor: Person, image: dict[str, Any], file: Path
) -> None:
    """Who was to have it once can have it once it is back."""
    link = sign(alice, image["id"], max_downloads=1)["url"]
    whole = file.read_bytes()
    flip(file)
    refused = visitor.get(link)
    file.write_bytes(whole)

    followed = visitor.get(link)

    assert (refused.status_code, followed.status_code) == (503, 200)
    assert followed.content == whole


def test_thumbnail_is_not_made_of_a_damaged_original(
    alice: Person, image: dict[str, Any], file: Path, house: House
) -> None:
    """It might look whole, and would stay."""
    flip(file)

    answer = alice.get(image["thumbnails"]["320"])

    assert answer.status_code == 503
    assert list(house.storages.default.iter_keys("variants/")) == []


def test_thumbnail_that_was_cut_short_is_made_anew(
    alice: Person, image: dict[str, Any], key: str, house: House
) -> None:
    """A WebP says how long it is."""
    first = alice.get(image["thumbnails"]["320"])
    kept = house.settings.IMAGE_STORAGE_BASE_DIR / f"variants/320/{key}.webp"
    os.truncate(kept, kept.stat().st_size // 2)

    second = alice.get(image["thumbnails"]["320"])

    assert (second.status_code, second.content) == (200, first.content)
    assert kept.read_bytes() == first.content


@pytest.mark.parametrize(
    ("fault", "status"), [("missing", 404), ("damaged", 503), ("wrong_size", 503)]
)
@pytest.mark.usefixtures("inside")
def test_marked_picture_is_refused_with_a_problem_of_its_own(
    alice: Person, image: dict[str, Any], fault: str, status: int
) -> None:
    """Original, thumbnail and link alike; JSON says what is wrong."""
    link = sign(alice, image["id"])["url"]
    mark(image, fault)

    answers = [alice.get(path) for path in (image["image_url"], image["thumbnails"]["320"], link)]

    assert {answer.status_code for answer in answers} == {status}
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert alice.get(f"/api/images/{image['id']}").json()["fault"] == fault


@pytest.mark.usefixtures("inside")
def test_pages_say_so_in_place_of_the_picture(
    alice: Person, image: dict[str, Any], passer_by: Browser
) -> None:
    """No broken image: a frame with words, on the wall and on the picture's own page."""
    mark(image, "damaged")

    wall = passer_by.page("/games/TEA/rounds/1")
    page = passer_by.page(f"/images/{image['id']}")

    assert wall.select("img.real") == page.select("img.real") == []
    assert "Its file is damaged" in wall.select_one("main").get_text()
    assert "Its file is damaged, so it can’t be shown." in page.select_one("main").get_text()


@pytest.mark.usefixtures("inside")
def test_prompt_whose_picture_is_marked_is_drawn_anew(alice: Person) -> None:
    """It is no hit; and the new picture is the next one's."""
    prompt = {"sentence": "A fox pours tea", "cards": ["fox"]}
    submitted = {"completed_sentence": prompt["sentence"], "cards": prompt["cards"]}
    image = save_round_image(alice, **submitted)
    hit = alice.post("/api/prompts/lookup", json=prompt)
    mark(image, "missing")

    lost = alice.post("/api/prompts/lookup", json=prompt)
    save_round_image(alice, player="owl", **submitted)
    again = alice.post("/api/prompts/lookup", json=prompt)

    assert [answer.json()["status"] for answer in (hit, lost, again)] == ["hit", "lease", "hit"]
    assert again.json()["image"]["id"] != image["id"]


def test_storage_that_serves_by_itself_is_asked_for_the_size_once(
    presigned: Presigning, alice: Person
) -> None:
    """To read each object first would cost as much as to send it."""
    image = save_generation(alice)
    key = alice.get(f"/api/images/{image['id']}").json()["key"]
    first = alice.get(image["image_url"]).status_code
    os.truncate(presigned.root / key, 10)

    known = alice.get(image["image_url"]).status_code

    assert (first, known) == (302, 302)


def test_storage_that_serves_by_itself_does_not_lead_to_what_is_cut(
    presigned: Presigning, alice: Person
) -> None:
    """A process that sees it for the first time; and once it is back, all is well."""
    image = save_generation(alice)
    file = presigned.root / alice.get(f"/api/images/{image['id']}").json()["key"]
    whole = file.read_bytes()
    os.truncate(file, 10)
    cut = alice.get(image["image_url"]).status_code
    file.write_bytes(whole)

    assert (cut, alice.get(image["image_url"]).status_code) == (503, 302)


def test_no_more_objects_are_remembered_than_there_is_room_for() -> None:
    """The first that was seen is the first that is forgotten."""
    seen = SeenObjects(most=2)

    for key in ("a", "b", "c"):
        seen.put("local", key, Seen("sha", "version", True))

    assert [seen.get("local", key) is not None for key in ("a", "b", "c")] == [False, True, True]
