"""A round: its JSON in one call, and its page."""

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.asking import WAIT, Painter, eventually, generate, round_places, set_round

IMAGES = "/api/games/TEA/rounds/1/images"


def save(person: Person, player: str = "fox", number: int = 1, code: str = "TEA", **fields: str):
    return person.put(
        f"/api/games/{code}/rounds/{number}/players/{player}/image",
        files={"image": ("p.jpg", picture("JPEG"), "image/jpeg")},
        data={
            "submission_id": "s-1",
            "completed_sentence": "The fox sells moonlight to the owls.",
            "cards": ["moonlight", "the owls"],
            "art_style": "gouache",
            "ai_service": "demo",
            **fields,
        },
    )


def test_first_image_of_a_player_is_created_and_the_next_replaces_it(alice: Person) -> None:
    """A player's image answers 201 when it is new, and 200 when it replaced one."""
    first, second = save(alice), save(alice)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_round_json_has_exactly_the_documented_members(alice: Person) -> None:
    """A front end gets the whole round in one call, in the documented shape."""
    save(alice)

    body = alice.get("/api/games/TEA/rounds/1/images").json()

    assert set(body) == {"game_code", "round", "expires_at", "images"}
    assert set(body["images"][0]) == {
        "id", "player_id", "submission_id", "completed_sentence", "image_url", "download_url",
        "thumbnails", "width", "height", "placeholder", "alt", "art_style", "ai_service",
        "cached", "generated_at", "expires_at", "status", "error",
    }  # fmt: skip
    assert set(body["images"][0]["thumbnails"]) == {"320", "640", "1280"}
    assert body["images"][0]["expires_at"] == "2026-04-13T15:09:26Z"


def test_unchanged_round_answers_304_until_a_picture_is_replaced(
    alice: Person, clock: FixedClock
) -> None:
    """A round's strong ETag stays while nothing changes, and changes with a picture."""
    save(alice)
    etag = alice.get("/api/games/TEA/rounds/1/images").headers["ETag"]
    clock.move(minutes=5)

    unchanged = alice.get("/api/games/TEA/rounds/1/images", headers={"If-None-Match": etag})
    save(alice, completed_sentence="Another sentence.")
    changed = alice.get("/api/games/TEA/rounds/1/images", headers={"If-None-Match": etag})

    assert not etag.startswith("W/")
    assert (unchanged.status_code, changed.status_code) == (304, 200)


def test_round_page_shows_each_player_with_picture_and_sentence(
    alice: Person, visitor: Person
) -> None:
    """A visitor with the address of an unlisted game reads who made what."""
    save(alice, player="fox")
    save(alice, player="heron")

    page = BeautifulSoup(visitor.get("/games/TEA/rounds/1").text, "html.parser")

    pictures = page.select("main img[alt='The fox sells moonlight to the owls.']")
    assert len(pictures) == 2
    assert all(image["width"] == "48" and image["height"] == "32" for image in pictures)
    assert "heron" in page.select_one("main").get_text()


@pytest.mark.parametrize(
    "path",
    ["/games/TEA/rounds/0", "/games/TEA/rounds/2", "/games/TEA/rounds/x", "/games/TEB/rounds/1"],
)
def test_round_that_is_not_there_is_a_404_page(alice: Person, visitor: Person, path: str) -> None:
    """A wrong address is answered with a page that says so."""
    save(alice)

    answer = visitor.get(path)

    assert answer.status_code == 404
    assert "Not found" in answer.text


class TestExpected:
    """A round whose players the host has named."""

    def test_round_tells_of_each_player_whatever_came_of_them(
        self, alice: Person, painter: Painter
    ) -> None:
        """Ready, failed, being drawn, and nothing heard of yet: each has a place."""
        set_round(alice, players=["fox", "owl", "elk", "hen"])
        generate(alice, "fox", headers=WAIT)
        painter.reason = "No."
        generate(alice, "owl", sentence="Refused.", headers=WAIT)
        painter.may_finish.clear()
        generate(alice, "elk", sentence="Slow.")

        places = round_places(alice)

        painter.may_finish.set()
        assert {name: place["status"] for name, place in places.items()} == {
            "fox": "ready",
            "owl": "failed",
            "elk": "pending",
            "hen": "pending",
        }
        assert (places["elk"]["id"] is None, places["hen"]["id"]) == (False, None)
        eventually(lambda: round_places(alice)["elk"]["status"] == "failed", "elk is settled")

    def test_etag_changes_when_a_picture_arrives_and_not_before(
        self, alice: Person, painter: Painter
    ) -> None:
        """Who asks with the ETag gets 304 until something has come."""
        set_round(alice, players=["fox", "owl"])
        painter.may_finish.clear()
        generate(alice)
        etag = {"If-None-Match": alice.get(IMAGES).headers["ETag"]}
        before = alice.get(IMAGES, headers=etag)

        painter.may_finish.set()
        eventually(lambda: round_places(alice)["fox"]["status"] == "ready", "fox is ready")

        assert (before.status_code, before.content) == (304, b"")
        assert alice.get(IMAGES, headers=etag).status_code == 200

    def test_player_who_is_named_twice_has_one_place(self, alice: Person) -> None:
        """Names are counted once, in the order of the host."""
        answer = set_round(alice, players=["owl", "fox", "owl"])

        assert answer.json() == {
            "game_code": "TEA", "round": 1, "hidden": False, "players": ["owl", "fox"],
        }  # fmt: skip
        assert [*round_places(alice)] == ["owl", "fox"]

    def test_player_who_was_not_expected_is_shown_all_the_same(self, alice: Person) -> None:
        """A guest's picture hangs with the others."""
        set_round(alice, players=["owl"])
        save(alice, player="fox")

        assert {name: each["status"] for name, each in round_places(alice).items()} == {
            "fox": "ready",
            "owl": "pending",
        }
