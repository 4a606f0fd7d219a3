"""Each request has an id and a line of the log, and neither tells a secret."""

import logging
import re
import time
from typing import Any

import pytest
from bs4 import BeautifulSoup

from gallery.extensions import House
from gallery.logs import current_request_id
from gallery.views.watching import HEADER
from tests.conftest import Person
from tests.pictures import picture
from tests.views.saving import sign

PATIENCE_SECONDS = 10
ISSUED = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> "Lines":
    """The lines that requests leave."""
    caplog.set_level(logging.DEBUG, logger="gallery.access")
    return Lines(caplog)


class Lines:
    """A line is written when its answer has gone out, so that whoever has read it may be early."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def only(self, route: str) -> Any:
        """Return the record of the only request that matched this route; none matched ``""``."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := self._of(route)) and time.monotonic() < until:
            time.sleep(0.001)
        (record,) = found
        return record

    def _of(self, route: str) -> list[Any]:
        records = [each for each in self._caplog.records if each.name == "gallery.access"]
        return [each for each in records if told(each)["route"] == route]


def told(record: Any) -> dict[str, Any]:
    return dict(getattr(record, "safe", None) or vars(record))


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api/images/nothing", "/static/css/gallery.css"]
)
def test_every_answer_names_its_request(visitor: Person, path: str) -> None:
    """Pages, errors and files carry an id that no other request has."""
    first, second = visitor.get(path), visitor.get(path)

    assert ISSUED.fullmatch(first.headers[HEADER])
    assert first.headers[HEADER] != second.headers[HEADER]


def test_id_from_anybody_is_not_believed(visitor: Person) -> None:
    """Without a trusted proxy nobody chooses what their lines are found under."""
    answer = visitor.get("/healthz", headers={HEADER: "chosen-by-me"})

    assert answer.headers[HEADER] != "chosen-by-me"


class TestBehindAProxy:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"TRUSTED_PROXIES": "1"}

    @pytest.mark.parametrize(
        "sent", ["0190e4a5-7c1e-7d3c-9d5f-0d6c1c2b3a49", "a_Request-1", "x" * 64]
    )
    def test_id_of_a_trusted_proxy_is_kept(self, visitor: Person, sent: str) -> None:
        """The proxy's log and the gallery's are about the same request."""
        assert visitor.get("/healthz", headers={HEADER: sent}).headers[HEADER] == sent

    @pytest.mark.parametrize(
        "sent", ["short", "x" * 65, "a request", "umlaut-ö-12345", "a;b;c;d;e"]
    )
    def test_id_that_is_malformed_is_replaced(self, visitor: Person, sent: str) -> None:
        """What could be mistaken for something else in a line is no id."""
        answer = visitor.get("/healthz", headers={HEADER: sent.encode()})

        assert ISSUED.fullmatch(answer.headers[HEADER])


def test_line_tells_what_was_asked_and_answered(
    alice: Person, generation: str, lines: Lines
) -> None:
    """Method, route, status, bytes, duration and who; not the address itself."""
    answer = alice.get(f"/api/images/{generation}")

    line = lines.only("/api/images/<uuid:image_id>")
    members = told(line)
    assert members.pop("milliseconds") > 0
    assert members == {
        "method": "GET",
        "route": "/api/images/<uuid:image_id>",
        "status": 200,
        "bytes": len(answer.content),
        "user": str(alice.viewer.user_id),
    }
    assert (line.levelno, line.getMessage()) == (logging.INFO, "answered")


def test_line_of_a_sent_file_tells_its_bytes(
    visitor: Person, alice: Person, generation: str, lines: Lines
) -> None:
    """A file that the server sends by itself is counted as well."""
    key = alice.get(f"/api/images/{generation}").json()["key"]

    visitor.get(f"/outputs/{key}")

    line = lines.only("/outputs/images/generations/<path:rest>")
    assert (line.safe["bytes"], line.safe["user"]) == (len(picture()), "-")


def test_line_of_a_head_tells_no_bytes(visitor: Person, lines: Lines) -> None:
    """What a GET would send is not sent."""
    visitor.request("HEAD", "/stats")

    line = lines.only("/stats")
    assert line.safe["bytes"] == 0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/metrics", "/metrics"),
        ("/static/css/gallery.css", "/static/<path:filename>"),
    ],
)
def test_machines_and_styles_leave_no_line(
    visitor: Person, lines: Lines, path: str, route: str
) -> None:
    """They come every few seconds, or with each page, and are told only to who debugs."""
    visitor.get(path)

    assert lines.only(route).levelno == logging.DEBUG


def test_gallery_that_is_not_ready_leaves_a_line(visitor: Person, house, lines: Lines) -> None:
    """What fails is told, whoever asked."""
    house.storages.default.root.write_text("in the way")

    visitor.get("/readyz")

    assert lines.only("/readyz").levelno == logging.INFO


def test_signed_link_leaves_a_line_without_its_token(
    visitor: Person, alice: Person, generation: str, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads the log can't follow the links in it."""
    url = sign(alice, generation)["url"]

    visitor.get(url)

    assert url.rpartition("/")[2] not in str(vars(lines.only("/d/<token>")))
    assert url.rpartition("/")[2] not in caplog.text


def test_address_that_leads_nowhere_is_told_without_its_tokens(
    visitor: Person, lines: Lines
) -> None:
    """An operator sees what is missing; a token in a mistyped address is cut out."""
    token = "t" * 100

    visitor.get(f"/images/{token}/more?key={token}")

    line = lines.only("")
    assert (line.path, line.status, line.route) == ("/images/…", 404, "")


def damaged(alice: Person, house: House, image_id: str) -> str:
    """Damage the file of an image, and return its address."""
    key = alice.get(f"/api/images/{image_id}").json()["key"]
    file = house.storages.default.root / key
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    return f"/outputs/{key}"


def test_error_of_the_server_tells_its_number_to_people(
    visitor: Person, alice: Person, house, generation: str
) -> None:
    """The page of a 5xx says what to tell the operator."""
    answer = visitor.get(damaged(alice, house, generation))

    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 503
    assert page.select_one("main code").get_text() == answer.headers[HEADER]


def test_error_of_the_server_tells_its_number_to_programs(alice: Person, house) -> None:
    """A problem with a status of 5xx has a member for it; the others have none."""
    house.storages.default.root.write_text("in the way")

    broken, wrong = alice.post("/api/images", content=picture()), alice.post("/api/images")

    assert (broken.status_code, wrong.status_code) == (503, 422)
    assert broken.json()["request_id"] == broken.headers[HEADER]
    assert "request_id" not in wrong.json()


def test_error_is_logged_for_its_request(
    visitor: Person, alice: Person, house, generation: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What the operator is told leads to the line that says why."""
    path = damaged(alice, house, generation)
    said: list[str] = []
    handler = Saying(said)
    logging.getLogger("gallery.views.errors").addHandler(handler)

    answer = visitor.get(path)

    logging.getLogger("gallery.views.errors").removeHandler(handler)
    assert said == [answer.headers[HEADER]]


class Saying(logging.Handler):
    """Notes for which request each record is said."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self._said.append(current_request_id())
