"""A round's reveal: turned by links, keys, fingers, the browser's buttons, or by itself."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.looking import expect_drawn, expect_place, has_stayed, stay
from tests.conftest import Person
from tests.pictures import picture
from tests.views.saving import save_round_image

pytestmark = pytest.mark.browser
ROUND = "/games/MASKS/rounds/1"
REVEAL = f"{ROUND}/reveal"
PLAYERS = ("fox", "owl", "elk")
TITLE, FIRST, SECOND, THIRD, END = (
    "Round 1", "Picture 1 of 3", "Picture 2 of 3", "Picture 3 of 3", "That was round 1.",
)  # fmt: skip
MIDDLE = 360


@pytest.fixture(scope="module", autouse=True)
def played(served: str, alice: Person) -> None:
    """A round with the pictures of three players."""
    for player in PLAYERS:
        save_round_image(
            alice,
            "MASKS",
            player=player,
            content=picture("JPEG", size=(300, 200)),
            completed_sentence=f"What the {player} sells.",
        )


def open_step(page: Page, step: int) -> None:
    """Open a step of the reveal, and mark the document."""
    page.goto(f"{REVEAL}?at={step}")
    stay(page)


def swipe(page: Page, *, across: int, down: int = 0) -> None:
    """Draw a finger over the screen, so many pixels across and down."""
    left, top = 640 - across / 2, MIDDLE - down / 2
    screen = page.context.new_cdp_session(page)
    for kind, part in (("touchStart", 0.0), ("touchMove", 0.5), ("touchMove", 1.0)):
        finger = {"x": left + across * part, "y": top + down * part}
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [finger]})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    screen.detach()


def test_begin_shows_the_first_picture_in_place(page: Page) -> None:
    """From the title, Begin leads to the first picture, with its player, on the same document."""
    open_step(page, 0)

    page.get_by_role("link", name="Begin").click()

    expect_place(page, FIRST)
    expect_drawn(page, "What the fox sells.")
    expect(page.get_by_role("main")).to_contain_text("made by fox")
    assert page.url.endswith(f"{REVEAL}?at=1")
    assert has_stayed(page)


@pytest.mark.parametrize(
    ("key", "place", "step"),
    [
        ("ArrowRight", THIRD, 3),
        ("Space", THIRD, 3),
        ("Enter", THIRD, 3),
        ("ArrowLeft", FIRST, 1),
        ("Home", TITLE, 0),
        ("End", END, 4),
    ],
)
def test_key_turns_in_place(page: Page, key: str, place: str, step: int) -> None:
    """From the second picture, a key leads on, back, or to an end, on the same document."""
    open_step(page, 2)

    page.keyboard.press(key)

    expect_place(page, place)
    assert page.url.endswith(f"{REVEAL}?at={step}")
    assert has_stayed(page)


def test_escape_leads_to_the_round(page: Page) -> None:
    """The key that closes things closes the reveal."""
    open_step(page, 2)

    page.keyboard.press("Escape")

    page.wait_for_url(f"**{ROUND}")


def test_arrow_with_a_modifier_turns_nothing(page: Page) -> None:
    """Keys that are pressed together belong to the browser."""
    open_step(page, 2)

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")

    expect_place(page, FIRST)


def test_going_back_and_forward_turns_in_place(page: Page) -> None:
    """The browser's own buttons go from step to step, and not out of the reveal."""
    open_step(page, 0)
    for place in (FIRST, SECOND):
        page.keyboard.press("ArrowRight")
        expect_place(page, place)

    page.go_back()
    expect_place(page, FIRST)
    page.go_forward()

    expect_place(page, SECOND)
    assert has_stayed(page)


class TestFingers:
    """A screen that is touched."""

    @pytest.fixture
    def page(self, open_page: OpenPage) -> Page:
        page = open_page(has_touch=True)
        open_step(page, 2)
        return page

    @pytest.mark.parametrize(("across", "place"), [(-200, THIRD), (200, FIRST)])
    def test_swipe_turns_in_place(self, page: Page, across: int, place: str) -> None:
        """A finger that draws to the left turns on, and one to the right turns back."""
        swipe(page, across=across)

        expect_place(page, place)
        assert has_stayed(page)

    def test_scrolling_turns_nothing(self, page: Page) -> None:
        """A finger that goes down, if a bit askew, leaves the picture where it is."""
        swipe(page, across=-90, down=200)
        swipe(page, across=200)

        expect_place(page, FIRST)

    @pytest.mark.parametrize(("x", "place"), [(1240, THIRD), (40, FIRST)])
    def test_tap_turns_by_the_half_that_is_touched(self, page: Page, x: int, place: str) -> None:
        """The right half of the screen leads on, and the left half back."""
        page.touchscreen.tap(x, MIDDLE)

        expect_place(page, place)
        assert has_stayed(page)


class TestAutoplay:
    """A reveal that plays by itself, in a browser whose clock is the test's to move."""

    @pytest.fixture
    def page(self, page: Page) -> Page:
        page.clock.install()
        open_step(page, 1)
        button = page.get_by_role("button", name="Play by itself")
        expect(button).to_have_attribute("aria-pressed", "false")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        return page

    def test_pictures_follow_one_another_to_the_end(self, page: Page) -> None:
        """Every six seconds comes the next, and at the end nothing plays any more."""
        for place in (SECOND, THIRD, END):
            page.clock.fast_forward(6000)
            expect_place(page, place)

        button = page.get_by_role("button", name="Play by itself")
        expect(button).to_have_attribute("aria-pressed", "false")
        assert has_stayed(page)

    def test_turning_by_hand_ends_it(self, page: Page) -> None:
        """Who takes over isn't turned away from what they went back to."""
        page.keyboard.press("ArrowRight")
        expect_place(page, SECOND)

        page.clock.fast_forward(60_000)
        page.keyboard.press("ArrowLeft")

        expect_place(page, FIRST)
        button = page.get_by_role("button", name="Play by itself")
        expect(button).to_have_attribute("aria-pressed", "false")

    def test_button_ends_it(self, page: Page) -> None:
        """The button that began it ends it."""
        button = page.get_by_role("button", name="Play by itself")

        button.click()

        expect(button).to_have_attribute("aria-pressed", "false")
        page.clock.fast_forward(60_000)
        page.keyboard.press("ArrowLeft")
        expect_place(page, TITLE)


class TestReadAloud:
    """What somebody notices who doesn't see the screen."""

    def test_step_is_announced(self, page: Page) -> None:
        """The place, the sentence and the player are told, with pauses between them."""
        open_step(page, 0)
        expect(page.get_by_role("status")).to_have_text("")

        page.keyboard.press("ArrowRight")

        told = "Picture 1 of 3. What the fox sells. made by fox."
        expect(page.get_by_role("status")).to_have_text(told)

    def test_next_keeps_the_focus(self, page: Page) -> None:
        """Who pressed Next may press it again: it is still under their finger."""
        open_step(page, 1)
        page.get_by_role("link", name="Next").focus()

        page.keyboard.press("Enter")

        expect_place(page, SECOND)
        expect(page.get_by_role("link", name="Next")).to_be_focused()

    def test_focus_is_not_lost_with_its_link(self, page: Page) -> None:
        """Where what was pressed is gone, the page's content has the focus."""
        open_step(page, 0)

        page.get_by_role("link", name="Begin").click()

        expect_place(page, FIRST)
        expect(page.get_by_role("main")).to_be_focused()

    def test_title_of_the_tab_tells_the_place(self, page: Page) -> None:
        """A tab and an entry of the history are called by their step."""
        open_step(page, 1)

        page.keyboard.press("ArrowRight")

        expect(page).to_have_title("Picture 2 of 3 · MASKS · Gallery")


class TestWithoutJavaScript:
    """A browser that runs no scripts."""

    def test_links_lead_through_every_step(self, plain_page: Page) -> None:
        """From the round to the title, on to the end by links alone, and back to the round."""
        plain_page.goto(ROUND)

        plain_page.get_by_role("link", name="Play the reveal").click()
        expect_place(plain_page, TITLE)
        plain_page.get_by_role("link", name="Begin").click()
        expect_place(plain_page, FIRST)
        for place in (SECOND, THIRD, END):
            plain_page.get_by_role("link", name="Next").click()
            expect_place(plain_page, place)
        plain_page.get_by_role("link", name="Back", exact=True).click()
        expect_place(plain_page, THIRD)
        plain_page.get_by_role("link", name="Close").click()

        plain_page.wait_for_url(f"**{ROUND}")

    def test_picture_shows_at_once(self, plain_page: Page) -> None:
        """Sentence, picture and player are seen, and what would need a script isn't offered."""
        plain_page.goto(f"{REVEAL}?at=2")

        expect(plain_page.get_by_role("img", name="What the owl sells.")).to_be_visible()
        expect(plain_page.get_by_text("made by owl")).to_be_visible()
        expect(plain_page.get_by_text("Play by itself")).to_be_hidden()
