"""People at browsers, things to look at, and a judge that reads every JSON answer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from gallery import create_app
from gallery.extensions import House
from gallery.storage import Storages
from tests.conftest import SECRET, Person, client_of, serving
from tests.views.asking import Painter
from tests.views.contract import Contract
from tests.views.fronting import BEHIND_NGINX, serving_behind_nginx
from tests.views.listening import let_listeners_go
from tests.views.presigning import Presigning
from tests.views.reading import Browser
from tests.views.saving import (
    illustrate,
    open_session,
    open_story,
    save_generation,
    save_round_image,
    save_session_image,
    show_to,
)


@pytest.fixture
def front(request: pytest.FixtureRequest) -> str:
    """What stands in front of the gallery; `either_way` has a test run with nginx as well."""
    return getattr(request, "param", "")


@pytest.fixture
def settings(front: str) -> dict[str, Any]:
    return BEHIND_NGINX if front else {}


@pytest.fixture
def address(app: Flask, front: str, tmp_path: Path) -> Iterator[str]:
    """Where everybody asks: the gallery's own server, or what is in front of it."""
    served = serving_behind_nginx(app, tmp_path / "nginx") if front else serving(app)
    with served as address:
        yield address


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The OpenAPI document."""
    instance = tmp_path_factory.mktemp("contract")
    app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance))
    return Contract(app.test_client().get("/api/openapi.json").get_json())


def watched(person: Person, contract: Contract) -> Person:
    person.http.event_hooks["response"].append(contract.check)
    return person


@pytest.fixture
def visitor(visitor: Person, contract: Contract) -> Person:
    """Nobody in particular; every JSON answer to them is held against the document."""
    return watched(visitor, contract)


@pytest.fixture
def alice(alice: Person, contract: Contract) -> Person:
    """She owns what the tests save; every JSON answer to her is held against the document."""
    return watched(alice, contract)


@pytest.fixture
def bob(bob: Person, contract: Contract) -> Person:
    """Another user; every JSON answer to him is held against the document."""
    return watched(bob, contract)


@pytest.fixture
def root(root: Person, contract: Contract) -> Person:
    """An admin; every JSON answer to them is held against the document."""
    return watched(root, contract)


def browsing(address: str, email: str = "") -> Iterator[Browser]:
    with client_of(address) as http:
        browser = Browser(http)
        if email:
            browser.sign_in(email)
        yield browser


@pytest.fixture
def passer_by(address: str) -> Iterator[Browser]:
    """A visitor at a browser."""
    yield from browsing(address)


@pytest.fixture
def owner(address: str, alice: Person) -> Iterator[Browser]:
    """Alice at a browser, signed in."""
    yield from browsing(address, alice.email)


@pytest.fixture
def stranger(address: str, bob: Person) -> Iterator[Browser]:
    """Bob at a browser, signed in."""
    yield from browsing(address, bob.email)


@pytest.fixture
def generation(alice: Person) -> str:
    """The id of a public generation of alice's."""
    return save_generation(alice, visibility="public")["id"]


@pytest.fixture
def secret_generation(alice: Person) -> str:
    """The id of a private generation of alice's."""
    return save_generation(alice, prompt="A hidden kettle")["id"]


@pytest.fixture
def session(alice: Person) -> str:
    """The id of a public session with its main picture."""
    session_id = open_session(alice, title="Copper kettle", visibility="public")
    save_session_image(alice, session_id, prompt="A kettle on white")
    return session_id


@pytest.fixture
def game(alice: Person) -> str:
    """The code of a public game with one picture in its first round."""
    save_round_image(alice)
    show_to(alice, "public", "game", "TEA")
    return "TEA"


@pytest.fixture
def story(alice: Person) -> str:
    """The id of a public story with one page."""
    story_id = open_story(alice, title="The lighthouse", visibility="public")
    illustrate(alice, story_id)
    return story_id


@pytest.fixture
def presigned(app: Flask) -> Iterator[Presigning]:
    """The gallery's only storage: it serves its objects by itself."""
    house: House = app.extensions["gallery"]
    storage = Presigning(house.settings.IMAGE_STORAGE_BASE_DIR)
    storages = Storages({"s3": storage}, default="s3")
    app.extensions["gallery"] = replace(
        house, storages=storages, intake=replace(house.intake, storages=storages)
    )
    yield storage
    app.extensions["gallery"] = house


@pytest.fixture
def painter(app: Flask) -> Iterator[Painter]:
    """The gallery's only generator: it draws at once, unless a test holds its brush."""
    painter = Painter()
    painter.may_finish.set()
    app.extensions["gallery"].studio.generators = {painter.name: painter}
    yield painter
    painter.may_finish.set()


@pytest.fixture
def goodbye(address: str) -> Iterator[None]:
    """Before the server stops, all who listened or waited are let go, as it would itself."""
    yield
    let_listeners_go()
