"""PostgreSQL in bad weather, under the production server: away, asleep, crowded, read only.

One gallery for all of it, which is never restarted: it has to come back
into service by itself each time.
"""

import hashlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from flask import Flask
from httpx import Limits
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from gallery import create_app
from gallery.extensions import db, end_limits
from gallery.services import integrity
from tests.browser.server import EMAIL, Instance, served, set_up
from tests.conftest import Person, client_of
from tests.databases import Databases
from tests.pictures import picture
from tests.reliability import SEED, tell, trials
from tests.views.reading import Browser
from tests.weather.asking import (
    EVERY_ROW,
    UPLOAD,
    WRITES,
    Weather,
    World,
    ask_all,
    build_world,
)
from tests.weather.conftest import PATIENCE_SECONDS
from tests.weather.server import Server

pytestmark = pytest.mark.only_on("postgresql", because="SQLite is a file, and has no server")
SETTINGS = {"DATABASE_TIMEOUT": "2", "WEB_CONCURRENCY": "2"}
AWAY = Weather(away=EVERY_ROW)
WRITERS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("weather"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def instance(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """What ``gallery serve`` serves, without pause."""
    folder = tmp_path_factory.mktemp("served")
    settings = SETTINGS | {"DATABASE_URL": server.address}
    config = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    (folder / "config.py").write_text(config)
    instance = set_up(folder)
    with served(instance):
        yield instance


@pytest.fixture(scope="module")
def world(instance: Instance) -> Iterator[World]:
    with ExitStack() as opened:
        clients = [
            # Each request is a connection of its own: an idle one may be hung up on at any time.
            opened.enter_context(
                client_of(
                    instance.address,
                    timeout=PATIENCE_SECONDS,
                    limits=Limits(max_keepalive_connections=0),
                )
            )
            for _ in range(4)
        ]
        alice = Person(http=clients[0], email=EMAIL, key=instance.key)
        yield build_world(alice, Person(http=clients[1]), *map(Browser, clients[2:]))


@contextmanager
def stopped(server: Server, how: signal.Signals) -> Iterator[None]:
    server.stop(how)
    try:
        yield
    finally:
        server.start()


WEATHERS: dict[str, tuple[Callable[[Server], AbstractContextManager[None]], Weather]] = {
    "stopped": (lambda server: stopped(server, signal.SIGINT), AWAY),
    "crashed": (lambda server: stopped(server, signal.SIGQUIT), AWAY),
    "asleep": (Server.asleep, AWAY),
    "without a free connection": (Server.crowded, Weather(shaky=EVERY_ROW)),
    "read only": (Server.read_only, Weather(away=frozenset({WRITES}))),
}


@pytest.mark.parametrize(
    "name", Random(SEED).sample(sorted(WEATHERS), trials(2, full=len(WEATHERS)))
)
def test_what_needs_it_is_refused_meanwhile_and_works_afterwards(
    name: str, server: Server, instance: Instance, world: World
) -> None:
    """Whatever is asked for: a 503 that says when to come back, and then no restart is needed."""
    world.restock()
    begin, weather = WEATHERS[name]
    with begin(server):
        during = ask_all(world, weather)
        was_ready = is_ready(world)

    wait_until_ready(world)
    after = ask_all(world)

    assert was_ready == (name == "read only")
    assert during["503 with Retry-After"]
    assert lost_and_stray(instance) == ([], [])
    tell("weather", f"PostgreSQL {name}", during)
    tell("weather", f"after PostgreSQL was {name}", after)


def test_restarts_under_load_lose_nothing_that_was_acknowledged(
    server: Server, instance: Instance, world: World
) -> None:
    """While many save, it crashes or is stopped again and again; each answer is true."""
    random, is_over, numbers = Random(SEED), Event(), count()
    told: Counter[str] = Counter()
    kept: dict[str, str] = {}

    def save() -> None:
        while not is_over.is_set():
            number = next(numbers)
            content = picture(colour=(number % 256, number // 256 % 256, 77))
            answer = world.alice.post("/api/images", content=content, headers=UPLOAD)
            assert answer.status_code in (201, 503), answer.text
            told[str(answer.status_code)] += 1
            if answer.status_code == 201:
                kept[answer.json()["image_url"]] = hashlib.sha256(content).hexdigest()
            else:
                assert answer.headers["Retry-After"]

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(save) for _ in range(WRITERS)]
        for _ in range(trials(2, full=12)):
            time.sleep(random.uniform(0.2, 0.8))
            with stopped(server, random.choice([signal.SIGINT, signal.SIGQUIT])):
                time.sleep(random.uniform(0, 0.3))
            wait_until_ready(world)
        is_over.set()
    for writer in writers:
        writer.result()

    found = {url: hashlib.sha256(world.alice.get(url).content).hexdigest() for url in kept}
    lost, stray = lost_and_stray(instance)
    assert told["201"]
    assert found == kept
    # Where nobody can tell whether a commit was made, its object stays for the storage check.
    assert (lost, len(stray) <= told["503"]) == ([], True)
    tell(
        "weather", "pictures saved while PostgreSQL restarts", {**told, "stray objects": len(stray)}
    )


class TestConnections:
    """Of one worker, which has one at most."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"DATABASE_CONNECTIONS": "1", "DATABASE_TIMEOUT": "1"}

    @pytest.fixture
    def instance(self, databases: Databases, tmp_path: Path) -> Iterator[Path]:
        with databases.migrated(tmp_path / "pooled") as folder:
            yield folder

    def test_one_is_waited_for_and_then_told(self, app: Flask, visitor: Person) -> None:
        """A page and the JSON are a 503 that says when to come back; then there is one again."""
        with app.app_context(), db.engine.connect():
            busy = [visitor.get(path) for path in ("/", "/api/images")]

        free = [visitor.get(path).status_code for path in ("/", "/api/images")]

        assert [(each.status_code, each.headers["Retry-After"]) for each in busy] == [
            (503, "5")
        ] * 2
        assert free == [200, 200]
        tell("weather", "all connections to PostgreSQL in use", {"503 with Retry-After": len(busy)})

    def test_one_that_is_lost_after_its_use_takes_no_answer_along(self, app: Flask) -> None:
        """What was read is read, and whoever comes next has another connection."""
        other = create_engine(self.url_of(app))
        with app.app_context():
            used = db.session.scalar(text("SELECT pg_backend_pid()"))
            with other.begin() as connection:
                connection.execute(text("SELECT pg_terminate_backend(:used, 5000)"), {"used": used})

        with app.app_context():
            assert db.session.scalar(text("SELECT pg_backend_pid()")) != used
        other.dispose()

    def test_server_that_says_nothing_is_hung_up_on(self, app: Flask) -> None:
        """Though its own limits don't hold; and there is another connection."""
        with app.app_context():
            db.session.execute(text("SET statement_timeout = 0"))
            with pytest.raises(OperationalError):
                db.session.execute(text("SELECT pg_sleep(60)"))
            db.session.rollback()

            assert db.session.scalar(text("SELECT 'here'")) == "here"

    def test_work_of_operators_may_take_longer(self, app: Flask) -> None:
        """Neither the server nor we hang up on it."""
        with app.app_context(), db.engine.connect() as connection:
            end_limits(connection)

            assert connection.scalar(text("SELECT 'done' FROM pg_sleep(1.5)")) == "done"

    def url_of(self, app: Flask) -> URL:
        with app.app_context():
            return db.engine.url


def is_ready(world: World) -> bool:
    return world.visitor.get("/readyz").status_code == 200


def wait_until_ready(world: World) -> None:
    """Wait for both workers, of which either may answer."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not all(is_ready(world) for _ in range(6)):
        assert time.monotonic() < until
        time.sleep(0.2)


def lost_and_stray(instance: Instance) -> tuple[list[str], list[str]]:
    """Return what rows lack, and the objects that no row knows; no file may be half written."""
    app = create_app(instance_path=str(instance.folder))
    storages = app.extensions["gallery"].storages
    later = datetime.now(UTC) + timedelta(days=1)
    with app.app_context():
        found = integrity.check_objects(storages=storages, now=later).findings.as_json()
        db.session.remove()
        db.engine.dispose()
    assert list(Path(storages.default.root / ".tmp").iterdir()) == []
    stray = found.pop("orphaned")
    return [key for keys in found.values() for key in keys], stray
