"""Pictures one after another, a page to each: a round's reveal, and a story that is read."""

from typing import Any

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FixedClock, Person
from tests.views.asking import WAIT, Painter, draw_scene, generate, set_round
from tests.views.reading import Browser, read, text_of
from tests.views.saving import illustrate, open_story, save_round_image, show_to

REVEAL = "/games/TEA/rounds/1/reveal"
HOSTILE = '<script>alert(1)</script> "quoted" & <img src=x onerror=alert(2)> {{ 7*7 }}'


def turned(page: BeautifulSoup) -> dict[str, str | None]:
    """Return where the page leads to by plain links: back, on, and out."""
    found = {rel: page.select_one(f'a[rel="{rel}"]') for rel in ("prev", "next")}
    return {rel: str(link["href"]) if link else None for rel, link in found.items()}


def shown(page: BeautifulSoup) -> list[str]:
    """Return what the pictures show, in words, in the order in which they hang."""
    described = page.select("main img[alt]:not([alt=''])")
    return list(dict.fromkeys(str(image["alt"]) for image in described))


class TestReveal:
    """A round with the pictures of three players."""

    PLAYERS = ("fox", "owl", "elk")

    @pytest.fixture(autouse=True)
    def played(self, alice: Person, clock: FixedClock) -> None:
        for player in self.PLAYERS:
            clock.move(seconds=1)
            save_round_image(alice, player=player, completed_sentence=f"What the {player} sells.")

    @pytest.mark.parametrize(("at", "player"), [(1, "fox"), (2, "owl"), (3, "elk")])
    def test_step_shows_one_picture_with_its_sentence_and_player(
        self, passer_by: Browser, at: int, player: str
    ) -> None:
        """Pictures are revealed in the order in which they came, one to a step."""
        page = passer_by.page(f"{REVEAL}?at={at}")

        assert shown(page) == [f"What the {player} sells."]
        words = text_of(page.select_one("main"))
        assert player in words
        assert f"What the {player} sells." in words

    def test_title_comes_before_all_pictures(self, passer_by: Browser) -> None:
        """The reveal opens with a card that gives nothing away."""
        page = passer_by.page(REVEAL)

        assert shown(page) == []
        assert "sells" not in text_of(page.select_one("main"))

    def test_end_shows_all_pictures_together(self, passer_by: Browser) -> None:
        """After the last picture, all of them hang side by side."""
        page = passer_by.page(f"{REVEAL}?at=4")

        assert shown(page) == [f"What the {player} sells." for player in self.PLAYERS]

    def test_plain_links_lead_through_all_steps_and_back(self, passer_by: Browser) -> None:
        """Who runs no scripts turns by links: from the title to the end, and back again."""
        way, path = [], REVEAL
        while path:
            way.append(path)
            path = turned(passer_by.page(path))["next"]
        back, path = [], way[-1]
        while path:
            back.append(path)
            path = turned(passer_by.page(path))["prev"]

        assert way == [REVEAL, *(f"{REVEAL}?at={step}" for step in (1, 2, 3, 4))]
        assert back == [f"{REVEAL}?at={step}" for step in (4, 3, 2, 1, 0)]

    @pytest.mark.parametrize("at", ["", "x", "-1", "1.5", "%D9%A1", "9" * 7])
    def test_step_that_is_none_is_the_title_or_the_nearest(
        self, passer_by: Browser, at: str
    ) -> None:
        """A broken address still opens the reveal."""
        assert passer_by.get(f"{REVEAL}?at={at}").status_code == 200

    def test_step_beyond_the_end_is_the_end(self, passer_by: Browser) -> None:
        """A picture that was deleted meanwhile leaves nobody in the void."""
        late, end = (passer_by.page(f"{REVEAL}?at={step}") for step in (99, 4))

        assert shown(late) == shown(end)
        assert turned(late)["next"] is None

    def test_way_out_leads_to_the_round(self, passer_by: Browser) -> None:
        """Each step has a link back to the round."""
        pages = [passer_by.page(f"{REVEAL}?at={step}") for step in range(5)]

        assert all(page.select('a[href="/games/TEA/rounds/1"]') for page in pages)

    def test_unfinished_picture_is_no_step(self, alice: Person, painter: Painter) -> None:
        """Only pictures that are there are revealed."""
        painter.reason = "No."
        generate(alice, "hen", sentence="Nothing.", headers=WAIT)

        page = read(alice.get(f"{REVEAL}?at=4"))

        assert shown(page) == [f"What the {player} sells." for player in self.PLAYERS]

    def test_hidden_round_is_revealed_to_its_host_alone(
        self, alice: Person, passer_by: Browser, owner: Browser
    ) -> None:
        """The host may look ahead; to everybody else there is no such page."""
        set_round(alice, hidden=True)

        assert passer_by.get(REVEAL).status_code == 404
        assert shown(owner.page(f"{REVEAL}?at=1")) == ["What the fox sells."]

    @pytest.mark.parametrize("path", ["/games/TEA/rounds/2/reveal", "/games/TEB/rounds/1/reveal"])
    def test_round_that_is_not_there_is_a_404(self, passer_by: Browser, path: str) -> None:
        """There is nothing to reveal."""
        assert passer_by.get(path).status_code == 404

    def test_round_page_offers_the_reveal(self, passer_by: Browser) -> None:
        """Who finds the round finds its reveal."""
        page = passer_by.page("/games/TEA/rounds/1")

        assert page.select(f'a[href="{REVEAL}"]') != []


def test_round_without_pictures_has_no_reveal(alice: Person, visitor: Person) -> None:
    """Expected players alone are nothing to look at."""
    set_round(alice, players=["fox"])

    assert visitor.get(REVEAL).status_code == 404


class TestReader:
    """A story whose third page was drawn before its second."""

    @pytest.fixture
    def tale(self, alice: Person) -> str:
        story = open_story(alice, title="The lighthouse", visibility="public")
        for page in (1, 3, 2):
            illustrate(alice, story, page, description=f"Scene {page}.")
        return f"/stories/{story}"

    @pytest.mark.parametrize("page", [1, 2, 3])
    def test_page_shows_its_picture_and_text(
        self, passer_by: Browser, tale: str, page: int
    ) -> None:
        """A page has the picture of its place in the story, and what is told there."""
        answer = passer_by.page(f"{tale}/pages/{page}")

        assert shown(answer) == [f"Scene {page}."]
        assert f"Scene {page}." in text_of(answer.select_one("main"))

    def test_plain_links_lead_through_all_pages_and_back(
        self, passer_by: Browser, tale: str
    ) -> None:
        """Who runs no scripts turns pages by links."""
        found = [turned(passer_by.page(f"{tale}/pages/{page}")) for page in (1, 2, 3)]

        assert found == [
            {"prev": None, "next": f"{tale}/pages/2"},
            {"prev": f"{tale}/pages/1", "next": f"{tale}/pages/3"},
            {"prev": f"{tale}/pages/2", "next": None},
        ]

    @pytest.mark.parametrize("page", ["0", "4", "x", "-1", "01", "9999999", "1/2", "%D9%A1"])
    def test_page_that_is_not_there_is_a_404(
        self, passer_by: Browser, tale: str, page: str
    ) -> None:
        """Before the first and beyond the last there is nothing."""
        assert passer_by.get(f"{tale}/pages/{page}").status_code == 404

    def test_story_page_leads_to_its_first_page(self, passer_by: Browser, tale: str) -> None:
        """Who finds the story can begin to read."""
        assert passer_by.page(tale).select(f'a[href="{tale}/pages/1"]') != []

    def test_way_out_leads_to_the_story(self, passer_by: Browser, tale: str) -> None:
        """Each page has a link back to the story at a glance."""
        pages = [passer_by.page(f"{tale}/pages/{page}") for page in (1, 2, 3)]

        assert all(page.select(f'a[href="{tale}"]') for page in pages)


def test_story_without_pictures_has_no_pages(alice: Person, visitor: Person) -> None:
    """There is nothing to read yet, and the story's page offers nothing."""
    story = open_story(alice, visibility="public")

    page = read(visitor.get(f"/stories/{story}"))

    assert visitor.get(f"/stories/{story}/pages/1").status_code == 404
    assert page.select(f'a[href="/stories/{story}/pages/1"]') == []


def test_unfinished_picture_is_no_page(alice: Person, visitor: Person, painter: Painter) -> None:
    """A page whose picture failed is told on the story's page, and is none of the reader's."""
    story = open_story(alice, visibility="public")
    illustrate(alice, story, 1, description="Scene 1.")
    painter.reason = "The service refused."
    draw_scene(alice, story, pageNumber=2, headers=WAIT)

    page = read(visitor.get(f"/stories/{story}"))

    assert visitor.get(f"/stories/{story}/pages/2").status_code == 404
    assert "The service refused." in text_of(page.select_one("main"))


@pytest.mark.parametrize("step", range(3))
def test_reveal_shows_hostile_texts_as_texts(alice: Person, passer_by: Browser, step: int) -> None:
    """A sentence with markup in it is read as it was written, and makes no element."""
    save_round_image(
        alice, completed_sentence=HOSTILE, cards=["<b>card</b>"], art_style=HOSTILE[:90]
    )

    page = passer_by.page(f"{REVEAL}?at={step}")

    assert dangers(page) == []
    assert step != 1 or HOSTILE in texts(page)


def test_reader_shows_hostile_texts_as_texts(alice: Person, passer_by: Browser) -> None:
    """A scene and a title with markup in them are read as they were written."""
    story = open_story(alice, title=HOSTILE, visibility="public")
    illustrate(alice, story, description=HOSTILE)

    page = passer_by.page(f"/stories/{story}/pages/1")

    assert dangers(page) == []
    assert HOSTILE in texts(page)


def test_reason_of_a_failure_is_shown_as_text(
    alice: Person, passer_by: Browser, painter: Painter
) -> None:
    """What a provider says is no more trusted than what users write."""
    painter.reason = HOSTILE
    generate(alice, headers=WAIT)

    page = passer_by.page("/games/TEA/rounds/1")

    assert dangers(page) == []
    assert HOSTILE in texts(page)


def dangers(page: BeautifulSoup) -> list[Any]:
    """Return elements that no page of ours has: scripts with content, handlers, foreign images."""
    scripts = [each for each in page.select("script") if each.get_text(strip=True)]
    handlers = [
        each for each in page.select("main *") if any(a.startswith("on") for a in each.attrs)
    ]
    return [*scripts, *handlers, *page.select('img[src="x"]')]


def texts(page: BeautifulSoup) -> str:
    return text_of(page.select_one("main"))


def test_private_story_is_read_by_its_owner_alone(
    alice: Person, visitor: Person, story: str
) -> None:
    """What can't be seen can't be read."""
    show_to(alice, "private", "story", story)

    found = [person.get(f"/stories/{story}/pages/1").status_code for person in (alice, visitor)]

    assert found == [200, 404]
