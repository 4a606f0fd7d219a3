"""Sessions, games and stories as JSON."""

from typing import Any

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture, pixels
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_round_image,
    save_session_image,
    show_to,
)

LISTS = {
    "session": "/api/sessions",
    "game": "/api/games",
    "story": "/api/stories",
}


def open_one(person: Person, kind: str, slug: str = "TEA") -> str:
    if kind == "game":
        save_round_image(person, slug)
        return slug
    return open_session(person) if kind == "session" else open_story(person)


@pytest.mark.parametrize("kind", ["session", "story"])
def test_opening_answers_201_with_its_address(alice: Person, kind: str) -> None:
    """A new session or story has an id that can't be guessed, and says where it is."""
    answer = alice.post(LISTS[kind], json={"title": "Copper kettle"})

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{LISTS[kind]}/{body['id']}"
    assert len(body["id"]) == 32
    assert (body["kind"], body["title"]) == (kind, "Copper kettle")
    assert body["created_at"] == "2026-03-14T15:09:26Z"


@pytest.mark.parametrize(
    ("kind", "expected"), [("session", "private"), ("game", "unlisted"), ("story", "unlisted")]
)
def test_visibility_by_default(alice: Person, kind: str, expected: str) -> None:
    """Sessions begin private, games and stories unlisted."""
    slug = open_one(alice, kind)

    assert alice.get(f"{LISTS[kind]}/{slug}").json()["visibility"] == expected


@pytest.mark.parametrize("kind", ["session", "story"])
@pytest.mark.parametrize(
    "wanted",
    [
        {"title": "x" * 201},
        {"title": 7},
        {"title": None},
        {"title": "a\x00b"},
        {"visibility": "secret"},
        {"unknown": 1},
        [],
        "text",
    ],
)
def test_opening_with_nonsense_is_a_422(alice: Person, kind: str, wanted: Any) -> None:
    """A field of the wrong type, length or name is refused, and nothing is opened."""
    answer = alice.post(LISTS[kind], json=wanted)

    assert answer.status_code == 422
    assert alice.get(LISTS[kind]).json()["galleries"] == []


@pytest.mark.parametrize("kind", LISTS)
def test_list_walks_by_cursor_from_new_to_old(alice: Person, clock: FixedClock, kind: str) -> None:
    """Following `next` and the Link header shows each gallery once, and ends."""
    slugs = []
    for number in range(5):
        slugs.append(open_one(alice, kind, f"G{number}"))
        clock.move(seconds=1)

    seen, pages, path = [], 0, f"{LISTS[kind]}?limit=2"
    while path:
        answer = alice.get(path)
        seen += [each["id"] for each in answer.json()["galleries"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
        assert (path is None) == (answer.json()["next"] is None)
        pages += 1

    assert seen == slugs[::-1]
    assert pages == 3


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=1", 200),
        ("limit=200", 200),
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=-1", 422),
        ("limit=x", 422),
        ("limit=" + "9" * 5000, 422),
        ("cursor=x", 400),
        ("cursor=" + "x" * 65, 422),
        ("unknown=1", 200),
    ],
)
def test_list_bounds(visitor: Person, kind: str, query: str, expected: int) -> None:
    """A page holds 1 to 200; a cursor comes from the page before."""
    answer = visitor.get(f"{LISTS[kind]}?{query}")

    assert answer.status_code == expected


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
def test_list_holds_what_the_asker_finds(
    alice: Person, bob: Person, visitor: Person, root: Person, kind: str, visibility: str
) -> None:
    """Public galleries are found by all; others by their owner and admins."""
    slug = open_one(alice, kind)
    show_to(alice, visibility, kind, slug)

    found = [
        len(person.get(LISTS[kind]).json()["galleries"]) for person in (alice, root, bob, visitor)
    ]

    assert found == ([1, 1, 1, 1] if visibility == "public" else [1, 1, 0, 0])


def test_session_image_is_stored_as_png(alice: Person) -> None:
    """A JPEG becomes a PNG with the same pixels; where it lies is told."""
    session = open_session(alice)

    image = save_session_image(alice, session, "main", picture("JPEG"), prompt="A kettle")

    stored = alice.get(image["image_url"])
    assert image["key"] == f"generated/{session}/main.png"
    assert stored.headers["Content-Type"] == "image/png"
    assert pixels(stored.content).tobytes() == pixels(picture("JPEG")).tobytes()


def test_second_save_replaces_and_moves_to_the_next_key(alice: Person) -> None:
    """The image keeps its id and address; its bytes lie at a new key, the old one is gone."""
    session = open_session(alice)
    first = save_session_image(alice, session)
    answer = alice.put(
        f"/api/sessions/{session}/images/main",
        content=picture(colour=(1, 2, 3)),
        headers={"Content-Type": "image/png"},
    )

    second = answer.json()
    assert answer.status_code == 200
    assert (second["id"], second["image_url"]) == (first["id"], first["image_url"])
    assert second["key"] == f"generated/{session}/main.v2.png"
    assert alice.get(second["image_url"]).content == picture(colour=(1, 2, 3))


def test_session_lists_its_images_in_their_order(alice: Person) -> None:
    """The list and the session itself show the same images, main first."""
    session = open_session(alice)
    save_session_image(alice, session, "comparison")
    save_session_image(alice, session, "main")

    listed = alice.get(f"/api/sessions/{session}/images").json()
    whole = alice.get(f"/api/sessions/{session}").json()

    assert [image["image_type"] for image in listed["images"]] == ["main", "comparison"]
    assert listed["next"] is None
    assert whole["images"] == listed["images"]


@pytest.mark.parametrize("image_type", ["front", "MAIN", "main.png", "infographic_3"])
def test_image_type_that_there_is_not_is_a_400(alice: Person, image_type: str) -> None:
    """A session has five places, and no other."""
    session = open_session(alice)

    answer = alice.put(f"/api/sessions/{session}/images/{image_type}", content=picture())

    assert answer.status_code == 400
    assert "infographic_1" in answer.json()["detail"]


def test_game_lists_its_rounds(alice: Person) -> None:
    """A game tells its rounds in order, how many pictures each has, and where."""
    save_round_image(alice, number=2)
    save_round_image(alice, number=1)
    save_round_image(alice, number=1, player="heron")

    body = alice.get("/api/games/TEA").json()

    assert (body["code"], body["id"], body["kind"]) == ("TEA", "TEA", "game")
    assert [(each["round"], each["image_count"]) for each in body["rounds"]] == [(1, 2), (2, 1)]
    assert body["rounds"][0]["images_url"] == "/api/games/TEA/rounds/1/images"
    assert alice.get(body["rounds"][0]["images_url"]).status_code == 200
    assert alice.get(body["rounds"][0]["url"]).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/games/TEA/rounds/0/players/fox/image",
        "/api/games/TEA/rounds/01/players/fox/image",
        "/api/games/TEA/rounds/x/players/fox/image",
        "/api/games/TEA/rounds/1000001/players/fox/image",
        "/api/games/TEA/rounds/１/players/fox/image",
        "/api/games/T.A/rounds/1/players/fox/image",
        "/api/games/-TEA/rounds/1/players/fox/image",
        f"/api/games/{'T' * 65}/rounds/1/players/fox/image",
        "/api/games/TEA/rounds/1/players/a b/image",
        "/api/games/TEA/rounds/1/players/.fox/image",
    ],
)
def test_name_that_can_be_no_key_is_a_400(alice: Person, path: str) -> None:
    """Codes, numbers and players that can't be part of a key are refused; nothing appears."""
    answer = alice.put(path, content=picture("JPEG"))

    assert answer.status_code == 400
    assert alice.get("/api/games").json()["galleries"] == []


def test_round_image_takes_the_sentence_and_its_cards(alice: Person) -> None:
    """What the player handed in comes back with the image."""
    saved = save_round_image(
        alice, completed_sentence="The owls buy it.", cards=["owls", "it"], art_style="ink"
    )

    image = alice.get(f"/api/images/{saved['id']}").json()
    assert image["completed_sentence"] == "The owls buy it."
    assert image["prompt"] == "The owls buy it."
    assert image["cards"] == ["owls", "it"]
    assert (image["style"], image["player_id"], image["round"]) == ("ink", "fox", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"cards": ["x"] * 33},
        {"cards": ["x" * 1001]},
        {"completed_sentence": "x" * 10_001},
        {"submission_id": "x" * 129},
        {"art_style": "x" * 101},
    ],
)
def test_submission_out_of_bounds_is_a_422(alice: Person, fields: dict[str, Any]) -> None:
    """Texts that a row can't hold are refused before anything is stored."""
    answer = alice.put(
        "/api/games/TEA/rounds/1/players/fox/image",
        files={"image": ("p.jpg", picture("JPEG"))},
        data=fields,
    )

    assert answer.status_code == 422
    assert alice.get("/api/images").json()["images"] == []


def test_illustration_has_the_story_apps_spelling(alice: Person) -> None:
    """An illustration answers in the members that story apps read."""
    story = open_story(alice)

    body = illustrate(alice, story, 3, model="gpt", characterReferenced="true")

    assert set(body) == {
        "id", "url", "localUrl", "description", "pageNumber", "model", "characterReferenced",
        "status", "error",
    }  # fmt: skip
    assert (body["pageNumber"], body["model"], body["characterReferenced"]) == (3, "gpt", True)
    assert body["localUrl"].startswith("/generated/story-")
    assert body["localUrl"].endswith("-p3.png")


@pytest.mark.parametrize("method", ["consistent", "gptimg"])
def test_way_of_making_a_page_is_told_by_its_file_name(alice: Person, method: str) -> None:
    """The three ways have file names of their own."""
    body = illustrate(alice, open_story(alice), method=method)

    assert body["localUrl"].startswith(f"/generated/{method}-")


@pytest.mark.parametrize(
    "fields",
    [
        {"pageNumber": "0"},
        {"pageNumber": "-1"},
        {"pageNumber": "x"},
        {"pageNumber": "10001"},
        {"pageNumber": "１"},
        {"pageNumber": "9" * 4000},
        {},
        {"pageNumber": "1", "method": "magic"},
    ],
)
def test_illustration_out_of_bounds_is_a_422(alice: Person, fields: dict[str, str]) -> None:
    """A page is a number from 1 on, made in a way that there is."""
    story = open_story(alice)

    answer = alice.post(
        f"/api/stories/{story}/illustrations",
        files={"image": ("p.png", picture())},
        data=fields,
    )

    assert answer.status_code == 422
    assert alice.get(f"/api/stories/{story}").json()["illustrations"] == []


def test_saved_story_images_are_listed_as_files(alice: Person, story: str) -> None:
    """Story apps list the files with name, address, size and time."""
    (file,) = alice.get("/api/images/generated").json()

    assert set(file) == {"filename", "url", "size", "createdAt"}
    assert file["size"] == len(alice.get(file["url"]).content)
    assert file["url"] == f"/generated/{file['filename']}"
    assert file["createdAt"] == "2026-03-14T15:09:26Z"


def test_list_of_files_goes_on_at_its_link_header(
    alice: Person, story: str, clock: FixedClock
) -> None:
    """A bare list has its next page in the Link header."""
    clock.move(seconds=1)
    illustrate(alice, story, 2)

    first = alice.get("/api/images/generated?limit=1")
    second = alice.get(first.links["next"]["url"])

    pages = [file["filename"][-6:-4] for answer in (first, second) for file in answer.json()]
    assert pages == ["p2", "p1"]
    assert "next" not in second.links


class TestStoriesThatAreNotSaved:
    """A gallery that is told to keep no story images."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"SAVE_GENERATED_IMAGES": "false"}

    def test_illustration_is_answered_without_a_local_address(self, alice: Person) -> None:
        """The answer leaves `localUrl` out, and nothing is kept."""
        story = open_story(alice)

        answer = alice.post(
            f"/api/stories/{story}/illustrations",
            files={"image": ("p.png", picture())},
            data={"pageNumber": "2", "description": "A page"},
        )

        assert answer.status_code == 200
        assert answer.json() == {
            "url": None,
            "description": "A page",
            "pageNumber": 2,
            "model": None,
            "characterReferenced": False,
        }
        assert alice.get("/api/images").json()["images"] == []


class TestPublicAddress:
    """A gallery that knows the address that the world sees."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"PUBLIC_URL": "https://gallery.example"}

    @pytest.mark.parametrize("kind", LISTS)
    def test_gallery_has_the_same_absolute_address_in_its_list(
        self, alice: Person, kind: str
    ) -> None:
        """A front end elsewhere can use the address, wherever it read it."""
        slug = open_one(alice, kind)

        (listed,) = alice.get(LISTS[kind]).json()["galleries"]
        alone = alice.get(f"{LISTS[kind]}/{slug}").json()

        assert alone["url"].startswith("https://gallery.example/")
        assert listed["url"] == alone["url"]

    def test_host_header_never_gets_into_an_address(self, alice: Person) -> None:
        """Links begin with the configured address, whatever the request says."""
        open_session(alice)
        open_session(alice)

        answer = alice.get("/api/sessions?limit=1", headers={"Host": "evil.example"})

        assert "evil.example" not in answer.text + str(answer.headers)
        assert answer.links["next"]["url"].startswith("https://gallery.example/api/sessions?")


@pytest.mark.parametrize("kind", ["session", "sessions", "game", "games", "story", "stories"])
def test_gallery_is_changed_by_its_kind_in_either_number(alice: Person, kind: str) -> None:
    """`game` and `games` both name the kind."""
    plain = {"sessions": "session", "games": "game", "stories": "story"}.get(kind, kind)
    slug = open_one(alice, plain)

    answer = alice.patch(
        f"/api/galleries/{kind}/{slug}", json={"title": " New ", "visibility": "public"}
    )

    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["visibility"]) == ("New", "public")
    assert (answer.json()["id"], answer.json()["kind"]) == (slug, plain)


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("session/{}", {"title": "x" * 201}, 422),
        ("session/{}", {"visibility": "secret"}, 422),
        ("session/{}", {"visibility": None}, 422),
        ("session/{}", {"owner_id": "me"}, 422),
        ("product/{}", {"title": "x"}, 404),
        ("game/{}", {"title": "x"}, 404),
        ("session/nope", {"title": "x"}, 404),
    ],
)
def test_change_that_can_not_be_made(
    alice: Person, path: str, changes: dict[str, Any], expected: int
) -> None:
    """Nonsense is a 422, what isn't there a 404, and nothing changes."""
    session = open_session(alice, title="Old")

    answer = alice.patch(f"/api/galleries/{path.format(session)}", json=changes)

    assert answer.status_code == expected
    assert alice.get(f"/api/sessions/{session}").json()["title"] == "Old"


def test_empty_change_changes_nothing(alice: Person, session: str) -> None:
    """A PATCH without members answers with the gallery as it is."""
    before = alice.get(f"/api/sessions/{session}").json()

    answer = alice.patch(f"/api/galleries/session/{session}", json={})

    assert answer.status_code == 200
    assert alice.get(f"/api/sessions/{session}").json() == before


def test_privacy_ends_the_downloads_that_listings_handed_out(
    alice: Person, visitor: Person, game: str
) -> None:
    """A gallery that becomes private takes back the links of its listings."""
    (image,) = visitor.get(f"/api/games/{game}/rounds/1/images").json()["images"]
    before = visitor.get(image["download_url"]).status_code

    show_to(alice, "private", "game", game)

    assert before == 200
    assert visitor.get(image["download_url"]).status_code == 410
