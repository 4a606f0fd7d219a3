"""A round's page that somebody leaves open: what happens shows by itself."""

from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, sign_in
from tests.browser.looking import expect_drawn, has_stayed, stay
from tests.conftest import Person
from tests.pictures import picture
from tests.views.saving import save_round_image

pytestmark = pytest.mark.browser
GAMES = count(1)


def change_round(alice: Person, code: str, **changes: Any) -> str:
    """Change what the host of a game's first round decides, and return the round's page."""
    alice.patch(f"/api/games/{code}/rounds/1", json=changes).raise_for_status()
    return f"/games/{code}/rounds/1"


def save(alice: Person, code: str, *players: str) -> None:
    """Save a picture for each of the players."""
    for player in players:
        save_round_image(
            alice,
            code,
            player=player,
            content=picture("JPEG", size=(300, 200)),
            completed_sentence=f"What the {player} sells.",
        )


class TestExpectedPlayer:
    """A round in which the fox is done, and the owl still draws."""

    @pytest.fixture
    def code(self) -> str:
        """A game of this test's own."""
        return f"LIVE-{next(GAMES)}"

    @pytest.fixture
    def page(self, page: Page, alice: Person, code: str) -> Page:
        round_page = change_round(alice, code, players=["fox", "owl"])
        save(alice, code, "fox")
        page.goto(round_page)
        expect(page.locator("[data-live-words]")).to_have_text("1 picture · owl is still drawing")
        expect_drawn(page, "What the fox sells.")
        stay(page)
        return page

    def test_picture_appears_by_itself(self, page: Page, alice: Person, code: str) -> None:
        """What the last player finishes hangs on the open page, and takes the empty frame away."""
        save(alice, code, "owl")

        expect_drawn(page, "What the owl sells.")
        expect(page.get_by_text("is still drawing")).to_have_count(0)
        assert has_stayed(page)

    def test_change_is_announced(self, page: Page, alice: Person, code: str) -> None:
        """Who doesn't see the wall hears how many pictures hang there now."""
        save(alice, code, "owl")

        expect(page.get_by_role("status")).to_have_text("2 pictures")

    def test_what_hangs_already_is_left_alone(self, page: Page, alice: Person, code: str) -> None:
        """Who reads the first player's links by keyboard doesn't lose their place."""
        link = page.get_by_role("link", name="Download the picture by fox")
        link.focus()

        save(alice, code, "owl")

        expect_drawn(page, "What the owl sells.")
        expect(link).to_be_focused()

    def test_picture_that_the_gallery_draws_appears(
        self, page: Page, alice: Person, code: str
    ) -> None:
        """A picture that is asked for is drawn in the background, and hangs when it is done."""
        path = f"/api/games/{code}/rounds/1/players/owl/generate"
        alice.post(path, json={"sentence": "The owl sells a lighthouse."}).raise_for_status()

        expect_drawn(page, "The owl sells a lighthouse.")
        assert has_stayed(page)


class TestHiddenRound:
    """A round that its host hides until everybody is ready."""

    PLAYERS = ("zephyrine", "barnabas")

    def hang(self, alice: Person, code: str, *, hidden: bool) -> str:
        round_page = change_round(alice, code, hidden=hidden)
        save(alice, code, *self.PLAYERS)
        return round_page

    def test_curtain_tells_nothing_but_the_number(self, page: Page, alice: Person) -> None:
        """A visitor sees as many curtains as there are pictures, and nobody's name."""
        round_page = self.hang(alice, "VEIL", hidden=True)

        page.goto(round_page)

        expect(page.get_by_role("status")).to_have_text("2 pictures behind the curtain")
        expect(page.locator(".covered")).to_have_count(2)
        content = page.content()
        assert [name for name in (*self.PLAYERS, "sells") if name in content] == []

    def test_reveal_opens_every_page_by_itself(
        self, page: Page, open_page: OpenPage, alice: Person
    ) -> None:
        """The host presses a button, and the pictures hang before whoever waits."""
        round_page = self.hang(alice, "OPEN", hidden=True)
        page.goto(round_page)
        expect(page.locator(".covered")).to_have_count(2)
        stay(page)
        host = open_page()
        sign_in(host)
        host.goto(round_page)

        host.get_by_role("button", name="Reveal to everybody").click()

        expect_drawn(page, "What the ", number=2)
        expect(page.locator(".covered")).to_have_count(0)
        expect(page.get_by_role("status")).to_have_text("2 pictures")
        assert has_stayed(page)

    def test_curtain_falls_by_itself(self, page: Page, open_page: OpenPage, alice: Person) -> None:
        """What the host hides again goes from pages that are open."""
        round_page = self.hang(alice, "FALL", hidden=False)
        page.goto(round_page)
        expect_drawn(page, "What the ", number=2)
        stay(page)
        host = open_page()
        sign_in(host)
        host.goto(round_page)

        host.get_by_role("button", name="Hide until the reveal").click()

        expect(page.locator(".covered")).to_have_count(2)
        expect(page.get_by_role("main").get_by_role("img")).to_have_count(0)
        assert has_stayed(page)
