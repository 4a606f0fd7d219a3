"""Count uses of links without writing once for each.

A link may be followed thousands of times a second, and each count on its
own would be a transaction that waits for the disk. Where a link has no
limit, nobody's request depends on the count: uses are gathered for a
moment, and written together. A killed process loses that moment's counts;
one that is stopped writes them first. Links with a limit are counted on the
spot (see ``count_download``).
"""

import atexit
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Lock, Timer
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import GalleryError
from gallery.extensions import writing
from gallery.models import Link

log = logging.getLogger(__name__)
_table: Any = Link.__table__
_ADD = (
    update(_table)
    .where(_table.c.id == bindparam("link"))
    .values(
        downloads=_table.c.downloads + bindparam("uses"),
        last_used_at=bindparam("used_at"),
    )
)


class Tally:
    """Uses that are not written yet; for many threads."""

    def __init__(
        self, scope: Callable[[], AbstractContextManager[Any]], *, seconds: float = 0.5
    ) -> None:
        """Write what was counted after *seconds*, in what *scope* opens."""
        self._scope, self._seconds = scope, seconds
        self._lock = Lock()
        self._writing = Lock()
        self._uses: dict[UUID, tuple[int, datetime]] = {}
        self._timer: Timer | None = None

    def add(self, link_id: UUID, *, now: datetime) -> None:
        """Count one use of a link without a limit."""
        with self._lock:
            uses, _ = self._uses.get(link_id, (0, now))
            self._uses[link_id] = (uses + 1, now)
            self._set_timer(self._seconds)

    def flush(self) -> None:
        """Write what was counted so far, unless the database can't: then it is tried again."""
        with self._writing:
            with self._lock:
                counted, self._uses = self._uses, {}
            if not counted:
                return
            try:
                with self._scope():
                    _write(counted)
            except (GalleryError, SQLAlchemyError) as error:
                log.warning("uses of %d links are still to be counted: %s", len(counted), error)
                self._take_back(counted)

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            return
        self._timer = Timer(seconds, self._on_time)
        self._timer.daemon = True
        self._timer.start()
        # Once, though it is asked for with every timer.
        atexit.unregister(self.flush)
        atexit.register(self.flush)

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
        self.flush()

    def _take_back(self, counted: dict[UUID, tuple[int, datetime]]) -> None:
        with self._lock:
            for link_id, (uses, used_at) in counted.items():
                more, later = self._uses.get(link_id, (0, used_at))
                self._uses[link_id] = (uses + more, max(used_at, later))
            self._set_timer(10 * self._seconds)


def _write(counted: dict[UUID, tuple[int, datetime]]) -> None:
    rows = [
        {"link": link_id, "uses": uses, "used_at": used_at}
        # In one order, so that two processes never wait for each other.
        for link_id, (uses, used_at) in sorted(counted.items())
    ]
    with writing() as session:
        session.connection().execute(_ADD, rows)
