"""Copy all rows into another database: from SQLite to PostgreSQL, when a gallery outgrows its disk.

All or nothing: the copy is one transaction of the target, committed only
after every table was read back and found to hold the same. The source is
read in one transaction, so that what others write meanwhile is left out
whole; servers should be stopped all the same, since it stays behind.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Row, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from gallery.errors import CopyDiffers, CopyRefused
from gallery.extensions import Base, end_limits

_BATCH = 1_000


@dataclass(frozen=True, kw_only=True)
class Sum:
    """How many rows a table has, and a checksum that is the same in whatever order they come."""

    rows: int = 0
    checksum: int = 0

    def of(self, rows: Iterable[Sequence[Any]]) -> "Sum":
        """Return the sum with *rows* added."""
        digests = [int.from_bytes(hashlib.sha256(_plain_text(row)).digest()) for row in rows]
        checksum = (self.checksum + sum(digests)) % 2**256
        return Sum(rows=self.rows + len(digests), checksum=checksum)


def copy_database(
    *,
    source: Engine,
    target: Engine,
    tell: Callable[[int, int], object] = lambda _done, _total: None,
) -> dict[str, int]:
    """Copy every row from *source* to *target*; return how many there are by table.

    Both must be migrated to the same revision, and the target be empty.
    *tell* hears how many rows of how many were written. Nothing is left in
    the target where anything goes wrong.

    Raises:
        CopyRefused: the target is not empty, or at another revision.
        CopyDiffers: the target does not hold what was written to it.
    """
    tables = Base.metadata.sorted_tables
    with _reading(source) as old, _writing(target) as new, new.begin():
        _check_revisions(old, new)
        _check_empty(new, tables)
        total = sum(_count(old, table) for table in tables)
        sums = {table.name: Sum() for table in tables}
        for table in tables:
            for written in _copy_table(table, old, new):
                sums[table.name] = written
                tell(sum(each.rows for each in sums.values()), total)
            _check_same(table, new, sums[table.name])
            _advance_numbers(table, new)
    return {name: each.rows for name, each in sums.items()}


def _reading(engine: Engine) -> Connection:
    """Return a connection that sees one state of the database until it is closed."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        end_limits(connection)
    return connection


def _writing(engine: Engine) -> Connection:
    connection = engine.connect().execution_options(gallery_writes=True)
    end_limits(connection)
    # The setting began a transaction; the copy begins its own.
    connection.commit()
    return connection


def _check_revisions(old: Connection, new: Connection) -> None:
    there, here = _revision(new), _revision(old)
    if here != there:
        raise CopyRefused(
            f"The other database is at {there or 'no revision'}, this one at {here or 'none'};"
            " gallery db upgrade brings each to the newest"
        )


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _check_empty(new: Connection, tables: Iterable[Table]) -> None:
    used = [table.name for table in tables if new.execute(select(table).limit(1)).first()]
    if used:
        raise CopyRefused(f"The other database is in use: there are rows in {', '.join(used)}")


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _copy_table(table: Table, old: Connection, new: Connection) -> Iterator[Sum]:
    """Copy a table batch by batch, and yield what was written so far after each."""
    columns, written = _stored_columns(table), Sum()
    for batch in _batches(old, columns):
        try:
            new.execute(insert(table), [row._asdict() for row in batch])
        except DBAPIError as error:
            raise CopyRefused(f"A row of {table.name} is not taken: {error.orig}") from error
        written = written.of(batch)
        yield written


def _batches(connection: Connection, columns: list[Column[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Yield all rows, some at a time: never a whole table in memory, on either side."""
    query = select(*columns).execution_options(yield_per=_BATCH)
    return connection.execute(query).partitions()


def _stored_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a table but those that the database works out itself."""
    return [column for column in table.columns if column.computed is None]


def _check_same(table: Table, new: Connection, written: Sum) -> None:
    found = Sum()
    for batch in _batches(new, _stored_columns(table)):
        found = found.of(batch)
    if found != written:
        raise CopyDiffers(f"{table.name} does not hold what was copied; nothing was kept")


def _advance_numbers(table: Table, new: Connection) -> None:
    """Let PostgreSQL go on numbering after the rows that brought their numbers along."""
    column = table.autoincrement_column
    if column is None or new.dialect.name != "postgresql":
        return
    sequence = new.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    if sequence is not None:
        highest = new.scalar(select(func.max(column))) or 0
        new.execute(select(func.setval(sequence, highest + 1, False)))


def _plain_text(row: Sequence[Any]) -> bytes:
    """Return a row as text that is the same whichever database it was read from."""
    return json.dumps([_evened(value) for value in row], default=_text, sort_keys=True).encode()


def _evened(value: Any) -> Any:
    """Return JSON with its numbers as PostgreSQL keeps them: 1e16 is 10000000000000000 there."""
    if isinstance(value, dict):
        return {name: _evened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_evened(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: Any) -> str:
    """Return what JSON has no word for: times, ids and bytes."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
