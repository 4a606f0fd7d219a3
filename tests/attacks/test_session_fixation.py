"""Cookies that an attacker planted, copied or kept: none of them is anybody's sign-in."""

from collections.abc import Iterator

import pytest

from tests.conftest import PASSWORD, Person, client_of
from tests.views.conftest import browsing
from tests.views.reading import Browser

ATTACK = "planted and copied cookies"
NEW_PASSWORD = "a much better password"


@pytest.fixture
def attacker(address: str) -> Iterator[Browser]:
    """Somebody at another browser."""
    yield from browsing(address)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def copied(browser: Browser, address: str) -> Browser:
    """Return another browser with the same cookies."""
    http = client_of(address)
    http.cookies.update(browser.http.cookies)
    return Browser(http)


def test_planted_cookie_signs_nobody_in(
    attacker: Browser, passer_by: Browser, alice: Person
) -> None:
    """Who signs in in a browser with the attacker's cookie has another one afterwards."""
    token = attacker.token()
    passer_by.http.cookies.update(attacker.http.cookies)
    planted = passer_by.http.cookies["gallery"]

    passer_by.sign_in(alice.email)

    assert passer_by.http.cookies["gallery"] != planted
    assert is_signed_in(passer_by)
    assert not is_signed_in(attacker)
    forged = passer_by.http.post("/account/sessions/end-others", data={"csrf_token": token})
    assert forged.status_code == 400


def test_planted_sign_in_is_left_behind(
    attacker: Browser, passer_by: Browser, alice: Person, bob: Person
) -> None:
    """Who was signed in as somebody else by a planted cookie is themselves after signing in."""
    attacker.sign_in(bob.email)
    passer_by.http.cookies.update(attacker.http.cookies)

    passer_by.sign_in(alice.email)

    assert alice.email in passer_by.get("/account").text
    assert not is_signed_in(attacker)


def test_two_cookies_of_one_name_are_no_third(
    attacker: Browser, owner: Browser, bob: Person
) -> None:
    """A planted cookie beside the real one leads to one of the two, and to nobody else."""
    attacker.sign_in(bob.email)
    mine, planted = owner.http.cookies["gallery"], attacker.http.cookies["gallery"]

    for order in ((mine, planted), (planted, mine)):
        cookies = "; ".join(f"gallery={each}" for each in order)
        answer = attacker.http.get("/account", headers={"Cookie": cookies})
        assert answer.status_code == 200
        assert ("bob@gallery" in answer.text) != ("alice@gallery" in answer.text)


def test_sign_out_ends_every_copy(owner: Browser, address: str) -> None:
    """A cookie that was copied before is worth nothing after the sign-out."""
    copy = copied(owner, address)
    assert is_signed_in(copy)

    owner.submit("/", "/logout")

    assert not is_signed_in(copy)
    copy.http.close()


def test_new_password_ends_every_copy(owner: Browser, address: str) -> None:
    """Whoever copied a cookie before the password changed has nothing; its owner goes on."""
    copy = copied(owner, address)

    owner.post("/account/password", old_password=PASSWORD, new_password=NEW_PASSWORD)

    assert is_signed_in(owner)
    assert not is_signed_in(copy)
    copy.http.close()


def test_what_a_page_told_once_is_not_told_to_who_comes_next(
    owner: Browser, alice: Person, bob: Person
) -> None:
    """A fresh link waits in the cookie for its page; the next sign-in in that browser has none."""
    session = alice.post("/api/sessions", json={"visibility": "public"}).json()["id"]
    owner.post(f"/galleries/session/{session}/links", expires_in="3600")

    owner.sign_in(bob.email)

    assert "fresh-link" not in owner.get(f"/sessions/{session}").text
    owner.submit("/", "/logout")
    owner.sign_in(alice.email)
    assert "fresh-link" not in owner.get(f"/sessions/{session}").text
