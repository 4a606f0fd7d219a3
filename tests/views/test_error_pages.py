"""What people read when something is wrong."""

import pytest
from bs4 import BeautifulSoup

from tests.conftest import Person
from tests.views.reading import Browser, heading, parse


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/images/not-a-uuid",
        "/images/019cece5-2470-721e-88e2-b93fb8925f53",
        "/d/nonsense",
        "/s/nonsense",
        "/generated/nothing.png",
        "/static/nothing.css",
    ],
)
def test_wrong_address_is_a_page_with_a_way_back(passer_by: Browser, path: str) -> None:
    """A 404 is told as a page with the gallery's head and a link to the front."""
    answer = passer_by.get(path)

    page = parse(answer)
    assert answer.status_code == 404
    assert heading(page) == "Not found"
    assert page.select_one('main a[href="/"]') is not None
    assert page.select_one("nav.site-nav") is not None


def test_error_page_never_repeats_the_address(passer_by: Browser) -> None:
    """What was asked for isn't echoed into the page."""
    answer = passer_by.get("/<script>alert(1)</script>")

    assert "alert(1)" not in answer.text


def test_method_that_is_not_allowed_is_a_page_that_keeps_its_allow_header(
    visitor: Person,
) -> None:
    """A 405 says which methods there are."""
    answer = visitor.request("PROPFIND", "/stats")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert heading(parse(answer)) == "Method Not Allowed"


@pytest.mark.parametrize("path", ["/", "/stats", "/login", "/nowhere", "/api/docs", "/d/nonsense"])
def test_wrong_key_on_a_page_never_fails(visitor: Person, path: str) -> None:
    """A page asked for with a wrong key answers, and never with a 5xx."""
    answer = visitor.get(path, headers={"Authorization": "Bearer wrong"})

    assert answer.status_code < 500


def test_wrong_key_on_a_page_is_a_401_page(visitor: Person) -> None:
    """A program that sends a wrong key to a page hears that the key is wrong."""
    answer = visitor.get("/", headers={"Authorization": "Bearer wrong"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert heading(parse(answer)) == "These credentials are not right"


def test_write_by_a_visitor_is_a_401_page(passer_by: Browser, generation: str) -> None:
    """A form without a session asks to sign in."""
    answer = passer_by.post(f"/images/{generation}/keep", keep="1")

    assert answer.status_code == 401
    assert heading(parse(answer)) == "Sign in to do this"


def test_database_that_is_away_is_a_503_page(app, visitor: Person, instance, databases) -> None:
    """When the database can't be read, a page says to come back in a moment."""
    databases.lose(instance)

    answer = visitor.get("/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert heading(parse(answer)) == "The database can't be reached"


def test_database_that_is_away_is_a_503_page_for_the_signed_in(
    app, owner: Browser, instance, databases
) -> None:
    """Who is signed in reads the same page, though nobody can look up who they are."""
    from gallery.extensions import db

    with app.app_context():
        db.engine.dispose()
    databases.lose(instance)

    answer = owner.get("/")

    assert answer.status_code == 503
    assert heading(parse(answer)) == "The database can't be reached"


def test_object_that_is_missing_is_a_404_that_tells_nothing(
    house, visitor: Person, alice: Person, generation: str
) -> None:
    """A lost file is the operator's business: the page names no key."""
    key = alice.get(f"/api/images/{generation}").json()["key"]
    house.storages.default.delete(key)

    answer = visitor.get(f"/outputs/{key}")

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    page = BeautifulSoup(answer.text, "html.parser")
    assert key.rpartition("/")[2] not in page.select_one("main").get_text()
    assert heading(parse(answer)) == "The file of this picture is missing"
