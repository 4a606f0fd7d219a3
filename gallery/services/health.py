"""Find out whether the parts that Gallery stands on work right now.

A part that hangs is a part that doesn't work: who watches over the server
is told so after seconds. Nothing is kept in a storage to find out whether
it works, so a crash leaves nothing there.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import ObjectNotFound, StorageError
from gallery.extensions import STOPPING, Clock, current_session
from gallery.models import User
from gallery.services.belonging import belongs
from gallery.services.probes import Probe
from gallery.storage import Storage, Storages

SHARED_FOR = timedelta(seconds=1)
PATIENCE_SECONDS = 2.0
# No picture's key begins like this, so nobody has it.
_NOBODYS_KEY = "health/nobodys"
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What works right now: the database, and each storage by its provider's name."""

    database: bool
    storages: Mapping[str, bool]
    is_stopping: bool = False

    @property
    def is_ready(self) -> bool:
        """Tell whether requests should be sent here."""
        return self.database and all(self.storages.values()) and not self.is_stopping


class Watchman:
    """Asks all parts at once, and no part more often than once a second."""

    def __init__(
        self,
        storages: Storages,
        *,
        scope: Callable[[], AbstractContextManager[object]],
        clock: Clock,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """*scope* opens what asking the database needs (the application's context)."""

        def probe(check: Callable[[], bool]) -> Probe[bool]:
            return Probe(check, clock=clock, lasts=SHARED_FOR, patience_seconds=patience_seconds)

        def ask_database() -> bool:
            with scope():
                return check_database()

        self._database = probe(ask_database)

        def ask_storage(storage: Storage) -> bool:
            if not check_storage(storage):
                return False
            with scope():
                return check_belonging(storage, storages=storages)

        self._storages = {each.name: probe(partial(ask_storage, each)) for each in storages}

    def ask(self) -> Readiness:
        """Return what works; a part that does not answer in time doesn't."""
        for each in (self._database, *self._storages.values()):
            each.begin()
        return Readiness(
            database=bool(self._database.ask()),
            storages={name: bool(each.ask()) for name, each in self._storages.items()},
            is_stopping=STOPPING.is_set(),
        )


def check_database() -> bool:
    """Tell whether the database answers, and has its tables."""
    session = current_session()
    file = session.get_bind().engine.url.database or ""
    if session.get_bind().dialect.name == "sqlite" and not Path(file).exists():
        # A connection that is open still reads and writes a file that nobody will find again.
        log.error("the database file %s is gone", file)
        return False
    try:
        session.execute(select(User.id).limit(1))
    except SQLAlchemyError as error:
        log.error("the database is not ready: %s", error)
        return False
    return True


def check_storage(storage: Storage) -> bool:
    """Tell whether a storage takes bytes, and can tell what it has."""
    try:
        with storage.spool() as file:
            file.write(b"ready?")
        storage.open(_NOBODYS_KEY).close()
    except ObjectNotFound:
        return True
    except StorageError as error:
        log.error("the storage %s is not ready: %s", storage.name, error)
        return False
    return True


def check_belonging(storage: Storage, *, storages: Storages) -> bool:
    """Tell whether a storage is the one of this database, as far as that can be found out."""
    try:
        return belongs(storage, storages=storages)
    except StorageError as error:
        log.error("the storage %s is not ready: %s", storage.name, error)
        return False
    except SQLAlchemyError:
        # What is wrong with the database is told as such.
        return True
