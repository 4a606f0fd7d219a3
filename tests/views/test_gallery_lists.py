"""The lists of sessions, games and stories."""

import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import Browser, heading, text_of
from tests.views.saving import open_session, open_story, save_round_image, show_to

EMPTY = {
    "/sessions/": ("Sessions", "No sessions on show."),
    "/games/": ("Games", "No games on show."),
    "/stories/": ("Stories", "No stories on show."),
}


@pytest.mark.parametrize("path", EMPTY)
def test_empty_list_says_so(passer_by: Browser, path: str) -> None:
    """A list without anything to show is headed all the same, and explains itself."""
    page = passer_by.page(path)

    assert (heading(page), text_of(page.select_one(".empty h2"))) == EMPTY[path]


def test_session_card_has_title_and_count(passer_by: Browser, session: str) -> None:
    """A session's card leads to it, and counts its pictures."""
    card = passer_by.page("/sessions/").select_one(".gallery-card")

    assert text_of(card.select_one("h2 a")) == "Copper kettle"
    assert card.select_one("h2 a")["href"] == f"/sessions/{session}"
    assert text_of(card.select_one(".tile-meta")) == "1 picture 14 Mar 2026, 15:09 UTC"


def test_game_card_counts_rounds_and_pictures(alice: Person, passer_by: Browser, game: str) -> None:
    """A game without a title goes by its code; rounds and pictures are counted."""
    save_round_image(alice, number=2, player="heron")
    save_round_image(alice, number=2, player="wren")

    card = passer_by.page("/games/").select_one(".gallery-card")

    assert text_of(card.select_one("h2")) == "TEA"
    assert text_of(card.select_one(".tile-meta")).startswith("2 rounds · 3 pictures")


def test_previews_are_decoration(passer_by: Browser, story: str) -> None:
    """A card's previews aren't read aloud; its title says what it is."""
    card = passer_by.page("/stories/").select_one(".gallery-card")

    assert [image["alt"] for image in card.select("img.real")] == [""]


def test_newest_gallery_comes_first(alice: Person, passer_by: Browser, clock: FixedClock) -> None:
    """Lists go from new to old."""
    for title in ("First", "Second", "Third"):
        open_story(alice, title=title, visibility="public")
        clock.move(seconds=1)

    titles = [text_of(each) for each in passer_by.page("/stories/").select("h2")]

    assert titles == ["Third", "Second", "First"]


def test_long_list_goes_on_at_its_next_link(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """Following the next link shows each gallery once, and ends."""
    for number in range(26):
        open_session(alice, title=f"Session {number}", visibility="public")
        clock.move(seconds=1)

    first = passer_by.page("/sessions/")
    second = passer_by.page(first.select_one("a[rel=next]")["href"])

    titles = [text_of(each) for page in (first, second) for each in page.select("h2")]
    assert titles == [f"Session {number}" for number in reversed(range(26))]
    assert len(first.select(".gallery-card")) == 24
    assert second.select_one("a[rel=next]") is None


@pytest.mark.parametrize(
    ("visibility", "seen_by_owner", "seen_by_others"),
    [("public", 1, 1), ("unlisted", 1, 0), ("private", 1, 0)],
)
def test_list_holds_what_the_asker_finds(
    alice: Person,
    owner: Browser,
    stranger: Browser,
    session: str,
    visibility: str,
    seen_by_owner: int,
    seen_by_others: int,
) -> None:
    """Owners find all that is theirs; others only what is public."""
    show_to(alice, visibility, "session", session)

    own, others = owner.page("/sessions/"), stranger.page("/sessions/")

    assert len(own.select(".gallery-card")) == seen_by_owner
    assert len(others.select(".gallery-card")) == seen_by_others


def test_list_tags_what_others_do_not_find(owner: Browser, alice: Person, session: str) -> None:
    """An owner sees at a glance which of their galleries are private."""
    show_to(alice, "private", "session", session)

    card = owner.page("/sessions/").select_one(".gallery-card")

    assert text_of(card.select_one(".tag")) == "Private"
