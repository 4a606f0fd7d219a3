"""A picture that can't be drawn: who waited is told why, and nothing is lost."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.views.asking import WAIT, Painter, eventually, generate, look_up, round_places
from tests.views.saving import save_round_image


class TestFailing:
    """A generator that refuses."""

    REASON = "The service says that moonlight is not for sale."

    @pytest.fixture(autouse=True)
    def refusal(self, painter: Painter) -> Painter:
        painter.reason = self.REASON
        return painter

    def test_failure_is_told_with_its_reason(self, alice: Person) -> None:
        """Who waited is told that nothing came of it, and why."""
        answer = generate(alice, headers=WAIT)

        told = answer.json()
        assert answer.status_code == 200
        assert (told["status"], told["error"]) == ("failed", self.REASON)
        assert told["image_url"] is None

    def test_failure_shows_in_the_round(self, alice: Person) -> None:
        """Those who only look at the round are told the same."""
        generate(alice, headers=WAIT)

        place = round_places(alice)["fox"]

        assert (place["status"], place["error"]) == ("failed", self.REASON)

    def test_all_who_waited_are_told(self, alice: Person, refusal: Painter) -> None:
        """Nobody is left pending."""
        refusal.may_finish.clear()
        for player in ("fox", "owl"):
            generate(alice, player)
        refusal.may_finish.set()

        eventually(
            lambda: {each["status"] for each in round_places(alice).values()} == {"failed"},
            "both are told",
        )

    def test_failed_prompt_may_be_tried_again_at_once(
        self, alice: Person, refusal: Painter
    ) -> None:
        """A failure holds no lease, and no error stays on a picture that came later."""
        first = generate(alice, headers=WAIT).json()
        refusal.reason = ""

        second = generate(alice, headers=WAIT)

        told = second.json()
        assert (second.status_code, told["id"]) == (201, first["id"])
        assert (told["status"], told["error"]) == ("ready", None)

    def test_picture_that_hung_before_hangs_again(self, alice: Person) -> None:
        """A redrawing that failed takes nothing away."""
        saved = save_round_image(alice)

        answer = generate(alice, sentence="Something else.", headers=WAIT)

        told = answer.json()
        assert (told["status"], told["error"]) == ("ready", self.REASON)
        assert alice.get(told["image_url"]).content == alice.get(saved["image_url"]).content

    def test_failure_is_no_hit(self, alice: Person) -> None:
        """A prompt of which nothing came is free for the next who asks."""
        generate(alice, headers=WAIT)

        assert look_up(alice).status_code == 201


def test_file_that_is_no_picture_is_a_failure(alice: Person, painter: Painter) -> None:
    """What a generator sends is looked at like any upload."""
    painter.content = b"<html>Out of credit</html>"

    answer = generate(alice, headers=WAIT)

    assert (answer.status_code, answer.json()["status"]) == (200, "failed")


class TestNoRoom:
    """A gallery in which one picture may wait."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"GENERATOR_QUEUE": "1", "GENERATOR_WORKERS": "1"}

    def test_who_finds_no_room_is_asked_to_come_back(self, alice: Person, painter: Painter) -> None:
        """A new prompt that would wait too long is a 503, and leaves no place behind."""
        painter.may_finish.clear()
        generate(alice)

        answer = generate(alice, "owl", sentence="Another.")

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert [*round_places(alice)] == ["fox"]
        painter.may_finish.set()
        eventually(lambda: round_places(alice)["fox"]["status"] == "ready", "fox is ready")
