"""What a test orders of a child process, and what it hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request to the gallery; *options* as Werkzeug's test client takes them."""

    method: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of ``gallery …``."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done, so many *times*, by a child whose clock is *days_later*.

    With a *trace*, strace writes the child's calls there, and breaks what *injections* say.
    """

    what: Request | Command
    times: int = 1
    days_later: int = 0
    makes_thumbnails_ahead: bool = False
    trace: str | None = None
    injections: tuple[str, ...] = ()


# A server hangs up where it can't go on with an answer, and the client sees that by its length.
BROKEN_OFF = 599


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer: a status of HTTP, or how a command ended; and what came with it."""

    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a child ended, by itself (0) or by a signal (negative), and what it told before."""

    end: int
    told: tuple[Told, ...]
