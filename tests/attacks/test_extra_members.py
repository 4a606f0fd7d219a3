"""Mass assignment: what isn't asked for in a request is not taken from it.

Every route that writes gets a request that is good, with more in it:
the names of columns, whose they are to be, what they are to hold. JSON
with such a member is refused; a form or a query is taken without it.
"""

import json
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from gallery.extensions import House, db
from gallery.models import User
from tests.attacks.siege import state
from tests.conftest import Person
from tests.views.access.rules import Row
from tests.views.access.stage import path_of
from tests.views.access.table import TABLE
from tests.views.access.things import Args
from tests.views.asking import Painter
from tests.views.saving import make_product, open_session, save_session_image

ATTACK = "members that nobody asked for"
MARK = "attacked-by-mark"
MARKED_ID = "0badbad0-bad0-7bad-8bad-badbadbadbad"
MARKED_NUMBER = 31_337_313
# What a request might set if members became columns, whatever a table calls them.
MEMBERS: dict[str, Any] = {
    "id": MARKED_ID,
    "owner_id": MARKED_ID,
    "user_id": MARKED_ID,
    "gallery_id": MARKED_ID,
    "product_id": MARKED_ID,
    "primary_image_id": MARKED_ID,
    "round_id": MARKED_ID,
    "storage_key": f"{MARK}.png",
    "storage_provider": MARK,
    "provider": MARK,
    "key": f"{MARK}.png",
    "sha256": MARK,
    "prompt_hash": MARK,
    "slug": MARK,
    "kind": MARK,
    "purpose": MARK,
    "password_hash": MARK,
    "secret_sha256": MARK,
    "format": MARK,
    "failure": MARK,
    "processing_error": MARK,
    "size_bytes": MARKED_NUMBER,
    "width": MARKED_NUMBER,
    "downloads": MARKED_NUMBER,
    "cost_micros": MARKED_NUMBER,
    "position": MARKED_NUMBER,
    "is_admin": True,
    "admin": True,
    "role": "admin",
    "is_standing": True,
    "revoked_at": None,
    "expires_at": "1999-09-09T09:09:09Z",
    "created_at": "1999-09-09T09:09:09Z",
    "completed_at": "1999-09-09T09:09:09Z",
    "generated_at_": "1999-09-09T09:09:09Z",
}
MARKS = (MARK, MARKED_ID, UUID(MARKED_ID).hex, str(MARKED_NUMBER), "1999-09-09")
WRITES = {route: row for route, row in TABLE.items() if not route.startswith("GET ")}


@pytest.fixture
def settings() -> dict[str, Any]:
    limits = dict.fromkeys(("LOGIN", "READS", "WRITES"), "none")
    return {f"RATE_LIMIT_{name}": rate for name, rate in limits.items()} | {"REGISTRATION": "open"}


def with_more(options: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the options of a request with all the members in one of its parts."""
    if place == "query":
        return options | {"params": {name: json.dumps(v).strip('"') for name, v in MEMBERS.items()}}
    body = options.get(place)
    more: dict[str, Any] = MEMBERS
    if place == "data":
        more = {name: json.dumps(value).strip('"') for name, value in MEMBERS.items()}
    # What the route itself asks for stays as it was.
    return options | {place: more | (body or {})}


def places_of(row: Row) -> list[str]:
    """Return the parts of a request that members can be added to."""
    return [place for place in ("json", "data") if place in row.options] + ["query"]


@pytest.mark.usefixtures("painter")
@pytest.mark.usefixtures("bob")
def test_no_member_becomes_a_column(app: Flask, house: House, alice: Person) -> None:
    """After good requests with more in them, none of it stands in any row or key."""
    wrong, refused, taken = [], 0, 0
    for route, row in WRITES.items():
        for number, place in enumerate(places_of(row)):
            args = thing_of(row, alice, f"{place}-{len(route)}-{number}")
            options = with_more(row.filled_in(args | {"fresh": f"{route} {place}"}), place)
            method = route.partition(" ")[0]
            answer = alice.request(method, path_of(route, args), **options)
            refused, taken = refused + answer.is_client_error, taken + answer.is_success
            if place == "json" and answer.status_code not in (422, 403):
                wrong.append((route, place, answer.status_code))

    assert marks_in(state(app, house)) == []
    assert wrong == []
    # Not everything was refused for another reason.
    assert taken > 25
    assert admins(app) == []


def thing_of(row: Row, alice: Person, mark: str) -> Args:
    return row.things[0].make(alice, row.things[0].visibilities[-1], mark)


def marks_in(everything: Any) -> list[str]:
    """Return the marks that stand in any row or in the name of any file."""
    # Requests that repeat are known again by a digest, and nothing else of theirs is kept.
    text = repr(everything)
    return [mark for mark in MARKS if mark in text]


def admins(app: Flask) -> list[str]:
    with app.app_context():
        return [user.name for user in db.session.query(User) if user.is_admin]


@pytest.fixture
def painter(app: Flask) -> Painter:
    """The gallery's only generator: it draws at once."""
    painter = Painter()
    painter.may_finish.set()
    app.extensions["gallery"].studio.generators = {painter.name: painter}
    return painter


def test_new_account_is_nobody_special(app: Flask, visitor: Person) -> None:
    """Who registers is no admin, whatever they say they are."""
    told = {"email": "eve@gallery.example", "password": "long enough a password", "name": "eve"}

    refused = visitor.post("/api/auth/register", json=told | MEMBERS)
    made = visitor.post("/api/auth/register?is_admin=true&admin=1&role=admin", json=told)

    assert (refused.status_code, made.status_code) == (422, 201)
    bearer = {"Authorization": f"Bearer {made.json()['access_token']}"}
    assert visitor.get("/api/links", headers=bearer).json()["links"] == []
    assert admins(app) == []


def test_picture_hangs_as_openly_as_its_gallery(alice: Person, visitor: Person) -> None:
    """Who may see a picture is said of its gallery, and never of a product."""
    open_ = {"visibility": "public"}
    session = open_session(alice)
    image = save_session_image(alice, session, **open_)
    product = make_product(alice, 1, data=open_)
    photo = alice.get(f"/api/products/{product['id']}").json()["images"][0]

    changed = [
        alice.patch(f"/api/images/{image['id']}", json=open_).status_code,
        alice.patch(f"/api/images/{photo['id']}", json=open_).status_code,
        alice.patch(f"/api/products/{product['id']}", json=open_).status_code,
        alice.patch(f"/api/galleries/product/{product['id']}", json=open_).status_code,
    ]

    assert changed == [422, 422, 422, 404]
    for each in (image, photo):
        assert visitor.get(f"/api/images/{each['id']}").status_code == 404
