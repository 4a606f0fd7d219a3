"""The story reader: a page of the story to a screen, turned by keys or by links."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import expect_drawn, expect_place, has_stayed, stay
from tests.conftest import Person
from tests.pictures import picture
from tests.views.saving import illustrate, open_story

pytestmark = pytest.mark.browser
PAGES = 8


@pytest.fixture(scope="module")
def story(served: str, alice: Person) -> str:
    """The address of a story with eight pages."""
    story = open_story(alice, title="The lighthouse", visibility="public")
    for page in range(1, PAGES + 1):
        content = picture(size=(300, 200), colour=(20 * page, 80, 40))
        illustrate(alice, story, page, content, description=f"Scene {page}.")
    return f"/stories/{story}"


def open_leaf(page: Page, story: str, number: int) -> None:
    """Open a page of the story, and mark the document."""
    page.goto(f"{story}/pages/{number}")
    stay(page)


@pytest.mark.parametrize(("key", "number"), [("ArrowRight", 4), ("ArrowLeft", 2)])
def test_arrow_turns_the_page_in_place(page: Page, story: str, key: str, number: int) -> None:
    """An arrow shows the next picture or the one before, on the same document."""
    open_leaf(page, story, 3)

    page.keyboard.press(key)

    expect_place(page, f"Page {number} of 8")
    expect_drawn(page, f"Scene {number}.")
    assert page.url.endswith(f"{story}/pages/{number}")
    assert has_stayed(page)


@pytest.mark.parametrize(("link", "number"), [("Next", 4), ("Back", 2), ("Page 7", 7)])
def test_link_turns_the_page_in_place(page: Page, story: str, link: str, number: int) -> None:
    """The links at the foot of a page do what the arrows do, and a stroke leads anywhere."""
    open_leaf(page, story, 3)
    expect(page.get_by_text("3 of 8", exact=True)).to_be_visible()

    page.get_by_role("link", name=link).click()

    expect(page.get_by_text(f"{number} of 8", exact=True)).to_be_visible()
    expect_drawn(page, f"Scene {number}.")
    assert has_stayed(page)


def test_last_page_leads_back_to_the_story(page: Page, story: str) -> None:
    """At the end nothing follows, and the story is told to be over."""
    open_leaf(page, story, PAGES - 1)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("The end.", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Next")).to_have_count(0)

    page.get_by_role("link", name="Back to the story").click()

    page.wait_for_url(f"**{story}")


def test_story_can_be_read_again_from_its_end(page: Page, story: str) -> None:
    """Children ask for it."""
    open_leaf(page, story, PAGES)

    page.get_by_role("link", name="Read it again").click()

    expect_place(page, "Page 1 of 8")
    assert has_stayed(page)


def test_escape_leads_to_the_story(page: Page, story: str) -> None:
    """The key that closes things closes the book."""
    open_leaf(page, story, 3)

    page.keyboard.press("Escape")

    page.wait_for_url(f"**{story}")


def test_keys_belong_to_the_large_picture_while_it_is_open(page: Page, story: str) -> None:
    """Arrows turn no page behind it, and Escape closes it before it closes the book."""
    open_leaf(page, story, 3)
    page.locator("main a[data-zoom]").click()
    page.locator(".pswp:focus").wait_for()

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.locator(".pswp").wait_for(state="detached")
    page.keyboard.press("ArrowRight")

    expect_place(page, "Page 4 of 8")
    assert has_stayed(page)


def test_going_back_turns_back_in_place(page: Page, story: str) -> None:
    """The browser's own button goes to the page that was read before."""
    open_leaf(page, story, 3)
    page.get_by_role("link", name="Page 7").click()
    expect_place(page, "Page 7 of 8")

    page.go_back()

    expect_place(page, "Page 3 of 8")
    assert has_stayed(page)


def test_page_is_announced(page: Page, story: str) -> None:
    """Who doesn't see the page turn hears its place and its text."""
    open_leaf(page, story, 3)

    page.keyboard.press("ArrowRight")

    expect(page.get_by_role("status")).to_have_text("Page 4 of 8. Scene 4.")


def test_story_is_read_without_javascript(plain_page: Page, story: str) -> None:
    """By links alone one reads from the story's page to its end, and comes back."""
    plain_page.goto(story)

    plain_page.get_by_role("link", name="Read page by page").click()
    for number in range(1, PAGES):
        expect_place(plain_page, f"Page {number} of 8")
        expect(plain_page.get_by_role("img", name=f"Scene {number}.")).to_be_visible()
        plain_page.get_by_role("link", name="Next").click()
    expect_place(plain_page, "Page 8 of 8")
    plain_page.get_by_role("link", name="Back to the story").click()

    plain_page.wait_for_url(f"**{story}")
