"""What cheap requests may cost, and what headers are not believed."""

import socket

import pytest

from tests.conftest import Person


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/sessions/x/images/main"), ("POST", "/api/images"), ("POST", "/api/sessions")],
)
def test_nobody_is_refused_before_the_body_is_read(address: str, method: str, path: str) -> None:
    """A visitor's upload is answered after its headers: the body would never come."""
    host, _, port = address.removeprefix("http://").partition(":")
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"

    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: 1000000\r\n\r\nA".encode())
        answer = connection.recv(65536)

    assert b" 401 " in answer.split(b"\r\n")[0]


def test_json_larger_than_any_that_is_needed_is_a_413(alice: Person) -> None:
    """Python makes a gigabyte of 25 MB of JSON, so it isn't asked to."""
    answer = alice.post(
        "/api/sessions",
        content=b"[" + b"{}," * 30_000 + b"{}]",
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_redirect_names_no_host(visitor: Person, header: dict[str, str]) -> None:
    """A missing slash is mended by a path, whatever host the request claims."""
    answer = visitor.get("/games?cursor=1", headers=header)

    assert (answer.status_code, answer.headers["Location"]) == (308, "/games/?cursor=1")
    assert "evil.example" not in answer.text


def test_sign_in_leads_back_to_the_page_that_asked_for_it(visitor: Person) -> None:
    """Who meets a closed door signs in and stands in the room behind it."""
    page = visitor.get("/sessions/somebodys?x=1")

    assert page.status_code == 404
    assert 'href="/login?next=/sessions/somebodys%3Fx%3D1"' in page.text
