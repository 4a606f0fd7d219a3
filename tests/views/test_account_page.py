"""The account page: the password, where somebody is signed in, and their keys."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from gallery.extensions import db
from gallery.models import APIKey, LoginSession
from tests.conftest import PASSWORD, FixedClock, Person, client_of
from tests.views.programs import Program
from tests.views.reading import Browser, heading, parse, text_of

NEW_PASSWORD = "a much better password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def elsewhere(address: str, alice: Person) -> Any:
    """Alice at another browser, signed in."""
    with client_of(address, headers={"User-Agent": FIREFOX}) as http:
        browser = Browser(http)
        browser.sign_in(alice.email)
        yield browser


def is_signed_in(browser: Browser) -> bool:
    return browser.page("/").select(".who") != []


def places(page: BeautifulSoup) -> list[str]:
    return [text_of(each) for each in page.select("[aria-labelledby=places-title] li p")]


def keys(page: BeautifulSoup) -> list[str]:
    return [
        text_of(each.select_one("span")) for each in page.select("[aria-labelledby=keys-title] li")
    ]


def fresh_key(page: BeautifulSoup) -> str | None:
    field = page.select_one("#fresh-key")
    return str(field["value"]) if field else None


def test_header_leads_to_ones_account(owner: Browser) -> None:
    """The name in the header is the way to the account."""
    link = owner.page("/").select_one("a.who")

    page = owner.page(str(link["href"]))

    assert (text_of(link), heading(page)) == ("alice", "Your account")
    assert "alice@gallery.example" in text_of(page.select_one(".page-head"))


def test_visitor_is_asked_to_sign_in(passer_by: Browser) -> None:
    """Nobody has an account to look at, but a way to one."""
    answer = passer_by.get("/account")

    assert answer.status_code == 401
    assert parse(answer).select_one('main a[href="/login?next=/account"]') is not None


def test_page_is_kept_by_no_cache(owner: Browser) -> None:
    """What it shows stays out of the browser's files."""
    assert owner.get("/account").headers["Cache-Control"] == "no-store"


class TestPlaces:
    """Where somebody is signed in."""

    def test_each_tells_what_and_when_and_this_one_is_marked(
        self, elsewhere: Browser, alice: Person, clock: FixedClock
    ) -> None:
        """A browser by its name, a program by what it calls itself."""
        clock.move(hours=1)
        alice.http.headers["User-Agent"] = "tea-party/1.0"
        Program.of(alice)

        listed = places(elsewhere.page("/account"))

        assert listed[0] == (
            "tea-party Program at 127.0.0.1 · signed in 14 Mar 2026, 16:09 UTC ·"
            " last used 14 Mar 2026, 16:09 UTC · ends 13 Apr 2026, 16:09 UTC"
        )
        assert listed[1].startswith("Firefox on Linux this one Browser at 127.0.0.1")
        assert len(listed) == 2

    @pytest.mark.parametrize(
        ("agent", "name"),
        [
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140", "Edge on Windows"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
             "Safari on an iPhone"),
            ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Safari/537.36", "Chrome on Android"),
            ("curl/8.5.0", "curl"),
            ("", "Something without a name"),
            ("<script>alert(1)</script>", "<script>alert(1)<"),
        ],
    )  # fmt: skip
    def test_agents_have_names_that_people_know(
        self, owner: Browser, alice: Person, agent: str, name: str
    ) -> None:
        """What can be told of a browser is told in two words; nothing in it becomes markup."""
        alice.http.headers["User-Agent"] = agent
        Program.of(alice)

        page = owner.page("/account")

        assert name in {
            text_of(each) for each in page.select("[aria-labelledby=places-title] li p > span")
        }

    def test_one_is_ended(self, owner: Browser, elsewhere: Browser) -> None:
        """A lost phone is signed out from the desk."""
        (form,) = owner.page("/account").select('form[action$="/end"]')

        answer = owner.submit("/account", str(form["action"]))

        assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
        assert (is_signed_in(owner), is_signed_in(elsewhere)) == (True, False)
        assert len(places(owner.page("/account"))) == 1

    def test_all_others_are_ended(self, owner: Browser, elsewhere: Browser, alice: Person) -> None:
        """Browsers and programs alike; this one stays, and so do keys."""
        program = Program.of(alice)

        owner.submit("/account", "/account/sessions/end-others")

        assert (is_signed_in(owner), is_signed_in(elsewhere)) == (True, False)
        assert (program.status(), program.refresh().status_code) == (401, 401)
        assert alice.get("/api/links").status_code == 200

    def test_nobody_ends_anothers(self, owner: Browser, stranger: Browser) -> None:
        """Another's sign-in looks as if it did not exist."""
        with_id = stranger.http.get("/api/auth/sessions").json()["sessions"][0]["id"]

        answer = owner.post(f"/account/sessions/{with_id}/end")

        assert (answer.status_code, is_signed_in(stranger)) == (404, True)

    def test_use_is_noted_every_few_minutes(
        self, owner: Browser, elsewhere: Browser, clock: FixedClock
    ) -> None:
        """A page costs no write, unless five minutes have gone by."""
        seen = []
        for minutes in (4, 1):
            clock.move(minutes=minutes)
            owner.page("/")
            listed = elsewhere.http.get("/api/auth/sessions").json()["sessions"]
            (other,) = [each for each in listed if not each["current"]]
            seen.append(other["last_used_at"])

        assert seen == ["2026-03-14T15:09:26Z", "2026-03-14T15:14:26Z"]

    def test_sign_in_ends_after_thirty_days(self, owner: Browser, clock: FixedClock) -> None:
        """However often somebody comes, they are asked for the password once a month."""
        clock.move(days=29, hours=23)
        before = is_signed_in(owner)
        clock.move(hours=1)

        assert (before, is_signed_in(owner)) == (True, False)


class TestCookies:
    """What a browser carries."""

    def test_copy_of_a_cookie_ends_with_the_sign_out(self, owner: Browser, address: str) -> None:
        """Signing out isn't only forgetting."""
        copied = dict(owner.http.cookies)
        owner.submit("/", "/logout")

        with client_of(address, cookies=copied) as thief:
            assert not is_signed_in(Browser(thief))

    def test_signing_in_again_ends_the_sign_in_before(
        self, owner: Browser, alice: Person, address: str
    ) -> None:
        """A browser has one sign-in, and no copy of the old one is left behind."""
        copied = dict(owner.http.cookies)
        owner.sign_in(alice.email)

        with client_of(address, cookies=copied) as thief:
            assert not is_signed_in(Browser(thief))
        assert len(places(owner.page("/account"))) == 1

    def test_cookie_holds_nothing_that_the_database_holds(self, app: Flask, owner: Browser) -> None:
        """Who reads the rows can't make a cookie, even with SECRET_KEY."""
        with app.app_context():
            row = db.session.query(LoginSession).one()
        with app.test_request_context(
            headers={"Cookie": f"gallery={owner.http.cookies['gallery']}"}
        ):
            from flask import session

            carried = str(dict(session))
        assert row.secret_sha256 not in carried
        assert row.id.hex not in carried.replace("-", "")

    def test_device_cookie_is_out_of_reach_for_scripts_and_other_sites(
        self, passer_by: Browser, alice: Person
    ) -> None:
        """It is HttpOnly and SameSite=Lax, and lasts a year."""
        answer = passer_by.submit("/login", "/login", email=alice.email, password=PASSWORD)

        (cookie,) = [
            each for each in answer.headers.get_list("Set-Cookie") if "gallery-device=" in each
        ]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age=31536000" in cookie


class TestPassword:
    """POST /account/password."""

    def change(self, browser: Browser, old: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
        return browser.submit("/account", "/account/password", old_password=old, new_password=new)

    def test_all_other_sign_ins_end(
        self, owner: Browser, elsewhere: Browser, alice: Person
    ) -> None:
        """Whoever knew the old one is out; this browser and the keys stay."""
        program = Program.of(alice)

        answer = self.change(owner)

        assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
        assert (is_signed_in(owner), is_signed_in(elsewhere)) == (True, False)
        assert (program.status(), program.refresh().status_code) == (401, 401)
        assert alice.get("/api/links").status_code == 200
        assert program.sign_in(PASSWORD).status_code == 401
        assert program.sign_in(NEW_PASSWORD).status_code == 200

    def test_copy_of_this_browsers_cookie_ends_too(self, owner: Browser, address: str) -> None:
        """The one who changes it may do so because the cookie was stolen."""
        copied = dict(owner.http.cookies)
        self.change(owner)

        with client_of(address, cookies=copied) as thief:
            assert not is_signed_in(Browser(thief))

    @pytest.mark.parametrize(
        ("old", "new", "status", "told"),
        [
            ("wrong horse", NEW_PASSWORD, 401, "The old password is not right"),
            ("", NEW_PASSWORD, 401, "The old password is not right"),
            (PASSWORD, "short", 422, "password must have 10 to 200 characters"),
        ],
    )
    def test_refusal_is_told_and_changes_nothing(
        self, owner: Browser, elsewhere: Browser, old: str, new: str, status: int, told: str
    ) -> None:
        """The form says what was wrong, and everybody stays signed in."""
        answer = self.change(owner, old, new)

        assert answer.status_code == status
        assert text_of(parse(answer).select_one("[role=alert]")) == told
        assert (is_signed_in(owner), is_signed_in(elsewhere)) == (True, True)
        assert self.change(owner).status_code == 303

    def test_old_one_can_not_be_guessed_for_ever(self, owner: Browser) -> None:
        """Who found an unlocked browser has as many tries as at the door."""
        answers = [self.change(owner, f"guess {n}").status_code for n in range(11)]

        assert answers == [401] * 10 + [429]

    def test_form_without_a_token_is_refused(self, owner: Browser) -> None:
        """No page elsewhere changes a password."""
        fields = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}

        assert owner.http.post("/account/password", data=fields).status_code == 400


class TestKeys:
    """The keys of somebody's programs."""

    def test_key_is_shown_once(self, owner: Browser, visitor: Person) -> None:
        """It works, and neither a page nor a cookie holds it after that."""
        answer = owner.submit("/account", "/account/keys", name=" tea party ")

        after = owner.page("/account")
        key = fresh_key(parse(answer))
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "Set-Cookie" not in answer.headers
        assert fresh_key(after) is None
        assert "tea party" in keys(after)
        seen = visitor.get("/api/links", headers={"Authorization": f"Bearer {key}"})
        assert seen.status_code == 200

    def test_key_is_revoked(self, owner: Browser, alice: Person) -> None:
        """It opens nothing any more, and is listed no more."""
        (form,) = owner.page("/account").select('form[action$="/revoke"]')

        owner.submit("/account", str(form["action"]))

        assert alice.get("/api/links").status_code == 401
        assert keys(owner.page("/account")) == []

    def test_nobody_revokes_anothers(self, app: Flask, owner: Browser, bob: Person) -> None:
        """Another's key looks as if it did not exist."""
        with app.app_context():
            bobs = db.session.query(APIKey).filter_by(owner_id=bob.viewer.user_id).one().id

        answer = owner.post(f"/account/keys/{bobs}/revoke")

        assert (answer.status_code, bob.get("/api/links").status_code) == (404, 200)

    @pytest.mark.usefixtures("root")
    def test_nobody_sees_anothers(self, owner: Browser) -> None:
        """Each key is listed to the one that it acts as."""
        assert keys(owner.page("/account")) == ["test"]

    @pytest.mark.parametrize("name", ["", " ", "n" * 101])
    def test_key_needs_a_name(self, owner: Browser, name: str) -> None:
        """The form says so."""
        answer = owner.post("/account/keys", name=name)

        assert answer.status_code == 422
        assert text_of(parse(answer).select_one("[role=alert]")) != ""
        assert len(keys(owner.page("/account"))) == 1

    def test_key_can_not_make_a_key(self, alice: Person, owner: Browser) -> None:
        """To revoke one that leaked is enough."""
        token = alice.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]

        answer = alice.post("/account/keys", data={"csrf_token": token, "name": "another"})

        assert answer.status_code == 403
        assert keys(owner.page("/account")) == ["test"]
