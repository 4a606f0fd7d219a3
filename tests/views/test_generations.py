"""The list of single generations, with its filters."""

import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import Browser, alts, heading, text_of
from tests.views.saving import save_generation


@pytest.fixture
def shelf(alice: Person, clock: FixedClock) -> None:
    """Three public generations of two models and two categories."""
    for prompt, model, category in (
        ("Paper boat", "papercut-1", "sea"),
        ("Ink boat", "ink-2", "sea"),
        ("Ink cat", "ink-2", "animals"),
    ):
        save_generation(alice, prompt=prompt, model=model, category=category, visibility="public")
        clock.move(seconds=1)


def test_empty_list_says_so(passer_by: Browser) -> None:
    """A list without generations explains that they are private by default."""
    page = passer_by.page("/generations/")

    assert heading(page) == "Generations"
    assert text_of(page.select_one(".empty h2")) == "No generations on show."
    assert page.select("form.filters") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Ink cat", "Ink boat", "Paper boat"]),
        ("?model=ink-2", ["Ink cat", "Ink boat"]),
        ("?category=sea", ["Ink boat", "Paper boat"]),
        ("?model=ink-2&category=sea", ["Ink boat"]),
        ("?model=&category=animals", ["Ink cat"]),
    ],
)
def test_filters_narrow_the_list(
    passer_by: Browser, shelf: None, query: str, expected: list[str]
) -> None:
    """Model and category narrow the list, alone and together."""
    page = passer_by.page(f"/generations/{query}")

    assert alts(page) == expected


def test_filter_form_offers_what_there_is_and_remembers_the_choice(
    passer_by: Browser, shelf: None
) -> None:
    """The form lists the models and categories on show, with the chosen ones selected."""
    page = passer_by.page("/generations/?model=ink-2")

    options = [text_of(each) for each in page.select("select[name=model] option")]
    assert options == ["All", "ink-2", "papercut-1"]
    categories = [text_of(each) for each in page.select("select[name=category] option")]
    assert categories == ["All", "animals", "sea"]
    assert [text_of(each) for each in page.select("option[selected]")] == ["ink-2"]


def test_filters_without_a_match_say_so(passer_by: Browser, shelf: None) -> None:
    """Filters that nothing matches offer to show everything."""
    page = passer_by.page("/generations/?model=papercut-1&category=animals")

    assert text_of(page.select_one(".empty h2")) == "Nothing matches both."
    assert page.select_one(".empty a")["href"] == "/generations/"


def test_filter_form_does_not_tell_of_private_models(
    alice: Person, passer_by: Browser, shelf: None
) -> None:
    """A model that only private pictures name isn't offered to others."""
    save_generation(alice, model="secret-9", visibility="private")

    page = passer_by.page("/generations/")

    assert "secret-9" not in page.get_text()


def test_next_page_goes_on_with_the_same_filter(
    alice: Person, passer_by: Browser, clock: FixedClock
) -> None:
    """Following the next link shows each picture of the filter once, and ends."""
    save_generation(alice, prompt="Cat", model="other", visibility="public")
    for number in range(50):
        fields = {"prompt": f"Boat {number}", "model": "ink-2", "visibility": "public"}
        save_generation(alice, **fields)
        clock.move(seconds=1)

    first = passer_by.page("/generations/?model=ink-2")
    second = passer_by.page(first.select_one("a[rel=next]")["href"])

    assert alts(first) + alts(second) == [f"Boat {number}" for number in reversed(range(50))]
    assert len(alts(first)) == 48
    assert second.select_one("a[rel=next]") is None


def test_cursor_that_is_none_is_a_400_page(passer_by: Browser) -> None:
    """A cursor that no page gave out is refused with a page that says so."""
    answer = passer_by.get("/generations/?cursor=nonsense")

    assert answer.status_code == 400
    assert "The cursor is not valid" in answer.text
