"""Read pages the way people and browsers do."""

from typing import Any

import httpx
from bs4 import BeautifulSoup, Tag

from tests.conftest import PASSWORD


def read(answer: httpx.Response) -> BeautifulSoup:
    """Return a page that was answered with success."""
    assert answer.status_code == 200, answer.text
    return parse(answer)


def parse(answer: httpx.Response) -> BeautifulSoup:
    """Return whatever page was answered."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return BeautifulSoup(answer.text, "html.parser")


def text_of(part: Tag | None) -> str:
    """Return what a reader reads there, in one line."""
    assert part is not None
    return " ".join(part.get_text(" ").split())


def heading(page: BeautifulSoup) -> str:
    """Return the text of the page's one main heading."""
    (only,) = page.select("h1")
    return text_of(only)


def alts(page: BeautifulSoup) -> list[str]:
    """Return the descriptions of the pictures in the main part."""
    return [image["alt"] for image in page.select("main img.real")]


def facts(page: BeautifulSoup) -> dict[str, str]:
    """Return the page's lists of terms and their values."""
    return {
        text_of(row.select_one("dt")): text_of(row.select_one("dd"))
        for row in page.select("dl.facts > div")
    }


class Browser:
    """Somebody at a browser: known by cookie, sending the forms that pages offer."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def page(self, path: str) -> BeautifulSoup:
        return read(self.get(path))

    def token(self) -> str:
        """Return a CSRF token that is good in this browser."""
        return str(self.page("/login").select_one("input[name=csrf_token]")["value"])

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form that no page needs to show, with a good token."""
        return self.http.post(path, data={"csrf_token": self.token(), **fields})

    def submit(self, path: str, action: str, **changes: Any) -> httpx.Response:
        """Fill the form *action* of the page *path* in and send it, token and all."""
        (form,) = self.page(path).select(f'form[method=post][action="{action}"]')
        return self.http.post(action, data=filled(form) | changes)

    def sign_in(self, email: str) -> None:
        answer = self.submit("/login", "/login", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text


def filled(form: Tag) -> dict[str, str]:
    """Return what a browser sends for a form that nobody touched."""
    fields = {}
    for each in form.select("input[name]"):
        if each.get("type") not in ("radio", "checkbox") or each.has_attr("checked"):
            fields[str(each["name"])] = str(each.get("value", ""))
    for each in form.select("select[name]"):
        chosen = each.select_one("option[selected]") or each.select_one("option")
        fields[str(each["name"])] = str(chosen.get("value", chosen.get_text()))
    return fields
