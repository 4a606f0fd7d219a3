"""Addresses that nginx checks: how long they last, and what they open."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gallery.services.links import SecureLinks
from tests.conftest import FixedClock

LINKS = SecureLinks("a secret of sixteen or more")


def image(visibility: str, *, is_hidden: bool = False) -> Any:
    return SimpleNamespace(visibility=visibility, is_hidden=is_hidden, storage_key="a/b.png")


def parts(address: str) -> tuple[str, str, str]:
    url = urlsplit(address)
    query = parse_qs(url.query)
    return url.path, query["until"][0], query["key"][0]


def lasts(about: Any, now: datetime) -> timedelta:
    _, until, _ = parts(LINKS.at(now).path(about, 320))
    return timedelta(seconds=int(until) - int(now.timestamp()))


@pytest.mark.parametrize(
    ("about", "least"),
    [
        (image("public"), timedelta(days=1)),
        (image("unlisted"), timedelta(days=1)),
        (image("private"), timedelta(hours=1)),
        (image("public", is_hidden=True), timedelta(hours=1)),
    ],
    ids=["public", "unlisted", "private", "hidden"],
)
def test_address_lives_once_to_twice_its_span(
    about: Any, least: timedelta, clock: FixedClock
) -> None:
    """Also one that is handed out in the last second before its end moves on."""
    start = clock().replace(hour=23, minute=59, second=58)

    spans = [lasts(about, start + timedelta(seconds=second)) for second in range(5)]
    spans += [lasts(about, start + timedelta(minutes=17 * step)) for step in range(200)]

    assert min(spans) >= least
    assert max(spans) <= 2 * least
    assert max(spans) > 1.9 * least


def test_addresses_repeat(clock: FixedClock) -> None:
    """Two looks within the same hour get the same ones, and so caches and ETags hold."""
    first = LINKS.at(clock().replace(minute=1))
    second = LINKS.at(clock().replace(minute=58))

    assert first == second
    assert first.path(image("private"), 320) == second.path(image("private"), 320)


def test_address_opens_until_its_end_and_not_a_second_longer(clock: FixedClock) -> None:
    """As long as nginx takes it."""
    path, until, key = parts(LINKS.at(clock()).path(image("private"), 320))
    end = datetime.fromtimestamp(int(until), clock().tzinfo)

    opens = [
        LINKS.opens(path, until=until, key=key, now=end + timedelta(seconds=late))
        for late in (-1, 0, 0.9, 1)
    ]

    assert opens == [True, True, True, False]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("path", "/thumbnails/640/a/b.png.webp"),
        ("path", "/thumbnails/320/a/c.png.webp"),
        ("until", "9999999999"),
        ("until", "-1"),
        ("until", "١٢٣"),
        ("until", ""),
        ("until", "9" * 5000),
        ("key", ""),
        ("key", "é"),
        ("key", "A" * 22),
    ],
)
def test_address_opens_nothing_else(clock: FixedClock, part: str, value: str) -> None:
    """Each of its parts is signed, and nonsense is no error."""
    path, until, key = parts(LINKS.at(clock()).path(image("public"), 320))
    changed = {"path": path, "until": until, "key": key} | {part: value}

    assert not LINKS.opens(changed["path"], until=changed["until"], key=changed["key"], now=clock())
    assert LINKS.opens(path, until=until, key=key, now=clock())


@pytest.mark.parametrize("spelling", ["{key}=", "{key}==", " {key}"])
def test_key_has_one_spelling(clock: FixedClock, spelling: str) -> None:
    """As itsdangerous' tokens have here."""
    path, until, key = parts(LINKS.at(clock()).path(image("public"), 320))

    assert not LINKS.opens(path, until=until, key=spelling.format(key=key), now=clock())
