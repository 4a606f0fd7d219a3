"""A gallery whose every step may be the moment at which somebody else goes on."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from flask import Flask
from sqlalchemy import Engine, event

from gallery.extensions import House, db
from gallery.storage import LocalStorage, ObjectInfo, SpooledFile, Storages, StoredObject
from tests.races.turns import Crew, Turns


class Stepping(LocalStorage):
    """A folder that others may change before anything that is done in it.

    ``kept`` counts how often each key came to hold something.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.kept: Counter[str] = Counter()

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        step(f"put {key}")
        return self._noted(super().put(key, stream))

    def copy(self, source: str, target: str) -> StoredObject:
        step(f"copy {source} to {target}")
        return self._noted(super().copy(source, target))

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        step(f"open {key}")
        return super().open(key, start, end)

    def exists(self, key: str) -> bool:
        step(f"look for {key}")
        return super().exists(key)

    def stat(self, key: str) -> ObjectInfo:
        step(f"stat {key}")
        return super().stat(key)

    def delete(self, key: str) -> None:
        step(f"delete {key}")
        super().delete(key)

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        step("list keys")
        yield from super().iter_keys(prefix)

    def _noted(self, stored: StoredObject) -> StoredObject:
        self.kept[stored.key] += 1
        return stored


class Replacing(Stepping):
    """A storage that takes the newer of two objects under one key, as some S3 servers do."""

    claims_keys = False

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        step(f"put {key}")
        LocalStorage.delete(self, key)
        return self._noted(LocalStorage.put(self, key, stream))

    def copy(self, source: str, target: str) -> StoredObject:
        step(f"copy {source} to {target}")
        LocalStorage.delete(self, target)
        return self._noted(LocalStorage.copy(self, source, target))


def step(what: str) -> None:
    """Stop before *what*, where there are turns."""
    if Crew.turns is not None:
        Crew.turns.step(what)


def furnish(app: Flask, storage: LocalStorage) -> House:
    """Give the gallery *storage* as its only one."""
    house: House = app.extensions["gallery"]
    storages = Storages({"local": storage}, default="local")
    intake = replace(house.intake, storages=storages)
    studio = replace(house.studio, intake=intake)
    app.extensions["gallery"] = replace(house, storages=storages, intake=intake, studio=studio)
    return app.extensions["gallery"]


def watch(engine: Engine) -> None:
    """Let whoever speaks to the database stop before each transaction, statement and end of one."""

    @event.listens_for(engine, "set_connection_execution_options")
    def _about_to_begin(_connection: Any, options: dict[str, Any]) -> None:
        # At "begin" itself, SQLite's lock would be taken already.
        if Crew.turns is not None and options.get("gallery_writes"):
            Crew.turns.begin_writing()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        actor = Crew.turns.current() if Crew.turns else None
        if actor is not None and engine.dialect.name == "postgresql":
            actor.backend = connection.connection.dbapi_connection.info.backend_pid

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        step(" ".join(statement.split()[:3]))

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _end(_connection: Any) -> None:
        if Crew.turns is not None:
            Crew.turns.end_writing("end the transaction")


@contextmanager
def asking_the_database(engine: Engine) -> Iterator[Callable[[int], bool]]:
    """Yield what tells of a connection's number whether it waits for a lock."""
    if engine.dialect.name != "postgresql":
        yield lambda _backend: False
        return
    address = engine.url.render_as_string(hide_password=False)
    with closing(psycopg.connect(address, autocommit=True)) as connection:

        def waits(backend: int) -> bool:
            query = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
            found = connection.execute(query, (backend,)).fetchone()
            return bool(found and found[0])

        yield waits


@contextmanager
def taking_turns(app: Flask, seed: str, waits: Callable[[int], bool]) -> Iterator[Turns]:
    """Let what is spawned in this block go by turns, when they are run."""
    with app.app_context():
        has_one_writer = db.engine.dialect.name == "sqlite"
    Crew.turns = Turns(seed, has_one_writer=has_one_writer, waits_in_database=waits)
    try:
        yield Crew.turns
    finally:
        Crew.turns = None
