"""The search page."""

import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import Browser, alts, heading, text_of
from tests.views.saving import save_generation, save_round_image, show_to


def test_search_without_words_asks_for_some(passer_by: Browser) -> None:
    """The search page by itself asks what one remembers."""
    page = passer_by.page("/search")

    assert heading(page) == "Search"
    assert text_of(page.select_one(".empty h2")) == "What do you remember of it?"


@pytest.mark.parametrize("query", ["kettle", "KETTLE", "kett", "moon kettle", "papercut"])
def test_search_finds_words_of_the_prompt_and_the_model(
    passer_by: Browser, generation: str, query: str
) -> None:
    """A word or its beginning, in any case and order, finds the picture."""
    page = passer_by.page(f"/search?q={query}")

    assert heading(page) == f"“{query}”"
    assert alts(page) == ["A kettle on the moon"]


@pytest.mark.parametrize("query", ["teapot", "kettle teapot", "ettle", '"', "*", "kettle -moon x"])
def test_search_without_a_match_says_so(passer_by: Browser, generation: str, query: str) -> None:
    """Every word has to match, and signs have no power of their own."""
    page = read_search(passer_by, query)

    assert alts(page) == []
    assert text_of(page.select_one(".empty h2")) == "No picture answers to that."


def read_search(browser: Browser, query: str):
    answer = browser.http.get("/search", params={"q": query})
    assert answer.status_code == 200
    return browser.page(str(answer.url))


def test_search_finds_player_card_and_sentence(passer_by: Browser, game: str) -> None:
    """A round's picture is found by who made it and what of."""
    found = [alts(passer_by.page(f"/search?q={word}")) for word in ("fox", "moonlight", "owls")]

    assert found == [["The fox sells moonlight to the owls."]] * 3


def test_search_finds_only_what_the_asker_may_find(
    alice: Person, owner: Browser, passer_by: Browser, secret_generation: str
) -> None:
    """Private and unlisted pictures answer to their owner alone."""
    save_round_image(alice, completed_sentence="A hidden owl.")
    show_to(alice, "unlisted", "game", "TEA")

    own, others = owner.page("/search?q=hidden"), passer_by.page("/search?q=hidden")

    assert sorted(alts(own)) == ["A hidden kettle", "A hidden owl."]
    assert alts(others) == []


def test_search_field_keeps_the_query_as_text(passer_by: Browser) -> None:
    """What was asked for is shown again, and never becomes part of the page."""
    page = read_search(passer_by, '"><script>alert(1)</script>')

    assert page.select_one("#q")["value"] == '"><script>alert(1)</script>'
    assert not any(script.get_text() for script in page.select("script"))


def test_long_result_goes_on_at_its_next_link(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """Following the next link goes on with the same query, and ends."""
    for number in range(49):
        save_generation(alice, prompt=f"Boat {number}", visibility="public")
        clock.move(seconds=1)

    first = passer_by.page("/search?q=boat")
    second = passer_by.page(first.select_one("a[rel=next]")["href"])

    assert alts(first) + alts(second) == [f"Boat {number}" for number in reversed(range(49))]
    assert second.select_one("a[rel=next]") is None
