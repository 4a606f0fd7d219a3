"""Lines of the log: whole, alike, without secrets, and never forged."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gallery import logs
from gallery.logs.formatting import JSONLines, Lines, TextLines
from gallery.logs.redaction import BLOT, Redaction

OWN_SECRET = "the gallery's very own secret"
FORGED = (
    "name\r\n2026-01-01T00:00:00.000Z INFO    root [-] all is well\x1b[31m\x7f\x9b1m\u2028\u202e"
)
Write = Callable[..., str]


def lines_of(form: type[Lines]) -> Write:
    lines = form(Redaction([OWN_SECRET]), request_id=logs.current_request_id)

    def write(event: str, *args: object, error: BaseException | None = None, **extra: Any) -> str:
        told = (type(error), error, error.__traceback__) if error else None
        record = logging.getLogger("gallery.test").makeRecord(
            "gallery.test", logging.WARNING, __file__, 1, event, args, told, extra=extra
        )
        record.created = 1_773_500_966.5
        return lines.format(record)

    return write


@pytest.fixture(autouse=True)
def outside_of_requests() -> None:
    """Requests that other tests made in this thread, and never read to their end, are over."""
    logs.leave_request()


@pytest.fixture
def as_json() -> Write:
    return lines_of(JSONLines)


@pytest.fixture
def as_text() -> Write:
    return lines_of(TextLines)


def raised(error: ValueError) -> ValueError:
    try:
        raise error
    except ValueError as caught:
        return caught


def test_json_line_says_when_where_for_whom_and_what(as_json: Write) -> None:
    """Each line is an object with the same members, and the fields that were given."""
    with logs.request_scope("a-request"):
        line = as_json("saved %d images", 3, kind="round", size_bytes=12)

    assert json.loads(line) == {
        "time": "2026-03-14T15:09:26.500Z",
        "level": "warning",
        "logger": "gallery.test",
        "event": "saved 3 images",
        "request_id": "a-request",
        "kind": "round",
        "size_bytes": 12,
    }


def test_text_line_says_the_same(as_text: Write) -> None:
    """People read the same members, in one line."""
    line = as_text("saved %d images", 3, kind="round", note="two words")

    assert line == (
        "2026-03-14T15:09:26.500Z WARNING gallery.test [-] saved 3 images"
        ' kind=round note="two words"'
    )


def test_exception_is_one_line_of_json(as_json: Write) -> None:
    """A traceback is a member of the object, and does not end the line."""
    line = as_json("it failed", error=raised(ValueError("for a reason")))

    assert "\n" not in line
    told = json.loads(line)["exception"]
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith("ValueError: for a reason")


@pytest.mark.parametrize("where", ["event", "argument", "field", "exception"])
def test_json_line_can_not_be_forged(as_json: Write, where: str) -> None:
    """Whatever a text from outside holds, it is one line of printable ASCII."""
    line = forge(as_json, where)

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["level"] == "warning"


@pytest.mark.parametrize("where", ["event", "argument", "field", "exception"])
def test_text_line_can_not_be_forged(as_text: Write, where: str) -> None:
    """No text from outside begins a line, colours a terminal, or turns its direction around."""
    lines = forge(as_text, where).split("\n")

    assert all(line.isprintable() for line in lines)
    assert lines[0].startswith("2026-03-14T15:09:26.500Z WARNING")
    assert all(line.startswith("    | ") for line in lines[1:])


def forge(write: Write, where: str) -> str:
    if where == "event":
        return write(FORGED)
    if where == "argument":
        return write("the name is %s", FORGED)
    if where == "field":
        return write("a name", player=FORGED)
    return write("it failed", error=raised(ValueError(FORGED)))


SECRETS = {
    "an API key": ("key {} is wrong", "gallery_" + "aB3_-" * 8 + "xyz"),
    "a refresh token": ("token {}", "grefresh_" + "aB3_-" * 15),
    "an access token": ("jwt {} is over", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    "a header": ("Authorization: Bearer {}", "something opaque"),
    "a scheme": ("sent bearer {}", "opaque"),
    "a cookie": ("Cookie: gallery-device=1; gallery={}", ".eJwlzjEOwzAI.aX3k.Zm9v"),
    "a session": ("session {}", ".eJwlzjEOwzAIAMC_.aX3kQw.q8Zm9vYmFyYmF6"),
    "a link's address": ("Exception on /d/{} [GET]", "short"),
    "a share's address": ("GET /s/{}/images/1", "short"),
    "a link's token": ("token {}", f"{'0' * 36}_{'1' * 36}_original_inline_65.{'s' * 43}"),
    "a database's password": ("can't reach postgresql://gallery:{}@db/gallery", "pa:55/w+rd"),
    "a presigned address": ("GET https://s3/b/k?X-Amz-Signature={}&X-Amz-Date=1", "ab12"),
    "a field": ('{{"password": "{}"}}', "hunter2"),
    "an argument": ("login(password='{}')", "hunter2"),
    "the gallery's own": ("the text holds {} somewhere", OWN_SECRET),
}


@pytest.mark.parametrize("name", SECRETS)
def test_no_line_holds_a_secret(as_json: Write, name: str) -> None:
    """What looks like a credential is blotted out of events, fields and exceptions."""
    text, secret = SECRETS[name]
    said = text.format(secret)

    line = as_json("%s", said, field=said, error=raised(ValueError(said)))

    assert secret not in line
    told = json.loads(line)
    assert all(BLOT in told[member] for member in ("event", "field", "exception"))


@pytest.mark.parametrize(
    "text",
    [
        "sweep removed 3 images, 120 bytes, 0 errors",
        "the object generated/4f0c/main.v2.png is missing",
        "gallery_storage_seconds_bucket is counted",
        "the connection to localhost:5432 was refused",
        "019cece5-2470-721e-88e2-b93fb8925f53",
    ],
)
def test_what_is_no_secret_is_said(text: str) -> None:
    """Keys of objects, ids, names of metrics and addresses without passwords stay readable."""
    assert Redaction([OWN_SECRET])(text) == text


def test_short_words_are_no_secrets() -> None:
    """A password of a few letters must not blot out a word that texts need."""
    assert Redaction(["pg", ""])("a pg error") == "a pg error"


def test_scope_ends_where_it_ends() -> None:
    """After a request, and beside it in other threads, nothing is said for it."""
    beside: list[str] = []

    with logs.request_scope("a-request"):
        thread = threading.Thread(target=lambda: beside.append(logs.current_request_id()))
        thread.start()
        thread.join()
        within = logs.current_request_id()

    assert (within, beside, logs.current_request_id()) == ("a-request", ["-"], "-")


@pytest.mark.parametrize(
    ("wanted", "serves", "chosen"),
    [
        ("auto", True, "json"),
        ("auto", False, "text"),
        ("text", True, "text"),
        ("json", False, "json"),
    ],
)
def test_server_without_a_terminal_writes_json(wanted: str, serves: bool, chosen: str) -> None:
    """Commands write text unless told otherwise; so do servers, but only on a terminal."""
    assert logs.choose_format(wanted, serves=serves) == chosen
