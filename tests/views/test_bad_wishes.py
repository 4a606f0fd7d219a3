"""What can't be drawn is refused by every door to the prompt cache, and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask

from gallery.extensions import House
from tests.conftest import Person
from tests.views.asking import MOONLIGHT, Painter, all_there_is, draw_scene, generate, set_round
from tests.views.saving import open_story
from tests.views.test_problems import problem

Door = Callable[[Person, dict[str, Any]], httpx.Response]
LOOKUP = "/api/prompts/lookup"
GENERATE = "/api/games/TEA/rounds/1/players/fox/generate"


def by_lookup(person: Person, wanted: dict[str, Any]) -> httpx.Response:
    return post(person, LOOKUP, wanted)


def by_generating(person: Person, wanted: dict[str, Any]) -> httpx.Response:
    return post(person, GENERATE, wanted)


def post(person: Person, path: str, wanted: dict[str, Any]) -> httpx.Response:
    """Send JSON in plain ASCII, which carries halves of surrogate pairs too."""
    return person.post(
        path, content=json.dumps(wanted), headers={"Content-Type": "application/json"}
    )


SENTENCES = {
    "empty": "",
    "blank": " \t\n ",
    "wide blanks": "\u3000\u2003\u00a0",
    "too long": "a" * 10_001,
    "much too long": "a" * 100_000,
    "NUL": "a\x00b",
    "half a pair": "a\ud800b",
    "none": None,
    "number": 7,
    "list": ["a"],
    "object": {"a": 1},
    "truth": True,
}
CARDS = {
    "a string": "moonlight",
    "numbers": [1, 2],
    "nested": [["moonlight"]],
    "objects": [{"card": "moonlight"}],
    "holes": ["moonlight", None],
    "null": None,
    "object": {"0": "moonlight"},
    "number": 3,
    "truth": True,
    "too many": ["x"] * 33,
    "much too many": ["x"] * 5_000,
    "too long": ["a" * 1_001],
    "NUL": ["a\x00"],
    "half a pair": ["\udfff"],
}


@pytest.mark.parametrize("ask", [by_lookup, by_generating])
@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_sentence_that_is_none_changes_nothing(
    app: Flask, house: House, alice: Person, painter: Painter, ask: Door, sentence: Any
) -> None:
    """A sentence is a text of 1 to 10,000 characters with something in it."""
    before = all_there_is(app, house)

    answer = ask(alice, {"sentence": sentence})

    problem(answer, 413 if sentence == SENTENCES["much too long"] else 422)
    assert all_there_is(app, house) == before
    assert painter.asked == []


@pytest.mark.parametrize("ask", [by_lookup, by_generating])
@pytest.mark.parametrize("cards", CARDS.values(), ids=CARDS)
def test_cards_that_are_none_change_nothing(
    app: Flask, house: House, alice: Person, painter: Painter, ask: Door, cards: Any
) -> None:
    """Cards are a list of at most 32 texts."""
    before = all_there_is(app, house)

    answer = ask(alice, {"sentence": MOONLIGHT, "cards": cards})

    problem(answer, 422)
    assert all_there_is(app, house) == before
    assert painter.asked == []


@pytest.mark.parametrize("ask", [by_lookup, by_generating])
@pytest.mark.parametrize(
    "more",
    [
        {"sentense": "x"},
        {"art_style": "a" * 101},
        {"art_style": 7},
        {"ai_service": "a" * 101},
        {"ai_service": ["demo"]},
        {"lease_id": "x"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_member_that_is_unknown_or_no_text_changes_nothing(
    app: Flask, house: House, alice: Person, ask: Door, more: dict[str, Any]
) -> None:
    """A misspelt member is told, not passed over."""
    before = all_there_is(app, house)

    answer = ask(alice, {"sentence": MOONLIGHT, **more})

    problem(answer, 422)
    assert all_there_is(app, house) == before


@pytest.mark.parametrize("path", [LOOKUP, GENERATE])
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"a"', b"{", b"\xff", b"[" * 60_000])
def test_body_that_is_no_object_changes_nothing(
    app: Flask, house: House, alice: Person, path: str, body: bytes
) -> None:
    """What can't be read as a JSON object is refused."""
    before = all_there_is(app, house)

    answer = alice.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422), answer.text
    assert all_there_is(app, house) == before


@pytest.mark.parametrize("name", ["dalle", "DEMO", "../demo", "demo "])
def test_generator_that_is_not_there_is_told_with_those_that_are(
    app: Flask, house: House, alice: Person, painter: Painter, name: str
) -> None:
    """Who misspells the generator reads how it is written."""
    before = all_there_is(app, house)

    answer = generate(alice, ai_service=name)

    assert problem(answer, 422)["detail"].endswith("ai_service may be demo")
    assert all_there_is(app, house) == before


@pytest.mark.parametrize(
    "more", [{"submission_id": "x" * 129}, {"completed_sentence": "x" * 10_001}]
)
def test_submission_that_no_row_can_hold_changes_nothing(
    app: Flask, house: House, alice: Person, painter: Painter, more: dict[str, str]
) -> None:
    """What the player handed in has bounds of its own."""
    before = all_there_is(app, house)

    answer = generate(alice, **more)

    problem(answer, 422)
    assert all_there_is(app, house) == before


@pytest.mark.parametrize(
    "number", ["0", "-1", "01", "1.0", "1e3", "x", "1000001", "9" * 40, "%D9%A1"]
)
@pytest.mark.parametrize("ask", ["generate", "change", "listen"])
def test_round_that_can_not_be_is_a_400_and_changes_nothing(
    app: Flask, house: House, alice: Person, number: str, ask: str
) -> None:
    """Rounds are numbered from 1 to a million, in plain digits."""
    before = all_there_is(app, house)
    base = f"/api/games/TEA/rounds/{number}"

    answer = {
        "generate": lambda: alice.post(
            f"{base}/players/fox/generate", json={"sentence": MOONLIGHT}
        ),
        "change": lambda: alice.patch(base, json={"hidden": True}),
        "listen": lambda: alice.get(f"{base}/events"),
    }[ask]()

    # Nobody can have opened a round of this number, so there is nothing to listen to.
    problem(answer, 404 if (ask, number) == ("listen", "1000001") else 400)
    assert all_there_is(app, house) == before


@pytest.mark.parametrize(
    "player", ["-fox", "_fox", "f.x", "f%20x", "f%00x", "%C3%A9", "f" * 65, "..", "fox%0d%0aX: y"]
)
def test_player_with_a_bad_name_is_a_400_and_changes_nothing(
    app: Flask, house: House, alice: Person, player: str
) -> None:
    """A player's name has to fit into an address and a key."""
    before = all_there_is(app, house)

    answer = generate(alice, player)

    assert answer.status_code in ((400, 404) if player == ".." else (400,)), answer.text
    assert all_there_is(app, house) == before


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"hidden": None}, 422),
        ({"hidden": "perhaps"}, 422),
        ({"hidden": []}, 422),
        ({"players": "fox"}, 422),
        ({"players": [7]}, 422),
        ({"players": None}, 422),
        ({"players": ["a fox"]}, 400),
        ({"players": ["../fox"]}, 400),
        ({"players": [f"p{n}" for n in range(201)]}, 422),
        ({"revealed": True}, 422),
    ],
)
def test_change_of_a_round_that_makes_no_sense_changes_nothing(
    app: Flask, house: House, alice: Person, changes: dict[str, Any], status: int
) -> None:
    """Neither game nor round appears through a request that was refused."""
    before = all_there_is(app, house)

    answer = set_round(alice, **changes)

    problem(answer, status)
    assert all_there_is(app, house) == before


@pytest.mark.parametrize(
    "wrong",
    [
        *({"scene": each} for each in ("", " ", "a" * 10_001, None, 7, ["a"])),
        *({"pageNumber": each} for each in (0, -1, 10_001, None, "1", 1.5, True, [])),
        {"characterReferenced": "perhaps"},
        {"characterReferenced": True},
        {"referenceImageId": "x"},
        {"referenceImageId": "019cece5-2470-721e-88e2-b93fb8925f53"},
        {"method": "copied"},
        {"service": "dalle"},
        {"style": "a" * 101},
        {"page_number": 2},
    ],
    ids=str,
)
def test_scene_that_can_not_be_drawn_changes_nothing(
    app: Flask, house: House, alice: Person, painter: Painter, wrong: dict[str, Any]
) -> None:
    """A scene names its page, and a picture to go by only where there is one."""
    story = open_story(alice)
    before = all_there_is(app, house)

    answer = draw_scene(alice, story, **{"scene": MOONLIGHT, **wrong})

    problem(answer, 422)
    assert all_there_is(app, house) == before
    assert painter.asked == []


def test_scene_needs_its_page(alice: Person) -> None:
    """Without a page there is nowhere to hang it."""
    story = open_story(alice)

    answer = alice.post(f"/api/stories/{story}/illustrations", json={"scene": MOONLIGHT})

    assert set(problem(answer, 422)["errors"]["json"]) == {"pageNumber"}


def test_private_picture_of_another_is_no_reference(
    alice: Person, bob: Person, painter: Painter, secret_generation: str
) -> None:
    """To bob, alice's private picture is one that doesn't exist."""
    story = open_story(bob)

    answer = draw_scene(bob, story, referenceImageId=secret_generation)

    assert problem(answer, 422)["detail"] == "referenceImageId: there is no such picture"
    assert painter.asked == []


@pytest.mark.parametrize("name", ["visitor", "bob"])
def test_nobody_else_has_pictures_made_in_a_game(
    request: pytest.FixtureRequest,
    app: Flask,
    house: House,
    alice: Person,
    painter: Painter,
    game: str,
    name: str,
) -> None:
    """Whoever isn't the owner can't spend the owner's money, even in a public game."""
    person = request.getfixturevalue(name)
    before = all_there_is(app, house)

    answers = [generate(person), set_round(person, hidden=True)]

    assert [answer.status_code for answer in answers] == [401 if name == "visitor" else 404] * 2
    assert all_there_is(app, house) == before
    assert painter.asked == []
