"""A gallery with pictures in it, a folder for its backups, and another gallery for them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from cluster.postgresql import programs
from gallery import create_app
from gallery.cli import cli
from gallery.extensions import House, db
from gallery.services.backup import Repository
from tests.conftest import SECRET, FixedClock, Person, share_statements
from tests.databases import Databases
from tests.pictures import picture
from tests.views import saving

PG_TOOLS = str(programs())


class Commands:
    """The commands of a gallery, as its operator types them."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, *arguments: str | Path, **options: Any) -> Result:
        """Run one."""
        words = [str(each) for each in arguments]
        return self.app.test_cli_runner().invoke(cli, words, **options)

    def told(self, *arguments: str | Path) -> Any:
        """Run one that succeeds, and return what it tells programs."""
        done = self(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let PostgreSQL's client programs be found, those of the server that is tested with."""
    monkeypatch.setenv("PATH", f"{PG_TOOLS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the backups are."""
    return tmp_path / "backups"


@pytest.fixture
def repository(path: Path) -> Repository:
    return Repository(path)


@pytest.fixture
def gallery(app: Flask) -> Commands:
    """The gallery that the cast speaks to."""
    return Commands(app)


@contextmanager
def opened(instance: Path, clock: FixedClock, **settings: Any) -> Iterator[Flask]:
    app = create_app({"SECRET_KEY": SECRET} | settings, instance_path=str(instance), clock=clock)
    share_statements(app)
    yield app
    app.extensions["gallery"].studio.close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def other(
    databases: Databases, tmp_path: Path, clock: FixedClock, settings: dict[str, Any]
) -> Iterator[Commands]:
    """Another gallery, of which there is nothing yet."""
    with databases.empty(tmp_path / "other") as instance, opened(instance, clock) as app:
        yield Commands(app)


@pytest.fixture
def save(alice: Person) -> Callable[..., dict[str, Any]]:
    """Save a generation of alice's that looks like no other."""
    shades = iter(range(255))

    def save(**fields: Any) -> dict[str, Any]:
        content = picture(colour=(next(shades), 120, 40))
        return saving.save_generation(alice, content=content, **fields)

    return save


def house_of(app: Flask) -> House:
    return app.extensions["gallery"]


def hashes(commands: Commands) -> dict[str, str]:
    """Return the SHA-256 of every image, as its row has it."""
    return {each["id"]: each["sha256"] for each in commands.told("storage", "list")}


def keys(commands: Commands) -> dict[str, str]:
    """Return the key of every image."""
    return {each["id"]: each["key"] for each in commands.told("storage", "list")}


def file_of(commands: Commands, key: str) -> Path:
    """Return the file of an object."""
    return house_of(commands.app).settings.IMAGE_STORAGE_BASE_DIR / key


def check(commands: Commands) -> dict[str, list[str]]:
    """Return what the storage check finds, every byte read."""
    return json.loads(commands("storage", "check", "--json").stdout)
