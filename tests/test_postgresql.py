"""What a database server brings with it: it restarts, others use it too, and it has limits."""

import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from psycopg import connect
from psycopg.errors import DeadlockDetected
from sqlalchemy import create_engine, event, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from gallery import create_app
from gallery.extensions import db, end_limits, writing
from gallery.models import KeyVersion, User
from gallery.services.stats import gather_stats
from tests.conftest import SECRET, Person, a_postgresql, client_of, serving
from tests.databases import Databases, migrate, settle
from tests.pictures import picture
from tests.views.saving import save_generation

pytestmark = pytest.mark.only_on("postgresql", because="SQLite is a file, and has no server")
FORK = """
import os, sys
from gallery import create_app
from gallery.extensions import db

app = create_app({"SECRET_KEY": sys.argv[2]}, instance_path=sys.argv[1])
asked = "SELECT pg_backend_pid()"
with app.app_context():
    with db.engine.connect() as connection:
        ours = connection.exec_driver_sql(asked).scalar()
    child = os.fork()
    with db.engine.connect() as connection:
        print(connection.exec_driver_sql(asked).scalar() == ours, flush=True)
    if child:
        os.waitpid(child, 0)
"""


def test_nothing_waits_for_ever(inside: Flask) -> None:
    """Each connection has its limits, and reckons in UTC wherever the server is."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")

    shown = [db.session.scalar(text(f"SHOW {name}")) for name in names]

    assert shown == ["30s", "10s", "1min", "UTC"]


def test_server_may_be_restarted(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """While it is away the answer is a 503 that says when to ask again; then all is well."""
    folder = tmp_path_factory.mktemp("restarted")
    with ExitStack() as opened:
        with a_postgresql(folder, is_kept=True) as server:
            instance = settle(tmp_path / "instance", make_url(server))
            migrate(instance)
            app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance))
            http = opened.enter_context(client_of(opened.enter_context(serving(app))))
            before = [http.get("/").status_code for _ in range(2)]

        away = http.get("/api/images")

        with a_postgresql(folder, is_kept=True):
            after = [http.get(path).status_code for path in ("/", "/api/images")]
        # This time nobody asks in between, and so nobody knows.
        with a_postgresql(folder):
            unnoticed = http.get("/").status_code
            with app.app_context():
                db.engine.dispose()

    assert (before, after, unnoticed) == ([200, 200], [200, 200], 200)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")


def test_of_two_that_wait_for_each_other_one_gives_way(inside: Flask) -> None:
    """It is told at once, as trouble that passes; the other's work is done."""
    with writing() as session:
        session.add_all([KeyVersion(base_key=key, version=1) for key in ("a", "b")])
    both_hold_one, gave_way = threading.Barrier(2), []

    def write(*keys: str) -> None:
        with inside.app_context():
            try:
                with writing() as session:
                    for place, key in enumerate(keys):
                        if place:
                            both_hold_one.wait(30)
                        session.execute(
                            update(KeyVersion).where(KeyVersion.base_key == key).values(version=2)
                        )
            except OperationalError as error:
                gave_way.append(type(error.orig))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=write, args=keys) for keys in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert gave_way == [DeadlockDetected]
    assert set(db.session.scalars(select(KeyVersion.version))) == {2}


def test_figures_are_of_one_moment(app: Flask, alice: Person, root: Person) -> None:
    """What is saved while they are counted is in all of them, or in none."""
    save_generation(alice, picture(), visibility="public")
    seen: list[str] = []
    with app.app_context():
        other = create_engine(db.engine.url)

        def delete_all(*said: object) -> None:
            # After the first look, somebody else takes away what it saw.
            if not seen:
                seen.append("once")
                with other.begin() as connection:
                    connection.execute(text("DELETE FROM images"))

        event.listen(db.engine, "after_cursor_execute", delete_all)
        stats = gather_stats(viewer=root.viewer, now=app.extensions["gallery"].now())
        event.remove(db.engine, "after_cursor_execute", delete_all)
        db.session.remove()
        other.dispose()

    assert seen
    assert (stats.total_images, [count for _, count, _ in stats.by_kind]) in ((1, [1]), (0, []))
    assert sum(day.images for day in stats.days) == stats.total_images


def test_forked_process_has_connections_of_its_own(instance: Path) -> None:
    """Parent and child would read each other's answers on one line."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, instance, SECRET], capture_output=True, text=True, check=True
    )

    assert sorted(done.stdout.split()) == ["False", "True"], done.stderr


class TestTogether:
    """Several machines that start at the same moment over an empty database."""

    @pytest.fixture
    def machines(self, tmp_path: Path, databases: Databases) -> Iterator[list[Path]]:
        """Instance folders of two machines that name the same database."""
        with databases.empty(tmp_path / "first") as first:
            second = tmp_path / "second"
            second.mkdir()
            (second / "config.py").write_text((first / "config.py").read_text())
            yield [first, second]

    def test_both_find_it_migrated(self, machines: list[Path]) -> None:
        """Each waits for who is at it, and then finds what is left to do."""
        script = "from tests.databases import migrate; import sys, pathlib;"
        script += "migrate(pathlib.Path(sys.argv[1]))"
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        address = runpy.run_path(str(machines[0] / "config.py"))["DATABASE_URL"]

        with connect(address, autocommit=True) as ahead:
            ahead.execute(f"SELECT pg_advisory_lock({int.from_bytes(b'gallery', 'big')})")
            started = [
                subprocess.Popen(
                    [sys.executable, "-c", script, folder],
                    cwd=Path(__file__).parents[1],
                    stderr=subprocess.PIPE,
                )
                for folder in machines
            ]
            while ahead.execute(waiting).fetchone() != (2,):
                assert {process.poll() for process in started} == {None}
        told = [(process.communicate()[1].decode(), process.returncode) for process in started]

        assert [code for _, code in told] == [0, 0], told
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(machines[1]))
        with app.app_context():
            assert db.session.scalars(select(User)).all() == []
            db.session.remove()
            db.engine.dispose()


def test_work_of_operators_has_no_limits(app: Flask) -> None:
    """What is set for requests is taken off a connection that waits or copies for hours."""
    with app.app_context(), db.engine.connect() as connection:
        end_limits(connection)
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        limits = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert limits == ["0", "0", "0"]
