"""A server on the loopback that speaks the images API, and misbehaves when told to.

A test says what the next answers are; the last one is repeated. What arrived
is kept in ``received``, so that a test can look at what was really sent.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.pictures import picture

Answer = Callable[["Conversation"], None]
ENDLESS_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, Any]:
        """The parts of a multipart body by name: ``get_filename``, ``get_content_type`` …"""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return {
            part.get_param("name", header="content-disposition"): part
            for part in message.iter_parts()
        }


class Conversation(BaseHTTPRequestHandler):
    """One request and its answer."""

    protocol_version = "HTTP/1.1"
    server: "ImagesServer"

    def do_POST(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append(
            Received(
                method=self.command,
                path=self.path,
                headers=self.headers,
                body=body,
                at=time.monotonic(),
            )
        )
        self.server.next_answer()(self)

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass

    def head(self, status: int = 200, **headers: str) -> None:
        """Send the head of an answer; ``retry_after`` becomes ``Retry-After``."""
        self.send_response_only(status)
        for name, value in {"connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-").title(), value)
        self.end_headers()

    def write_slowly(self, content: bytes, *, pause_seconds: float) -> None:
        """Write *content* byte by byte; an impatient client is gone before the end."""
        for one in content:
            if self.server.is_closing.wait(pause_seconds):
                return
            self.wfile.write(bytes([one]))


class ImagesServer(ThreadingHTTPServer):
    """Serves on a free port of the loopback until the test is over."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.received: list[Received] = []
        self.is_closing = threading.Event()
        self._lock = threading.Lock()
        self._answers: list[Answer] = [pictures(picture())]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def answer_with(self, *answers: Answer) -> None:
        """Give these answers in turn, and the last of them for ever."""
        self._answers = list(answers)

    def next_answer(self) -> Answer:
        with self._lock:
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many of these tests are about."""


@contextmanager
def serving_images() -> Iterator[ImagesServer]:
    with ImagesServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.is_closing.set()
            server.shutdown()
            thread.join()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def raw(body: bytes, *, status: int = 200, **headers: str) -> Answer:
    """Answer with exactly *body*."""

    def answer(conversation: Conversation) -> None:
        conversation.head(status, content_length=str(len(body)), **headers)
        conversation.wfile.write(body)

    return answer


def told(body: object, *, status: int = 200, **headers: str) -> Answer:
    """Answer with *body* as JSON."""
    return raw(json.dumps(body).encode(), status=status, content_type="application/json", **headers)


def pictures(*contents: bytes, usage: object = None, **more: object) -> Answer:
    """Answer with pictures in base64, as the API does; *more* goes beside each."""
    images = [{"b64_json": encoded(content), **more} for content in contents]
    return told({"created": 1_773_500_000, "data": images, "usage": usage})


def refusal(status: int, message: str, *, code: str | None = None, **headers: str) -> Answer:
    """Answer with an error as the API words it."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return told({"error": error}, status=status, **headers)


def redirect(location: str, *, status: int = 302) -> Answer:
    return raw(b"", status=status, location=location)


def hang_up_in_the_middle(conversation: Conversation) -> None:
    """Promise a thousand bytes, send ten, and go."""
    conversation.head(content_length="1000")
    conversation.wfile.write(b'{"data": [')


def stall(conversation: Conversation) -> None:
    """Say nothing for longer than anybody waits, then answer after all."""
    conversation.server.is_closing.wait(ENDLESS_SECONDS)
    pictures(picture())(conversation)


def drip_head(conversation: Conversation) -> None:
    """Send the head byte by byte, each byte well within any timeout for a read."""
    body = json.dumps({"data": [{"b64_json": encoded(picture())}]}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nX: {'-' * 40}\r\n\r\n".encode()
    conversation.write_slowly(head, pause_seconds=ENDLESS_SECONDS / len(head))
    conversation.wfile.write(body)


def drip(body: bytes) -> Answer:
    """Send *body* byte by byte; it would be whole in the end."""

    def answer(conversation: Conversation) -> None:
        conversation.head(content_length=str(len(body)))
        conversation.write_slowly(body, pause_seconds=ENDLESS_SECONDS / len(body))

    return answer


def endless(start: bytes = b"") -> Answer:
    """Send *start* and then spaces, for as long as somebody reads."""

    def answer(conversation: Conversation) -> None:
        conversation.head(content_type="application/json")
        conversation.wfile.write(start)
        while not conversation.server.is_closing.is_set():
            conversation.wfile.write(b" " * 65_536)

    return answer
