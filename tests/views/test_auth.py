"""Sign in and out, and nothing else on the way."""

import pytest

from gallery.extensions import db
from gallery.models import User
from tests.conftest import PASSWORD, Person
from tests.views.reading import Browser, heading, parse, text_of


def test_sign_in_opens_what_is_ones_own(
    passer_by: Browser, alice: Person, secret_generation: str
) -> None:
    """With address and password alice sees her private pictures."""
    path = f"/images/{secret_generation}"
    before = passer_by.get(path).status_code

    answer = passer_by.submit("/login", "/login", email=alice.email, password=PASSWORD)

    assert before == 404
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert passer_by.get(path).status_code == 200


def test_address_is_taken_in_any_case(passer_by: Browser, alice: Person) -> None:
    """Nobody is locked out by capitals or spaces in their address."""
    answer = passer_by.submit(
        "/login", "/login", email=" Alice@GALLERY.example ", password=PASSWORD
    )

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice@gallery.example", "wrong horse battery"),
        ("alice@gallery.example", ""),
        ("alice@gallery.example", PASSWORD + "x"),
        ("alice@gallery.example", "x" * 100_000),
        ("nobody@gallery.example", PASSWORD),
        ("", ""),
        ("a\x00b@gallery.example", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_wrong_credentials_get_one_answer(
    passer_by: Browser, alice: Person, email: str, password: str
) -> None:
    """A wrong password and an unknown address are told apart by nothing."""
    answer = passer_by.submit("/login", "/login", email=email, password=password)

    page = parse(answer)
    assert answer.status_code == 401
    assert text_of(page.select_one("[role=alert]")) == "The address or the password is not right"
    assert passer_by.page("/").select(".who") == []


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_form_without_a_token_is_refused(owner: Browser, alice: Person, path: str) -> None:
    """Nobody is signed in or out by a page elsewhere."""
    answer = owner.http.post(path, data={"email": alice.email, "password": PASSWORD})

    assert answer.status_code == 400
    assert text_of(owner.page("/").select_one(".who")) == "alice"


def test_sign_out_ends_the_session(owner: Browser) -> None:
    """After signing out the browser is a visitor's again, and says so."""
    answer = owner.submit("/", "/logout")

    page = owner.page("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert page.select(".who") == []
    assert text_of(page.select_one(".flashes")) == "You are signed out."


@pytest.mark.parametrize("target", ["/stats", "/search?q=a%20b", "/images/x?y=//z", "/日本"])
def test_sign_in_goes_on_to_a_page_of_ours(passer_by: Browser, alice: Person, target: str) -> None:
    """Who was asked to sign in goes on to where they wanted to."""
    form = passer_by.http.get("/login", params={"next": target})

    answer = passer_by.submit(str(form.url), "/login", email=alice.email, password=PASSWORD)

    assert answer.status_code == 303
    assert answer.next_request is not None
    assert answer.next_request.url.host == "127.0.0.1"
    assert answer.next_request.url == answer.request.url.join(target)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%0a/evil.example\n",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "/\x00/evil.example",
        "",
    ],
)
@pytest.mark.parametrize("sent_in", ["address", "form"])
def test_sign_in_goes_nowhere_else(
    passer_by: Browser, alice: Person, target: str, sent_in: str
) -> None:
    """An address that could mean another site is forgotten."""
    wanted = {"email": alice.email, "password": PASSWORD}
    if sent_in == "address":
        form = passer_by.http.get("/login", params={"next": target})
        answer = passer_by.submit(str(form.url), "/login", **wanted)
    else:
        answer = passer_by.submit("/login", "/login", next=target, **wanted)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_next_survives_a_wrong_password(passer_by: Browser, alice: Person) -> None:
    """After a slip the form still knows where to go on to."""
    answer = passer_by.submit(
        "/login?next=/stats", "/login", email=alice.email, password="a wrong one"
    )

    assert parse(answer).select_one("input[name=next]")["value"] == "/stats"
    assert heading(parse(answer)) == "Sign in"


def test_session_cookie_is_out_of_reach_for_scripts_and_other_sites(owner: Browser) -> None:
    """The cookie is HttpOnly and SameSite=Lax."""
    answer = owner.submit("/", "/logout")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("gallery=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_cookie_of_a_deleted_user_is_a_visitors(app, owner: Browser) -> None:
    """Who was removed is nobody at their next page."""
    with app.app_context():
        db.session.query(User).delete()
        db.session.commit()

    page = owner.page("/")

    assert page.select(".who") == []


@pytest.mark.parametrize("cookie", ["x", "eyJfdXNlcl9pZCI6IjEifQ.x.y", "a" * 5000])
def test_forged_cookie_is_a_visitors(passer_by: Browser, cookie: str) -> None:
    """A cookie that was not signed here means nothing."""
    answer = passer_by.http.get("/", headers={"Cookie": f"gallery={cookie}"})

    assert answer.status_code == 200
    assert 'class="who"' not in answer.text
