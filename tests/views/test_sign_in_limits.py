"""Guessing passwords is slow, and keeps nobody out of their own account for good."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Flask

from gallery.errors import SignInBusy, TooManyRequests
from gallery.extensions import House
from gallery.services.accounts import LOGIN_RATES, Caller, passwords
from gallery.services.limits import Rate
from tests.conftest import PASSWORD, FixedClock, Person, client_of
from tests.views.programs import Program
from tests.views.reading import Browser, parse, text_of

# Few, since each try costs a slow hash.
ADDRESS_TRIES, ACCOUNT_TRIES, EVERYWHERE_TRIES = 3, 4, 6


class Guesser:
    """Somebody with as many addresses as they like, behind the one proxy that is believed."""

    def __init__(self, address: str) -> None:
        self.address = address

    def guess(self, email: str, place: str, password: str = "wrong horse") -> httpx.Response:
        with client_of(self.address, headers={"X-Forwarded-For": place}, timeout=30) as http:
            return Program(http, email).sign_in(password)

    def use_up(self, email: str) -> None:
        """Use all tries up that unknown places have for an account."""
        for turn in range(EVERYWHERE_TRIES):
            assert self.guess(email, f"198.51.{turn}.1").status_code == 401
        assert self.guess(email, "198.51.200.1").status_code == 429


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"TRUSTED_PROXIES": 1, "RATE_LIMIT_LOGIN": f"{ADDRESS_TRIES}/minute"}


@pytest.fixture(autouse=True)
def few_tries(app: Flask) -> None:
    rates = app.extensions["gallery"].limits.rates
    rates["login-account"] = Rate(ACCOUNT_TRIES, 15 * 60)
    rates["login-everywhere"] = Rate(EVERYWHERE_TRIES, 60 * 60)


@pytest.fixture
def guesser(address: str) -> Guesser:
    return Guesser(address)


@pytest.fixture
def browser(address: str) -> Iterator[Browser]:
    """A browser at an address of its own."""
    with client_of(address, headers={"X-Forwarded-For": "203.0.113.7"}) as http:
        yield Browser(http)


def test_one_address_has_few_tries(guesser: Guesser, alice: Person) -> None:
    """Whomever it tries, it is told when to come back."""
    for turn in range(ADDRESS_TRIES):
        assert guesser.guess(f"user{turn}@gallery.example", "203.0.113.1").status_code == 401

    answer = guesser.guess(alice.email, "203.0.113.1")

    assert answer.status_code == 429
    assert answer.json()["type"] == "urn:gallery:too-many-requests"
    assert answer.headers["Retry-After"] == "60"


def test_limit_is_over_after_its_time(guesser: Guesser, alice: Person, clock: FixedClock) -> None:
    """Who was told to come back may come back then."""
    for turn in range(ADDRESS_TRIES + 1):
        guesser.guess(f"user{turn}@gallery.example", "203.0.113.1")
    clock.move(seconds=60)

    assert guesser.guess(alice.email, "203.0.113.1", PASSWORD).status_code == 200


def test_right_password_does_not_help_who_guessed_too_often(
    guesser: Guesser, alice: Person
) -> None:
    """An answer that differed would tell that the password was found."""
    for _ in range(ADDRESS_TRIES):
        guesser.guess(alice.email, "203.0.113.1")

    assert guesser.guess(alice.email, "203.0.113.1", PASSWORD).status_code == 429


def test_own_account_buys_no_tries_at_others(guesser: Guesser, alice: Person, bob: Person) -> None:
    """Signing in properly in between doesn't clear the count of an address."""
    answers = []
    for _ in range(2):
        answers.append(guesser.guess(bob.email, "203.0.113.1", PASSWORD).status_code)
        answers.append(guesser.guess(alice.email, "203.0.113.1").status_code)

    assert answers == [200, 401, 200, 429]


def test_one_network_of_ipv6_is_one_address(guesser: Guesser, alice: Person) -> None:
    """A customer's whole /64 shares its tries."""
    for turn in range(ADDRESS_TRIES):
        guesser.guess(alice.email, f"2001:db8::{turn}")

    assert guesser.guess(alice.email, "2001:db8::ffff").status_code == 429
    assert guesser.guess(alice.email, "2001:db8:0:1::1").status_code == 401


def test_account_has_few_tries_from_one_place(
    guesser: Guesser, alice: Person, clock: FixedClock
) -> None:
    """Patience doesn't help: after a few guesses at one account a quarter of an hour passes."""
    for _ in range(ACCOUNT_TRIES):
        clock.move(seconds=61)
        assert guesser.guess(alice.email, "203.0.113.1").status_code == 401
    clock.move(seconds=61)

    refused = guesser.guess(alice.email, "203.0.113.1", PASSWORD).status_code
    clock.move(minutes=15)

    assert refused == 429
    assert guesser.guess(alice.email, "203.0.113.1", PASSWORD).status_code == 200


def test_success_clears_the_accounts_count(
    guesser: Guesser, alice: Person, clock: FixedClock
) -> None:
    """Somebody who mistypes now and then is never kept out."""
    for _ in range(3):
        for _ in range(2):
            guesser.guess(alice.email, "203.0.113.1")
        assert guesser.guess(alice.email, "203.0.113.1", PASSWORD).status_code == 200
        clock.move(minutes=1)


def test_strangers_keep_nobody_out_from_elsewhere(
    guesser: Guesser, alice: Person, browser: Browser
) -> None:
    """Who uses up the tries of one address uses up no other's."""
    for _ in range(ACCOUNT_TRIES + 1):
        guesser.guess(alice.email, "203.0.113.66")

    browser.sign_in(alice.email)


@pytest.mark.parametrize("email", ["alice@gallery.example", "nobody@gallery.example"])
def test_thousand_addresses_share_few_tries(guesser: Guesser, alice: Person, email: str) -> None:
    """All unknown places share an account's tries, whether anybody has it or not."""
    guesser.use_up(email)

    assert guesser.guess(email, "198.51.201.1").headers["Retry-After"] == "3600"


def test_owner_signs_in_in_a_browser_that_they_used(
    guesser: Guesser, alice: Person, browser: Browser
) -> None:
    """While an account is attacked, its owner's browser has tries of its own, wherever it is."""
    browser.sign_in(alice.email)
    browser.submit("/", "/logout")
    guesser.use_up(alice.email)
    browser.http.headers["X-Forwarded-For"] = "192.0.2.99"

    browser.sign_in(alice.email)

    assert guesser.guess(alice.email, "198.51.202.1").status_code == 429


def test_owner_signs_in_from_a_network_that_they_used(
    guesser: Guesser, alice: Person, browser: Browser
) -> None:
    """A program, or a new browser, gets in where its owner signed in before."""
    browser.sign_in(alice.email)
    guesser.use_up(alice.email)

    elsewhere = guesser.guess(alice.email, "192.0.2.99", PASSWORD)
    at_home = guesser.guess(alice.email, "203.0.113.7", PASSWORD)

    assert (elsewhere.status_code, at_home.status_code) == (429, 200)


def test_device_cookie_is_for_one_account_alone(
    guesser: Guesser, alice: Person, bob: Person, browser: Browser
) -> None:
    """Who signed in as bob is a stranger to alice's account."""
    browser.sign_in(bob.email)
    guesser.use_up(alice.email)

    answer = browser.submit("/login", "/login", email=alice.email, password=PASSWORD)

    assert answer.status_code == 429


def test_known_browser_has_few_tries_too(alice: Person, browser: Browser) -> None:
    """A stolen device cookie is no way to guess without end."""
    browser.sign_in(alice.email)
    browser.submit("/", "/logout")

    answers = [
        browser.submit("/login", "/login", email=alice.email, password="guess").status_code
        for _ in range(ACCOUNT_TRIES + 1)
    ]

    assert answers == [401] * ACCOUNT_TRIES + [429]


@pytest.mark.parametrize("cookie", ["x", "WyJhIiwiYiJd.x", "é" * 9, "." * 4000])
def test_forged_device_cookie_is_a_strangers(
    guesser: Guesser, alice: Person, browser: Browser, cookie: str
) -> None:
    """A cookie that was not signed here gives nothing, and breaks nothing."""
    for _ in range(ADDRESS_TRIES):
        guesser.guess("x@gallery.example", "203.0.113.7")
    form = {"email": alice.email, "password": PASSWORD, "csrf_token": browser.token()}
    own = f"gallery={browser.http.cookies['gallery']}"

    answer = browser.http.post(
        "/login", data=form, headers={"Cookie": f"{own}; gallery-device={cookie}".encode()}
    )

    assert answer.status_code == 429


def test_page_says_when_to_come_back(guesser: Guesser, alice: Person, browser: Browser) -> None:
    """People are told on the form, with what they typed still in it."""
    for _ in range(ADDRESS_TRIES):
        guesser.guess(alice.email, "203.0.113.7")

    answer = browser.submit("/login", "/login", email=alice.email, password=PASSWORD)

    page = parse(answer)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert text_of(page.select_one("[role=alert]")) == (
        "That was tried too often. Try again in 1 minute,"
        " or in a browser in which you signed in before."
    )
    assert page.select_one("#email")["value"] == alice.email


def test_counts_are_those_that_are_promised() -> None:
    """Ten tries a quarter of an hour for a place, a hundred an hour for all unknown ones."""
    assert {name: str(rate) for name, rate in LOGIN_RATES.items()} == {
        "login-account": "10/15 minutes",
        "login-known": "30/15 minutes",
        "login-everywhere": "100/hour",
    }


@pytest.mark.usefixtures("inside")
def test_known_browsers_of_one_account_have_a_limit_together(house: House, alice: Person) -> None:
    """Signing in again and again, they must not fill the line for everybody else."""
    callers = [
        Caller(address="10.0.0.1", device=house.entrance.devices.sign(alice.email))
        for _ in range(31)
    ]
    attempts = [house.entrance.attempt(alice.email, each, now=house.now()) for each in callers]
    for attempt in attempts[:30]:
        with attempt:
            pass

    with pytest.raises(TooManyRequests):
        attempts[30].__enter__()


def test_address_that_no_database_can_be_asked_for_is_a_wrong_one(visitor: Person) -> None:
    """Half a surrogate pair, as JSON can say it."""
    content = b'{"email": "\\ud800@gallery.example", "password": "wrong horse"}'

    answer = visitor.post(
        "/api/auth/login", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 401


class TestLine:
    """Only so many wait for a password to be hashed."""

    @pytest.fixture
    def full(self) -> Iterator[None]:
        """A line in which every place is taken."""
        for _ in range(passwords.MOST_IN_LINE):
            assert passwords._LINE.acquire(timeout=10)
        yield
        for _ in range(passwords.MOST_IN_LINE):
            passwords._LINE.release()

    @pytest.mark.usefixtures("inside")
    def test_who_is_asked_to_come_back_has_not_used_a_try_up(
        self, house: House, alice: Person
    ) -> None:
        """Nobody looked at the password."""
        for _ in range(EVERYWHERE_TRIES + ACCOUNT_TRIES + ADDRESS_TRIES):
            with (
                pytest.raises(SignInBusy),
                house.entrance.attempt(alice.email, Caller(address="10.0.0.1"), now=house.now()),
            ):
                raise SignInBusy

    @pytest.mark.parametrize("email", ["alice@gallery.example", "nobody@gallery.example"])
    @pytest.mark.usefixtures("full")
    def test_program_is_asked_to_come_back(self, alice: Person, email: str) -> None:
        """Rather than hold another thread, the server says when; also to who isn't known."""
        answer = Program(alice.http, email).sign_in()

        assert (answer.status_code, answer.json()["type"]) == (503, "urn:gallery:sign-in-busy")
        assert int(answer.headers["Retry-After"]) > 0

    @pytest.mark.usefixtures("full")
    def test_people_are_told_on_the_form(self, alice: Person, browser: Browser) -> None:
        """With a sentence rather than a page that looks broken."""
        answer = browser.submit("/login", "/login", email=alice.email, password=PASSWORD)

        assert answer.status_code == 503
        assert "Try again in a few seconds" in text_of(parse(answer).select_one("[role=alert]"))

    def test_crowd_is_answered_in_turn(self, alice: Person, address: str) -> None:
        """Of a crowd at once some are answered, some come back, and none breaks anything."""
        statuses: list[int] = []

        def come(turn: int) -> None:
            with client_of(
                address, timeout=60, headers={"X-Forwarded-For": f"192.0.2.{turn}"}
            ) as http:
                somebody = Program(http, f"somebody{turn}@gallery.example")
                statuses.append(somebody.sign_in().status_code)

        crowd = [threading.Thread(target=come, args=(turn,)) for turn in range(24)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()

        assert set(statuses) <= {401, 503}
        assert statuses.count(401) >= 1
        assert Program(alice.http, alice.email).sign_in().status_code == 200
