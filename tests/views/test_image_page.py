"""The page of one picture: what it is, when it goes, what its owner may do."""

import json

import pytest
from PIL.PngImagePlugin import PngInfo

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.reading import Browser, alts, facts, heading, text_of
from tests.views.saving import (
    illustrate,
    open_session,
    save_generation,
    save_round_image,
    save_session_image,
)


def test_page_shows_the_picture_with_its_prompt_as_heading(
    passer_by: Browser, generation: str
) -> None:
    """A generation is headed by its prompt, and hangs with it as description."""
    page = passer_by.page(f"/images/{generation}")

    assert heading(page) == "A kettle on the moon"
    assert alts(page) == ["A kettle on the moon"]
    image = page.select_one("main img.real")
    assert (image["width"], image["height"]) == ("48", "32")


def test_page_tells_how_the_picture_was_made(alice: Person, passer_by: Browser) -> None:
    """Model, service, style, category, parameters and the time are told."""
    made = save_generation(
        alice,
        service="press",
        style="gouache",
        category="kitchen",
        negative_prompt="no people",
        parameters=json.dumps({"seed": 7, "cfg_scale": 4.5}),
        generated_at="2026-03-01T10:00:00Z",
        visibility="public",
    )

    page = passer_by.page(f"/images/{made['id']}")

    assert facts(page) | {
        "Model": "papercut-1",
        "Service": "press",
        "Style": "gouache",
        "Category": "kitchen",
        "Seed": "7",
        "Cfg scale": "4.5",
        "Made": "1 Mar 2026, 10:00 UTC",
        "Size": "48 × 32 pixels",
        "Format": "PNG",
        "Visibility": "Public",
        "SHA-256": made["sha256"],
    } == facts(page)
    assert "no people" in page.get_text()


def test_page_tells_what_the_generator_wrote_into_the_file(
    alice: Person, passer_by: Browser
) -> None:
    """Embedded metadata is shown as read and as written."""
    written = PngInfo()
    written.add_text("parameters", "A fjord\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 48x32")
    made = save_generation(alice, picture(pnginfo=written), visibility="public")

    page = passer_by.page(f"/images/{made['id']}")

    told = facts(page)
    assert told["Sampler"] == "Euler a"
    assert told["Steps"] == "20"
    assert told["parameters"].startswith("A fjord Steps: 20")


def test_text_in_a_picture_stays_text(alice: Person, passer_by: Browser) -> None:
    """Markup in a prompt or in the file is shown, and never becomes part of the page."""
    written = PngInfo()
    written.add_text("parameters", "<script>alert(1)</script>{{7*7}}\nSteps: 20")
    made = save_generation(
        alice,
        picture(pnginfo=written),
        prompt="<img src=x onerror=alert(1)>",
        visibility="public",
    )

    page = passer_by.page(f"/images/{made['id']}")

    assert heading(page) == "<img src=x onerror=alert(1)>"
    assert page.select("[onerror]") == []
    assert not any(script.get_text() for script in page.select("script"))
    assert "<script>alert(1)</script>{{7*7}}" in page.get_text()


def test_page_says_when_and_why_the_picture_goes(passer_by: Browser, generation: str) -> None:
    """A picture's keeping time is told as a day and as a span."""
    page = passer_by.page(f"/images/{generation}")

    assert text_of(page.select_one(".retention")) == (
        "Goes on 13 April 2026, 30 days after it was made, unless somebody keeps it."
    )


def test_page_says_that_a_kept_picture_stays(
    alice: Person, passer_by: Browser, generation: str
) -> None:
    """A kept picture doesn't expire, and says so."""
    alice.patch(f"/api/images/{generation}", json={"keep": True})

    page = passer_by.page(f"/images/{generation}")

    assert text_of(page.select_one(".retention")) == "Kept for good: it does not expire."


def test_page_says_that_the_time_is_over(
    passer_by: Browser, generation: str, clock: FixedClock
) -> None:
    """Between the end of its time and the sweep, a picture says that it is about to go."""
    clock.move(days=30)

    page = passer_by.page(f"/images/{generation}")

    assert text_of(page.select_one(".retention")) == (
        "Its time was over on 13 April 2026; the next sweep removes it."
    )


@pytest.fixture
def row(alice: Person, clock: FixedClock) -> list[str]:
    """Three pictures in a round, in the order in which they came."""
    ids = []
    for player in ("fox", "heron", "wren"):
        ids.append(save_round_image(alice, player=player)["id"])
        clock.move(seconds=1)
    return ids


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, {"next": 1}), (1, {"prev": 0, "next": 2}), (2, {"prev": 1})],
)
def test_page_leads_to_the_pictures_beside_it(
    passer_by: Browser, row: list[str], place: int, expected: dict[str, int]
) -> None:
    """In a round one walks from picture to picture, and stops at the ends."""
    page = passer_by.page(f"/images/{row[place]}")

    links = {link["rel"][0]: link["href"] for link in page.select("nav.pager a")}
    assert links == {name: f"/images/{row[index]}" for name, index in expected.items()}


def test_generations_are_walked_from_new_to_old(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """Among generations, the next one is the older one, as in their list."""
    ids = []
    for _ in range(3):
        ids.append(save_generation(alice, visibility="public")["id"])
        clock.move(seconds=1)

    page = passer_by.page(f"/images/{ids[1]}")

    assert page.select_one("a[rel=prev]")["href"] == f"/images/{ids[2]}"
    assert page.select_one("a[rel=next]")["href"] == f"/images/{ids[0]}"


def test_walk_leaves_out_what_the_asker_does_not_find(
    alice: Person, passer_by: Browser, generation: str, clock: FixedClock
) -> None:
    """A private picture is no neighbour to a visitor."""
    clock.move(seconds=1)
    save_generation(alice)

    page = passer_by.page(f"/images/{generation}")

    assert page.select("nav.pager a") == []


def test_page_names_the_round_that_it_belongs_to(passer_by: Browser, row: list[str]) -> None:
    """From a player's picture one goes to its game and its round."""
    page = passer_by.page(f"/images/{row[0]}")

    links = [link["href"] for link in page.select(".placard .kicker a")]
    assert links == ["/games/TEA", "/games/TEA/rounds/1"]
    assert text_of(page.select_one(".byline")) == "fox"


def test_page_offers_the_picture_itself(passer_by: Browser, generation: str) -> None:
    """A picture can be saved, and looked at as it is."""
    page = passer_by.page(f"/images/{generation}")

    download, original = (link["href"] for link in page.select(".actions a"))
    answers = passer_by.get(download), passer_by.get(original)
    assert answers[0].headers["Content-Disposition"].startswith("attachment")
    assert answers[1].headers["Content-Disposition"].startswith("inline")
    assert answers[0].content == answers[1].content == picture()


def test_only_the_owner_is_offered_forms(
    owner: Browser, stranger: Browser, passer_by: Browser, generation: str
) -> None:
    """Keep, delete and sign are on the owner's page, and on nobody else's."""
    path = f"/images/{generation}"
    forms = [
        {form["action"] for form in browser.page(path).select("main form")}
        for browser in (owner, stranger, passer_by)
    ]

    assert forms == [{f"{path}/links", f"{path}/keep", f"{path}/delete"}, set(), set()]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("session", "Main picture of Copper kettle"),
        ("round", "The picture of fox in round 1"),
        ("generation", "A generated picture"),
    ],
)
def test_picture_without_a_prompt_is_described_by_what_it_is(
    alice: Person, owner: Browser, kind: str, expected: str
) -> None:
    """Every picture has a description, whatever its front end told."""
    if kind == "session":
        session = open_session(alice, title="Copper kettle")
        image = save_session_image(alice, session)
    elif kind == "round":
        image = save_round_image(alice, completed_sentence="", cards=[])
    else:
        image = save_generation(alice, prompt="")

    page = owner.page(f"/images/{image['id']}")

    assert alts(page) == [expected]


def test_illustration_without_a_description_is_named_by_its_page(
    alice: Person, owner: Browser, story: str
) -> None:
    """A story's picture without a text says which page it illustrates."""
    image = illustrate(alice, story, 4, description="")

    page = owner.page(f"/images/{image['id']}")

    assert alts(page) == ["Illustration of page 4"]


def test_long_prompt_is_shortened_in_the_description_alone(
    alice: Person, passer_by: Browser
) -> None:
    """A description has at most 240 characters; the page has the whole prompt."""
    prompt = "kettle " * 100
    made = save_generation(alice, prompt=prompt, visibility="public")

    page = passer_by.page(f"/images/{made['id']}")

    assert len(alts(page)[0]) <= 240
    assert alts(page)[0].endswith("…")
    assert text_of(page.select_one("#prompt")) == prompt.strip()
