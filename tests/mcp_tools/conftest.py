"""The cast's assistants: each talks to the tools over real HTTP, by the key of whom they serve."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest
import uvicorn
from flask import Flask

from gallery.extensions import House
from gallery.mcp_tools.serving import http_app
from gallery.services import ingest
from gallery.services.ingest import Details
from tests.conftest import FixedClock, Person
from tests.mcp_tools.talking import Assistant, talking_http
from tests.pictures import picture

Save = Callable[..., UUID]


@pytest.fixture
def mcp_address(app: Flask) -> Iterator[str]:
    """The address of a server of tools on the loopback."""
    config = uvicorn.Config(
        http_app(app, host="127.0.0.1"), host="127.0.0.1", port=0, log_level="error", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def assisted(mcp_address: str) -> Iterator[Callable[[Person], Assistant]]:
    """Give somebody an assistant."""
    with ExitStack() as stack:
        yield lambda person: stack.enter_context(talking_http(mcp_address, person.key))


@pytest.fixture
def save(app: Flask, house: House, clock: FixedClock) -> Save:
    """Save a generation for somebody, a second after the one before, and return its id."""

    def save(person: Person, *, visibility: str = "private", **details: str) -> UUID:
        clock.move(seconds=1)
        with app.app_context():
            saved = ingest.save_generation(
                picture(),
                details=Details(**details),
                viewer=person.viewer,
                intake=house.intake,
                now=clock(),
                visibility=visibility,
            )
        return saved.image_id

    return save
