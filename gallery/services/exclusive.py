"""Work that only one process at a time may do, whichever machine it runs on.

The lock belongs to whoever holds it, not to a row: it ends with the
process however that ends, so nobody has to tell the slow from the dead.
"""

import fcntl
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select

from gallery.extensions import current_session, end_limits

log = logging.getLogger(__name__)


@contextmanager
def alone(work: str) -> Iterator[None]:
    """Do *work* while nobody else on this database does; wait for who is at it."""
    engine = current_session().get_bind()
    if not isinstance(engine, Engine):
        raise TypeError("the session has no engine of its own")
    lock = _postgresql_lock if engine.dialect.name == "postgresql" else _file_lock
    with lock(engine, work):
        yield


@contextmanager
def _file_lock(engine: Engine, work: str) -> Iterator[None]:
    """Lock a file beside the database: whoever shares an SQLite file shares its disk."""
    database = Path(engine.url.database or "")
    with database.with_name(f"{database.name}.{work}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell(work)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _postgresql_lock(engine: Engine, work: str) -> Iterator[None]:
    """Take an advisory lock on a connection that is closed afterwards, and not given back."""
    number = int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        end_limits(connection)
        if not connection.scalar(select(func.pg_try_advisory_lock(number))):
            _tell(work)
            connection.execute(select(func.pg_advisory_lock(number)))
        yield


def _tell(work: str) -> None:
    log.warning("another %s is at work; this one waits for it", work)
