"""Watch each request: give it an id, count it, and write one line when it has been answered.

It stands around everything else, so that what fails early is seen as well.
The line names the route rather than the address: who has the address of an
unlisted gallery, or a signed link, may open it, and logs are read by many.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request
from werkzeug.wrappers import Response

from gallery import logs, metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
UNMATCHED = "unmatched"
# Each page asks for a dozen of the first, and machines for the others, every few seconds.
QUIET = ("static", "downloads.shared_static", "health.healthz", "health.readyz", "metrics.metrics")
_ENVIRON = "gallery.asked"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
# No name in an address of ours is longer; tokens and keys are.
_LONGEST_NAME = 40
log = logging.getLogger("gallery.access")


class Asked:
    """What is known of a request, and of its answer."""

    __slots__ = ("began", "endpoint", "length", "method", "path", "route", "status", "user")

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self.began = time.perf_counter()
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "")
        self.endpoint = UNMATCHED
        self.route = ""
        self.user = "-"
        self.status = 500
        self.length = 0

    @property
    def seconds(self) -> float:
        """How long ago it came."""
        return time.perf_counter() - self.began


class Watch:
    """A gallery with somebody at the door."""

    def __init__(self, app: "WSGIApplication", *, trusts_ids: bool) -> None:
        """Take *trusts_ids* to mean that a proxy stands in front, which may name requests."""
        self._app = app
        self._trusts_ids = trusts_ids

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer."""
        request_id = self._id_of(environ)
        logs.enter_request(request_id)
        asked = environ[_ENVIRON] = Asked(environ)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            asked.status = int(status[:3])
            asked.length = _length(headers)
            headers.append((HEADER, request_id))
            return start_response(status, headers, *more)

        try:
            body = self._app(environ, start)
        except BaseException:
            _finish(asked)
            raise
        finally:
            # Before the answer goes out: who has read it finds itself counted.
            metrics.count_request(asked.method, asked.endpoint, asked.status, seconds=asked.seconds)
        wrapper = environ.get("wsgi.file_wrapper")
        is_file = wrapper is not None and isinstance(body, wrapper)
        return _noted(body, asked) if is_file else Body(body, asked)

    def _id_of(self, environ: "WSGIEnvironment") -> str:
        if self._trusts_ids:
            sent: str = environ.get("HTTP_X_REQUEST_ID", "")
            if _REQUEST_ID.fullmatch(sent):
                return sent
        return logs.new_request_id()


class Body:
    """An answer's body, whose end is noted."""

    def __init__(self, body: Iterable[bytes], asked: Asked) -> None:
        self._body = body
        self._asked = asked

    def __iter__(self) -> Iterator[bytes]:
        self._asked.length = 0
        for piece in self._body:
            self._asked.length += len(piece)
            yield piece

    def close(self) -> None:
        """Let go of the body."""
        _close(getattr(self._body, "close", None), self._asked)


def init_app(app: Flask, *, trusts_ids: bool) -> None:
    """Watch all requests of *app*; to be called before whatever else looks at them."""
    app.before_request(_note_route)
    app.after_request(_note_user)
    app.wsgi_app = Watch(app.wsgi_app, trusts_ids=trusts_ids)  # type: ignore[method-assign]


def _note_route() -> None:
    asked: Asked | None = request.environ.get(_ENVIRON)
    if asked is not None and request.url_rule is not None:
        asked.route = request.url_rule.rule
        asked.endpoint = request.url_rule.endpoint


def _note_user(response: Response) -> Response:
    asked: Asked | None = request.environ.get(_ENVIRON)
    viewer = g.get("viewer")
    if asked is not None and viewer is not None and viewer.is_signed_in:
        asked.user = str(viewer.user_id)
    return response


def _noted(file: Any, asked: Asked) -> Any:
    """Return a server's own wrapper of a file: anything around it would have to be read here."""
    file.close = partial(_close, file.close, asked)
    return file


def _length(headers: list[tuple[str, str]]) -> int:
    return next((int(value) for name, value in headers if name == "Content-Length"), 0)


def _close(close: Callable[[], object] | None, asked: Asked) -> None:
    try:
        if close is not None:
            close()
    finally:
        _finish(asked)


def _finish(asked: Asked) -> None:
    """Write the line, and let the thread go on to another request."""
    level = logging.DEBUG if asked.endpoint in QUIET and asked.status < 500 else logging.INFO
    if log.isEnabledFor(level):
        told = {
            "method": asked.method,
            "route": asked.route,
            "status": asked.status,
            "bytes": asked.length,
            "milliseconds": round(asked.seconds * 1000, 2),
            "user": asked.user,
        }
        known = {"safe": told} if asked.route else told | {"path": _shown(asked.path)}
        log.log(level, "answered", extra=known)
    logs.leave_request()


def _shown(path: str) -> str:
    """Return where an address that leads nowhere begins: the rest may open something."""
    text = path.encode("latin-1", "replace").decode("utf-8", "replace")
    first, _, rest = text.removeprefix("/").partition("/")
    first = "…" if len(first) > _LONGEST_NAME else first
    return f"/{first}/…" if rest else f"/{first}"
