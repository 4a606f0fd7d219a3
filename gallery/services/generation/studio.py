"""The studio: the generators, and a bounded pool of threads in which they draw.

A picture takes seconds, and a request that waited for it would hold one of
the server's threads. The pool is small on purpose: what it can't take at
once waits in the database, where every process finds it.
"""

import logging
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from gallery.errors import GalleryError, GeneratorBusy, InvalidField
from gallery.extensions import Clock
from gallery.generators.base import Generator
from gallery.logs import current_request_id, request_scope
from gallery.metrics import GENERATIONS_WAITING
from gallery.services.ingest import Intake
from gallery.services.prompt_cache import PromptRules

T = TypeVar("T")
log = logging.getLogger(__name__)
# Beside what a generator may take: to save the picture, and its copies.
_FINISHING = timedelta(seconds=30)


@dataclass(kw_only=True)
class Studio:
    """Who draws, how many at once, and by which rules.

    ``scope`` opens what a piece of work needs around it (the application's
    context); ``most_waiting`` is how many pieces may be under way or wait
    in this process.
    """

    generators: Mapping[str, Generator]
    default: str
    intake: Intake
    rules: PromptRules
    clock: Clock
    scope: Callable[[], AbstractContextManager[object]]
    workers: int = 2
    most_waiting: int = 64
    _busy: int = field(default=0, init=False)
    _under_way: set[Hashable] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="studio")

    def generator(self, name: str | None) -> Generator:
        """Return the generator of this name, or the one that is set.

        Raises:
            InvalidField: there is none of this name.
        """
        found = self.generators.get(name or self.default)
        if found is None:
            known = ", ".join(sorted(self.generators))
            raise InvalidField(f"There is no generator of this name; ai_service may be {known}")
        return found

    def lease_lasts(self, generator: Generator) -> timedelta:
        """Return how long nobody else should begin the same picture."""
        return timedelta(seconds=generator.longest_seconds) + _FINISHING

    def require_room(self) -> None:
        """Refuse new work where too much waits already.

        Raises:
            GeneratorBusy: ask again later.
        """
        if self._busy >= self.most_waiting:
            raise GeneratorBusy("Too many pictures are waiting to be drawn; ask again later")

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do *work* in the pool, inside a scope of its own.

        Raises:
            GeneratorBusy: too much waits already; nothing was begun.
        """
        with self._lock:
            self.require_room()
            self._busy += 1
        GENERATIONS_WAITING.inc()
        done = self._pool.submit(self._do, work, current_request_id())
        # Not at the work's end: work that is called off before its turn never gets there.
        done.add_done_callback(self._give_room)
        return done

    def submit_once(self, key: Hashable, work: Callable[[], object]) -> None:
        """Do *work* in the pool, unless work of the same *key* waits or is under way here.

        Raises:
            GeneratorBusy: too much waits already; nothing was begun.
        """
        with self._lock:
            if key in self._under_way:
                return
            self._under_way.add(key)
        try:
            done = self.submit(work)
        except BaseException:
            self._under_way.discard(key)
            raise
        done.add_done_callback(lambda _done: self._under_way.discard(key))

    def close(self) -> None:
        """Take nothing new, and come back when all that waits or is under way has ended."""
        self._pool.shutdown()

    def _give_room(self, _done: Future[Any]) -> None:
        with self._lock:
            self._busy -= 1
        GENERATIONS_WAITING.dec()

    def _do(self, work: Callable[[], T], request_id: str) -> T:
        try:
            with request_scope(request_id), self.scope():
                return work()
        except GalleryError:
            raise
        except Exception:
            # The outer edge of a thread: nobody above would hear of it.
            log.exception("a picture could not be drawn")
            raise
