"""Each request is one line in the log, whatever is in it: none can be forged, ended or coloured."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from gallery import logs
from gallery.logs.formatting import JSONLines, TextLines
from gallery.logs.redaction import Redaction
from tests.attacks.raw import send
from tests.conftest import SECRET, Person
from tests.reliability import trials
from tests.views.asking import WAIT, Painter, generate
from tests.views.saving import save_generation

ATTACK = "lines of the log"
pytestmark = pytest.mark.only_on("sqlite", because="lines are written before rows")
FORGED = '2026-03-14T15:09:26.000Z INFO    gallery.access [x] forged status=200 {"event": "forged"}'
ENDS = ("\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1b[2J", "\u202e", "\x08")
TEXTS = [f"x{end}{FORGED}" for end in ENDS]


class Lines:
    """What is written while a test runs, in one of the two formats."""

    def __init__(self, name: str) -> None:
        self.is_json = name == "json"
        self.written = io.StringIO()
        self.handler = logging.StreamHandler(self.written)
        kind = JSONLines if self.is_json else TextLines
        self.handler.setFormatter(kind(Redaction([SECRET]), request_id=logs.current_request_id))

    def read(self) -> list[str]:
        """Return the lines as programs cut them, which know more ends than one."""
        return self.written.getvalue().splitlines()


@pytest.fixture(params=["json", "text"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    lines = Lines(request.param)
    logger = logging.getLogger("gallery")
    logger.addHandler(lines.handler)
    yield lines
    logger.removeHandler(lines.handler)


def faults(lines: Lines) -> list[str]:
    """Return the lines that are none of ours."""
    if lines.is_json:
        return [line for line in lines.read() if set(json.loads(line)) < {"time", "event"}]
    return [line for line in lines.read() if not line.isprintable() or line.startswith(FORGED[:9])]


def requests_of(key: str) -> Iterator[bytes]:
    """Yield requests with a hostile text in every part that may hold one."""
    for text in TEXTS:
        escaped, raw = quote(text).encode(), text.encode().translate(None, b"\r\n")
        for path in (b"/" + escaped, b"/images/" + escaped, b"/search?q=" + escaped):
            yield request(b"GET", path, [("User-Agent", raw)])
        for name in ("X-Request-ID", "Referer", "Cookie", "X-Forwarded-For", "Authorization"):
            yield request(b"GET", b"/", [(name, raw)])
        bearer = [("Authorization", f"Bearer {key}".encode()), ("Prefer", raw)]
        yield request(b"DELETE", b"/api/images/" + escaped, bearer)


def request(method: bytes, path: bytes, headers: list[tuple[str, bytes]]) -> bytes:
    fields = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    return b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n" % (method, path, fields)


def test_each_request_is_one_line(address: str, alice: Person, lines: Lines) -> None:
    """However its path, query and headers are written, a request is told of once."""
    sent = list(requests_of(alice.key))

    answers = [send(address, each) for each in sent]

    answered = [line for line in lines.read() if "answered" in line]
    assert faults(lines) == []
    assert all(answers)
    assert len(answered) == len(sent)
    assert not any(line.startswith(("2026-03-14", '{"event": "forged"')) for line in lines.read())


def test_texts_of_others_end_no_line(
    app: Any, alice: Person, visitor: Person, lines: Lines
) -> None:
    """Nor do those that are saved, refused, or come back from a provider."""
    painter = Painter()
    painter.may_finish.set()
    app.extensions["gallery"].studio.generators = {painter.name: painter}

    tried = TEXTS[:: trials(3, full=1)]
    for number, text in enumerate(tried):
        painter.reason = text
        generate(alice, f"owl-{number}", f"It fails {number}", headers=WAIT)
        save_generation(alice, prompt=text, model=text[:100])
        visitor.post("/api/auth/login", json={"email": text, "password": text})
        alice.post("/api/images", files={"image": (text, b"no picture", text)})
        alice.post("/api/sessions", json={text: text})

    assert faults(lines) == []
    assert len(lines.read()) >= 5 * len(tried)
    assert not any(line.startswith("2026-03-14") for line in lines.read())


def test_every_request_has_an_id_of_its_own(visitor: Person) -> None:
    """Where nothing in front is trusted, an id that a request brings along is not taken."""
    ids = {
        visitor.get("/", headers={"X-Request-ID": "forged-by-somebody"}).headers["X-Request-ID"]
        for _ in range(5)
    }

    assert len(ids) == 5
    assert "forged-by-somebody" not in ids
