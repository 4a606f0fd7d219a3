"""Who may do what: one table of every route, and a walk through it.

A row's statuses stand for visitor, owner, another user and an admin, once
for each visibility of what the route is about. A route that is missing
from the table fails a test.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from gallery.services import accounts
from tests.conftest import Person
from tests.pictures import picture
from tests.views.asking import Painter
from tests.views.programs import Program
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    share,
    show_to,
    sign,
)

PEOPLE = ("visitor", "alice", "bob", "root")
VISIBILITIES = ("public", "unlisted", "private")
Statuses = tuple[int, int, int, int]


@dataclass(frozen=True)
class Expected:
    """The statuses for visitor, owner, other and admin, by visibility."""

    public: Statuses
    unlisted: Statuses
    private: Statuses


def always(visitor: int, owner: int, other: int, admin: int) -> Expected:
    """The visibility doesn't matter."""
    statuses = (visitor, owner, other, admin)
    return Expected(statuses, statuses, statuses)


OPEN = always(200, 200, 200, 200)
SEEN = Expected((200, 200, 200, 200), (200, 200, 200, 200), (404, 200, 404, 200))
CHANGED = always(401, 200, 404, 200)
FORM = always(401, 303, 404, 303)


@dataclass(frozen=True)
class Row:
    """A route, a request to it, and what everybody gets."""

    method: str
    rule: str
    path: str
    expected: Expected
    options: dict[str, Any] = field(default_factory=dict)


HIDE, REVEAL = "/games/TEA/rounds/1/hide", "/games/TEA/rounds/1/reveal"
UPLOAD = {"content": picture(), "headers": {"Content-Type": "image/png"}}
TABLE = (
    Row("GET", "/", "/", OPEN),
    Row("GET", "/sessions/", "/sessions/", OPEN),
    Row("GET", "/games/", "/games/", OPEN),
    Row("GET", "/stories/", "/stories/", OPEN),
    Row("GET", "/generations/", "/generations/", OPEN),
    Row("GET", "/search", "/search?q=kettle", OPEN),
    Row("GET", "/stats", "/stats", OPEN),
    Row("GET", "/login", "/login", OPEN),
    Row("POST", "/login", "/login", always(401, 401, 401, 401), {"data": {"email": "x"}}),
    Row("POST", "/logout", "/logout", always(303, 303, 303, 303), {"data": {}}),
    # An account is nobody's but its owner's; a key acts as its owner, but can't make a key.
    Row("GET", "/account", "/account", always(401, 200, 200, 200)),
    Row("POST", "/account/password", "/account/password", always(401, 401, 401, 401), {"data": {}}),
    Row("POST", "/account/keys", "/account/keys", always(401, 403, 403, 403), {"data": {}}),
    Row(
        "POST",
        "/account/keys/<uuid:key_id>/revoke",
        "/account/keys/{key}/revoke",
        FORM,
        {"data": {}},
    ),
    Row(
        "POST",
        "/account/sessions/<uuid:session_id>/end",
        "/account/sessions/{sign_in}/end",
        always(401, 303, 404, 404),
        {"data": {}},
    ),
    Row(
        "POST",
        "/account/sessions/end-others",
        "/account/sessions/end-others",
        always(401, 303, 303, 303),
        {"data": {}},
    ),
    Row("GET", "/api/auth/sessions", "/api/auth/sessions", always(401, 200, 200, 200)),
    Row(
        "DELETE",
        "/api/auth/sessions/<uuid:session_id>",
        "/api/auth/sessions/{sign_in}",
        always(401, 204, 404, 404),
    ),
    Row(
        "POST",
        "/api/auth/register",
        "/api/auth/register",
        always(403, 403, 403, 403),
        {"json": {"email": "new@gallery.example", "password": "long enough"}},
    ),
    Row(
        "POST",
        "/api/auth/login",
        "/api/auth/login",
        always(401, 401, 401, 401),
        {"json": {"email": "x", "password": "x"}},
    ),
    Row(
        "POST",
        "/api/auth/refresh",
        "/api/auth/refresh",
        always(401, 401, 401, 401),
        {"json": {"refresh_token": "x"}},
    ),
    Row("POST", "/api/auth/logout", "/api/auth/logout", always(204, 204, 204, 204), {"json": {}}),
    Row("GET", "/static/<path:filename>", "/static/css/gallery.css", OPEN),
    Row(
        "GET",
        "/s/<token>/static/<path:filename>",
        "/s/{share}/static/css/gallery.css",
        OPEN,
    ),
    Row("GET", "/healthz", "/healthz", OPEN),
    Row("GET", "/readyz", "/readyz", OPEN),
    Row("GET", "/api/docs", "/api/docs", OPEN),
    Row("GET", "/api/openapi.json", "/api/openapi.json", OPEN),
    # Looking at a gallery, on pages, in JSON, and at its files.
    Row("GET", "/sessions/<slug:session_id>", "/sessions/{session}", SEEN),
    Row("GET", "/games/<slug:code>", "/games/TEA", SEEN),
    Row("GET", "/games/<slug:code>/rounds/<number:number>", "/games/TEA/rounds/1", SEEN),
    Row("GET", "/games/<slug:code>/rounds/<number:number>/reveal", REVEAL, SEEN),
    Row("GET", "/stories/<slug:story_id>", "/stories/{story}", SEEN),
    Row(
        "GET",
        "/stories/<slug:story_id>/pages/<number:page>",
        "/stories/{story}/pages/1",
        SEEN,
    ),
    Row("GET", "/images/<uuid:image_id>", "/images/{generation}", SEEN),
    Row("GET", "/api/sessions/<session_id>", "/api/sessions/{session}", SEEN),
    Row("GET", "/api/sessions/<session_id>/images", "/api/sessions/{session}/images", SEEN),
    Row("GET", "/api/games/<code>", "/api/games/TEA", SEEN),
    Row("GET", "/api/games/<code>/rounds/<number>/images", "/api/games/TEA/rounds/1/images", SEEN),
    Row("GET", "/api/games/<code>/rounds/<number>/events", "/api/games/TEA/rounds/1/events", SEEN),
    Row("GET", "/api/stories/<story_id>", "/api/stories/{story}", SEEN),
    Row("GET", "/api/images/<uuid:image_id>", "/api/images/{generation}", SEEN),
    Row(
        "GET",
        "/storage/generated/<slug:session_id>/<slug:image_type>.png",
        "/storage/generated/{session}/main.png",
        SEEN,
    ),
    Row(
        "GET",
        "/generated-images/<slug:code>/<number:number>/<slug:player>.jpg",
        "/generated-images/TEA/1/fox.jpg",
        SEEN,
    ),
    Row("GET", "/generated/<filename:filename>", "{story_file}", SEEN),
    Row("GET", "/outputs/images/generations/<path:rest>", "{generation_file}", SEEN),
    Row(
        "GET",
        "/thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp",
        "/thumbnails/{generation}/320-{version}.webp",
        SEEN,
    ),
    # Lists answer everybody, each with what they find.
    Row("GET", "/api/sessions", "/api/sessions", OPEN),
    Row("GET", "/api/games", "/api/games", OPEN),
    Row("GET", "/api/stories", "/api/stories", OPEN),
    Row("GET", "/api/images", "/api/images", OPEN),
    Row("GET", "/api/images/generated", "/api/images/generated", OPEN),
    Row("GET", "/api/stats", "/api/stats", OPEN),
    Row("GET", "/api/links", "/api/links", always(401, 200, 200, 200)),
    # A live signed link opens what it was signed for, to everybody.
    Row("GET", "/d/<token>", "/d/{download}", OPEN),
    Row("GET", "/s/<token>", "/s/{share}", OPEN),
    Row("GET", "/s/<token>/images/<uuid:image_id>", "/s/{share}/images/{hung}", OPEN),
    Row(
        "GET",
        "/s/<token>/images/<uuid:image_id>/download",
        "/s/{share}/images/{hung}/download",
        OPEN,
    ),
    Row(
        "GET",
        "/s/<token>/thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp",
        "/s/{share}/thumbnails/{hung}/320-{hung_version}.webp",
        OPEN,
    ),
    # New things belong to whoever makes them.
    Row("POST", "/api/sessions", "/api/sessions", always(401, 201, 201, 201), {"json": {}}),
    Row("POST", "/api/stories", "/api/stories", always(401, 201, 201, 201), {"json": {}}),
    Row("POST", "/api/images", "/api/images", always(401, 201, 201, 201), UPLOAD),
    Row(
        "POST",
        "/api/prompts/lookup",
        "/api/prompts/lookup",
        always(401, 201, 201, 201),
        {"json": {"sentence": "What nobody drew."}},
    ),
    # Changes are the owner's and the admin's.
    Row(
        "PUT",
        "/api/sessions/<session_id>/images/<image_type>",
        "/api/sessions/{session}/images/main",
        CHANGED,
        UPLOAD,
    ),
    Row(
        "PUT",
        "/api/games/<code>/rounds/<number>/players/<player>/image",
        "/api/games/TEA/rounds/1/players/fox/image",
        CHANGED,
        UPLOAD,
    ),
    Row(
        "POST",
        "/api/games/<code>/rounds/<number>/players/<player>/generate",
        "/api/games/TEA/rounds/1/players/owl/generate",
        always(401, 201, 404, 201),
        {"json": {"sentence": "What the owl dreams."}, "headers": {"Prefer": "wait=30"}},
    ),
    Row(
        "PATCH",
        "/api/games/<code>/rounds/<number>",
        "/api/games/TEA/rounds/1",
        CHANGED,
        {"json": {"players": ["fox"]}},
    ),
    Row(
        "POST",
        "/api/stories/<story_id>/illustrations",
        "/api/stories/{story}/illustrations?pageNumber=2",
        always(401, 201, 404, 201),
        UPLOAD,
    ),
    Row(
        "PATCH",
        "/api/images/<uuid:image_id>",
        "/api/images/{generation}",
        CHANGED,
        {"json": {"keep": True}},
    ),
    Row(
        "PATCH",
        "/api/galleries/<kind>/<slug>",
        "/api/galleries/session/{session}",
        CHANGED,
        {"json": {"title": "New"}},
    ),
    Row(
        "POST",
        "/api/galleries/<kind>/<slug>/links",
        "/api/galleries/session/{session}/links",
        always(401, 201, 404, 201),
        {"json": {}},
    ),
    Row(
        "POST",
        "/api/images/<uuid:image_id>/links",
        "/api/images/{generation}/links",
        always(401, 201, 404, 201),
        {"json": {}},
    ),
    Row("DELETE", "/api/links/<uuid:link_id>", "/api/links/{link}", always(401, 204, 404, 204)),
    Row(
        "DELETE",
        "/api/images/<uuid:image_id>",
        "/api/images/{doomed}",
        always(401, 204, 404, 204),
    ),
    # The same by form.
    Row(
        "POST",
        "/images/<uuid:image_id>/keep",
        "/images/{generation}/keep",
        FORM,
        {"data": {"keep": "1"}},
    ),
    Row(
        "POST",
        "/images/<uuid:image_id>/links",
        "/images/{generation}/links",
        FORM,
        {"data": {}},
    ),
    Row(
        "POST", "/images/<uuid:image_id>/delete", "/images/{doomed_too}/delete", FORM, {"data": {}}
    ),
    Row(
        "POST",
        "/galleries/<kind>/<slug:slug>/links",
        "/galleries/session/{session}/links",
        FORM,
        {"data": {}},
    ),
    Row(
        "POST",
        "/galleries/<kind>/<slug:slug>/visibility",
        "/galleries/session/{session}/visibility",
        FORM,
        {"data": {"visibility": "{visibility}"}},
    ),
    Row("POST", "/games/<slug:code>/rounds/<number:number>/hide", HIDE, FORM, {"data": {}}),
    Row("POST", "/games/<slug:code>/rounds/<number:number>/reveal", REVEAL, FORM, {"data": {}}),
    Row("POST", "/links/<uuid:link_id>/revoke", "/links/{link_too}/revoke", FORM, {"data": {}}),
)


def test_table_has_every_route(app: Flask) -> None:
    """A route that nobody thought about is missing from the table, and fails here."""
    mapped = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(row.method, row.rule) for row in TABLE} == mapped
    assert len(TABLE) == len(mapped)


def furnish(app: Flask, alice: Person, visibility: str) -> dict[str, str]:
    """Make one of everything with this visibility, and return what paths are filled in with."""
    session = open_session(alice, visibility=visibility)
    hung = save_session_image(alice, session)
    story = open_story(alice, visibility=visibility)
    page = illustrate(alice, story)
    save_round_image(alice)
    show_to(alice, visibility, "game", "TEA")
    generation, doomed, doomed_too = (
        save_generation(alice, visibility=visibility) for _ in range(3)
    )
    links = [sign(alice, generation["id"]) for _ in range(3)]
    return {
        "visibility": visibility,
        "key": spare_key(app, alice),
        "sign_in": Program.of(alice).session_id(),
        "session": session,
        "story": story,
        "generation": generation["id"],
        "version": generation["sha256"][:12],
        "generation_file": generation["image_url"],
        "story_file": page["url"],
        "doomed": doomed["id"],
        "doomed_too": doomed_too["id"],
        "hung": hung["id"],
        "hung_version": hung["sha256"][:12],
        "link": links[0]["id"],
        "link_too": links[1]["id"],
        "download": links[2]["url"].removeprefix("/d/"),
        "share": share(alice, "session", session)["url"].removeprefix("/s/"),
    }


def spare_key(app: Flask, person: Person) -> str:
    """Make a key that nobody uses, and return its id."""
    with app.app_context():
        house = app.extensions["gallery"]
        return str(accounts.create_key("spare", owner=person.email, now=house.now()).key.id)


def differences(person: Person, place: int, places: dict[str, str]) -> Iterator[str]:
    token = csrf_token(person)
    for row in TABLE:
        options = dict(row.options)
        if "data" in options:
            fields = {name: value.format(**places) for name, value in options["data"].items()}
            options["data"] = {"csrf_token": token} | fields
        status = status_of(person, row.method, row.path.format(**places), **options)
        expected = getattr(row.expected, places["visibility"])[place]
        if status != expected:
            yield f"{row.method} {row.path}: {status} instead of {expected}"
        if row.path == "/logout":
            token = csrf_token(person)


def status_of(person: Person, method: str, path: str, **options: Any) -> int:
    """Return the status of an answer, without waiting for the end of one that has none."""
    key = {"Authorization": f"Bearer {person.key}"} if person.key else {}
    headers = key | options.pop("headers", {})
    with person.http.stream(method, path, headers=headers, **options) as answer:
        return answer.status_code


def csrf_token(person: Person) -> str:
    page = person.get("/login").text
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_gets_what_the_table_says(
    request: pytest.FixtureRequest,
    app: Flask,
    alice: Person,
    painter: Painter,
    goodbye: None,
    name: str,
    visibility: str,
) -> None:
    """Each route answers each kind of asker, for each visibility, as the table says."""
    places = furnish(app, alice, visibility)
    person = request.getfixturevalue(name)

    found = list(differences(person, PEOPLE.index(name), places))

    assert found == []
