"""The pages of one session, one game, one story."""

import pytest

from tests.conftest import Person
from tests.views.reading import Browser, alts, heading, text_of
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_round_image,
    save_session_image,
    show_to,
)

TYPES = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")


def test_session_page_hangs_its_five_pictures_in_their_order(
    alice: Person, passer_by: Browser
) -> None:
    """A session's pictures hang main first and comparison last, whenever they were saved."""
    session = open_session(alice, title="Copper kettle", visibility="public")
    for image_type in reversed(TYPES):
        save_session_image(alice, session, image_type, prompt=f"The {image_type}")

    page = passer_by.page(f"/sessions/{session}")

    assert heading(page) == "Copper kettle"
    assert alts(page) == [f"The {image_type}" for image_type in TYPES]


def test_session_page_names_pictures_without_a_prompt(alice: Person, passer_by: Browser) -> None:
    """Who can't see a picture reads which of the session's it is."""
    session = open_session(alice, title="Copper kettle", visibility="public")
    save_session_image(alice, session, "infographic_2")

    page = passer_by.page(f"/sessions/{session}")

    assert alts(page) == ["Second infographic of Copper kettle"]


def test_empty_session_tells_what_will_hang_there(alice: Person, passer_by: Browser) -> None:
    """A session without pictures explains which five belong to it."""
    session = open_session(alice, visibility="public")

    page = passer_by.page(f"/sessions/{session}")

    assert heading(page) == session
    assert text_of(page.select_one(".empty h2")) == "Five places, still empty."


def test_game_page_lists_rounds_in_order(alice: Person, passer_by: Browser, game: str) -> None:
    """A game's page leads to each round, the first one first."""
    save_round_image(alice, number=10)
    save_round_image(alice, number=2)

    page = passer_by.page(f"/games/{game}")

    rounds = [(text_of(each), each["href"]) for each in page.select(".round h2 a")]
    assert rounds == [
        ("Round 1", "/games/TEA/rounds/1"),
        ("Round 2", "/games/TEA/rounds/2"),
        ("Round 10", "/games/TEA/rounds/10"),
    ]


def test_round_page_leads_to_the_rounds_beside_it(
    alice: Person, passer_by: Browser, game: str
) -> None:
    """From a round one goes on to the rounds that there are."""
    save_round_image(alice, number=3)
    save_round_image(alice, number=7)

    page = passer_by.page(f"/games/{game}/rounds/3")

    links = {link["rel"][0]: link["href"] for link in page.select(".pager a")}
    assert links == {"prev": "/games/TEA/rounds/1", "next": "/games/TEA/rounds/7"}


def test_round_page_sets_the_cards_apart(alice: Person, passer_by: Browser, game: str) -> None:
    """In the sentence, the words that the player chose are emphasised."""
    page = passer_by.page(f"/games/{game}/rounds/1")

    sentence = page.select_one(".exhibit-sentence")
    assert text_of(sentence) == "The fox sells moonlight to the owls."
    assert [text_of(each) for each in sentence.select("em")] == ["moonlight"]


def test_round_page_offers_a_signed_download(passer_by: Browser, game: str) -> None:
    """Each picture of a round can be saved by whoever may see it."""
    page = passer_by.page(f"/games/{game}/rounds/1")

    (link,) = [a["href"] for a in page.select(".links-row a") if a["href"].startswith("/d/")]
    answer = passer_by.get(link)
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_story_page_reads_in_page_order(alice: Person, passer_by: Browser) -> None:
    """A story is read page by page, whenever its pages were drawn."""
    story = open_story(alice, title="The lighthouse", visibility="public")
    for page_number in (3, 1, 2):
        illustrate(alice, story, page_number, description=f"Page {page_number} of the tale")

    page = passer_by.page(f"/stories/{story}")

    assert heading(page) == "The lighthouse"
    assert [text_of(each) for each in page.select(".story-text")] == [
        "Page 1 of the tale",
        "Page 2 of the tale",
        "Page 3 of the tale",
    ]
    assert alts(page) == ["Page 1 of the tale", "Page 2 of the tale", "Page 3 of the tale"]


def test_empty_story_says_so(alice: Person, passer_by: Browser) -> None:
    """A story whose first page is still being drawn has a page all the same."""
    story = open_story(alice, title="The lighthouse")

    page = passer_by.page(f"/stories/{story}")

    assert text_of(page.select_one(".empty h2")) == "Once upon a time…"


@pytest.mark.parametrize("kind", ["session", "game", "story"])
def test_private_gallery_is_a_404_to_others(
    request: pytest.FixtureRequest, alice: Person, owner: Browser, stranger: Browser, kind: str
) -> None:
    """What is private looks to others as if it didn't exist."""
    slug = request.getfixturevalue(kind)
    path = {"session": "/sessions/", "game": "/games/", "story": "/stories/"}[kind] + slug
    show_to(alice, "private", kind, slug)

    statuses = owner.get(path).status_code, stranger.get(path).status_code

    assert statuses == (200, 404)


@pytest.mark.parametrize("kind", ["session", "game", "story"])
def test_only_the_owner_is_offered_to_share(
    request: pytest.FixtureRequest, owner: Browser, stranger: Browser, kind: str
) -> None:
    """The forms for sharing a gallery are on its owner's page alone."""
    slug = request.getfixturevalue(kind)
    path = {"session": "/sessions/", "game": "/games/", "story": "/stories/"}[kind] + slug

    own = owner.page(path).select("main form")
    others = stranger.page(path).select("main form")

    assert {form["action"] for form in own} == {
        f"/galleries/{kind}/{slug}/links",
        f"/galleries/{kind}/{slug}/visibility",
    }
    assert others == []


@pytest.mark.parametrize("path", ["/sessions/nope", "/games/NOPE", "/stories/nope"])
def test_gallery_that_is_not_there_is_a_404_page(passer_by: Browser, path: str) -> None:
    """A wrong address says so, and shows the way back."""
    answer = passer_by.get(path)

    assert answer.status_code == 404
    assert "Not found" in answer.text
