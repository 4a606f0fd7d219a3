"""A gallery in which everybody goes by turns."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from gallery.extensions import db
from tests.conftest import Person
from tests.races.stage import Replacing, Stepping, asking_the_database, furnish, taking_turns, watch
from tests.races.trial import Trial
from tests.races.turns import Crew
from tests.reliability import SEED
from tests.services.artists import Artist

WITH_THREADS = ("gallery.services.retention", "gallery.services.integrity")
Play = Callable[[Trial], str]


@pytest.fixture
def settings() -> dict[str, Any]:
    """A paused actor keeps its connection; and nobody is told to come back later."""
    return {
        "DATABASE_CONNECTIONS": "20",
        "RATE_LIMIT_READS": "none",
        "RATE_LIMIT_WRITES": "none",
    }


@pytest.fixture(autouse=True)
def crews(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of a service's own go by turns as well."""
    for name, module in list(sys.modules.items()):
        if name.startswith(WITH_THREADS) and hasattr(module, "ThreadPoolExecutor"):
            monkeypatch.setattr(module, "ThreadPoolExecutor", Crew)


@pytest.fixture
def play(inside: Flask, alice: Person) -> Iterator[Callable[[Play, int], str]]:
    """Play a meeting once; the number decides who goes when."""
    artist = Artist()
    with asking_the_database(db.engine) as waits:
        watch(db.engine)

        def play(meeting: Play, number: int) -> str:
            kind = (Stepping, Replacing)[number % 2]
            storage = kind(inside.extensions["gallery"].settings.IMAGE_STORAGE_BASE_DIR)
            furnish(inside, storage).studio.generators = {artist.name: artist}
            seed = f"{SEED} {meeting.__name__} {number}"
            with taking_turns(inside, seed, waits) as turns:
                trial = Trial(
                    app=inside, viewer=alice.viewer, key=alice.key, storage=storage,
                    turns=turns, number=number,
                )  # fmt: skip
                try:
                    trial.hang()
                    happened = meeting(trial)
                    trial.clear()
                except BaseException as error:
                    error.add_note("\n".join(turns.trace[-80:]))
                    error.add_note(f"Again, alone: GALLERY_SEED={SEED} GALLERY_TRIAL={number}")
                    raise
            return happened

        yield play
