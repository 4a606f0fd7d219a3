"""Write records as lines: JSON for programs, text for people.

The same members in both: ``time`` (UTC), ``level``, ``logger``, ``event``,
``request_id``, whatever fields the record brings, and ``exception``. There
is a line for each request, so what its writer knows to be free of secrets
comes as ``extra={"safe": …}``, and isn't searched for them.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from gallery.logs.redaction import Redaction

_THEIR_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# A prompt or a name that is far too long is no use in a log, and may be there to fill it.
LONGEST_TEXT = 20_000
_encode = json.JSONEncoder(default=str).encode


class Lines(logging.Formatter):
    """Turns a record into its members; *request_id* tells for whom it is said."""

    def __init__(self, redact: Redaction, *, request_id: Callable[[], str]) -> None:
        super().__init__()
        self._redact = redact
        self._request_id = request_id

    def members(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what the line says, without secrets."""
        safe: dict[str, Any] | None = getattr(record, "safe", None)
        members: dict[str, Any] = {
            "time": _instant(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if safe else self._said(record.getMessage()),
            "request_id": self._request_id(),
        }
        if safe:
            return members | safe
        for name, value in vars(record).items():
            if name not in _THEIR_OWN:
                is_plain = value is None or isinstance(value, int | float)
                members[name] = value if is_plain else self._said(str(value))
        if record.exc_info:
            members["exception"] = self._said(self.formatException(record.exc_info))
        return members

    def _said(self, text: str) -> str:
        return self._redact(text[:LONGEST_TEXT])


class JSONLines(Lines):
    """One object a line, in ASCII: nothing in it ends a line or means anything to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return _encode(self.members(record))


class TextLines(Lines):
    """A line to be read; of an exception, more lines, which no text from outside can look like."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines."""
        members = self.members(record)
        exception = members.pop("exception", "")
        time, level, logger, event, request_id = (members.pop(name) for name in list(members)[:5])
        fields = "".join(f" {name}={_field(value)}" for name, value in members.items())
        line = f"{time} {level.upper():<7} {logger} [{request_id}] {printable(event)}{fields}"
        told = (f"    | {printable(each)}" for each in exception.splitlines())
        return "\n".join((line, *told))


def _instant(seconds: float) -> str:
    whole, rest = divmod(seconds, 1)
    return f"{_whole_second(int(whole))}.{int(rest * 1000):03}Z"


@lru_cache(maxsize=4)
def _whole_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _field(value: object) -> str:
    text = printable(str(value))
    return text if text and not set(text) & set(' ="') else json.dumps(text, ensure_ascii=False)


def printable(text: str) -> str:
    """Return *text* with all escaped that is no letter.

    Ends of lines, colours, marks that turn the direction around.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
