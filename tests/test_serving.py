"""The production server, stopped in the middle of its work and started again."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.browser.server import PATIENCE_SECONDS, Instance, served, set_up
from tests.conftest import client_of
from tests.databases import Databases

# Without letting go of listeners the server takes half a minute.
SOON_SECONDS = 15
ROUND = "/api/games/TEA/rounds/1"
PLAYERS = ("fox", "owl", "elk", "hen")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Instance]:
    """An instance that outlives the servers that serve it."""
    with databases.empty(tmp_path_factory.mktemp("kept")) as folder:
        yield set_up(folder)


@pytest.fixture
def http(kept: Instance) -> Iterator[httpx.Client]:
    """A front end of alice's."""
    headers = {"Authorization": f"Bearer {kept.key}"}
    with client_of(kept.address, headers=headers, timeout=PATIENCE_SECONDS) as http:
        yield http


def statuses(http: httpx.Client) -> dict[str, str]:
    """Return how far the picture of each player is."""
    answer = http.get(f"{ROUND}/images").raise_for_status()
    return {image["player_id"]: image["status"] for image in answer.json()["images"]}


def test_listener_does_not_keep_the_server_from_stopping(
    kept: Instance, http: httpx.Client
) -> None:
    """An open stream is brought to its proper end when the server is asked to stop."""
    with served(kept) as server:
        http.patch(ROUND, json={"players": ["fox"]}).raise_for_status()
        with http.stream("GET", f"{ROUND}/events") as stream:
            lines = stream.iter_lines()
            heard = [next(lines)]

            server.terminate()
            heard += lines

        assert heard[0] == "retry: 2000"
        assert server.wait(timeout=SOON_SECONDS) == 0


def test_picture_that_is_drawn_while_the_server_stops_is_not_lost(
    kept: Instance, http: httpx.Client
) -> None:
    """What was asked for just before the server stopped is there after it started again."""
    with served(kept) as server:
        for player in PLAYERS:
            asked = http.post(
                f"{ROUND}/players/{player}/generate", json={"sentence": f"The {player} sells."}
            )
            assert asked.status_code == 202

        server.terminate()
        server.wait(timeout=2 * PATIENCE_SECONDS)

    with served(kept):
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and set(statuses(http).values()) != {"ready"}:
            time.sleep(0.1)
        assert statuses(http) == dict.fromkeys(PLAYERS, "ready")


def test_clients_that_never_hang_up_keep_nobody_out(kept: Instance, http: httpx.Client) -> None:
    """Who got an answer and leaves the connection open is waited for aside, not in the door."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with served(kept), ExitStack() as lingering:
        for _ in range(60):
            client = socket.create_connection(("127.0.0.1", kept.port))
            lingering.enter_context(client)
            client.sendall(request)

        # One after another they would take two seconds each, in two workers.
        answer = http.get("/healthz", timeout=SOON_SECONDS)

    assert answer.status_code == 200


def test_half_sent_requests_do_not_keep_the_server_from_stopping(
    kept: Instance, http: httpx.Client
) -> None:
    """Who isn't ready soon has to ask the server that follows."""
    with served(kept) as server, ExitStack() as slow:
        clients = [
            slow.enter_context(socket.create_connection(("127.0.0.1", kept.port)))
            for _ in range(60)
        ]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: gallery")
        # Whoever came before this has been let in; who still stands at the door is reset.
        http.get("/healthz", timeout=SOON_SECONDS)

        server.terminate()

        # A head may take ten seconds else.
        clients[-1].settimeout(8)
        assert clients[-1].recv(32).startswith(b"HTTP/1.1 408 ")
        assert server.wait(timeout=SOON_SECONDS) == 0
