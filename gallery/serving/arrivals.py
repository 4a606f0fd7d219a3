"""How much of a request has arrived, and until when the rest of it is waited for.

Nothing is decided here about what a request means: gunicorn reads it
anew, and answers whatever it holds that makes no sense.
"""

import re

# A head and a form that were typed by hand; an upload shows by this much that it is on its way.
MOST_HEAD_BYTES = 64 * 1024
FIRST_BYTES = 64 * 1024
HEAD_SECONDS = 10
# One kilobyte a second: a fiftieth of what a poor telephone line sends.
LEAST_BYTES = 10_000
LEAST_BYTES_SECONDS = 10

_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECTATION = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_END_OF_CHUNKS = b"\r\n\r\n"


class Pace:
    """The least rate of a body: its deadline moves on with each 10 kB. Instants are monotonic."""

    def __init__(self, now: float) -> None:
        self.deadline = now + LEAST_BYTES_SECONDS
        self._received = 0

    def add(self, size: int, now: float) -> None:
        """Note that *size* bytes more have arrived."""
        self._received += size
        if self._received >= LEAST_BYTES:
            self._received = 0
            self.deadline = now + LEAST_BYTES_SECONDS


class Arrival:
    """What has arrived of one request. Instants are monotonic.

    A body over *most_body_bytes* need not arrive at all: it is refused for its length.
    """

    def __init__(self, now: float, *, most_body_bytes: int) -> None:
        self.received = bytearray()
        self.is_waiting_for_place = False
        # Whether the loop hears of what comes next. To ask the poller that, for a socket that it
        # doesn't have, would cost as much as all else that is done here for a request.
        self.is_listened_to = False
        self._deadline = now + HEAD_SECONDS
        self._most_body_bytes = most_body_bytes
        self._head_bytes = 0
        # None where the body comes in chunks, which don't say how many there are.
        self._body_bytes: int | None = 0
        self._expects_answer = False
        self._pace: Pace | None = None

    @property
    def deadline(self) -> float:
        """When there has to be more."""
        return (
            self._pace.deadline if self._pace and not self.is_waiting_for_place else self._deadline
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the request is missing, as far as it says how long it is."""
        if not self._head_bytes or self._body_bytes is None:
            return False
        return len(self.received) >= self._head_bytes + self._body_bytes

    @property
    def is_ready(self) -> bool:
        """Whether somebody should look at the request: it is whole, or will not get further."""
        if not self._head_bytes:
            return False
        if self._expects_answer or self.is_whole or self._is_too_long():
            return True
        body_bytes = len(self.received) - self._head_bytes
        ends = self._body_bytes is None and self.received.endswith(_END_OF_CHUNKS) and body_bytes
        return body_bytes >= FIRST_BYTES or bool(ends)

    @property
    def has_endless_head(self) -> bool:
        """Whether the head is longer than any that makes sense."""
        return not self._head_bytes and len(self.received) > MOST_HEAD_BYTES

    def add(self, piece: bytes, now: float) -> None:
        """Note that *piece* has arrived."""
        searched = max(0, len(self.received) - len(_END_OF_HEAD))
        self.received += piece
        if self._pace:
            self._pace.add(len(piece), now)
            return
        end = self.received.find(_END_OF_HEAD, searched)
        if end >= 0:
            self._read_head(bytes(self.received[: end + 2]))
            self._pace = Pace(now)

    def wait_for_place(self, until: float) -> None:
        """Wait for others from here on, not for the sender."""
        self.is_waiting_for_place = True
        self._deadline = until

    def _read_head(self, head: bytes) -> None:
        self._head_bytes = len(head) + 2
        self._expects_answer = _EXPECTATION.search(head) is not None
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            self._body_bytes = None
        elif length:
            # As many digits as tell that it is too long; int() takes no more than 4,300.
            self._body_bytes = int(length[1].lstrip(b"0")[:19] or b"0")

    def _is_too_long(self) -> bool:
        return self._body_bytes is not None and self._body_bytes > self._most_body_bytes
