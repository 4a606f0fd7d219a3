"""The main way, in a real browser against the real server: home, a round, a download."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import PASSWORD
from tests.pictures import picture

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
GALLERY = Path(sys.executable).parent / "gallery"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("GALLERY_REQUIRE_BROWSER"):
            pytest.fail("GALLERY_REQUIRE_BROWSER is set, and no Chromium is installed")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``gallery serve`` over a gallery that has one round of a public game."""
    instance = tmp_path_factory.mktemp("served")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environ = os.environ | {
        "INSTANCE_PATH": str(instance),
        "PORT": str(port),
        "GALLERY_PASSWORD": PASSWORD,
    }
    run = {"env": environ, "check": True, "capture_output": True, "text": True}
    subprocess.run([GALLERY, "db", "upgrade"], **run)
    subprocess.run([GALLERY, "users", "create", "alice@gallery.example"], **run)
    made = subprocess.run(
        [GALLERY, "keys", "create", "test", "--owner", "alice@gallery.example"], **run
    )
    server = subprocess.Popen(
        [GALLERY, "serve"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        _hang_round(address, made.stdout.strip())
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not become ready")


def _hang_round(address: str, key: str) -> None:
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as http:
        for player in ("fox", "heron"):
            http.put(
                f"/api/games/TEA/rounds/1/players/{player}/image",
                files={"image": ("p.jpg", picture("JPEG", size=(900, 600)), "image/jpeg")},
                data={"completed_sentence": f"The {player} sells moonlight."},
            ).raise_for_status()
        http.patch("/api/galleries/game/TEA", json={"visibility": "public"}).raise_for_status()


@pytest.fixture
def page(browser: Browser, served: str) -> Iterator[Page]:
    """A page whose console must stay silent: the CSP forbids nothing that it needs."""
    context = browser.new_context(base_url=served, accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _decoded(page: Page) -> int:
    """Return how many of the page's large pictures the browser has decoded."""
    page.wait_for_load_state("networkidle")
    return page.evaluate(
        "[...document.querySelectorAll('main img')]"
        ".filter(i => i.complete && i.naturalWidth > 100).length"
    )


def test_visitor_goes_from_home_to_a_round_and_downloads_a_picture(page: Page, served: str) -> None:
    """The main way works by clicking, and the file that arrives is the stored one."""
    page.goto("/")
    assert _decoded(page) >= 2

    page.get_by_role("link", name="Games", exact=True).click()
    page.get_by_role("link", name="TEA", exact=True).first.click()
    page.get_by_role("main").get_by_role("link", name="Round 1").first.click()
    assert _decoded(page) == 2
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").first.click()

    file = waiting.value
    stored = httpx.get(f"{served}/generated-images/TEA/1/fox.jpg")
    assert file.suggested_filename == "The fox sells moonlight.jpg"
    assert hashlib.sha256(Path(file.path()).read_bytes()).hexdigest() == stored.headers[
        "ETag"
    ].strip('"')


def test_round_shows_its_pictures_without_javascript(browser: Browser, served: str) -> None:
    """A visitor whose browser runs no scripts sees every picture of a round."""
    context = browser.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()

    page.goto("/games/TEA/rounds/1")

    page.wait_for_load_state("networkidle")
    assert page.locator("main img[alt^='The ']").count() == 2
    context.close()


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
    page.goto("/login")
    page.get_by_label("Email").fill("alice@gallery.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.goto("/games/TEA/rounds/1")
    page.get_by_role("link", name="About").first.click()

    page.get_by_role("button", name="Keep").first.click()

    assert "does not expire" in page.get_by_role("main").inner_text()
