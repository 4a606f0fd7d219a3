"""Sell things at a browser: the forms of products, filled in and sent."""

from typing import Any

import httpx
from bs4 import BeautifulSoup

from tests.pictures import picture
from tests.views.reading import Browser, parse, text_of

TEXT = "A stoneware mug with a dipped glaze."
COLOURS = ((200, 80, 40), (40, 120, 90), (90, 60, 160))


def photo(number: int = 0, **options: Any) -> bytes:
    """Return one of several photos that differ."""
    return picture("JPEG", size=(60, 40), colour=COLOURS[number % len(COLOURS)], **options)


def files(*contents: bytes, field: str = "images[]") -> list[tuple[str, tuple[str, bytes, str]]]:
    """Return photos as a form sends them, named by their places from 1."""
    return [
        (field, (f"photo-{number}.jpg", content, "image/jpeg"))
        for number, content in enumerate(contents, 1)
    ]


def send(
    browser: Browser, *contents: bytes, text: str = TEXT, to: str = "/products/", **fields: Any
) -> httpx.Response:
    """Send a form with photos, as a browser without scripts does."""
    data = {"csrf_token": browser.token(), "prompt_text": text, **fields}
    return browser.http.post(to, data=data, files=files(*contents))


def sell(browser: Browser, *contents: bytes, text: str = TEXT, **fields: Any) -> str:
    """Make a product and return the path of its page."""
    answer = send(browser, *(contents or (photo(),)), text=text, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def move(browser: Browser, path: str, *statuses: str) -> None:
    """Move a product on, status by status."""
    for status in statuses:
        answer = browser.post(f"{path}/status", status=status)
        assert answer.status_code == 303, answer.text


def errors(answer: httpx.Response) -> dict[str, str]:
    """Return what a refused form's page says is wrong, by field."""
    page = parse(answer)
    return {
        str(place["data-error"]): text_of(place)
        for place in page.select("[data-error]")
        if text_of(place)
    }


def file_errors(answer: httpx.Response) -> list[str]:
    """Return what a refused form's page says of single files."""
    return [text_of(each) for each in parse(answer).select("[data-file-errors] li")]


def actions(page: BeautifulSoup) -> list[str]:
    """Return where the forms of a page's main part are sent."""
    return [str(form["action"]) for form in page.select("main form")]


def texts(page: BeautifulSoup) -> list[str]:
    """Return the texts of the products that a list shows."""
    return [text_of(each) for each in page.select("main article h2")]
