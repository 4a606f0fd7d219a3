"""A real Chromium before the real server; whatever page it opens, its console stays silent."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.server import EMAIL, PATIENCE_SECONDS, Instance, set_up
from tests.browser.server import served as serve
from tests.conftest import PASSWORD, Person, client_of, find_program
from tests.databases import Databases
from tests.pictures import picture
from tests.views.saving import save_round_image, show_to

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
OpenPage = Callable[..., Page]
NOTHING = re.compile(r"(?!)")
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = find_program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def instance_served(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[Instance]:
    """The instance that ``gallery serve`` serves; after the browser, for without it we skip."""
    with databases.empty(tmp_path_factory.mktemp("served")) as folder:
        instance = set_up(folder)
        with serve(instance):
            yield instance


@pytest.fixture(scope="package")
def alice(instance_served: Instance) -> Iterator[Person]:
    """She owns what hangs, and saves by key."""
    with client_of(instance_served.address, timeout=PATIENCE_SECONDS) as http:
        yield Person(http=http, email=EMAIL, key=instance_served.key)


@pytest.fixture(scope="package")
def served(instance_served: Instance, alice: Person) -> str:
    """The address of a gallery that has one round of a public game."""
    for player in ("fox", "heron"):
        save_round_image(
            alice,
            player=player,
            content=picture("JPEG", size=(900, 600)),
            completed_sentence=f"The {player} sells moonlight.",
        )
    show_to(alice, "public", "game", "TEA")
    return instance_served.address


@pytest.fixture
def open_page(browser: Browser, served: str) -> Iterator[OpenPage]:
    """Open a page in a context of its own; its console must stay silent to the end.

    What matches ``allowed`` may be said: browsers themselves tell of every refusal.
    """
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(_silent_page(browser, served, **options))


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page whose console must stay silent: the CSP forbids nothing that it needs."""
    return open_page()


@pytest.fixture
def plain_page(open_page: OpenPage) -> Page:
    """A page of a browser that runs no scripts."""
    return open_page(java_script_enabled=False)


@contextmanager
def _silent_page(
    browser: Browser, address: str, *, allowed: re.Pattern[str] = NOTHING, **options: Any
) -> Iterator[Page]:
    context = browser.new_context(base_url=address, accept_downloads=True, **options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [told for told in complaints if not allowed.match(told)] == []


def sign_in(page: Page) -> None:
    """Sign in as alice, with the form."""
    page.goto("/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
