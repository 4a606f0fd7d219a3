"""A player's picture is asked for: out of the prompt cache at once, or drawn in the background."""

import hashlib
from typing import Any

import httpx
import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture, pixels
from tests.views.asking import (
    MOONLIGHT,
    WAIT,
    Painter,
    eventually,
    generate,
    look_up,
    round_places,
)
from tests.views.saving import open_session, save_generation, save_round_image, save_session_image

IMAGES = "/api/games/TEA/rounds/1/images"


@pytest.fixture
def brush(painter: Painter) -> Painter:
    """The painter, who holds still until the test lets go."""
    painter.may_finish.clear()
    return painter


def key_of(person: Person, image_id: str) -> str:
    """Return the key of an image in the storage."""
    return person.get(f"/api/images/{image_id}").json()["key"]


def bytes_of(person: Person, place: dict[str, Any]) -> bytes:
    return person.get(place["image_url"]).content


def ready(person: Person, player: str = "fox") -> dict[str, Any]:
    """Wait until a player's picture is there and return their place."""
    eventually(lambda: round_places(person)[player]["status"] == "ready", f"{player} is ready")
    return round_places(person)[player]


class TestDrawing:
    """A prompt that nobody drew before."""

    @pytest.mark.usefixtures("brush")
    def test_answer_comes_at_once_and_tells_where_to_look(
        self,
        alice: Person,
    ) -> None:
        """Nobody waits for a generator who doesn't ask to."""
        answer = generate(alice)

        told = answer.json()
        assert (answer.status_code, told["status"], told["image_url"]) == (202, "pending", None)
        assert answer.headers["Location"] == f"/api/images/{told['id']}"
        assert alice.get(answer.headers["Location"]).status_code == 200

    def test_round_shows_it_pending_and_then_ready(self, alice: Person, brush: Painter) -> None:
        """The same place is pending as long as it is drawn, and ready when it hangs."""
        asked = generate(alice).json()
        eventually(lambda: brush.asked != [], "the painter was asked")
        before = round_places(alice)["fox"]

        brush.may_finish.set()

        after = ready(alice)
        assert (before["id"], before["status"]) == (asked["id"], "pending")
        assert (after["id"], after["cached"]) == (asked["id"], False)
        assert pixels(bytes_of(alice, after)).size == (48, 32)

    def test_picture_is_told_with_what_it_was_made_from(
        self, alice: Person, painter: Painter
    ) -> None:
        """Sentence, cards, style, submission and generator are those that were asked for."""
        answer = generate(
            alice,
            sentence="The ___ sells ___.",
            cards=["fox", "moonlight"],
            art_style="gouache",
            submission_id="s-9",
            ai_service="demo",
            headers=WAIT,
        )

        image = alice.get(f"/api/images/{answer.json()['id']}").json()
        assert (image["completed_sentence"], image["cards"]) == (MOONLIGHT, ["fox", "moonlight"])
        assert (image["style"], image["submission_id"]) == ("gouache", "s-9")
        assert (image["model"], image["service"]) == ("painter-1", "demo")
        assert painter.asked == [f"{MOONLIGHT}\nIn the style of gouache."]

    @pytest.mark.usefixtures("painter")
    def test_who_prefers_to_wait_gets_the_picture(self, alice: Person) -> None:
        """With `Prefer: wait=N` the answer comes when the picture is there."""
        answer = generate(alice, headers={"Prefer": "respond-async, wait=20"})

        assert (answer.status_code, answer.json()["status"]) == (201, "ready")
        assert answer.headers["Preference-Applied"] == "wait=20"
        assert "Location" not in answer.headers

    def test_waiting_ends_when_its_time_is_over(self, alice: Person, brush: Painter) -> None:
        """Who has waited a second for nothing is told that it is still pending."""
        answer = generate(alice, headers={"Prefer": "wait=1"})

        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert answer.headers["Preference-Applied"] == "wait=1"
        brush.may_finish.set()
        ready(alice)

    @pytest.mark.usefixtures("painter")
    def test_wish_to_wait_is_read_in_any_case(self, alice: Person) -> None:
        """The names of preferences are case-insensitive (RFC 7240)."""
        answer = generate(alice, headers={"Prefer": "Wait=20"})

        assert answer.status_code == 201

    @pytest.mark.usefixtures("painter")
    def test_nobody_waits_longer_than_half_a_minute(self, alice: Person) -> None:
        """A wish to wait for a day is applied as far as it goes."""
        answer = generate(alice, headers={"Prefer": "wait=86400"})

        assert answer.headers["Preference-Applied"] == "wait=30"

    @pytest.mark.parametrize("wish", ["wait=-5", "wait=x", "wait", "wait=9999999999", "await=9"])
    def test_wish_that_makes_no_sense_is_passed_over(
        self, alice: Person, brush: Painter, wish: str
    ) -> None:
        """A preference is no demand: what can't be read changes nothing (RFC 7240)."""
        answer = generate(alice, headers={"Prefer": wish})

        assert answer.status_code == 202
        assert "Preference-Applied" not in answer.headers
        brush.may_finish.set()
        ready(alice)

    def test_players_with_the_same_prompt_wait_for_one_picture(
        self, alice: Person, brush: Painter
    ) -> None:
        """One prompt is drawn once, and each who waits gets a copy."""
        asked = [generate(alice, player).status_code for player in ("fox", "owl", "elk")]
        brush.may_finish.set()

        places = [ready(alice, player) for player in ("fox", "owl", "elk")]

        assert asked == [202, 202, 202]
        assert brush.asked == [MOONLIGHT]
        assert sorted(place["cached"] for place in places) == [False, True, True]
        assert len({bytes_of(alice, place) for place in places}) == 1

    def test_repeated_request_is_drawn_once(self, alice: Person, painter: Painter) -> None:
        """A request that is sent again with its key gets its first answer."""
        headers = {"Idempotency-Key": "k-1"} | WAIT

        first, second = (generate(alice, headers=headers) for _ in range(2))

        assert first.content == second.content
        assert (first.status_code, second.status_code) == (201, 201)
        assert painter.asked == [MOONLIGHT]

    def test_picture_of_the_real_generator_is_kept(self, alice: Person) -> None:
        """Without a stand-in, the built-in generator draws."""
        answer = generate(alice, headers=WAIT)

        assert answer.status_code == 201, answer.text
        assert pixels(bytes_of(alice, answer.json())).size == (1024, 1024)


class TestCached:
    """A prompt whose picture is there."""

    @pytest.fixture
    def first(self, alice: Person, painter: Painter) -> dict[str, Any]:
        made = generate(alice, headers=WAIT).json()
        assert painter.asked == [MOONLIGHT]
        return made

    @pytest.fixture
    def second(self, alice: Person, first: dict[str, Any]) -> httpx.Response:
        answer = generate(alice, "owl")
        assert answer.json()["id"] != first["id"]
        return answer

    @pytest.mark.usefixtures("first")
    def test_picture_is_there_at_once(self, painter: Painter, second: httpx.Response) -> None:
        """What was drawn before is answered ready, as cached, and drawn no second time."""
        assert second.status_code == 201
        assert (second.json()["status"], second.json()["cached"]) == ("ready", True)
        assert painter.asked == [MOONLIGHT]

    def test_copy_has_the_same_bytes_and_a_key_of_its_own(
        self, alice: Person, first: dict[str, Any], second: httpx.Response
    ) -> None:
        """The copy outlives the original, since it is an object of its own."""
        digest = alice.get(f"/api/images/{first['id']}").json()["sha256"]
        keys = {key_of(alice, each) for each in (first["id"], second.json()["id"])}
        alice.delete(f"/api/images/{first['id']}")

        kept = bytes_of(alice, second.json())

        assert hashlib.sha256(kept).hexdigest() == digest
        assert keys == {
            "generated-images/game-TEA/round-1/player-fox.jpg",
            "generated-images/game-TEA/round-1/player-owl.jpg",
        }

    @pytest.mark.usefixtures("first", "second")
    def test_hit_is_counted_and_pays_for_nothing(
        self,
        alice: Person,
    ) -> None:
        """One of two cost nothing, and saved the price of one."""
        told = alice.get("/api/stats").json()

        assert (told["cache_hits"], told["cache_hit_rate"], told["cost_saved"]) == (1, 0.5, 0.04)

    def test_copy_keeps_its_own_time(
        self, alice: Person, clock: FixedClock, first: dict[str, Any]
    ) -> None:
        """A picture that was asked for ten days later goes ten days later."""
        clock.move(days=10)

        copy = generate(alice, "owl").json()

        assert (first["expires_at"], copy["expires_at"]) == (
            "2026-04-13T15:09:26Z",
            "2026-04-23T15:09:26Z",
        )

    @pytest.mark.usefixtures("first")
    def test_copy_in_anothers_place_takes_the_next_key(
        self,
        alice: Person,
    ) -> None:
        """A player who asks twice has one picture, at the next key, and the first has gone."""
        save_round_image(alice, player="owl", completed_sentence="Another.")
        before = round_places(alice)["owl"]

        answer = generate(alice, "owl")

        told = answer.json()
        assert (answer.status_code, told["cached"], told["id"]) == (200, True, before["id"])
        assert key_of(alice, told["id"]).endswith("/player-owl.v2.jpg")

    def test_picture_of_another_kind_is_converted(self, alice: Person, painter: Painter) -> None:
        """A session's PNG hangs in a round as the JPEG that rounds are made of."""
        save_session_image(alice, open_session(alice), prompt="A kettle.")

        answer = generate(alice, sentence="A kettle.")

        assert (answer.status_code, answer.json()["cached"]) == (201, True)
        assert pixels(bytes_of(alice, answer.json())).format == "JPEG"
        assert painter.asked == []

    @pytest.mark.usefixtures("alice", "first")
    def test_bob_gets_no_copy_of_what_alice_keeps_to_herself(
        self, bob: Person, painter: Painter
    ) -> None:
        """Alice's unlisted round is no source for bob's; his picture is drawn for him."""
        answer = generate(bob, code="BOBS", headers=WAIT)

        assert (answer.status_code, answer.json()["cached"]) == (201, False)
        assert painter.asked == [MOONLIGHT] * 2

    def test_bob_gets_a_copy_of_what_everybody_finds(
        self, alice: Person, bob: Person, painter: Painter
    ) -> None:
        """A public picture is paid for once, whoever asks."""
        save_generation(alice, picture("JPEG"), prompt=MOONLIGHT, visibility="public")

        answer = generate(bob, code="BOBS")

        assert (answer.status_code, answer.json()["cached"]) == (201, True)
        assert painter.asked == []


class TestReplacing:
    """A player who asks again with another prompt."""

    @pytest.mark.usefixtures("painter")
    def test_new_picture_takes_the_place_and_the_next_key(
        self,
        alice: Person,
    ) -> None:
        """There is one picture to a player, and a key never comes back."""
        first = generate(alice, headers=WAIT)

        second = generate(alice, sentence="The fox buys it back.", headers=WAIT)

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        assert key_of(alice, second.json()["id"]).endswith("/player-fox.v2.jpg")
        assert [*round_places(alice)] == ["fox"]

    def test_last_wish_counts_where_none_was_drawn_yet(self, alice: Person, brush: Painter) -> None:
        """Who changes their mind in time gets what they asked for last."""
        generate(alice)
        generate(alice, sentence="The fox keeps it.")
        brush.may_finish.set()

        place = ready(alice)

        assert place["completed_sentence"] == "The fox keeps it."
        told = alice.get(f"/api/images/{place['id']}").json()
        assert (told["prompt"], told["prompt_hash"]) == (
            "The fox keeps it.",
            look_up(alice, "The fox keeps it.").json()["prompt_hash"],
        )

    def test_saved_picture_counts_before_the_one_that_is_still_drawn(
        self, alice: Person, brush: Painter
    ) -> None:
        """A front end that brings its own picture is not overruled by a slow generator."""
        generate(alice)
        eventually(lambda: brush.asked != [], "the painter was asked")
        saved = save_round_image(alice, completed_sentence="By hand.", content=picture("JPEG"))
        brush.may_finish.set()

        generate(alice, "owl", sentence="Something else.", headers=WAIT)

        place = round_places(alice)["fox"]
        assert (place["id"], place["completed_sentence"]) == (saved["id"], "By hand.")
        assert place["status"] == "ready"
