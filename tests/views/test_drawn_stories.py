"""A scene of a story is asked for, and drawn in the background."""

import base64
from typing import Any

import pytest
from flask import Flask

from gallery.extensions import House
from tests.conftest import Person
from tests.pictures import picture, pixels
from tests.views.asking import (
    MOONLIGHT,
    WAIT,
    Painter,
    all_there_is,
    draw_scene,
    eventually,
    look_up,
)
from tests.views.saving import illustrate, open_story, save_generation
from tests.views.test_problems import problem


@pytest.fixture
def tale(alice: Person) -> str:
    """A story of alice's without pictures."""
    return open_story(alice)


def pages(person: Person, story: str) -> list[dict[str, Any]]:
    return person.get(f"/api/stories/{story}").json()["illustrations"]


def test_answer_comes_at_once_and_the_story_shows_it_come(
    alice: Person, tale: str, painter: Painter
) -> None:
    """A scene is pending, without an address, until its picture is there."""
    painter.may_finish.clear()
    answer = draw_scene(alice, tale, pageNumber=3)
    before = pages(alice, tale)

    painter.may_finish.set()
    eventually(lambda: pages(alice, tale)[0]["status"] == "ready", "the page is ready")

    told, (after,) = answer.json(), pages(alice, tale)
    assert (answer.status_code, told["status"], told["url"]) == (202, "pending", None)
    assert "localUrl" not in told
    assert answer.headers["Location"] == f"/api/images/{told['id']}"
    assert before == [told]
    assert (after["id"], after["pageNumber"]) == (told["id"], 3)
    assert pixels(alice.get(after["url"]).content).size == (48, 32)


def test_who_prefers_to_wait_gets_the_picture(alice: Person, tale: str, painter: Painter) -> None:
    """With `Prefer: wait=N` the answer is the finished page, in the story apps' spelling."""
    answer = draw_scene(alice, tale, headers=WAIT)

    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert (told["description"], told["pageNumber"], told["model"]) == (MOONLIGHT, 1, "painter-1")
    assert told["characterReferenced"] is False
    assert told["localUrl"].startswith("/generated/story-")


def test_scene_that_was_drawn_before_costs_nothing(
    alice: Person, tale: str, painter: Painter
) -> None:
    """The same scene on another page is there at once, as a file of its own."""
    first = draw_scene(alice, tale, headers=WAIT).json()

    second = draw_scene(alice, tale, pageNumber=2)

    assert (second.status_code, second.json()["status"]) == (201, "ready")
    assert first["localUrl"] != second.json()["localUrl"]
    assert alice.get(f"/api/images/{second.json()['id']}").json()["cached"] is True
    assert painter.asked == [MOONLIGHT]


def test_character_is_taken_from_the_storys_first_picture(
    alice: Person, tale: str, painter: Painter
) -> None:
    """A page that references the character is told so, and named for how it was made."""
    illustrate(alice, tale, 1)

    answer = draw_scene(alice, tale, pageNumber=2, characterReferenced=True, headers=WAIT)

    assert answer.status_code == 201, answer.text
    assert answer.json()["characterReferenced"] is True
    assert answer.json()["localUrl"].startswith("/generated/consistent-")


def test_another_reference_makes_another_picture(
    alice: Person, tale: str, painter: Painter
) -> None:
    """The same scene after two different pictures is drawn twice, and once more after none."""
    references = [
        save_generation(alice, picture(colour=colour))["id"] for colour in ("red", "green")
    ]
    wishes = [{"referenceImageId": each} for each in references] + [{}]

    found = [draw_scene(alice, tale, **wish, headers=WAIT).json()["id"] for wish in wishes * 2]

    assert len(set(found)) == 6
    assert painter.asked == [MOONLIGHT] * 3


def test_failure_is_told_with_its_reason(alice: Person, tale: str, painter: Painter) -> None:
    """Nothing came of it, and the story says why."""
    painter.reason = "The lamp is out."

    answer = draw_scene(alice, tale, headers=WAIT)

    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert [each["error"] for each in pages(alice, tale)] == ["The lamp is out."]


class TestNotSaved:
    """A gallery that keeps no illustrations."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"SAVE_GENERATED_IMAGES": "false"}

    def test_picture_is_in_the_answer_and_nowhere_else(
        self, app: Flask, house: House, alice: Person, tale: str, painter: Painter
    ) -> None:
        """The address holds the picture itself; neither row nor file nor entry is made."""
        before = all_there_is(app, house)

        answer = draw_scene(alice, tale, pageNumber=4)

        told = answer.json()
        head, _, content = told.pop("url").partition(",")
        assert (answer.status_code, head) == (200, "data:image/png;base64")
        assert base64.b64decode(content, validate=True) == painter.content
        assert told == {
            "description": MOONLIGHT,
            "pageNumber": 4,
            "model": "painter-1",
            "characterReferenced": False,
        }
        assert all_there_is(app, house) == before

    def test_failure_is_a_problem_with_its_reason(
        self, alice: Person, tale: str, painter: Painter
    ) -> None:
        """Without a row to tell it, the answer tells what went wrong."""
        painter.reason = "The lamp is out."

        answer = draw_scene(alice, tale)

        assert problem(answer, 502)["detail"] == "The lamp is out."

    @pytest.mark.usefixtures("painter")
    def test_it_is_no_hit_for_the_next(self, alice: Person, tale: str) -> None:
        """What was not kept can't be used again."""
        draw_scene(alice, tale)

        assert look_up(alice).status_code == 201
