"""SQLite in bad weather: another program holds the file, or it may only be read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FixedClock
from tests.reliability import tell
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
