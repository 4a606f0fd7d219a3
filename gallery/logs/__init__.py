"""What the gallery says of itself: one line for each thing that happened, and for each request.

Whatever is said in a request carries its id, in the threads that it starts
as well, and so does what libraries say. No line holds a secret: where one
could stand in a text, ``redaction.py`` blots it out. No line can be forged:
what came from outside is written so that it neither ends a line nor
colours a terminal (``formatting.py``).
"""

import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO
from uuid import uuid4

from gallery.logs.formatting import JSONLines, TextLines
from gallery.logs.redaction import Redaction

FORMATS = ("auto", "text", "json")
LEVELS = ("debug", "info", "warning", "error")
# Outside of requests and jobs there is none.
NO_REQUEST = "-"
_request_id: ContextVar[str] = ContextVar("gallery_request_id", default=NO_REQUEST)
log = logging.getLogger(__name__)


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever is the error stream at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """The error stream."""
        return sys.stderr


def current_request_id() -> str:
    """Return the id of the request or job that this is done for."""
    return _request_id.get()


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid4().hex


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Say whatever is said within for this request or job."""
    before = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(before)


def enter_request(request_id: str) -> None:
    """Say whatever is said in this thread for this request, until ``leave_request``."""
    _request_id.set(request_id)


def leave_request() -> None:
    """End what ``enter_request`` began; threads of servers go on to other requests."""
    _request_id.set(NO_REQUEST)


def choose_format(wanted: str, *, serves: bool) -> str:
    """Return ``text`` or ``json``: unless one is set, servers without a terminal write JSON."""
    if wanted != "auto":
        return wanted
    return "json" if serves and not sys.stderr.isatty() else "text"


def set_up(*, format: str, level: str, secrets: Iterable[str] = ()) -> None:  # noqa: A002
    """Write lines in *format*, from *level* on; of libraries, what is wrong with them.

    *secrets* never appear in any. A program that has set up its own logging keeps it.
    """
    root = logging.getLogger()
    ours = next((each for each in root.handlers if isinstance(each, ToStandardError)), None)
    if ours is None and not root.handlers:
        ours = ToStandardError()
        root.addHandler(ours)
    if ours is not None:
        lines = JSONLines if format == "json" else TextLines
        ours.setFormatter(lines(Redaction(secrets), request_id=current_request_id))
    logging.getLogger("gallery").setLevel(level.upper())
    root.setLevel(logging.INFO if level == "debug" else logging.WARNING)


def catch_the_rest() -> None:
    """Write what nobody caught, and what Python warns of, as lines like all others."""
    # No line tells them, and each costs something in every record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.captureWarnings(True)
    sys.excepthook = _say_uncaught
    threading.excepthook = lambda died: _say_uncaught(
        died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback
    )


def _say_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> Any:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("nobody caught an error", exc_info=(kind, error, traceback))
