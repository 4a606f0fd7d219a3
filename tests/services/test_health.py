"""Whether the parts that Gallery stands on work right now."""

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import BinaryIO

import pytest
from flask import Flask
from sqlalchemy import text

from gallery.extensions import STOPPING, House, db
from gallery.services.health import Watchman, check_database, check_storage
from gallery.storage import LocalStorage, Storages
from tests.conftest import FixedClock
from tests.services.conftest import stored


def test_working_gallery_is_ready_and_left_as_it_was(
    inside: Flask, house: House, folder: Path
) -> None:
    """The check puts no object, not even for a moment, and leaves no file."""
    assert check_database() is True
    assert check_storage(house.storages.default) is True
    assert stored(folder) == []


def test_database_without_tables_is_not_ready(
    inside: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that was never migrated is told, and logged."""
    db.session.execute(text("ALTER TABLE users RENAME TO people"))
    db.session.commit()

    assert check_database() is False
    assert "users" in caplog.text


def test_storage_that_takes_nothing_is_not_ready(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that can't be used is told, and logged."""
    (tmp_path / "storage").write_text("not a folder")

    with caplog.at_level(logging.ERROR):
        ready = check_storage(LocalStorage(tmp_path / "storage"))

    assert ready is False
    assert "storage local is not ready" in caplog.text


class Hanging(LocalStorage):
    """A storage whose server takes the question and never answers."""

    name = "far"

    def __init__(self, root: Path, goes_on: Event) -> None:
        super().__init__(root)
        self.asked = 0
        self._goes_on = goes_on

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        self.asked += 1
        self._goes_on.wait(60)
        return super().open(key, start, end)


@pytest.fixture
def goes_on(inside: Flask) -> Iterator[Event]:
    """What lets the hanging storage go on; who waited for it is done before the database goes."""
    event, others = Event(), set(enumerate_threads())
    yield event
    event.set()
    for thread in set(enumerate_threads()) - others:
        thread.join(10)


def test_storage_that_hangs_is_not_ready_and_holds_nobody_up(
    inside: Flask, tmp_path: Path, goes_on: Event
) -> None:
    """Of two storages the one that hangs is told, and is asked once, however many ask."""
    far = Hanging(tmp_path / "far", goes_on)
    storages = Storages({"local": LocalStorage(tmp_path / "near"), "far": far}, default="local")
    watchman = Watchman(
        storages, scope=inside.app_context, clock=FixedClock(), patience_seconds=0.2
    )

    found = [watchman.ask() for _ in range(3)]

    assert [each.storages for each in found] == [{"local": True, "far": False}] * 3
    assert [each.is_ready for each in found] == [False] * 3
    assert far.asked == 1


def test_storage_that_goes_on_is_ready_again(inside: Flask, tmp_path: Path, goes_on: Event) -> None:
    """Once the storage answers, so does the watchman."""
    storages = Storages({"far": Hanging(tmp_path, goes_on)}, default="far")
    watchman = Watchman(storages, scope=inside.app_context, clock=FixedClock(), patience_seconds=30)
    goes_on.set()

    assert watchman.ask().is_ready is True


def test_server_that_stops_is_not_ready(inside: Flask, house: House, stopping: None) -> None:
    """Who is asked to stop wants no new requests, though all parts work."""
    found = house.watchman.ask()

    assert (found.database, dict(found.storages)) == (True, {"local": True})
    assert found.is_ready is False


@pytest.fixture
def stopping() -> Iterator[None]:
    """This process is asked to stop."""
    STOPPING.set()
    yield
    STOPPING.clear()
