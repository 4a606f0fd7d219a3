"""Look at something that may take for ever, without waiting for it for ever.

Each look happens in a thread of its own, one at a time, and what it saw is
shared for a while: however many ask, what is looked at is hardly burdened.
A look that hangs is given up after half a minute, since what hung may work
again long before a connection to it ends; a few may hang, and no more.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from gallery.extensions import Clock
from gallery.logs import current_request_id, request_scope

T = TypeVar("T")
GIVEN_UP_AFTER_SECONDS = 30.0
MOST_THREADS = 4
log = logging.getLogger(__name__)


class Probe(Generic[T]):
    """Something to be looked at by *look*, whose answer is good for *lasts*.

    Who asks waits *patience_seconds* at the most. After a look, nobody looks
    again for *rests* times as long as it took.
    """

    def __init__(
        self,
        look: Callable[[], T],
        *,
        clock: Clock,
        lasts: timedelta,
        patience_seconds: float,
        rests: int = 0,
        given_up_after_seconds: float = GIVEN_UP_AFTER_SECONDS,
    ) -> None:
        self._look = look
        self._clock = clock
        self._lasts = lasts
        self._patience_seconds = patience_seconds
        self._rests = rests
        self._given_up_after_seconds = given_up_after_seconds
        self._threads = 0
        self._lock = Lock()
        self._under_way: _Look[T] | None = None
        self._last: _Look[T] | None = None
        self._seen: T | None = None

    def begin(self) -> None:
        """Begin to look, unless somebody does or has just done."""
        self._current()

    def ask(self) -> T | None:
        """Return what is seen; None where looking fails, or takes too long."""
        look = self._current()
        # Who comes later has not to wait as long anew.
        left = self._patience_seconds - (time.monotonic() - look.began)
        return look.seen if look.done.wait(max(left, 0)) else None

    @property
    def last_seen(self) -> T | None:
        """What was seen last, however long ago."""
        return self._seen

    def _current(self) -> "_Look[T]":
        with self._lock:
            if self._under_way is not None and not self._is_given_up(self._under_way):
                return self._under_way
            if self._last is not None and self._last.is_fresh(self._clock()):
                return self._last
            look = self._under_way = _Look[T]()
            self._threads += 1
        Thread(target=self._do, args=(look, current_request_id()), daemon=True).start()
        return look

    def _do(self, look: "_Look[T]", request_id: str) -> None:
        with request_scope(request_id):
            try:
                look.seen = self._look()
            except Exception:
                # The outer edge of a thread: nobody above would hear of it.
                log.exception("a part could not be looked at")
        took = timedelta(seconds=time.monotonic() - look.began)
        look.seen_at = self._clock()
        look.lasts = max(self._lasts, self._rests * took)
        with self._lock:
            self._threads -= 1
            if self._under_way is look:
                self._last, self._under_way = look, None
                self._seen = self._seen if look.seen is None else look.seen
        look.done.set()

    def _is_given_up(self, look: "_Look[T]") -> bool:
        took = time.monotonic() - look.began
        return took > self._given_up_after_seconds and self._threads < MOST_THREADS


class _Look(Generic[T]):
    """One look, from its beginning."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = Event()
        self.seen: T | None = None
        self.seen_at: datetime | None = None
        self.lasts = timedelta()

    def is_fresh(self, now: datetime) -> bool:
        # A clock that was set back must not make an old answer last.
        return self.seen_at is not None and timedelta() <= now - self.seen_at < self.lasts
