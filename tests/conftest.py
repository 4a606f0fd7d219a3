"""The stage: a gallery in a folder of its own, served over real HTTP, and a named cast.

alice owns things, bob is another user, root is an admin, and the visitor is
nobody in particular. All of them speak to the same server, whose clock
stands still until a test moves it.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.serving import WSGIRequestHandler, make_server

from cluster.postgresql import running_postgresql
from cluster.s3 import S3Server, running_s3
from gallery import create_app
from gallery.extensions import House, db, writing
from gallery.models import User
from gallery.services import accounts
from gallery.services.access import Viewer
from gallery.services.identifiers import new_id
from gallery.storage.s3.client import connect
from tests.databases import SECRET, Databases, PostgreSQLDatabases, SQLiteDatabases

PASSWORD = "correct horse battery"
# Nothing may follow from where a server is.
FAR_FROM_UTC = "timezone=Pacific/Kiritimati"
CORPUS = Path(
    os.environ.get("GALLERY_CORPUS", Path(__file__).parents[2] / "shared" / "corpus" / "open")
)


def find_program(*names: str) -> str:
    """Return the path of the first of *names* that is installed, or skip.

    With GALLERY_REQUIRE_PROGRAMS set, a test that can't run has failed.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("GALLERY_REQUIRE_PROGRAMS"):
        pytest.fail(f"GALLERY_REQUIRE_PROGRAMS is set, and {names[0]} is not installed")
    return found or pytest.skip(f"{names[0]} is not installed")


class FixedClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        """Go forward by days, hours, seconds …"""
        self.now += timedelta(**span)


@dataclass
class Person:
    """Somebody who speaks to the gallery over HTTP, by key where they have one."""

    http: httpx.Client
    viewer: Viewer = field(default_factory=Viewer)
    email: str = ""
    key: str = ""

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.pop("headers", {})
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


_builders: dict[tuple[Any, ...], Any] = {}


class CompiledOnce(Rule):
    """A route whose address builder is compiled for the first application alone.

    Each test has an application of its own, and this took a third of all their time.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        made_of = (self.rule, repr(self.defaults), tuple(self._trace), append_unknown)
        if made_of not in _builders:
            _builders[made_of] = super()._compile_builder(append_unknown)
        return _builders[made_of]


class TemplatesCompiledOnce(BytecodeCache):
    """Templates that are compiled for the first application alone, like the routes."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


Flask.url_rule_class = CompiledOnce
Flask.jinja_options = {"bytecode_cache": TemplatesCompiledOnce()}


class QuietHandler(WSGIRequestHandler):
    """Werkzeug's request handler without its log on the terminal."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="Where the galleries of the tests keep their rows.",
    )


def pytest_configure() -> None:
    # It would be stronger than what the tests say, and name the database of somebody who works.
    os.environ.pop("DATABASE_URL", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With PostgreSQL, leave out what has been tested already: what doesn't see the database."""
    database = config.getoption("database")

    def is_wanted(item: pytest.Item) -> bool:
        only = item.get_closest_marker("only_on")
        if only:
            return only.args == (database,)
        return database == "sqlite" or "databases" in getattr(item, "fixturenames", ())

    wanted = {item: is_wanted(item) for item in items}
    config.hook.pytest_deselected(items=[item for item in items if not wanted[item]])
    items[:] = [item for item in items if wanted[item]]


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """Where the galleries of these tests keep their rows."""
    migrated = tmp_path_factory.mktemp("migrated")
    if request.config.getoption("database") == "sqlite":
        yield SQLiteDatabases(migrated)
        return
    with ExitStack() as stack:
        server = os.environ.get("GALLERY_TEST_DATABASE_URL") or stack.enter_context(
            a_postgresql(tmp_path_factory.mktemp("postgresql"))
        )
        yield stack.enter_context(closing(PostgreSQLDatabases(server, migrated)))


@contextmanager
def a_postgresql(folder: Path, *, is_kept: bool = False) -> Iterator[str]:
    """Run a server for tests, which leaves nothing behind unless *is_kept* for another start."""
    try:
        options = (FAR_FROM_UTC, "deadlock_timeout=50ms")
        with running_postgresql(folder, is_durable=False, options=options) as address:
            yield address
    finally:
        if not is_kept:
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, for all tests of one process; see ``s3_bucket``."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_client(s3_server: S3Server) -> Any:
    """A client of that server, made once: it takes a while. What fails is tried twice."""
    return client_at(s3_server.endpoint_url, s3_server)


def client_at(address: str, server: S3Server) -> Any:
    return connect(
        endpoint_url=address,
        access_key_id=server.access_key_id,
        secret_access_key=server.secret_access_key,
        region=server.region,
        is_path_style=True,
        attempts=2,
    )


@pytest.fixture
def s3_bucket(s3_server: S3Server, s3_client: Any) -> S3Server:
    """The server with an empty bucket that is this test's alone."""
    bucket = replace(s3_server, bucket_name=uuid4().hex)
    s3_client.create_bucket(Bucket=bucket.bucket_name)
    return bucket


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def instance(tmp_path: Path, databases: Databases) -> Iterator[Path]:
    with databases.migrated(tmp_path / "instance") as folder:
        yield folder


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings that differ from the defaults; a test module overrides this fixture."""
    return {}


_first_engines: list[Engine] = []


def share_statements(app: Flask) -> None:
    """Let the application use statements that another one has compiled before it.

    Each test has an engine of its own, which would compile them all anew. For
    SQLite alone: a dialect of PostgreSQL knows the server that it speaks to.
    """
    with app.app_context():
        engine = db.engine
    if not _first_engines:
        _first_engines.append(engine)
        # A dialect learns at its first connection what it speaks to.
        engine.connect().close()
    engine.dialect = _first_engines[0].dialect
    engine._compiled_cache = _first_engines[0]._compiled_cache


@pytest.fixture
def app(instance: Path, clock: FixedClock, settings: dict[str, Any]) -> Iterator[Flask]:
    app = create_app({"SECRET_KEY": SECRET, **settings}, instance_path=str(instance), clock=clock)
    share_statements(app)
    yield app
    app.extensions["gallery"].studio.close()
    app.extensions["gallery"].tally.flush()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def house(app: Flask) -> House:
    return app.extensions["gallery"]


@pytest.fixture
def inside(app: Flask) -> Iterator[Flask]:
    """An application context, for tests that call services."""
    with app.app_context():
        yield app


def client_of(address: str, **options: Any) -> httpx.Client:
    """Return a client of a server on the loopback, which has patience with a busy machine.

    Reading the certificates, of which it has no use, takes longer than most tests.
    """
    return httpx.Client(base_url=address, verify=False, **{"timeout": 30, **options})


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve *app* over HTTP on the loopback, and return its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    # What it still answers when it is closed may use the database, which is gone afterwards.
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def visitor(address: str) -> Iterator[Person]:
    with client_of(address) as http:
        yield Person(http=http)


@lru_cache(maxsize=1)
def hashed_password() -> str:
    """Return a hash of the cast's password that is found right fast, unlike the gallery's own."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def joined(app: Flask, address: str, name: str, *, is_admin: bool = False) -> Iterator[Person]:
    email = f"{name}@gallery.example"
    with app.app_context():
        now = app.extensions["gallery"].now()
        user = User(
            id=new_id(now),
            email=email,
            name=name,
            password_hash=hashed_password(),
            is_admin=is_admin,
            created_at=now,
        )
        with writing() as session:
            session.add(user)
        key = accounts.create_key("test", owner=email, now=now).secret
    viewer = Viewer(user_id=user.id, name=user.name, is_admin=is_admin)
    with client_of(address) as http:
        yield Person(http=http, viewer=viewer, email=email, key=key)


@pytest.fixture
def alice(app: Flask, address: str) -> Iterator[Person]:
    """She owns what the tests save."""
    yield from joined(app, address, "alice")


@pytest.fixture
def bob(app: Flask, address: str) -> Iterator[Person]:
    """He is signed in as well, and owns nothing of alice's."""
    yield from joined(app, address, "bob")


@pytest.fixture
def root(app: Flask, address: str) -> Iterator[Person]:
    """An admin."""
    yield from joined(app, address, "root", is_admin=True)


@pytest.fixture
def corpus() -> Path:
    """The folder of hostile and odd files; not part of this repository."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not at {CORPUS} (set GALLERY_CORPUS)")
    return CORPUS
