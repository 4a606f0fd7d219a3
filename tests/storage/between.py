"""A proxy that stands between the gallery and an S3 server, and makes trouble when it is told to.

What it is not told to spoil is answered by the server behind it, which
checks signatures. It can also refuse keys that are taken, as AWS does and
that server doesn't.
"""

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cluster.s3 import S3Server

_LONGEST_SILENCE_SECONDS = 60
_DRIP_SECONDS = 0.05


@dataclass
class Answer:
    """What the server behind has answered."""

    status: int
    headers: dict[str, str]
    body: bytes


Fault = Callable[["Passing"], None]


@dataclass
class Between:
    """The faults to come, each for the next request of its method; and what was asked for."""

    server: S3Server
    address: str = ""
    refuses_taken_keys: bool = True
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    lasting: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_over(self) -> None:
        """Forget what was told and asked."""
        self.refuses_taken_keys = True
        self.faults.clear()
        self.lasting.clear()
        self.asked.clear()

    def saw(self, text: str) -> bool:
        """Tell whether *text* was in any request."""
        return any(text in each for each in self.asked)

    def spoil(self, method: str, *faults: Fault) -> None:
        """Meet the next requests of *method* with *faults*, one each."""
        self.faults += [(method, fault) for fault in faults]

    def persist(self, faults: Mapping[str, Fault]) -> None:
        """Meet all requests, by their methods, with *faults*, until it is started over."""
        self.lasting.update(faults)

    def next_fault(self, method: str) -> Fault | None:
        found = next((each for each in self.faults if each[0] == method), None)
        if found:
            self.faults.remove(found)
        return found[1] if found else self.lasting.get(method)


class Passing(BaseHTTPRequestHandler):
    """One connection; a request on its way, and the answer on its way back."""

    protocol_version = "HTTP/1.1"
    between: Between
    body = b""

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.between.asked.append(f"{self.command} {self.path}")
        fault = self.between.next_fault(self.command)
        (fault or unspoilt)(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the names there

    def pass_on(self) -> Answer:
        """Let the server behind answer; a key that is taken is refused here."""
        with self.between.lock:
            if self.between.refuses_taken_keys and self._is_taken():
                return refusal(412, "PreconditionFailed")
            return self._ask()

    def send(self, answer: Answer, *, only: int | None = None) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[:only])

    def break_off(self) -> None:
        """Reset the connection."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def _is_taken(self) -> bool:
        parts = urlsplit(self.path)
        gives_the_key = self.command == "PUT" or self.command == "POST"
        is_part = "partNumber" in parse_qs(parts.query)
        on_condition = self.headers.get("If-None-Match") == "*"
        target = self.between.server.buckets / parts.path.lstrip("/")
        return gives_the_key and not is_part and on_condition and target.is_file()

    def _ask(self) -> Answer:
        behind = HTTPConnection(urlsplit(self.between.server.endpoint_url).netloc)
        try:
            # The host is signed: it stays the one that was asked for.
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                behind.putheader(name, value)
            behind.endheaders(self.body)
            got = behind.getresponse()
            headers, body = dict(got.getheaders()), got.read()
            if "Transfer-Encoding" in headers:
                headers = without(headers, "transfer-encoding") | {"Content-Length": str(len(body))}
            return Answer(got.status, headers, body)
        finally:
            behind.close()


def refusal(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>It is made up.</Message></Error>".encode()
    return Answer(status, {"Content-Length": str(len(body))}, body)


def answering(status: int, code: str) -> Fault:
    """Answer an error without asking the server."""
    return lambda passing: passing.send(refusal(status, code))


def unspoilt(passing: Passing) -> None:
    """Let one pass, to meet the next of its method."""
    passing.send(passing.pass_on())


def reset(passing: Passing) -> None:
    """Break the connection off; nothing was done."""
    passing.break_off()


def silent(passing: Passing) -> None:
    """Say nothing until whoever asked has hung up."""
    passing.connection.settimeout(_LONGEST_SILENCE_SECONDS)
    with suppress(OSError):
        passing.connection.recv(1)
    passing.break_off()


def dripping(passing: Passing) -> None:
    """Send an object a byte now and then, each before anybody has waited for too long."""
    answer = passing.pass_on()
    if answer.status >= 300:
        passing.send(answer)
        return
    passing.send(answer, only=0)
    with suppress(OSError):
        for byte in answer.body:
            passing.wfile.write(bytes([byte]))
            time.sleep(_DRIP_SECONDS)


def redirecting(address: str) -> Fault:
    """Send whoever asks to another address."""
    headers = {"Location": address, "Content-Length": "0"}
    return lambda passing: passing.send(Answer(307, headers, b""))


def deaf(passing: Passing) -> None:
    """Do what was asked for, and break the connection off before the answer."""
    passing.pass_on()
    passing.break_off()


def half(passing: Passing) -> None:
    """Send half of the body, and end."""
    answer = passing.pass_on()
    passing.send(answer, only=len(answer.body) // 2)
    passing.close_connection = True


def another_etag(passing: Passing) -> None:
    """Answer with an ETag that is no MD5 of what was sent."""
    answer = passing.pass_on()
    headers = without(answer.headers, "etag") | {"ETag": f'"{"0" * 32}"'}
    passing.send(replace(answer, headers=headers))


def other_bytes(passing: Passing) -> None:
    """Keep other bytes than were sent, and answer with their ETag."""
    answer = passing.pass_on()
    kept = passing.between.server.buckets / urlsplit(passing.path).path.lstrip("/")
    kept.write_bytes(b"rotten")
    etag = hashlib.md5(b"rotten").hexdigest()
    passing.send(Answer(answer.status, {"ETag": f'"{etag}"', "Content-Length": "0"}, b""))


def unlabelled(passing: Passing) -> None:
    """Don't say which part of the object is sent."""
    answer = passing.pass_on()
    passing.send(replace(answer, headers=without(answer.headers, "content-range")))


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {each: value for each, value in headers.items() if each.lower() != name}


@contextmanager
def standing_between(server: S3Server) -> Iterator[Between]:
    """Stand in front of *server*, at ``address``."""
    between = Between(server)
    passing = type("PassingHere", (Passing,), {"between": between})
    with ThreadingHTTPServer(("127.0.0.1", 0), passing) as proxy:
        proxy.daemon_threads = True
        proxy.block_on_close = False
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            between.address = f"http://127.0.0.1:{proxy.server_port}"
            yield between
        finally:
            proxy.shutdown()
            thread.join()
