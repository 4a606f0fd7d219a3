"""Hostile JSON on every route that takes JSON, as the OpenAPI document lists them.

Whatever is sent, the answer is no 5xx; a refusal is a problem, tells nothing
of the inside, and changes nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from gallery.extensions import House, db
from tests.conftest import Person
from tests.hostile.inside import told_of_inside
from tests.reliability import SEED, tell, trials
from tests.views.saving import make_product, open_session, open_story, save_generation

# No JSON, or more of it than anybody means: refused wherever it is sent.
UNREADABLE = {
    "deep array": b"[" * 100_000,
    "deep object": b'{"a":' * 10_000,
    "deep and closed": b"[" * 20_000 + b"]" * 20_000,
    "many digits": b'{"title": ' + b"9" * 50_000 + b"}",
    "more digits than any machine": b'{"title": ' + b"9" * 100_000 + b"}",
    "megabyte": b'{"title": "' + b"x" * 2**20 + b'"}',
    "half": b'{"title": "a',
    "two": b"{}{}",
    "single quotes": b"{'title': 'a'}",
    "comment": b"/* */{}",
    "invalid UTF-8": b'{"title": "\xff\xfe\xc0\xaf"}',
    "NUL": b'{"title": "a\x00b"}',
    "only NUL": b"\x00",
    "array": b"[]",
    "array of objects": b'[{"title": "a"}]',
    "text": b'"title"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "NaN": b"NaN",
    "prototype": b'{"__proto__": {"is_admin": true}, "constructor": {"prototype": {}}}',
    "unknown field": b'{"surprise": 1}',
    "empty name": b'{"": 1}',
    "many fields": b"{" + b",".join(b'"f%d":1' % n for n in range(5_000)) + b"}",
}
# Readable, and a good reader makes something harmless of it.
ODD = {
    "duplicate": b'{"title": "a", "title": "b"}',
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-32": "{}".encode("utf-32"),
    "empty": b"",
    "blank": b" \r\n\t ",
}
# Each in place of each field. Surrogates and huge numbers are JSON, by its grammar.
VALUES = (
    *("null", "true", "0", "-1", "1e400", "-1e400", "1e-400", "0.5", "NaN", "-Infinity"),
    *("9" * 30, "9" * 4_000, '"9"', '""', json.dumps("x" * 60_000), json.dumps(["a"] * 5_000)),
    *('"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u202egnp.exe"', '"\\r\\nX-Injected: 1"'),
    *('"../../etc/passwd"', '"\' OR 1=1 --"', '"{{7*7}}"', "{}", '{"$ne": 1}'),
    *("[]", "[null]", "[[[[]]]]", '["\\ud800"]', '["\\u0000"]'),
)


@pytest.fixture
def settings() -> dict[str, Any]:
    limits = ("WRITES", "READS", "LOGIN")
    return {f"RATE_LIMIT_{each}": "none" for each in limits} | {"REGISTRATION": "open"}


@pytest.fixture
def places(alice: Person) -> dict[str, str]:
    """Real things, so that what is refused is refused for its JSON."""
    return {
        "image_id": save_generation(alice)["id"],
        "product_id": make_product(alice)["id"],
        "story_id": open_story(alice),
        "session_id": (session := open_session(alice)),
        "slug": session,
        "kind": "session",
        "code": "TEA",
        "number": "1",
        "player": "fox",
    }


class Sender:
    """Alice, without a network between, since she sends a thousand requests."""

    def __init__(self, app: Flask, alice: Person) -> None:
        self._client = app.test_client()
        self._key = alice.key
        self.counted: Counter[str] = Counter()

    def send(self, route: tuple[str, str], body: bytes) -> TestResponse:
        """Send *body* as JSON, and hold the answer against what holds for all."""
        method, path = route
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        answer = self._client.open(path, method=method.upper(), data=body, headers=headers)
        self.counted["refused" if answer.status_code >= 400 else "taken"] += 1
        assert answer.status_code < 500, (route, body[:100], answer.text)
        assert "X-Injected" not in answer.headers
        if answer.status_code >= 400:
            assert answer.mimetype == "application/problem+json", (route, body[:100])
            # A message may quote what was sent; none of that says SELECT or names a file of ours.
            assert told_of_inside(answer.text) == [], (route, body[:100], answer.text)
        return answer


@pytest.fixture
def sender(app: Flask, alice: Person) -> Sender:
    return Sender(app, alice)


def routes(app: Flask, places: dict[str, str]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield each route that takes JSON, with the schema of what it takes."""
    document = app.test_client().get("/api/openapi.json").get_json()
    schemas = document["components"]["schemas"]
    for template, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody") if isinstance(operation, dict) else None
            if body and "application/json" in body["content"]:
                name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                path = re.sub(r"{(\w+)}", lambda found: places[found[1]], template)
                yield (method, path), schemas[name]


def state(app: Flask, house: House) -> tuple[list[Any], list[str]]:
    """Return every row and every file."""
    house.tally.flush()
    with app.app_context():
        tables = sorted(db.metadata.tables)
        rows = [
            [tuple(row) for row in db.session.execute(text(f"SELECT * FROM {each}"))]
            for each in tables
        ]
        db.session.remove()
    root: Path = house.storages.default.root  # type: ignore[attr-defined]
    return rows, sorted(str(path) for path in root.rglob("*") if path.is_file())


def test_unreadable_json_is_refused_everywhere(
    app: Flask, house: House, sender: Sender, places: dict[str, str]
) -> None:
    """A body that is no object of known fields is a 4xx, and leaves all rows as they were."""
    before = state(app, house)

    taken = [
        (route, name)
        for route, _ in routes(app, places)
        for name, body in UNREADABLE.items()
        if sender.send(route, body).status_code < 400
    ]

    tell(
        "hostile", "JSON bodies that are no JSON, or too much of it, on every route", sender.counted
    )
    assert taken == []
    assert sender.counted["refused"] > 10 * len(UNREADABLE)
    assert state(app, house) == before


def test_odd_json_does_no_harm(app: Flask, sender: Sender, places: dict[str, str]) -> None:
    """What can be read in two ways is read in one of them, or refused."""
    for route, _ in routes(app, places):
        for body in ODD.values():
            sender.send(route, body)

    tell("hostile", "JSON bodies that readers disagree about, on every route", sender.counted)
    assert sender.counted.total() > 10 * len(ODD)


def test_any_value_in_any_field_is_answered(
    app: Flask, sender: Sender, places: dict[str, str]
) -> None:
    """Wrong types, huge numbers and texts that are none: a 4xx, or taken for what they are."""
    random = Random(SEED)
    for route, schema in routes(app, places):
        good = {name: json.dumps(_good(each)) for name, each in schema["properties"].items()}
        for field in good:
            for value in random.sample(VALUES, trials(4, full=len(VALUES))):
                for beside in ({}, good):
                    members = (beside | {field: value}).items()
                    body = ", ".join(f'"{name}": {each}' for name, each in members)
                    sender.send(route, f"{{{body}}}".encode())

    tell("hostile", "JSON values in each field of each route", sender.counted)
    assert sender.counted["refused"] > sender.counted["taken"] > 0


def _good(schema: dict[str, Any]) -> Any:
    """Return a value that a field may well have."""
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {"boolean": True, "integer": 1, "number": 1, "array": [], "object": {}}
    kind = schema.get("type", "string")
    return kinds.get(kind if isinstance(kind, str) else kind[0], "A copper kettle")
