"""The production server, and those who send slowly, too much, or not what they said."""

import io
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.browser.server import PATIENCE_SECONDS, Instance, served, set_up
from tests.conftest import client_of
from tests.pictures import picture

# Twenty for who takes nothing, and some to spare.
READERS_SECONDS = 35
CROWD = 60
# What would take minutes if the crowd were waited for.
SOON_SECONDS = 8
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: gallery"
# More than is waited for before a thread looks at it.
BEGINNING = b"x" * 70_000
TOO_MUCH = 10**9


class Sender:
    """A connection to the server, written to by hand."""

    def __init__(self, instance: Instance, content: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", instance.port))
        self.socket.settimeout(PATIENCE_SECONDS)
        self.send(content)

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, header fields and body of what comes until the connection is closed."""
        received = b""
        while piece := self.socket.recv(65_536):
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        return int(status_line.split()[1]), fields, body


Connect = Callable[..., Sender]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = set_up(tmp_path_factory.mktemp("slow"))
    with served(instance):
        yield instance


@pytest.fixture
def http(instance: Instance) -> Iterator[httpx.Client]:
    """Alice, who sends as quickly as anybody."""
    headers = {"Authorization": f"Bearer {instance.key}"}
    with client_of(instance.address, headers=headers, timeout=SOON_SECONDS) as http:
        yield http


@pytest.fixture
def connect(instance: Instance) -> Iterator[Connect]:
    """Open a connection, which is closed when the test is over, and send something."""
    with ExitStack() as stack:

        def connect(content: bytes = b"") -> Sender:
            sender = Sender(instance, content)
            stack.enter_context(sender.socket)
            return sender

        yield connect


def crowd(connect: Connect, content: bytes, size: int = CROWD) -> list[Sender]:
    """Let many begin to send."""
    return [connect(content) for _ in range(size)]


def upload(instance: Instance, *fields: str, path: str = "/api/images") -> bytes:
    """Return the head of an upload of alice's."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: gallery",
        f"Authorization: Bearer {instance.key}",
        "Content-Type: image/png",
        *fields,
    )
    return "\r\n".join([*lines, "", ""]).encode()


def kept(http: httpx.Client) -> int:
    """Return how many images there are."""
    return len(http.get("/api/images", params={"limit": 100}).raise_for_status().json()["images"])


class TestCrowds:
    """Sixty slow senders, and one who is not."""

    def test_crowd_with_slow_heads_and_bodies_keeps_nobody_out(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """Reading and saving small things go on while a hundred and twenty drip."""
        crowd(connect, HALF_HEAD)
        crowd(connect, upload(instance, "Content-Length: 1000000") + BEGINNING)

        statuses = [http.get("/").status_code for _ in range(20)]
        saved = http.post("/api/images", content=picture(), headers={"Content-Type": "image/png"})

        assert statuses == [200] * 20
        assert saved.status_code == 201

    def test_half_a_head_behind_a_whole_request_costs_no_thread_either(
        self, http: httpx.Client, connect: Connect
    ) -> None:
        """The second request on a connection is waited for like the first."""
        whole = b"GET /healthz HTTP/1.1\r\nHost: gallery\r\n\r\n"
        asking = crowd(connect, whole + HALF_HEAD)
        for each in asking:
            assert each.socket.recv(65_536).startswith(b"HTTP/1.1 200 ")

        assert http.get("/").status_code == 200

    def test_upload_that_finds_no_place_is_asked_to_come_back(
        self, instance: Instance, connect: Connect
    ) -> None:
        """Half of the threads take uploads; who waits in vain for one is told when to try again."""
        # So few that the last comes long before the first are cut off, on a busy machine as well.
        crowd(connect, upload(instance, "Content-Length: 1000000") + BEGINNING, size=14)
        last = connect(upload(instance, "Content-Length: 1000000") + BEGINNING)

        status, fields, body = last.answer()

        assert status == 503
        assert fields["Retry-After"] == "5"
        assert json.loads(body)["status"] == 503

    def test_places_are_free_again_when_the_slow_are_gone(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """An upload that waits for a place gets one as soon as somebody hangs up."""
        beginning = upload(instance, "Content-Length: 1000000") + BEGINNING
        for each in crowd(connect, beginning):
            each.socket.close()

        saved = http.post("/api/images", content=large(), headers={"Content-Type": "image/png"})

        assert saved.status_code == 201


class TestCutOff:
    """Who takes too long."""

    def test_slow_senders_are_cut_off(self, instance: Instance, connect: Connect) -> None:
        """Half a head, half a form and half an upload all get a 408, and then the line is dead."""
        slow = [
            connect(HALF_HEAD),
            connect(upload(instance, "Content-Length: 100") + b"x"),
            connect(upload(instance, "Content-Length: 1000000") + BEGINNING),
            connect(upload(instance, "Transfer-Encoding: chunked") + b"5\r\nhel"),
        ]

        answers = [each.answer() for each in slow]

        assert [status for status, _, _ in answers] == [408] * 4
        assert {fields["Connection"] for _, fields, _ in answers} == {"close"}
        types = [fields["Content-Type"] for _, fields, _ in answers]
        assert types == ["text/plain; charset=utf-8"] + ["application/problem+json"] * 3

    def test_who_says_nothing_is_hung_up_on(self, connect: Connect) -> None:
        """A connection that was opened and not used is closed without a word."""
        assert connect().socket.recv(1) == b""

    def test_endless_head_is_refused(self, connect: Connect) -> None:
        """However quickly it comes."""
        sender = connect(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 70_000)

        assert sender.answer()[0] == 431


class TestHonestSenders:
    """Who is slow within reason, careful, or sends in pieces."""

    def test_steady_upload_passes(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """A picture that comes piece by piece is saved."""
        content, before = large(), kept(http)
        fields = (f"Content-Length: {len(content)}", "Connection: close")
        sender = connect(upload(instance, *fields))

        for start in range(0, len(content), 20_000):
            sender.send(content[start : start + 20_000])
            time.sleep(0.05)

        assert sender.answer()[0] == 201
        assert kept(http) == before + 1

    def test_request_may_come_byte_by_byte(self, connect: Connect) -> None:
        """It is the same request."""
        sender = connect()

        for byte in b"GET /healthz HTTP/1.1\r\nHost: gallery\r\nConnection: close\r\n\r\n":
            sender.send(bytes([byte]))

        assert sender.answer()[0] == 200

    def test_requests_that_come_together_are_answered_in_order(self, connect: Connect) -> None:
        """Two requests in one piece get two answers."""
        sender = connect(
            b"GET /healthz HTTP/1.1\r\nHost: gallery\r\n\r\n"
            b"GET /nothing HTTP/1.1\r\nHost: gallery\r\nConnection: close\r\n\r\n",
        )

        status, _, rest = sender.answer()

        assert status == 200
        assert b"HTTP/1.1 404 " in rest

    def test_chunks_are_taken(self, http: httpx.Client) -> None:
        """A program may send a picture whose length it doesn't know."""
        content = large()
        pieces = (content[start : start + 50_000] for start in range(0, len(content), 50_000))

        saved = http.post("/api/images", content=pieces, headers={"Content-Type": "image/png"})

        assert saved.status_code == 201

    def test_who_asks_before_sending_is_told_to_go_on(
        self, instance: Instance, connect: Connect
    ) -> None:
        """The body comes only when the server has said that it reads it."""
        content = picture()
        fields = (f"Content-Length: {len(content)}", "Expect: 100-continue")
        sender = connect(upload(instance, *fields))

        told = sender.socket.recv(65_536)
        sender.send(content)

        assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert sender.answer()[0] == 201


class TestLies:
    """Bodies that are too long, or other than announced. Nothing of them is kept."""

    def test_announced_excess_is_refused_before_it_is_read(
        self, instance: Instance, connect: Connect
    ) -> None:
        """The head alone is answered, and the connection closed."""
        sender = connect(upload(instance, f"Content-Length: {TOO_MUCH}"))

        status, fields, body = sender.answer()

        assert status == 413
        assert fields["Connection"] == "close"
        assert json.loads(body)["status"] == 413

    def test_who_asks_before_sending_too_much_is_not_told_to_go_on(
        self, instance: Instance, connect: Connect
    ) -> None:
        """The first thing that is said is the refusal."""
        fields = (f"Content-Length: {TOO_MUCH}", "Expect: 100-continue")

        assert connect(upload(instance, *fields)).answer()[0] == 413

    def test_refusal_reaches_who_has_begun_to_send(
        self, instance: Instance, connect: Connect
    ) -> None:
        """What is on the way is let come in, so that the answer isn't lost with the line."""
        sender = connect(upload(instance, "Content-Length: 40000000"))
        sender.send(b"x" * 40_000_000)

        assert sender.answer()[0] == 413

    def test_excess_in_chunks_is_refused(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """What isn't announced is counted."""
        before = kept(http)
        sender = connect(upload(instance, "Transfer-Encoding: chunked"))
        megabyte = b"100000\r\n" + b"x" * 2**20 + b"\r\n"

        for _ in range(30):
            sender.send(megabyte)

        assert sender.answer()[0] == 413
        assert kept(http) == before

    @pytest.mark.parametrize("size", [20_000, 200_000], ids=["short", "long"])
    def test_body_that_ends_early_is_not_kept(
        self, instance: Instance, http: httpx.Client, size: int, connect: Connect
    ) -> None:
        """Not even where the bytes that came are a whole picture."""
        content, before = picture(size=(size // 1_000, 500), compress_level=0), kept(http)
        sender = connect(upload(instance, f"Content-Length: {len(content) + 10}"))
        sender.send(content)
        sender.socket.shutdown(socket.SHUT_WR)

        status, _, _ = sender.answer()

        assert status == 400
        assert kept(http) == before

    def test_chunks_without_an_end_are_not_kept(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """A whole picture in chunks of which the last is missing."""
        content, before = large(), kept(http)
        sender = connect(upload(instance, "Transfer-Encoding: chunked"))
        sender.send(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        sender.socket.shutdown(socket.SHUT_WR)

        assert sender.answer()[0] == 400
        assert kept(http) == before

    @pytest.mark.parametrize("size", [b"zz", b"-5", b"0x5", b""])
    def test_what_is_no_chunk_is_refused(
        self, instance: Instance, size: bytes, connect: Connect
    ) -> None:
        """The sender's mistake is not the server's."""
        sender = connect(upload(instance, "Transfer-Encoding: chunked"))
        sender.send(size + b"\r\nhello\r\n0\r\n\r\n")

        assert sender.answer()[0] == 400

    def test_nothing_is_left_of_aborted_uploads(
        self, instance: Instance, http: httpx.Client, connect: Connect
    ) -> None:
        """No temporary file lies in the storage after somebody hung up."""
        connect(upload(instance, "Content-Length: 1000000") + BEGINNING).socket.close()
        saved = http.post("/api/images", content=large(), headers={"Content-Type": "image/png"})

        folder = instance.folder / "storage" / ".tmp"

        assert saved.status_code == 201
        assert list(folder.iterdir()) == []


def large() -> bytes:
    """Return a picture of some hundred kilobytes."""
    content = picture(size=(400, 300), compress_level=0)
    assert len(io.BytesIO(content).getvalue()) > 200_000
    return content


def test_who_takes_nothing_of_an_answer_holds_no_thread_for_long(
    instance: Instance, http: httpx.Client, connect: Connect
) -> None:
    """More of them than there are threads keep others out for seconds, not for good."""
    content = picture(size=(2_300, 2_300), compress_level=0)
    saved = http.post("/api/images", content=content, headers={"Content-Type": "image/png"})
    path = saved.raise_for_status().json()["image_url"]
    head = f"GET {path} HTTP/1.1\r\nHost: gallery\r\nAuthorization: Bearer {instance.key}\r\n\r\n"
    for _ in range(CROWD):
        reader = connect()
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        reader.send(head.encode())

    assert http.get("/login", timeout=READERS_SECONDS).status_code == 200
