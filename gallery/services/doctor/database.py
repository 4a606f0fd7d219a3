"""Whether the database can be used, and whether it is as this program expects it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from gallery.config import database_file
from gallery.extensions import engine_options, prepare_engine
from gallery.services.doctor.findings import Finding, Setup, error, fine, hint, warning

# Longer than any answer takes, shorter than what a signed link or a token lasts.
_SKEW_SECONDS = 5
_UPGRADE = "`gallery serve` does it when it starts; `gallery db upgrade` does it now."


@contextmanager
def opened(setup: Setup) -> Iterator[Connection | None]:
    """Connect to the database, or yield None where there is none that answers.

    Each query is a transaction of its own, so that one that fails spoils no other.
    """
    engine = _engine(setup).execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect() if _is_there(setup) else None
    except DBAPIError:
        connection = None
    try:
        yield connection
    finally:
        if connection is not None:
            connection.close()
        engine.dispose()


def _engine(setup: Setup) -> Engine:
    url, seconds = setup.settings.DATABASE_URL, setup.settings.DATABASE_TIMEOUT
    engine = create_engine(url, **engine_options(url, 1, seconds))
    # An SQLite file is left as it is: preparing it would begin to use it.
    if engine.dialect.name == "postgresql":
        prepare_engine(engine, seconds)
    return engine


def _is_there(setup: Setup) -> bool:
    """Tell whether there is something to connect to: SQLite would make a file by itself."""
    file = database_file(setup.settings.DATABASE_URL)
    return file is None or (file.exists() and file.stat().st_size > 0)


def is_current(connection: Connection, home: Path) -> bool:
    """Tell whether the tables are those of this program, so that they can be asked."""
    try:
        there = MigrationContext.configure(connection).get_current_heads()
        return set(there) == set(_scripts(home).get_heads())
    except (DBAPIError, CommandError):
        return False


def _scripts(home: Path) -> ScriptDirectory:
    return ScriptDirectory(str(home / "migrations"))


def look_at_database(setup: Setup) -> Iterator[Finding]:
    """Tell whether it answers, and takes what is written."""
    file = database_file(setup.settings.DATABASE_URL)
    where = make_url(setup.settings.DATABASE_URL).render_as_string(hide_password=True)
    if not _is_there(setup):
        yield hint(f"There is no database yet at {file}", "The first start makes it.")
        return
    engine = _engine(setup)
    try:
        with engine.connect() as connection:
            look = _look_at_sqlite if connection.dialect.name == "sqlite" else _look_at_postgresql
            found = list(look(connection, setup))
    except DBAPIError as problem:
        yield error(f"{where} can't be used: {_told(problem)}", _what_to_do(file))
        return
    finally:
        engine.dispose()
    yield from found or [fine(f"{where} answers, and takes what is written")]


def _told(problem: DBAPIError) -> str:
    return str(problem.orig).strip().partition("\n")[0]


def _what_to_do(file: Path | None) -> str:
    if file is None:
        return (
            "See whether the server runs, and whether DATABASE_URL names it, its user and the"
            " password rightly."
        )
    return (
        f"See whether the gallery's user may read and write {file} and its folder. If the file"
        " itself is damaged, restore a backup (`gallery backup restore`)."
    )


def _look_at_sqlite(connection: Connection, setup: Setup) -> Iterator[Finding]:
    mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar()
    if mode != "wal":
        yield error(
            f"SQLite can't use its write-ahead log here (it says {mode})",
            "Move the file to a disk of this machine: readers would stop writers, and a crash may"
            " lose rows.",
        )
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute("BEGIN IMMEDIATE")
        driver.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise DBAPIError("BEGIN IMMEDIATE", None, problem) from problem
        yield warning(
            "Somebody keeps the database locked for writing",
            "Look whether a command or a backup program hangs; writers wait for it.",
        )
    if setup.settings.IMAGE_STORAGE_TYPE == "s3" and setup.settings.REDIS_URL:
        yield hint(
            "Pictures and limits are shared by S3 and Redis, and the rows lie in an SQLite file",
            "Name a PostgreSQL in DATABASE_URL where several machines serve this gallery.",
        )


def _look_at_postgresql(connection: Connection, setup: Setup) -> Iterator[Finding]:
    settings = setup.settings
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        yield error(
            "The PostgreSQL server takes no writes: it is a standby, or read-only",
            "Name the primary server in DATABASE_URL.",
        )
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        yield error(
            "The database's encoding is not UTF-8, so not every prompt can be kept",
            "Make one by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and copy all rows"
            " there by `gallery db copy`.",
        )
    wanted = settings.DATABASE_CONNECTIONS * settings.WEB_CONCURRENCY
    most = int(connection.scalar(text("SHOW max_connections")) or 0)
    if wanted > most:
        yield warning(
            f"{settings.WEB_CONCURRENCY} workers want up to {wanted} connections, and the server"
            f" has {most}",
            "Lower DATABASE_CONNECTIONS, or raise the server's max_connections.",
        )
    yield from judge_clock("database", connection.scalar(text("SELECT now()")), setup.now())
    if shutil.which("pg_dump") is None:
        yield hint(
            "pg_dump is not installed here, which `gallery backup` needs",
            "Install PostgreSQL's client programs, of the server's version or newer.",
        )


def judge_clock(whose: str, theirs: datetime | None, ours: datetime) -> Iterator[Finding]:
    """Tell where two clocks differ so that links end early, or signatures are refused."""
    seconds = abs((theirs - ours).total_seconds()) if theirs else 0
    if seconds > _SKEW_SECONDS:
        yield warning(
            f"This machine's clock and the {whose}'s differ by {seconds:,.0f} s",
            "Set both by NTP: signed links end early or late, and S3 refuses requests from 15"
            " minutes on.",
        )


def look_at_migrations(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """Tell whether the tables are those of this program."""
    scripts = _scripts(setup.home)
    newest = set(scripts.get_heads())
    there = set(MigrationContext.configure(connection).get_current_heads())
    known = {each.revision for each in scripts.walk_revisions()}
    if there == newest:
        yield fine(f"The tables are up to date ({', '.join(sorted(newest))})")
    elif not there:
        yield hint("The database has no tables yet", _UPGRADE)
    elif there <= known:
        yield warning(
            f"The tables are of an older version ({', '.join(sorted(there))})",
            f"Make a backup, then bring them up to date. {_UPGRADE}",
        )
    else:
        yield error(
            f"The tables are of a version that this program doesn't know"
            f" ({', '.join(sorted(there))})",
            "Install the newer version of Gallery again, or restore a backup from before it.",
        )
