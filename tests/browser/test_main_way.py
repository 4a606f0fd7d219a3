"""The main way: home, a round, a download; a picture opened large; an owner at work."""

import hashlib
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.looking import expect_drawn

pytestmark = pytest.mark.browser


def test_visitor_goes_from_home_to_a_round_and_downloads_a_picture(page: Page, served: str) -> None:
    """The main way works by clicking, and the file that arrives is the stored one."""
    page.goto("/")
    expect_drawn(page, number=2)

    page.get_by_role("link", name="Games", exact=True).click()
    page.get_by_role("link", name="TEA", exact=True).first.click()
    page.get_by_role("main").get_by_role("link", name="Round 1").first.click()
    expect_drawn(page, "sells moonlight", number=2)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the picture").first.click()

    file = waiting.value
    stored = httpx.get(f"{served}/generated-images/TEA/1/fox.jpg")
    assert file.suggested_filename == "The fox sells moonlight.jpg"
    assert hashlib.sha256(Path(file.path()).read_bytes()).hexdigest() == stored.headers[
        "ETag"
    ].strip('"')


def test_round_shows_its_pictures_without_javascript(plain_page: Page) -> None:
    """A visitor whose browser runs no scripts sees every picture of a round."""
    plain_page.goto("/games/TEA/rounds/1")

    expect(plain_page.locator("main img[alt^='The ']")).to_have_count(2)


def test_lightbox_opens_and_closes_by_keyboard(page: Page) -> None:
    """A picture opens large with Enter, and Escape leads back to where the visitor was."""
    page.goto("/games/TEA/rounds/1")
    picture_link = page.locator("main a[data-zoom]").first
    picture_link.focus()

    page.keyboard.press("Enter")
    lightbox = page.locator(".pswp")
    page.locator(".pswp:focus").wait_for()
    page.keyboard.press("Escape")

    lightbox.wait_for(state="detached")
    assert page.url.endswith("/games/TEA/rounds/1")


def test_going_back_closes_the_lightbox_and_stays_on_the_page(page: Page) -> None:
    """On a phone, the way out of a large picture is the back button."""
    page.goto("/games/TEA")
    page.goto("/games/TEA/rounds/1")
    page.locator("main a[data-zoom]").first.click()
    page.locator(".pswp:focus").wait_for()

    page.go_back()

    page.locator(".pswp").wait_for(state="detached")
    assert page.url.endswith("/games/TEA/rounds/1")


def test_owner_signs_in_and_keeps_a_picture(page: Page) -> None:
    """The owner signs in with a form, and keeps a picture with a button."""
    sign_in(page)
    page.goto("/games/TEA/rounds/1")
    page.get_by_role("link", name="About").first.click()

    page.get_by_role("button", name="Keep").first.click()

    expect(page.get_by_role("main")).to_contain_text("does not expire")
