"""A gallery under siege: whatever a test tries, the same is looked at afterwards."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.attacks.siege import Siege
from tests.conftest import Person
from tests.pictures import picture
from tests.reliability import tell
from tests.views.conftest import browsing
from tests.views.reading import Browser
from tests.views.saving import make_product


@pytest.fixture
def siege(app: Flask, request: pytest.FixtureRequest) -> Iterator[Siege]:
    """What stands around the gallery, and looks after each test whether it still stands."""
    siege = Siege(app)
    yield siege
    siege.check()
    tell("attacks", request.module.ATTACK, siege.counts)


@pytest.fixture
def address(siege: Siege, address: str) -> str:
    """Where everybody asks: no test here can do without the siege."""
    return address


@pytest.fixture
def passer_by(address: str) -> Iterator[Browser]:
    """A visitor at a browser."""
    yield from browsing(address)


@pytest.fixture
def owner(address: str, alice: Person) -> Iterator[Browser]:
    """Alice at a browser, signed in."""
    yield from browsing(address, alice.email)


@pytest.fixture
def places(alice: Person) -> dict[str, str]:
    """Real things, for the parameters that are not being attacked."""
    session = alice.post("/api/sessions", json={}).json()["id"]
    content = picture()
    image = alice.put(f"/api/sessions/{session}/images/main", content=content).json()
    alice.put("/api/games/TEA/rounds/1/players/fox/image", content=content)
    share = alice.post(f"/api/galleries/session/{session}/links", json={}).json()["url"]
    alice.get(f"/api/images/{image['id']}")
    return {
        "session": session,
        "image": image["id"],
        "product": make_product(alice, 2)["id"],
        "token": share.removeprefix("/s/"),
    }
