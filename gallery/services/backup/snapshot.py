"""The rows of one moment, while others go on writing.

SQLite's online backup copies the state that its connection reads, and
``pg_dump`` one that a transaction has exported. So the objects can be asked
for first, and the rows that name them be written down after: both are of
the moment at which the snapshot was opened.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Engine, Row, or_, select, text
from sqlalchemy.exc import OperationalError

from gallery.extensions import current_session, dialect_of, end_limits, end_reading
from gallery.models import Image, StorageMark
from gallery.services.backup import postgresql
from gallery.services.backup.manifest import Entry

_COLUMNS: tuple[Any, ...] = (
    Image.id,
    Image.kind,
    Image.storage_provider,
    Image.storage_key,
    Image.sha256,
    Image.size_bytes,
)
_BATCH = 1_000
# How long a snapshot may keep writers waiting, and wait for them itself.
PAUSE_SECONDS = 5


class Snapshot(Protocol):
    """The rows of one moment."""

    rows_file: str

    def entries(self, *, since: datetime | None = None) -> Iterator[Entry]:
        """Yield the object of every image, or of those that got one *since* then."""
        ...

    def revision(self) -> str:
        """Return the migration that the rows are at, or nothing where there are none."""
        ...

    def marks(self) -> dict[str, str]:
        """Return what the storages are marked with, by provider."""
        ...

    def write_rows(self, folder: Path) -> Path:
        """Write all rows into a file in *folder*; it is neither proved nor synced yet."""
        ...


class _Opened:
    """What snapshots of both databases have in common: a connection that reads one moment."""

    rows_file = ""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def entries(self, *, since: datetime | None = None) -> Iterator[Entry]:
        query = select(*_COLUMNS).where(Image.storage_key.is_not(None))
        if since is not None:
            query = query.where(or_(Image.completed_at.is_(None), Image.completed_at >= since))
        query = query.execution_options(yield_per=_BATCH)
        yield from map(entry_of, self.connection.execute(query))

    def revision(self) -> str:
        if not has_table(self.connection, "alembic_version"):
            return ""
        return self.connection.scalar(text("SELECT version_num FROM alembic_version")) or ""

    def marks(self) -> dict[str, str]:
        if not has_table(self.connection, StorageMark.__tablename__):
            return {}
        rows = self.connection.execute(select(StorageMark.provider, StorageMark.mark))
        return {row.provider: row.mark for row in rows}


class SQLiteSnapshot(_Opened):
    """A read transaction on the file, which writers don't wait for."""

    rows_file = "rows.db"

    def write_rows(self, folder: Path) -> Path:
        """Copy what the transaction sees; a single file, without a log beside it."""
        file = folder / self.rows_file
        source = cast(sqlite3.Connection, self.connection.connection.dbapi_connection)
        with closing(sqlite3.connect(file)) as copy:
            file.chmod(0o600)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        return file


class PostgreSQLSnapshot(_Opened):
    """A transaction that has exported what it sees."""

    rows_file = "rows.dump"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        postgresql.check_tools(connection)
        self._exported = str(connection.scalar(text("SELECT pg_export_snapshot()")))

    def write_rows(self, folder: Path) -> Path:
        """Let pg_dump write down what the transaction sees."""
        file = folder / self.rows_file
        postgresql.dump(self.connection.engine, snapshot=self._exported, to=file)
        return file


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Open the rows as they are now; kept open no longer than they take to be written down."""
    if dialect_of(current_session()) == "postgresql":
        reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with own_connection(**reading) as connection:
            yield PostgreSQLSnapshot(connection)
        return
    with own_connection() as connection:
        # A transaction of SQLite sees the moment at which it first reads.
        connection.execute(text("SELECT count(*) FROM sqlite_master"))
        yield SQLiteSnapshot(connection)


@contextmanager
def writers_paused() -> Iterator[bool]:
    """Let nobody else write rows of images; yields whether that was to be had.

    For some seconds at the most, which writers wait out: nobody is refused.
    """
    with own_connection(gallery_writes=True) as connection:
        try:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET lock_timeout = '{PAUSE_SECONDS}s'")
                connection.exec_driver_sql("LOCK TABLE images IN SHARE MODE")
            else:
                # It began with taking the lock.
                connection.execute(text("SELECT 1"))
        except OperationalError:
            is_paused = False
        else:
            is_paused = True
        yield is_paused


@contextmanager
def own_connection(**options: Any) -> Iterator[Connection]:
    """Yield a connection that takes no place in the pool, and has all the time that it needs."""
    engine = end_reading().get_bind()
    if not isinstance(engine, Engine):
        raise TypeError("the session has no engine of its own")
    with engine.connect().execution_options(**options) as connection:
        connection.detach()
        end_limits(connection)
        # The settings began a transaction; whoever asked begins their own.
        connection.commit()
        yield connection


def has_table(connection: Connection, name: str) -> bool:
    """Tell whether there is a table: a gallery is backed up before its code is brought up to date.

    It may be restored where there is none at all.
    """
    return connection.dialect.has_table(connection, name)


def walk_entries() -> Iterator[Entry]:
    """Yield the object of every image as it is now, some hundreds at a time, without a snapshot."""
    query = select(*_COLUMNS).where(Image.storage_key.is_not(None))
    query = query.order_by(Image.id).limit(_BATCH)
    rows = current_session().execute(query).all()
    while rows:
        end_reading()
        yield from map(entry_of, rows)
        rows = current_session().execute(query.where(Image.id > rows[-1].id)).all()
    end_reading()


def object_now(entry: Entry) -> Entry | None:
    """Return where the object of an image is by now, or None where the image is gone."""
    row = current_session().execute(select(*_COLUMNS).where(Image.id == entry.id)).first()
    end_reading()
    return entry_of(row) if row is not None and row.storage_key is not None else None


def entry_of(row: Row[Any]) -> Entry:
    """Return the entry of a row."""
    return Entry(
        id=row.id,
        kind=row.kind,
        provider=row.storage_provider,
        key=row.storage_key,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
    )
