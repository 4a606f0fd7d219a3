"""Errors of the JSON endpoints: problem+json (RFC 9457), with the headers of their status."""

import http.client
import sqlite3
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import exc

from tests.conftest import Person
from tests.pictures import picture
from tests.views.reading import Browser
from tests.views.saving import save_generation

NOBODYS = "019cece5-2470-721e-88e2-b93fb8925f53"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem that was answered, which has to be one of *status*."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert answer.status_code == body["status"] == status, answer.text
    assert body["title"] != ""
    assert body["type"] == "about:blank" or body["type"].startswith("urn:gallery:")
    return body


def test_400_for_json_that_is_none(alice: Person) -> None:
    """A body that can't be read as JSON is a 400."""
    for body in (b"{", b"\xff\xfe", b'{"title": }', b"'x'"):
        answer = alice.post(
            "/api/sessions", content=body, headers={"Content-Type": "application/json"}
        )

        problem(answer, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"title": ' + b"9" * 5000 + b"}",
        b'{"title": "\\ud800"}',
        b'{"title": NaN}',
        b"null",
        b"7",
        b'""',
        b'{"title": {"a": 1}}',
    ],
)
def test_hostile_json_is_a_4xx(alice: Person, body: bytes) -> None:
    """JSON that is too deep, too long a number or no object is refused."""
    answer = alice.post("/api/sessions", content=body, headers={"Content-Type": "application/json"})

    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert alice.get("/api/sessions").json()["galleries"] == []


def test_400_for_a_name_says_what_a_name_may_be(alice: Person) -> None:
    """A code that can't be a name is told with the rule."""
    told = problem(alice.get("/api/games/a.b"), 400)

    assert told["type"] == "urn:gallery:invalid-name"
    assert "letters, digits, hyphens" in told["detail"]


def test_401_asks_for_a_key(visitor: Person) -> None:
    """A write by nobody asks for a bearer token."""
    answer = visitor.post("/api/sessions", json={})

    told = problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert told["type"] == "urn:gallery:sign-in-required"


@pytest.mark.parametrize("path", ["/api/images", "/api/links", "/api/stats", "/api/games/TEA"])
@pytest.mark.parametrize("secret", ["wrong", "gallery_x", "日本", "x" * 8000])
def test_401_for_a_wrong_key_even_where_none_is_needed(
    visitor: Person, path: str, secret: str
) -> None:
    """A wrong key is never taken for no key."""
    answer = visitor.get(path, headers={"Authorization": f"Bearer {secret}".encode()})

    assert problem(answer, 401)["type"] == "urn:gallery:wrong-credentials"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_other_schemes_are_no_keys(visitor: Person) -> None:
    """A header of another scheme is left alone."""
    answer = visitor.get("/api/images", headers={"Authorization": "Basic eDp5"})

    assert answer.status_code == 200


@pytest.mark.parametrize("word", ["bearer", "BEARER", "Bearer "])
def test_scheme_is_read_in_any_case(alice: Person, word: str) -> None:
    """`Bearer` is a case-insensitive word (RFC 9110)."""
    answer = alice.get("/api/links", headers={"Authorization": f"{word} {alice.key}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/nothing", f"/api/images/{NOBODYS}", "/api/images/x", "/api/sessions/x", "/api/"]
)
def test_404(visitor: Person, path: str) -> None:
    """What isn't there is a problem too, not a page."""
    told = problem(visitor.get(path), 404)

    assert told["type"] == "urn:gallery:not-found"


def test_404_of_a_private_image_is_that_of_none(alice: Person, bob: Person) -> None:
    """What isn't bob's looks to him exactly like what doesn't exist."""
    made = save_generation(alice)

    hidden, absent = (bob.get(f"/api/images/{each}") for each in (made["id"], NOBODYS))

    assert hidden.content == absent.content
    assert set(hidden.headers) == set(absent.headers)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/sessions", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/api/stats", {"GET", "HEAD", "OPTIONS"}),
        ("GET", f"/api/links/{NOBODYS}", {"DELETE", "OPTIONS"}),
        ("POST", "/readyz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_405_keeps_its_allow_header(
    alice: Person, method: str, path: str, allowed: set[str]
) -> None:
    """A wrong method is told with the right ones."""
    answer = alice.request(method, path)

    problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_413_for_a_body_that_is_larger_than_any_picture(alice: Person, address: str) -> None:
    """A body above the limit is refused by its length, before it is read."""
    host = address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("POST", "/api/images")
    connection.putheader("Authorization", f"Bearer {alice.key}")
    connection.putheader("Content-Type", "image/png")
    connection.putheader("Content-Length", str(30 * 1024 * 1024))
    connection.endheaders()

    answer = connection.getresponse()
    connection.close()

    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_413_for_too_many_pixels(alice: Person) -> None:
    """A small file that claims too many pixels is refused by its header."""
    bomb = picture("PNG", size=(8000, 6251), mode="1", colour=1)

    told = problem(alice.post("/api/images", content=bomb), 413)

    assert told["type"] == "urn:gallery:image-too-large"
    assert "8000 × 6251" in told["detail"]


@pytest.mark.parametrize("content", [b"GIF89a", b"%PDF-1.7", b"<svg/>", picture("BMP")])
def test_415_for_what_is_no_picture_of_ours(alice: Person, content: bytes) -> None:
    """Only PNG, JPEG and WebP are taken, whatever the client calls it."""
    answer = alice.post("/api/images", content=content, headers={"Content-Type": "image/png"})

    assert problem(answer, 415)["type"] == "urn:gallery:unsupported-image"


def test_422_names_the_field(alice: Person) -> None:
    """A body whose fields are wrong says which, and what of them."""
    told = problem(alice.post("/api/sessions", json={"visibility": "x", "tilte": "y"}), 422)

    assert set(told["errors"]["json"]) == {"visibility", "tilte"}
    assert told["errors"]["json"]["tilte"] == ["Unknown field."]


def test_form_that_can_hold_no_picture_is_a_422(alice: Person) -> None:
    """A urlencoded form explains which kind of form to use."""
    told = problem(alice.post("/api/images", data={"image": "x"}), 422)

    assert "multipart/form-data" in told["detail"]


def test_cookie_write_without_a_token_is_a_400(owner: Browser) -> None:
    """A page elsewhere can't write with the browser's cookie."""
    answer = owner.http.post("/api/sessions", json={})

    told = problem(answer, 400)
    assert "CSRF" in told["detail"]
    assert owner.http.get("/api/sessions").json()["galleries"] == []


def test_cookie_write_with_a_token_is_done(owner: Browser) -> None:
    """A script on our own pages writes with the token in a header."""
    answer = owner.http.post("/api/sessions", json={}, headers={"X-CSRFToken": owner.token()})

    assert answer.status_code == 201


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_every_cookie_write_needs_a_token(
    owner: Browser, alice: Person, generation: str, method: str
) -> None:
    """Changes and deletions are protected as well."""
    options = {"json": {"keep": True}} if method == "PATCH" else {}
    answer = owner.http.request(method, f"/api/images/{generation}", **options)

    problem(answer, 400)
    assert alice.get(f"/api/images/{generation}").json()["keep"] is False


def test_bearer_counts_before_the_cookie(owner: Browser, bob: Person) -> None:
    """Somebody's key acts as its owner, whoever is signed in beside it."""
    headers = {"Authorization": f"Bearer {bob.key}"}

    slug = owner.http.post("/api/sessions", json={}, headers=headers).json()["id"]

    assert bob.get(f"/api/sessions/{slug}").status_code == 200
    assert owner.http.get(f"/api/sessions/{slug}").status_code == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (exc.DatabaseError("SELECT", None, sqlite3.DatabaseError("disk image is malformed")), 503),
        (exc.IntegrityError("INSERT", None, sqlite3.IntegrityError("NOT NULL")), 500),
    ],
)
def test_database_error_without_a_class_passes_and_a_mistake_does_not(
    app: Flask, error: exc.DatabaseError, status: int
) -> None:
    """SQLite's search index says that the database is malformed where the disk failed to read."""

    @app.route("/api/trouble")
    def trouble() -> str:
        raise error

    answer = app.test_client().get("/api/trouble")

    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) is (status == 503)
