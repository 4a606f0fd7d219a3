"""Listen to a round's events the way a browser does, and leave again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gallery.extensions import STOPPING
from gallery.views.lingering import MOST_LINGERING, PLACES
from tests.conftest import Person, client_of

PATIENCE_SECONDS = 10
EVENTS = "/api/games/TEA/rounds/1/events"


@dataclass(frozen=True)
class Event:
    """One event as it was told."""

    name: str
    id: str | None
    content: dict[str, Any]


class Listener:
    """An open stream of events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.heard: list[str] = []
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """Return the next event; comments and the like are passed over."""
        fields: dict[str, str] = {}
        for line in self._lines:
            self.heard.append(line)
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                content = json.loads(fields["data"])
                return Event(fields.get("event", "message"), fields.get("id"), content)
            else:
                fields = {}
        raise AssertionError("the stream ended without another event")

    def until_it_breathes(self) -> list[str]:
        """Return what is told up to the next sign that the stream is alive."""
        for line in self._lines:
            self.heard.append(line)
            if line.startswith(":"):
                break
        return list(self.heard)

    def rest(self) -> str:
        """Return what was told, to the end of the stream."""
        self.heard += list(self._lines)
        return "\n".join(self.heard)


@contextmanager
def listening(
    person: Person, path: str = EVENTS, *, last: str | None = None, timeout: float = 30
) -> Iterator[Listener]:
    """Listen to a round; *last* is the id of the last event that was heard."""
    headers = {"Authorization": f"Bearer {person.key}"} if person.key else {}
    headers |= {"Last-Event-ID": last} if last else {}
    with (
        client_of(person.http.base_url, timeout=timeout) as http,
        http.stream("GET", path, headers=headers) as answer,
    ):
        yield Listener(answer)


def let_listeners_go() -> None:
    """End the requests of all who listen or wait, as a server that stops does."""
    STOPPING.set()
    free = [PLACES.acquire(timeout=PATIENCE_SECONDS) for _ in range(MOST_LINGERING)]
    STOPPING.clear()
    for _ in filter(None, free):
        PLACES.release()
    assert all(free), "somebody still listens"
