"""Where a tested gallery keeps its rows: SQLite, or a real PostgreSQL, as ``--database`` says.

Each gallery has a database of its own, named in the ``config.py`` of its
instance folder where it isn't SQLite: so every process that is started over
that folder finds the same one, and a test need not know which kind it is.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from flask_migrate import upgrade
from psycopg import Connection, connect
from psycopg.errors import ObjectInUse
from sqlalchemy import URL, make_url

from gallery import create_app
from gallery.extensions import Base, db

SECRET = "a secret that is long enough for tests"
# What a test may have added to the tables, or taken from them, shows in their columns and indexes.
SHAPE = (
    "SELECT count(*), sum(hashtext(relname || attname)) FROM pg_attribute"
    " JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace"
)
OTHERS = "FROM pg_stat_activity WHERE datname = '{}' AND pid != pg_backend_pid()"


class Databases(Protocol):
    """Gives galleries their databases; ``name`` is what ``--database`` calls this kind."""

    name: str

    def empty(self, instance: Path) -> Iterator[Path]:
        """A block in which the gallery at *instance* has a database without tables."""

    def migrated(self, instance: Path) -> Iterator[Path]:
        """A block in which it has one with all tables, and no row in them."""

    def lose(self, instance: Path) -> None:
        """Let the database of the gallery at *instance* be gone, under whoever uses it."""


class SQLiteDatabases:
    """A file in each instance folder, copied from one that was migrated."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        migrate(folder)
        self._made = folder / "gallery.db"

    @contextmanager
    def empty(self, instance: Path) -> Iterator[Path]:
        instance.mkdir(parents=True, exist_ok=True)
        yield instance

    @contextmanager
    def migrated(self, instance: Path) -> Iterator[Path]:
        with self.empty(instance):
            shutil.copy(self._made, instance / "gallery.db")
            yield instance

    def lose(self, instance: Path) -> None:
        for file in instance.glob("gallery.db*"):
            file.unlink()


class PostgreSQLDatabases:
    """Databases of one server, lent to one gallery after another.

    To empty one takes a fiftieth of the time that it takes to make one. It
    has another name each time, so that a thread that outlived its test
    writes nowhere.
    """

    name = "postgresql"

    def __init__(self, server: str, folder: Path) -> None:
        self._server = make_url(server)
        self._admin = _connect(self._server)
        self._names = (f"gallery_test_{os.getpid()}_{number}" for number in count())
        self._made: set[str] = set()
        self._spare: list[str] = []
        self._template = self._make("template0")
        settle(folder, self._address(self._template))
        migrate(folder)
        with _connect(self._address(self._template)) as connection:
            self._shape = connection.execute(SHAPE).fetchone()

    def close(self) -> None:
        """Remove every database that was made."""
        for name in list(self._made):
            self._drop(name)
        self._admin.close()

    @contextmanager
    def empty(self, instance: Path) -> Iterator[Path]:
        name = self._make("template0")
        yield settle(instance, self._address(name))
        self._drop(name)

    @contextmanager
    def migrated(self, instance: Path) -> Iterator[Path]:
        name = self._spare.pop() if self._spare else self._make(self._template)
        yield settle(instance, self._address(name))
        self._take_back(name)

    def lose(self, instance: Path) -> None:
        config = (instance / "config.py").read_text()
        self._drop(next(name for name in self._made if f"/{name}?" in config))

    def _take_back(self, lent: str) -> None:
        """Empty a database and keep it, or drop it where its tables aren't what they were."""
        if lent not in self._made:
            return
        name = next(self._names)
        self._rename(lent, name)
        self._made ^= {lent, name}
        with _connect(self._address(name)) as connection:
            is_whole = connection.execute(SHAPE).fetchone() == self._shape
            if is_whole:
                connection.execute(_emptying())
        if is_whole:
            self._spare.append(name)
        else:
            self._drop(name)

    def _rename(self, lent: str, name: str) -> None:
        for last in (False, False, True):
            self._hang_up(lent)
            try:
                self._admin.execute(f"ALTER DATABASE {lent} RENAME TO {name}")
                return
            except ObjectInUse:
                # A thread that outlived its test came back just then; it will not for ever.
                if last:
                    raise

    def _make(self, template: str) -> str:
        name = next(self._names)
        self._hang_up(template)
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        self._made.add(name)
        return name

    def _drop(self, name: str) -> None:
        self._admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.discard(name)

    def _hang_up(self, name: str) -> None:
        self._admin.execute(f"SELECT pg_terminate_backend(pid, 5000) {OTHERS.format(name)}")

    def _address(self, name: str) -> URL:
        return self._server.set(database=name)


def migrate(instance: Path) -> None:
    """Bring the database of the gallery at *instance* to the newest migration."""
    app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


def settle(instance: Path, address: URL) -> Path:
    """Let the gallery at *instance* keep its rows at *address*."""
    instance.mkdir(parents=True, exist_ok=True)
    text = address.render_as_string(hide_password=False)
    (instance / "config.py").write_text(f"DATABASE_URL = {text!r}\n")
    return instance


def _connect(address: URL) -> Connection:
    return connect(address.render_as_string(hide_password=False), autocommit=True)


def _emptying() -> str:
    """Return what removes every row, and lets numbers begin at 1 again."""
    tables = [f"DELETE FROM {name}" for name in Base.metadata.tables]
    sequences = (
        "SELECT setval(oid::regclass, 1, false) FROM pg_class"
        " WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
    )
    # A replica doesn't look after references, of which none is left in the end.
    return ";".join(["SET session_replication_role = replica", *tables, sequences])
