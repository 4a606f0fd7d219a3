"""Texts that are attacks, in a real browser: they are read, and nothing of them runs."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, sign_in
from tests.conftest import Person
from tests.reliability import tell
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    show_to,
)

pytestmark = pytest.mark.browser
# Each would set `run` on the window, if anything of it ran.
ATTACK = (
    "<script>window.run=1</script>"
    '"><img src=x onerror=window.run=1>'
    "'><svg/onload=window.run=1>"
    "</title></textarea><iframe srcdoc='<script>parent.run=1</script>'></iframe>"
    "<a href=javascript:window.run=1>{{7*7}}"
)
PAGES = (
    "/",
    "/games/HOSTILE",
    "/games/HOSTILE/rounds/1",
    "/games/HOSTILE/rounds/1/reveal?at=1",
    "/games/HOSTILE/rounds/1/reveal?at=2",
    "/sessions/{session}",
    "/stories/{story}",
    "/stories/{story}/pages/1",
    "/images/{image}",
    "/generations/",
    "/search?q=window",
    "/search?q=%3Cscript%3Ewindow.run=1%3C/script%3E",
    "/login?next=/%22%3E%3Cscript%3Ewindow.run=1%3C/script%3E",
    "/nowhere/%3Cscript%3Ewindow.run=1%3C/script%3E",
)
# A page that is missing is told of in the console by every browser.
ALLOWED = r"Failed to load resource: .* 404"


@pytest.fixture(scope="module")
def places(alice: Person) -> dict[str, str]:
    """Everything that hangs, with the attack in every text."""
    words = dict.fromkeys(("prompt", "negative_prompt"), ATTACK)
    words |= dict.fromkeys(("model", "service", "style", "category"), ATTACK[:95])
    session = open_session(alice, title=ATTACK[:190], visibility="public")
    save_session_image(alice, session, **words)
    save_round_image(alice, "HOSTILE", completed_sentence=ATTACK, cards=["<b>card</b>"], **words)
    alice.patch("/api/galleries/game/HOSTILE", json={"title": ATTACK[:190]})
    show_to(alice, "public", "game", "HOSTILE")
    story = open_story(alice, title=ATTACK[:190], visibility="public")
    illustrate(alice, story, **words | {"description": ATTACK})
    image = save_generation(alice, visibility="public", **words)["id"]
    return {"session": session, "story": story, "image": image}


def look_around(page: Page, places: dict[str, str]) -> int:
    """Open all pages, point at what can be pointed at, and return how many there were."""
    for path in PAGES:
        page.goto(path.format(**places))
        page.wait_for_load_state("load")
        assert page.evaluate("window.run") is None, path
        assert page.locator("iframe, a[href^='javascript:'], img[src='x']").count() == 0, path
    return len(PAGES)


def test_nothing_that_was_written_runs(open_page: OpenPage, places: dict[str, str]) -> None:
    """Not even to the owner, whose pages show most: no script, no dialog, nothing to stop."""
    page = open_page(allowed=re.compile(ALLOWED))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    sign_in(page)
    seen = look_around(page, places)

    assert dialogs == []
    tell("attacks", "pages in a browser with attacks in every text", {"nothing ran": seen})


def test_attack_is_read_in_the_lightbox(open_page: OpenPage, places: dict[str, str]) -> None:
    """What scripts of ours put together out of a page stays text as well."""
    page = open_page(allowed=re.compile(ALLOWED))
    page.goto("/games/HOSTILE/rounds/1")

    page.locator("main a[data-zoom]").first.click()
    page.locator(".pswp:focus").wait_for()
    page.locator(".pswp-caption").wait_for()

    assert "<script>" in page.locator(".pswp-caption").inner_text()
    assert page.evaluate("window.run") is None
    assert page.locator(".pswp-caption script, .pswp-caption iframe").count() == 0
