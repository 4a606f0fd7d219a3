"""One at a time, step by step, in an order that a seed decides.

Each actor is a thread that stops before whatever others could see or undo:
a statement, a commit, an object that is put, opened or deleted, a piece of
an answer. Only one goes at a time, up to its next step. So the same seed
lets the same things meet in the same order, however busy the machine is.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from random import Random
from typing import Any, ClassVar

PATIENCE_SECONDS = 60
# When to ask of an actor that has not come to its next step whether it waits for another.
LOOKS_AFTER_SECONDS = 0.002
# How likely it is that whoever went goes on: short turns find other meetings than long ones do.
PERSISTENCE = (0.0, 0.5, 0.9)
WRITE = "begin to write"


class Actor:
    """A thread that goes when it is told to; ``at`` is the step it stands before."""

    def __init__(self, name: str, turns: "Turns") -> None:
        self.name = name
        self.at: str | None = None
        self.gate = threading.Semaphore(0)
        self.result = Result(turns)
        # Whose result it waits for.
        self.awaited: Result | None = None
        # The database's number for the connection it speaks over.
        self.backend: int | None = None
        self.is_ending = False


class Result(Future[Any]):
    """What an actor comes to; of another who waits for it, nobody expects a step meanwhile."""

    def __init__(self, turns: "Turns") -> None:
        super().__init__()
        self._turns = turns

    def result(self, timeout: float | None = None) -> Any:
        asker = self._turns.current()
        if asker is None:
            return super().result(timeout)
        asker.awaited = self
        try:
            return super().result(timeout)
        finally:
            asker.awaited = None


class Turns:
    """The actors of one trial, and the order in which they go.

    *has_one_writer* says that the database lets one transaction write at a
    time: who wants to begin another isn't asked to go before it has ended.
    *waits_in_database* tells of an actor's ``backend`` whether it waits for
    somebody's lock.
    """

    def __init__(
        self, seed: str, *, has_one_writer: bool, waits_in_database: Callable[[int], bool]
    ) -> None:
        self.trace: list[str] = []
        self._random = Random(seed)
        self._persistence = self._random.choice(PERSISTENCE)
        self._has_one_writer = has_one_writer
        self._waits_in_database = waits_in_database
        self._writer: Actor | None = None
        self._last: Actor | None = None
        self._actors: list[Actor] = []
        self._threads: dict[int, Actor] = {}
        self._changed = threading.Condition()
        self._is_over = False

    def spawn(self, name: str, work: Callable[..., Any], *told: Any) -> Result:
        """Add an actor who does *work* once it is its turn; return what comes of it."""
        actor = Actor(name, self)
        self._actors.append(actor)
        threading.Thread(target=self._act, args=(actor, work, told), name=name).start()
        return actor.result

    def current(self) -> Actor | None:
        """Return the actor whose thread this is."""
        return self._threads.get(threading.get_ident())

    def step(self, what: str) -> None:
        """Stop before *what* until it is this actor's turn; who is none of them passes by."""
        actor = self.current()
        if actor is None or self._is_over:
            return
        with self._changed:
            self._let_go_of_writing(actor)
            actor.at = what
            self._changed.notify_all()
        actor.gate.acquire()

    def begin_writing(self) -> None:
        """Stop before a transaction that writes."""
        self.step(WRITE)
        self._writer = self.current() or self._writer

    def end_writing(self, how: str) -> None:
        """Stop before a transaction ends."""
        self.step(how)
        actor = self.current()
        if actor is not None:
            actor.is_ending = True

    def run(self) -> None:
        """Let all actors go, turn by turn, until they are done.

        Raises:
            AssertionError: they wait for each other.
        """
        try:
            while ready := self._ready():
                chosen = self._choose(ready)
                self.trace.append(f"{chosen.name}: {chosen.at}")
                self._last, chosen.at = chosen, None
                chosen.gate.release()
        finally:
            self._is_over = True
            for actor in self._actors:
                actor.gate.release()

    def _act(self, actor: Actor, work: Callable[..., Any], told: Sequence[Any]) -> None:
        self._threads[threading.get_ident()] = actor
        self.step("begin")
        try:
            actor.result.set_result(work(*told))
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            actor.result.set_exception(error)
        with self._changed:
            self._let_go_of_writing(actor)
            # Another thread may get this one's number.
            del self._threads[threading.get_ident()]
            self._changed.notify_all()

    def _let_go_of_writing(self, actor: Actor) -> None:
        if actor.is_ending and self._writer is actor:
            self._writer = None
        actor.is_ending = False

    def _choose(self, ready: list[Actor]) -> Actor:
        if self._last in ready and self._random.random() < self._persistence:
            return self._last
        return self._random.choice(ready)

    def _ready(self) -> list[Actor]:
        """Return who may go, when all who were told to have come to a step, or wait for others."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with self._changed:
                going = [each for each in self._actors if not each.at and not each.result.done()]
                ready = [each for each in self._actors if each.at and self._may_go(each)]
                if not going:
                    break
                if self._last in going and self._changed.wait(LOOKS_AFTER_SECONDS):
                    continue
            if ready and all(self._is_waiting(each) for each in going):
                return ready
            with self._changed:
                self._changed.wait(LOOKS_AFTER_SECONDS)
        if not ready and not all(each.result.done() for each in self._actors):
            stands = [f"{each.name}: {each.at}" for each in self._actors]
            raise AssertionError(f"They wait for each other: {stands}")
        return ready

    def _may_go(self, actor: Actor) -> bool:
        return actor.at != WRITE or not self._has_one_writer or self._writer is None

    def _is_waiting(self, actor: Actor) -> bool:
        if actor.awaited is not None:
            return not actor.awaited.done()
        return actor.backend is not None and self._waits_in_database(actor.backend)


class Crew(Executor):
    """A pool whose workers are actors; the standard library's would go beside the turns.

    Outside of any trial, work is done at once.
    """

    turns: ClassVar[Turns | None] = None

    def __init__(self, _workers: int) -> None:
        self._sent: list[Future[Any]] = []

    def submit(self, work: Callable[..., Any], /, *told: Any, **named: Any) -> Future[Any]:
        boss = Crew.turns.current() if Crew.turns else None
        if Crew.turns is None or boss is None:
            sent: Future[Any] = Future()
            sent.set_result(work(*told, **named))
        else:
            name = f"{boss.name}/{len(self._sent)}"
            sent = Crew.turns.spawn(name, lambda: work(*told, **named))
        self._sent.append(sent)
        return sent

    def shutdown(self, *_: Any, **__: Any) -> None:
        for each in self._sent:
            with suppress(Exception):
                each.result()
