"""The Flask extensions, and what every door hands to the services.

They are made here without an application, so that models and services can
import ``db`` while only ``create_app`` knows the application.
"""

import logging
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from flask_apscheduler import APScheduler
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import DateTime, MetaData, TypeDecorator, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session, registry, scoped_session

from gallery.config import Settings
from gallery.errors import DatabaseFull, DatabaseUnwritable
from gallery.metrics import DATABASE_CONNECTIONS, DATABASE_ERRORS

if TYPE_CHECKING:
    from gallery.services.accounts import Entrance
    from gallery.services.census import Census
    from gallery.services.generation import Studio
    from gallery.services.health import Watchman
    from gallery.services.ingest import Intake
    from gallery.services.limits import Limits
    from gallery.services.links import LinkSigner, SecureLinks, Tally
    from gallery.services.probes import Probe
    from gallery.services.prompt_cache import PromptRules
    from gallery.services.thumbnails import KeptThumbnails
    from gallery.services.wholeness import SeenObjects
    from gallery.storage import Storages

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
# Set when this process is asked to stop: whoever only waits should not keep it from that.
STOPPING = Event()
LONGEST_WAIT_SECONDS = 30
# The way to PostgreSQL, where a machine or a cable may be gone without a word.
_CONNECT_SECONDS = 5
_ON_THE_WAY = {
    "keepalives_idle": LONGEST_WAIT_SECONDS,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": LONGEST_WAIT_SECONDS * 1000,
}
# PostgreSQL's names: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DISK_FULL = "53100"
_READ_ONLY = "25006"
_TAKES_NOTHING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, in UTC on both sides; SQLite has no zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times, which mean something else on each machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Return the instant, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The parent of all tables; constraint names are stable, so migrations can name them."""

    registry = registry(
        type_annotation_map={datetime: UTCDateTime},
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
login_manager = LoginManager()
csrf = CSRFProtect()
scheduler = APScheduler()


def current_session() -> Session:
    """Return the session of the current request or command."""
    return cast("scoped_session[Session]", db.session)()


def end_reading() -> Session:
    """Let go of the snapshot that reads were made from, before slow work or a write.

    A commit of nothing: unlike a rollback, it leaves the objects that were read usable.
    """
    session = current_session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a write transaction must not begin inside another")
    session.commit()
    return session


@contextmanager
def writing() -> Iterator[Session]:
    """One write transaction: committed at the end, rolled back on any error.

    It takes SQLite's write lock at once. A transaction that reads first and
    writes later fails on the spot when another writer came in between.

    Raises:
        DatabaseFull: there is no room for what was to be written.
        DatabaseUnwritable: another program holds it, or it may only be read just now.
    """
    session = end_reading()
    try:
        session.connection(execution_options={"gallery_writes": True})
        yield session
        session.commit()
    except DBAPIError as error:
        session.rollback()
        refusal = _refusal(error.orig)
        if refusal is None:
            raise
        raise refusal from error
    except BaseException:
        session.rollback()
        raise


def _refusal(cause: BaseException | None) -> DatabaseUnwritable | None:
    """Return what it means that a database which answers did not write; None for anything else."""
    # The lowest byte says what it is; the others, how it came to it.
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    state = getattr(cause, "sqlstate", None)
    if code == sqlite3.SQLITE_FULL or state == _DISK_FULL:
        return DatabaseFull("There is no room left to keep this; nothing was changed")
    if code in _TAKES_NOTHING or state == _READ_ONLY:
        return DatabaseUnwritable(f"Nothing was changed: {cause}")
    return None


def insert_into(table: type[Base], dialect: str) -> Any:
    """Return an INSERT that can say what happens on a conflict, in the database's own words."""
    plain: Any = table.__table__
    return postgresql.insert(plain) if dialect == "postgresql" else sqlite.insert(plain)


def dialect_of(session: Session) -> str:
    """Return the name of the database's dialect: ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def read_one_moment() -> None:
    """Let all that is read from here on, up to ``let_go`` or a write, be of one moment.

    With SQLite it is so in any case; PostgreSQL else shows each query what
    was committed just before it.
    """
    session = end_reading()
    if dialect_of(session) == "postgresql":
        session.connection(
            execution_options={
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        )


def let_go() -> None:
    """Give the connection back for as long as this piece of work has nothing to ask."""
    db.session.remove()


def let_go_at_the_end(_error: BaseException | None = None) -> None:
    """Give the connection back when a request has been answered, whatever became of its line.

    What was only read needs no rollback: where that fails, the answer is as right as before.
    """
    try:
        current_session().close()
    except SQLAlchemyError as error:
        log.warning("a connection to the database was lost after its use: %s", error)
        current_session().invalidate()


def engine_options(database_url: str, connections: int, seconds: int) -> dict[str, Any]:
    """Return how SQLAlchemy is to connect: to PostgreSQL by so many *connections* at most.

    *seconds* is how long the database may take to answer.
    """
    url = make_url(database_url)
    # What a statement was sent with is nobody's business who reads of its failure.
    shared: dict[str, Any] = {"hide_parameters": True}
    if url.get_backend_name() != "postgresql":
        return shared
    return shared | {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": seconds / 3,
        # Asked before each use: the server may have been restarted meanwhile.
        "pool_pre_ping": True,
        # What the operator's address says is stronger.
        "connect_args": {name: _ON_THE_WAY[name] for name in _ON_THE_WAY if name not in url.query}
        | {"connect_timeout": url.query.get("connect_timeout", min(_CONNECT_SECONDS, seconds))},
    }


def prepare_engine(engine: Engine, seconds: int = LONGEST_WAIT_SECONDS) -> None:
    """Set the connections up: to keep what was acknowledged, and to let many work at once.

    *seconds* is how long the database may take to answer.
    """
    _watch_engine(engine)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, seconds)
    else:
        _prepare_postgresql(engine, seconds)


def end_limits(connection: Connection) -> None:
    """Let what is done over *connection* take as long as it takes; for work of operators.

    Until it is closed: whoever gives it back to a pool gives it back like this.
    """
    if connection.dialect.name == "postgresql":
        for name in _limits(LONGEST_WAIT_SECONDS):
            connection.exec_driver_sql(f"SET {name} = 0")
        # Also of a connection that has been taken out of its pool.
        driver: Any = connection.connection.dbapi_connection
        driver.answers_within_seconds = None


def _limits(seconds: int) -> dict[str, str]:
    """Return PostgreSQL's settings by which nothing there waits for ever.

    Neither for a lock, nor for a query, nor for a process that fell asleep inside a transaction.
    """
    return {
        "statement_timeout": f"{seconds * 1000}ms",
        "lock_timeout": f"{seconds * 1000 // 3}ms",
        "idle_in_transaction_session_timeout": f"{2 * seconds * 1000}ms",
    }


def _prepare_postgresql(engine: Engine, seconds: int) -> None:
    at_the_start = {"timezone": "UTC"} | _limits(seconds)
    settings = ", ".join(
        f"set_config('{name}', '{at}', false)" for name, at in at_the_start.items()
    )

    # An extra: who has SQLite needs no driver for it.
    from psycopg.types.string import StrDumperUnknown

    from gallery.postgresql import PatientConnection

    class PlainText(StrDumperUnknown):
        """PostgreSQL's texts hold no NUL: what is asked for with one is not there."""

        def dump(self, text: str) -> Any:
            return super().dump(text.replace("\0", "\N{REPLACEMENT CHARACTER}"))

    @event.listens_for(engine, "do_connect")
    def _open(_dialect: Any, _record: Any, args: Any, options: Any) -> PatientConnection:
        connection = PatientConnection.connect(*args, **options)
        # A server that is awake comes first, and says what it was.
        connection.answers_within_seconds = seconds * 1.25
        return connection

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.adapters.register_dumper(str, PlainText)
        connection.execute(f"SELECT {settings}")
        connection.commit()

    inherited = weakref.ref(engine)

    def _begin_anew() -> None:
        """Leave all connections to the parent, who speaks on the same lines."""
        mine = inherited()
        if mine is not None:
            mine.dispose(close=False)

    os.register_at_fork(after_in_child=_begin_anew)


def _prepare_sqlite(engine: Engine, seconds: int) -> None:
    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={seconds * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "handle_error")
    def _open_anew(context: ExceptionContext) -> None:
        # A file that can't be opened for writing just then is opened for reading instead, and the
        # connection would stay like that when the disk has recovered.
        code = getattr(context.original_exception, "sqlite_errorcode", 0)
        if code & 0xFF == sqlite3.SQLITE_READONLY:
            context.is_disconnect = True

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("gallery_writes")
        # Straight to the driver: each request begins at least once.
        driver: Any = connection.connection.dbapi_connection
        statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:
            # What SQLAlchemy would make of it, had it sent this itself.
            raise OperationalError(statement, None, error) from error


def _watch_engine(engine: Engine) -> None:
    """Count what goes wrong in the database, and the connections that are in use."""

    @event.listens_for(engine, "handle_error")
    def _count(context: ExceptionContext) -> None:
        DATABASE_ERRORS.labels(type(context.sqlalchemy_exception).__name__).inc()

    @event.listens_for(engine, "checkout")
    def _take(_connection: Any, _record: Any, _proxy: Any) -> None:
        DATABASE_CONNECTIONS.inc()

    @event.listens_for(engine, "checkin")
    def _give_back(_connection: Any, _record: Any) -> None:
        DATABASE_CONNECTIONS.dec()


@dataclass(frozen=True, kw_only=True)
class House:
    """What the doors hand to the services; made once, by ``create_app``."""

    settings: Settings
    storages: "Storages"
    intake: "Intake"
    signer: "LinkSigner"
    secure_links: "SecureLinks | None"
    kept_thumbnails: "KeptThumbnails"
    seen_objects: "SeenObjects"
    tally: "Tally"
    prompts: "PromptRules"
    studio: "Studio"
    limits: "Limits"
    entrance: "Entrance"
    watchman: "Watchman"
    census: "Probe[Census | None]"
    clock: Clock

    def now(self) -> datetime:
        """Return the instant that this work happens at, in UTC."""
        return self.clock()


def current_house() -> House:
    """Return the house of the current application."""
    return cast(House, current_app.extensions["gallery"])
