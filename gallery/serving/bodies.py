"""Read the rest of a body that did not come along with its head, and not at any pace."""

import time
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestTimeout

from gallery.serving.arrivals import Pace

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SHORTEST_WAIT_SECONDS = 0.001


class ChunkReader:
    """Reads a body's chunks; a request that isn't made of them is the sender's mistake."""

    def __init__(self, chunks: Any, request: Any) -> None:
        self._chunks = chunks
        self._request = request

    def read(self, size: int) -> Any:
        """Return up to *size* bytes.

        Raises:
            BadRequest: what came is no chunk.
        """
        try:
            return self._chunks.read(size)
        except ParseException:
            # Nobody can tell where the next request would begin.
            self._request.force_close()
            raise BadRequest("The body does not come in chunks, as its head says") from None


class BodyReader(SocketUnreader):  # type: ignore[misc]
    """Reads from the connection, in one of the worker's threads.

    Its errors are Werkzeug's, so that they end in an answer of the
    application. Where nothing is expected any more, it doesn't wait.
    """

    pace: Pace | None = None
    owes_continue = False

    def chunk(self, size_hint: int | None = None) -> Any:
        """Return the next bytes of the body.

        Raises:
            RequestTimeout: they come too slowly.
            ClientDisconnected: the body ends before its end.
            BadRequest: the request is longer than it said.
        """
        if self.pace is None:
            raise BadRequest("The request is longer than its head says")
        if self.owes_continue:
            # Only now: who is refused need not send his picture at all.
            self.owes_continue = False
            self.sock.sendall(_CONTINUE)
        piece = self._receive(size_hint, until=self.pace.deadline)
        if not piece:
            raise ClientDisconnected
        now = time.monotonic()
        self.pace.add(len(piece), now)
        if now > self.pace.deadline:
            raise RequestTimeout
        return piece

    def _receive(self, size_hint: int | None, *, until: float) -> bytes:
        usual = self.sock.gettimeout()
        self.sock.settimeout(max(until - time.monotonic(), _SHORTEST_WAIT_SECONDS))
        try:
            piece: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise RequestTimeout from None
        finally:
            self.sock.settimeout(usual)
        return piece
