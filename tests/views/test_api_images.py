"""The catalogue of all images, and single generations."""

import json
from typing import Any

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
)


@pytest.fixture
def catalogue(alice: Person, clock: FixedClock) -> None:
    """An image of each kind, an hour apart."""
    save_generation(alice, prompt="Paper boat", model="papercut-1", category="sea")
    clock.move(hours=1)
    save_session_image(alice, open_session(alice), prompt="A kettle", model="ink-2")
    clock.move(hours=1)
    save_round_image(alice, completed_sentence="The fox sells a boat.")
    clock.move(hours=1)
    illustrate(alice, open_story(alice), description="A lighthouse", category="sea")


@pytest.mark.parametrize("content", [picture("PNG"), picture("JPEG"), picture("WEBP")])
def test_generation_is_kept_byte_for_byte(alice: Person, content: bytes) -> None:
    """A generation is stored as it came, in any of the three formats."""
    made = save_generation(alice, content)

    assert alice.get(made["image_url"]).content == content
    assert made["size_bytes"] == len(content)


def test_generation_takes_the_body_as_well_as_a_form(alice: Person) -> None:
    """The bytes may be the body, with the other fields in the query."""
    answer = alice.post(
        "/api/images?prompt=A+boat&model=Ink+2&visibility=public",
        content=picture(),
        headers={"Content-Type": "image/png"},
    )

    body = answer.json()
    assert answer.status_code == 201
    assert (body["prompt"], body["model"], body["visibility"]) == ("A boat", "Ink 2", "public")
    assert body["key"].startswith("images/generations/2026-03-14/ink-2/20260314_150926_ink-2_")
    assert body["image_url"] == f"/outputs/{body['key']}"


def test_generation_is_private_and_goes_after_thirty_days(alice: Person) -> None:
    """What isn't told otherwise is private, and expires."""
    made = save_generation(alice)

    assert made["visibility"] == "private"
    assert made["expires_at"] == "2026-04-13T15:09:26Z"
    assert (made["keep"], made["cached"], made["status"]) == (False, False, "completed")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"visibility": "secret"}, "visibility"),
        ({"prompt": "x" * 10_001}, "prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"model": "x" * 101}, "model"),
        ({"category": "x" * 101}, "category"),
        ({"parameters": "[]"}, "parameters"),
        ({"parameters": "{"}, "parameters"),
        ({"parameters": '{"a": NaN}'}, "parameters"),
        ({"parameters": '{"a": 1e999}'}, "parameters"),
        ({"parameters": '{"a": "\\u0000"}'}, "parameters"),
        ({"parameters": '{"a": "\\ud800"}'}, "parameters"),
        ({"parameters": '{"a": ' + "9" * 5000 + "}"}, "parameters"),
        ({"parameters": '{"a": ' + "[" * 5000 + "]" * 5000 + "}"}, "parameters"),
        ({"parameters": '{"a": "' + "x" * 65_536 + '"}'}, "parameters"),
        ({"generated_at": "yesterday"}, "generated_at"),
        ({"generated_at": "2026-03-14"}, "generated_at"),
        ({"generated_at": "0001-01-01T00:00:00+14:00"}, "generated_at"),
        ({"generated_at": "9999-12-31T23:59:59-14:00"}, "generated_at"),
    ],
)
def test_generation_with_nonsense_is_a_422_that_names_the_field(
    alice: Person, fields: dict[str, str], word: str
) -> None:
    """A value that a row can't hold is refused by name, and nothing is stored."""
    answer = alice.post("/api/images", files={"image": ("p.png", picture())}, data=fields)

    assert answer.status_code == 422
    assert word in answer.json()["detail"]
    assert alice.get("/api/images").json()["images"] == []


@pytest.mark.parametrize(
    ("depth", "expected"), [(1, 201), (32, 201), (33, 422), (600, 422), (900, 422), (960, 422)]
)
def test_parameters_are_nested_to_a_limit(alice: Person, depth: int, expected: int) -> None:
    """Parameters have at most 32 levels; what is deeper is refused, however deep."""
    nested = '{"a": ' * depth + "1" + "}" * depth

    answer = alice.post(
        "/api/images", files={"image": ("p.png", picture())}, data={"parameters": nested}
    )

    assert answer.status_code == expected


def test_deepest_parameters_come_back_and_are_shown(alice: Person) -> None:
    """What was taken is told as it was, in JSON and on the page."""
    nested = '{"a": ' * 32 + "1" + "}" * 32

    image = save_generation(alice, parameters=nested)

    assert image["parameters"] == json.loads(nested)
    assert alice.get(f"/images/{image['id']}").status_code == 200


@pytest.mark.parametrize(
    ("request_options", "expected"),
    [
        ({"data": {"prompt": "x"}}, 422),
        ({"files": {"picture": ("p.png", b"x")}}, 422),
        ({"files": {"image": ("p.png", b"")}}, 422),
        ({"content": b""}, 422),
        ({"content": b"no picture"}, 415),
        ({"content": picture()[:60]}, 422),
        ({"files": {"image": ("p.gif", picture("GIF"))}}, 415),
        ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 422),
    ],
)
def test_upload_without_a_picture_is_refused(
    alice: Person, request_options: dict[str, Any], expected: int
) -> None:
    """What isn't a picture that the gallery takes says so."""
    answer = alice.post("/api/images", **request_options)

    assert answer.status_code == expected
    assert answer.json()["detail"] != ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["A lighthouse", "The fox sells a boat.", "A kettle", "Paper boat"]),
        ("kind=session", ["A kettle"]),
        ("kind=round", ["The fox sells a boat."]),
        ("kind=story", ["A lighthouse"]),
        ("kind=generation", ["Paper boat"]),
        ("model=ink-2", ["A kettle"]),
        ("category=sea", ["A lighthouse", "Paper boat"]),
        ("category=sea&kind=story", ["A lighthouse"]),
        ("provider=local&model=papercut-1", ["Paper boat"]),
        ("provider=s3", []),
        ("from=2026-03-14T17:09:26Z", ["A lighthouse", "The fox sells a boat."]),
        ("to=2026-03-14T16:09:26Z", ["Paper boat"]),
        ("from=2026-03-14T18:09:26%2B02:00&to=2026-03-14T17:09:26Z", ["A kettle"]),
        ("q=boat", ["The fox sells a boat.", "Paper boat"]),
        ("q=boat&kind=round", ["The fox sells a boat."]),
        ("q=", []),
    ],
)
def test_filters_narrow_the_catalogue(
    alice: Person, catalogue: None, query: str, expected: list[str]
) -> None:
    """Each filter narrows the list, alone and together with others."""
    images = alice.get(f"/api/images?{query}").json()["images"]

    assert [image["prompt"] for image in images] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=painting", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=1.5", 422),
        ("limit=" + "9" * 5000, 422),
        ("from=yesterday", 422),
        ("from=2026-03-14T00:00:00", 422),
        ("from=0001-01-01T00:00:00%2B14:00", 422),
        ("to=9999-12-31T23:59:59-14:00", 422),
        ("q=" + "x" * 1001, 422),
        ("cursor=x", 400),
        ("model=%00", 200),
        ("q=%00", 200),
        ("q=_", 200),
        ("q=%C2%B2", 200),
        ("q=" + "x+" * 400, 200),
        ("q=%22+OR+%2A+NEAR%28", 200),
    ],
)
def test_odd_filters_are_answered(alice: Person, query: str, expected: int) -> None:
    """Nonsense in a filter is refused or finds nothing, and never fails."""
    answer = alice.get(f"/api/images?{query}")

    assert answer.status_code == expected


@pytest.mark.parametrize("query", ["", "&q=boat", "&kind=generation"])
def test_catalogue_walks_by_cursor(alice: Person, clock: FixedClock, query: str) -> None:
    """Following `next` with the same filter shows each image once, and ends."""
    ids = []
    for number in range(5):
        ids.append(save_generation(alice, prompt=f"Boat {number}")["id"])
        clock.move(seconds=1)

    seen, path = [], f"/api/images?limit=2{query}"
    while path:
        answer = alice.get(path)
        seen.append([image["id"] for image in answer.json()["images"]])
        path = answer.links["next"]["url"] if "next" in answer.links else None

    assert seen == [ids[4:2:-1], ids[2:0:-1], ids[:1]]


def test_image_added_while_walking_moves_nothing(alice: Person, clock: FixedClock) -> None:
    """A keyset cursor neither repeats nor skips when something new comes in."""
    ids = []
    for _ in range(3):
        ids.append(save_generation(alice)["id"])
        clock.move(seconds=1)
    first = alice.get("/api/images?limit=2").json()

    save_generation(alice)
    second = alice.get(f"/api/images?limit=2&cursor={first['next']}").json()

    assert [image["id"] for image in second["images"]] == ids[:1]


def test_image_tells_what_its_generator_wrote(alice: Person, corpus) -> None:
    """The embedded metadata of a file come normalised, with the raw text beside."""
    made = save_generation(alice, (corpus / "ai_metadata__automatic1111_cropped.jpg").read_bytes())

    embedded = alice.get(f"/api/images/{made['id']}").json()["embedded"]

    assert (embedded["generator"], embedded["prompt"]) == ("automatic1111", "photo of a duck")
    assert list(embedded["raw"]) == ["exif:UserComment"]


def test_image_without_metadata_says_null(alice: Person, generation: str) -> None:
    """Where nothing is embedded, nothing is told."""
    body = alice.get(f"/api/images/{generation}").json()

    assert body["embedded"] is None
    assert alice.get(body["download_url"]).content == picture()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"keep": True}, {"keep": True, "expires_at": None}),
        ({"category": "sea"}, {"category": "sea"}),
        ({"category": None}, {"category": None}),
        ({"category": ""}, {"category": None}),
        ({}, {"keep": False, "expires_at": "2026-04-13T15:09:26Z"}),
    ],
)
def test_owner_changes_an_image(
    alice: Person, generation: str, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Keep and category can be changed; the answer is the image as it is now."""
    answer = alice.patch(f"/api/images/{generation}", json=changes)

    body = answer.json()
    assert answer.status_code == 200
    assert body | expected == body
    assert alice.get(f"/api/images/{generation}").json() == body


@pytest.mark.parametrize(
    "changes",
    [
        {"keep": "perhaps"},
        {"keep": None},
        {"keep": 7},
        {"category": "x" * 101},
        {"category": 7},
        {"category": "\x00"},
        {"prompt": "Another"},
        {"sha256": "0" * 64},
        [],
    ],
)
def test_change_with_nonsense_is_a_422(alice: Person, generation: str, changes: Any) -> None:
    """What can't be changed, or not to that, is refused whole."""
    before = alice.get(f"/api/images/{generation}").json()

    answer = alice.patch(f"/api/images/{generation}", json=changes)

    assert answer.status_code == 422
    assert alice.get(f"/api/images/{generation}").json() == before


def test_image_whose_category_changed_is_found_by_it(alice: Person, generation: str) -> None:
    """The search knows the new category as the filter does, and forgets the old one."""
    alice.patch(f"/api/images/{generation}", json={"category": "seascape"})

    found = alice.get("/api/images?q=seascape").json()["images"]

    assert [image["id"] for image in found] == [generation]


def test_deleted_image_is_gone_with_its_bytes(alice: Person, house, generation: str) -> None:
    """After a DELETE neither row, object, thumbnail nor address is left."""
    image = alice.get(f"/api/images/{generation}").json()
    alice.get(image["thumbnails"]["320"])

    answer = alice.delete(f"/api/images/{generation}")

    assert (answer.status_code, answer.content) == (204, b"")
    paths = (f"/api/images/{generation}", image["image_url"], image["thumbnails"]["320"])
    assert [alice.get(path).status_code for path in paths] == [404, 404, 404]
    assert list(house.storages.default.iter_keys()) == []
    assert alice.delete(f"/api/images/{generation}").status_code == 404
