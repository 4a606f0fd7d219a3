"""A gunicorn worker whose threads wait for nobody who sends slowly.

gunicorn's own gives each connection to a thread, which then waits for the
request: as many half-sent heads as there are threads keep everybody else
out. Here the loop that lets connections in also listens to them. A thread
gets a request when its head and a body of up to 64 KiB are there, or the
first 64 KiB of a longer one. The rest of that is read in the thread, by at
most half of the threads at once, and at no less than a kilobyte a second.

Everything here runs in the loop's thread alone, and must not wait.
"""

import json
import selectors
import time
from errno import ECONNRESET
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import ThreadWorker

from gallery.metrics import TURNED_AWAY
from gallery.serving.arrivals import Arrival, Pace
from gallery.serving.bodies import BodyReader, ChunkReader

PLACE_SECONDS = 5
RETRY_AFTER_SECONDS = 5
# Who takes nothing of an answer for so long has no thread any more.
READER_SECONDS = 20
# At 128 KiB each. Who comes when there are more takes the place of the one that has been longest.
MOST_ARRIVING = 256
_PIECE_BYTES = 16 * 1024
_LOOKS_EVERY_SECONDS = 0.5
# A worker that is asked to stop expects everything this much earlier.
_STOPPING_EARLIER_SECONDS = 8
_DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request ended before its end",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not arrive in time",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The head of the request is too long",
    HTTPStatus.SERVICE_UNAVAILABLE: "Others are uploading; try again in a few seconds",
}


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, with a door in front of its threads."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Connections whose requests are on their way, the longest waiting first.
        self._arrivals: dict[Any, Arrival] = {}
        self._uploading: set[Any] = set()
        self._looks_at = 0.0

    def enqueue_req(self, conn: Any) -> None:
        """Listen to a connection until its request may have a thread (gunicorn calls this)."""
        if not conn.initialized:
            conn.init()
            conn.parser.unreader = BodyReader(conn.sock)
        conn.sock.setblocking(False)
        if len(self._arrivals) >= MOST_ARRIVING:
            self._turn_away(next(iter(self._arrivals)), HTTPStatus.SERVICE_UNAVAILABLE)
        now = time.monotonic()
        arrival = Arrival(now, most_body_bytes=self.wsgi.config["MOST_REQUEST_BYTES"])
        arrival.add(conn.parser.unreader.take_buffered(), now)
        self._arrivals[conn] = arrival
        self._receive(conn, None)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Let the next upload in where one has ended (gunicorn calls this)."""
        self._uploading.discard(conn)
        super().finish_request(conn, fs)
        for waiting, arrival in list(self._arrivals.items()):
            if arrival.is_waiting_for_place and self._has_place():
                self._let_in(waiting)

    def murder_pending(self) -> None:
        """Turn away whose time is up (gunicorn calls this at each turn of its loop)."""
        now = time.monotonic()
        if now < self._looks_at:
            return
        self._looks_at = now + _LOOKS_EVERY_SECONDS
        due = now if self.alive else now + _STOPPING_EARLIER_SECONDS
        for conn, arrival in list(self._arrivals.items()):
            if arrival.deadline < due:
                self._turn_away(conn, _overdue(arrival))

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request, in a thread (gunicorn calls this).

        After a body that came late the connection is closed: what an answer
        such as 401 or 413 left unread of it would have to be waited for. So
        is one whose client takes nothing of an answer.
        """
        if isinstance(req.body.reader, ChunkedReader):
            req.body.reader = ChunkReader(req.body.reader, req)
        if conn.parser.unreader.pace:
            conn.parser.unreader.owes_continue = req._expected_100_continue
            req._expected_100_continue = False
            req.force_close()
        conn.sock.settimeout(READER_SECONDS)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            # gunicorn knows this as a client who left, which is nothing to log.
            raise ConnectionResetError(ECONNRESET, "nobody takes the answer") from None

    def _receive(self, conn: Any, _socket: Any) -> None:
        arrival = self._arrivals.get(conn)
        if arrival is None:
            # It was turned away for another that came in the same turn of the loop.
            return
        try:
            piece = conn.sock.recv(_PIECE_BYTES)
        except BlockingIOError:
            pass
        except OSError:
            self._turn_away(conn, None)
            return
        else:
            if not piece:
                self._turn_away(conn, HTTPStatus.BAD_REQUEST)
                return
            arrival.add(piece, time.monotonic())
        if arrival.is_ready:
            self._let_in(conn)
        elif arrival.has_endless_head:
            self._turn_away(conn, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif not arrival.is_listened_to:
            arrival.is_listened_to = True
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))

    def _let_in(self, conn: Any) -> None:
        """Give the request to a thread, or let it wait for a place among the uploads."""
        arrival = self._arrivals[conn]
        reader = conn.parser.unreader
        self._stop_listening(conn, arrival)
        if arrival.is_whole:
            reader.pace = None
        elif self._has_place():
            self._uploading.add(conn)
            reader.pace = Pace(time.monotonic())
        else:
            arrival.wait_for_place(time.monotonic() + PLACE_SECONDS)
            return
        del self._arrivals[conn]
        reader.unread(bytes(arrival.received))
        super().enqueue_req(conn)

    def _has_place(self) -> bool:
        places: int = max(1, self.cfg.threads // 2)
        return len(self._uploading) < places

    def _turn_away(self, conn: Any, status: HTTPStatus | None) -> None:
        """Close a connection, with an answer if it has said anything."""
        arrival = self._arrivals.pop(conn)
        self._stop_listening(conn, arrival)
        self.nr_conns -= 1
        try:
            if arrival.received and status:
                TURNED_AWAY.labels(status.value).inc()
                conn.sock.send(_answer(status, bytes(arrival.received[:64])))
            # Waiting for them to hang up would keep the worker from stopping.
            conn.close(graceful=bool(arrival.received) and self.alive)
        except OSError:
            conn.close()

    def _stop_listening(self, conn: Any, arrival: Arrival) -> None:
        if arrival.is_listened_to:
            arrival.is_listened_to = False
            self.poller.unregister(conn.sock)


def _overdue(arrival: Arrival) -> HTTPStatus:
    if arrival.is_waiting_for_place:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.REQUEST_TIMEOUT


def _answer(status: HTTPStatus, request: bytes) -> bytes:
    """Return an answer for programs or for people; no thread can be spared for a page."""
    detail = _DETAILS[status]
    kind, text = "text/plain; charset=utf-8", f"{detail}.\n"
    if b" /api/" in request:
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status,
            "detail": detail,
        }
        kind, text = "application/problem+json", json.dumps(problem)
    fields = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(text)}",
        "Connection: close",
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        fields.append(f"Retry-After: {RETRY_AFTER_SECONDS}")
    return "\r\n".join([*fields, "", text]).encode()
