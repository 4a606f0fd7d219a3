"""Hostile paths, sent as raw bytes so that nothing on the way makes them nicer.

Every path parameter of the URL map gets every hostile value, with every
method of its route, signed in as an owner: a quarter of them with the tests,
all of them for the table. Whatever is answered, it changes
neither rows nor objects, and no header of theirs is in it.
"""

import re
from collections.abc import Iterator
from random import Random
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.routing import Rule

from gallery.extensions import House
from tests.attacks.places import PARAMETER, RIGHT
from tests.attacks.raw import exchange
from tests.attacks.siege import state
from tests.conftest import Person
from tests.reliability import SEED, trials

ATTACK = "paths and names"
HOSTILE = {
    "dots": "..",
    "dots and slashes": "../../../canary.txt",
    "encoded dots": "%2e%2e/%2e%2e/%2e%2e/canary.txt",
    "encoded slashes": "..%2f..%2f..%2fcanary.txt",
    "twice encoded": "%252e%252e%252f%252e%252e%252fcanary.txt",
    "backslashes": "..%5c..%5c..%5ccanary.txt",
    "raw backslashes": "..\\..\\canary.txt",
    "absolute": "%2fetc%2fpasswd",
    "drive": "C:%5cwindows",
    "NUL": "%00",
    "NUL after a name": "main%00.png",
    "line ends": "a%0d%0aX-Injected:%201",
    "control": "%01%1b%7f",
    "broken UTF-8": "%ff%fe%c0%af",
    "overlong slash": "..%c0%af..%c0%afcanary.txt",
    "surrogate": "%ed%a0%80",
    "fullwidth digits": quote("１２３"),
    "Arabic digits": quote("١"),
    "division slash": quote("..∕..∕canary.txt"),
    "fullwidth dots": quote("．．／．．／canary.txt"),
    "right to left": quote("\u202egnp.niam"),
    "combining": quote("e\u0301" * 50),
    "empty": "",
    "dot": ".",
    "hidden": ".tmp",
    "space": "%20",
    "percent": "%",
    "half an escape": "%e",
    "wildcard": "*",
    "quote": "%27%20OR%201=1--",
    "template": "%7b%7b7*7%7d%7d",
    "query": "%3fa=b%23c",
    "negative": "-1",
    "very large": "9" * 400,
    "65,000 characters": "a" * 65_000,
    "long escape": "%41" * 20_000,
}
# These are good names of games and players, and no numbers or ids.
NO_NUMBERS = {
    "zero": "0",
    "beyond 64 bits": "18446744073709551616",
    "exponent": "1e9",
    "hexadecimal": "0x10",
    "infinite": "inf",
}
NUMBERS = {"number", "page", "width", "image_id", "link_id", "product_id", "key_id"}


def attacks(rule: Rule, value: str, places: dict[str, str]) -> Iterator[str]:
    """Return the paths of a rule with the hostile value in one parameter after the other."""
    parts = PARAMETER.split(rule.rule)
    for attacked in parts[1::2]:
        if value in NO_NUMBERS.values() and attacked not in NUMBERS:
            continue
        yield "".join(
            part
            if place % 2 == 0
            else (value if part == attacked else RIGHT[part].format(**places))
            for place, part in enumerate(parts)
        )


@pytest.mark.parametrize(
    "value", (HOSTILE | NO_NUMBERS).values(), ids=(HOSTILE | NO_NUMBERS).keys()
)
def test_hostile_value_in_any_path_parameter_does_nothing(
    app: Flask,
    house: House,
    address: str,
    alice: Person,
    places: dict[str, str],
    value: str,
) -> None:
    """No path changes a row or a file, or writes a header of the answer."""
    before = state(app, house)

    paths = [
        (method, path)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        for path in attacks(rule, value, places)
    ]

    bad = []
    asked = Random(f"{SEED} {value}").sample(paths, trials(len(paths) // 4, full=len(paths)))
    for method, path in asked:
        answer = exchange(address, method, path, alice.key)
        if not 200 <= int(answer[9:12] or 599) < 500 or b"\r\nX-Injected" in answer:
            bad.append((method, path[:200], answer[:80]))

    assert bad == []
    assert state(app, house) == before


def test_every_parameter_has_a_right_value(app: Flask) -> None:
    """A new parameter in the URL map has to be told to this file."""
    assert {name for rule in app.url_map.iter_rules() for name in rule.arguments} == set(RIGHT)


@pytest.mark.parametrize(
    "path",
    [
        "/../canary.txt",
        "/static/../../canary.txt",
        "/static/..%2f..%2fcanary.txt",
        "/static/%2e%2e/%2e%2e/canary.txt",
        "/static//etc/passwd",
        "/s/x/static/..%2f..%2fcanary.txt",
        "//evil.example/canary.txt",
        "/generated/../canary.txt",
        "/outputs/images/generations/../../../../canary.txt",
        "/outputs/images/generations//etc/passwd",
        "/storage/generated/../../canary.txt",
        "http://evil.example/",
        "*",
    ],
)
def test_path_out_of_the_gallery_leads_nowhere(address: str, alice: Person, path: str) -> None:
    """A path that climbs out is a 4xx, or leads back into the gallery."""
    answer = exchange(address, "GET", path, alice.key)

    status = int(answer[9:12])
    location = re.search(rb"\r\nLocation: ([^\r]*)", answer)
    assert status < 500
    assert location is None or not location[1].startswith((b"//", b"http://evil"))
