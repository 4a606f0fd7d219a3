"""SQLite in bad weather: another program holds the file, or it may only be read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from gallery.extensions import db
from gallery.metrics import REGISTRY
from tests.conftest import FixedClock, Person
from tests.reliability import tell
from tests.views.reading import heading, parse
from tests.weather.asking import FAIR, WRITES, Weather, World, ask_all
from tests.weather.conftest import Clean, is_ready

pytestmark = pytest.mark.only_on("sqlite", because="PostgreSQL is another weather")
TAKES_NOTHING = Weather(away=frozenset({WRITES}))


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"DATABASE_TIMEOUT": "1"}


def test_locked_database_is_waited_for_and_then_told(
    world: World, instance: Path, clock: FixedClock, orphans: Clean
) -> None:
    """Another process writes and doesn't end; what only reads, is answered."""
    with closing(sqlite3.connect(instance / "gallery.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        during = ask_all(world, TAKES_NOTHING)
        was_ready = is_ready(world, clock)
        other.execute("ROLLBACK")

    after = ask_all(world, FAIR)
    assert was_ready
    assert orphans() == []
    tell("weather", "SQLite locked by another process", during)
    tell("weather", "SQLite unlocked again", after)


def test_database_that_may_only_be_read_is_read(
    app: Flask, world: World, clock: FixedClock, orphans: Clean
) -> None:
    """As where its file system has turned read only: nothing is kept, all is shown."""

    def forbid(connection: Any, _record: Any = None) -> None:
        connection.execute("PRAGMA query_only = ON")

    with app.app_context():
        engine = db.engine
        engine.dispose()
    event.listen(engine, "connect", forbid)

    during = ask_all(world, TAKES_NOTHING)

    event.remove(engine, "connect", forbid)
    engine.dispose()
    after = ask_all(world)
    assert orphans() == []
    tell("weather", "SQLite read only", during)
    tell("weather", "SQLite to be written again", after)


def test_database_that_failed_is_not_asked_again_for_the_page_that_says_so(
    app: Flask, alice: Person
) -> None:
    """Who asks is in it too, and would be waited for once more."""
    with app.app_context():
        db.session.execute(text("ALTER TABLE api_keys RENAME TO lost_keys"))
        db.session.commit()
    before = database_errors()

    answer = alice.get("/")

    assert (answer.status_code, database_errors() - before) == (503, 1)
    assert heading(parse(answer)) == "The database can't be reached"


def database_errors() -> float:
    labels = {"error": "OperationalError"}
    return REGISTRY.get_sample_value("gallery_database_errors_total", labels) or 0
