"""A gallery with something of everything in it, and what must be true of it after any weather."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from flask import Flask

from gallery.extensions import House, db
from gallery.services import integrity
from gallery.storage.temporary import TEMPORARY
from tests.conftest import FixedClock, Person, client_of
from tests.views.reading import Browser
from tests.weather.asking import World, build_world

# Longer than any part is waited for in these tests, and by far less than for ever.
PATIENCE_SECONDS = 15
Clean = Callable[[], list[str]]


@pytest.fixture
def world(address: str, alice: Person, visitor: Person, clock: FixedClock) -> Iterator[World]:
    for person in (alice, visitor):
        person.http.timeout = httpx.Timeout(PATIENCE_SECONDS)
    with ExitStack() as opened:
        browsers = [
            Browser(opened.enter_context(client_of(address, timeout=PATIENCE_SECONDS)))
            for _ in range(2)
        ]
        world = build_world(alice, visitor, *browsers)
        # What is written down now and then, and not at each request, is due.
        clock.move(minutes=10)
        yield world


@pytest.fixture
def orphans(app: Flask, house: House) -> Clean:
    """Tell which objects no row knows; nothing else may be wrong, nor any file be left over."""

    def orphans() -> list[str]:
        house.tally.flush()
        with app.app_context():
            # Objects have their age from the machine's clock.
            later = datetime.now(UTC) + timedelta(days=1)
            found = integrity.check_objects(storages=house.storages, now=later).findings
            db.session.remove()
        told = found.as_json()
        orphaned = told.pop("orphaned")
        assert not any(told.values()), told
        left = house.settings.IMAGE_STORAGE_BASE_DIR / TEMPORARY
        assert list(left.iterdir()) == []
        return orphaned

    return orphans


def is_ready(world: World, clock: FixedClock) -> bool:
    """Ask whether requests should be sent here; an answer is good for a second."""
    clock.move(seconds=2)
    return world.visitor.get("/readyz").status_code == 200
