"""gallery db copy: a gallery moves from SQLite to PostgreSQL with all its rows, or not at all."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from cluster.postgresql import running_postgresql
from gallery import create_app
from gallery.cli import cli
from gallery.extensions import Base, db
from gallery.models import (
    AnsweredRequest,
    APIKey,
    EmbeddedText,
    Gallery,
    GenerationRequest,
    Image,
    JobRun,
    KeyVersion,
    Link,
    LoginSession,
    Product,
    ProductMove,
    PromptDay,
    PromptEntry,
    Round,
    SearchDocument,
    StorageMark,
    Sweep,
    User,
)
from gallery.services import relocation
from gallery.services.access import Viewer
from gallery.services.catalog import search_images
from gallery.services.relocation import Sum
from tests.conftest import SECRET, FixedClock

pytestmark = pytest.mark.only_on("sqlite", because="it is about both, and starts the other")
ID, INPUT = UUID(int=1), UUID(int=2)
# All that JSON and text can be; PostgreSQL keeps numbers and members in its own way.
ODD: dict[str, Any] = {
    "z": [1e16, 0.1, -0.0, 2**70, None, True],
    "a": {"鷺": "a 'heron'\n\\u0041 🪶"},
    "": "",
}


@pytest.fixture
def full(inside: Flask, clock: FixedClock) -> Flask:
    """At least a row in each table, with what is hard to carry over in it."""
    now = clock() + timedelta(microseconds=123456)
    object_ = {"sha256": "-", "size_bytes": 1, "width": 1, "height": 1, "status": "completed"}
    image: dict[str, Any] = {"owner_id": ID, "prompt_hash": "-", "created_at": now} | object_
    for rows in (
        [
            User(id=ID, email="a@b", name="鷺", password_hash="-", is_admin=True, created_at=now),
            JobRun(job="sweep", slot=now, claimed_at=now),
            Sweep(id=ID, started_at=now, rule=ODD, bytes=2**40),
            KeyVersion(base_key="a.png", version=2),
            StorageMark(provider="local", mark="m", is_confirmed=True),
        ],
        [
            APIKey(id=ID, owner_id=ID, name="k", secret_sha256="-", created_at=now),
            LoginSession(
                id=ID, user_id=ID, kind="browser", secret_sha256="-", user_agent="", network="-",
                created_at=now, last_used_at=now, expires_at=now,
            ),
            AnsweredRequest(
                owner_id=ID, key="k", fingerprint="-", created_at=now, status=201,
                body=bytes(range(256)),
            ),
            PromptDay(owner_id=ID, prompt_hash="-", day=now.date(), is_public=False),
            Gallery(
                id=ID, kind="game", slug="TEA", owner_id=ID, visibility="public", created_at=now
            ),
        ],
        [
            Round(id=ID, gallery_id=ID, number=1, created_at=now),
            Product(
                id=ID, owner_id=ID, prompt_text="the quick fox", status="uploading",
                primary_image_id=INPUT, created_at=now, updated_at=now,
            ),
        ],
        [
            Image(
                id=INPUT, kind="product", visibility="private", product_id=ID, position=1,
                storage_provider="local", storage_key="b.png", **image,
            ),
            Image(
                id=ID, kind="round", visibility="public", gallery_id=ID, round_id=ID, cards=["🪶"],
                parameters=ODD, storage_provider="local", storage_key="a.png", **image,
            ),
            ProductMove(product_id=ID, number=1, to_status="uploading", actor_id=ID, at=now),
        ],
        [
            EmbeddedText(image_id=ID, read=ODD, raw={"parameters": "a\tb"}),
            SearchDocument(id=7, image_id=ID, body="the quick fox"),
            PromptEntry(
                owner_id=ID, prompt_hash="-", prompt="the quick fox", image_id=ID, created_at=now
            ),
            GenerationRequest(
                image_id=ID, owner_id=ID, prompt_hash="-", wish=ODD, requested_at=now
            ),
            Link(
                id=ID, purpose="download", image_id=ID, owner_id=ID, created_at=now, expires_at=now
            ),
        ],
    ):  # fmt: skip
        db.session.add_all(rows)
        db.session.flush()
    db.session.commit()
    return inside


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL with an empty database."""
    with running_postgresql(tmp_path_factory.mktemp("pg"), is_durable=False) as url:
        yield url


@pytest.fixture
def postgresql(server: str, tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    """A gallery on PostgreSQL, migrated and without a row, both before and after a test."""
    app = create_app(
        {"SECRET_KEY": SECRET, "DATABASE_URL": server},
        instance_path=str(tmp_path / "postgresql"),
        clock=clock,
    )
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.session.remove()
        with db.engine.begin() as connection:
            names = ", ".join(Base.metadata.tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        db.engine.dispose()


def copy(app: Flask, url: str, *options: str) -> Result:
    """Run the command in *app*, as an operator would."""
    return app.test_cli_runner().invoke(cli, ["db", "copy", "--to", url, *options])


def rows(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, as Python sees them."""
    with app.app_context():
        found = {
            name: sorted((tuple(row) for row in db.session.execute(select(table))), key=repr)
            for name, table in Base.metadata.tables.items()
        }
        db.session.remove()
    return found


def test_every_row_of_every_table_is_copied(full: Flask, postgresql: Flask, server: str) -> None:
    """PostgreSQL then holds what SQLite holds, and the answer counts it."""
    before = rows(full)

    answer = copy(full, server, "--json")

    assert answer.exit_code == 0, answer.output
    copied = json.loads(answer.stdout)["copied"]
    assert copied == {name: len(held) for name, held in before.items()}
    assert min(copied.values()) >= 1
    assert rows(postgresql) == before


def test_copy_is_searched_and_goes_on_numbering(
    full: Flask, postgresql: Flask, server: str
) -> None:
    """What was indexed is found, and the next document gets the next number."""
    copy(full, server)

    with postgresql.app_context():
        found = search_images("fox", viewer=Viewer(user_id=ID)).items
        added = SearchDocument(image_id=INPUT, body="a lamp")
        db.session.add(added)
        db.session.commit()

        assert [row.id for row in found] == [ID]
        assert added.id == 8


def test_gallery_moves_back_as_well(
    full: Flask, postgresql: Flask, server: str, tmp_path: Path
) -> None:
    """From PostgreSQL to a new SQLite, where the full-text index is in step again."""
    before = rows(full)
    copy(full, server)
    home = create_app({"SECRET_KEY": SECRET}, instance_path=str(tmp_path / "home"))
    with home.app_context():
        upgrade()

    answer = copy(postgresql, f"sqlite:///{tmp_path / 'home' / 'gallery.db'}")

    assert answer.exit_code == 0, answer.output
    assert rows(home) == before
    with home.app_context():
        assert len(search_images("fox", viewer=Viewer(user_id=ID)).items) == 1
        db.session.remove()
        db.engine.dispose()


def test_database_in_use_is_refused(full: Flask, postgresql: Flask, server: str) -> None:
    """Where there is a row already, nothing is added to it."""
    with postgresql.app_context():
        db.session.add(KeyVersion(base_key="theirs.png", version=1))
        db.session.commit()

    refused = copy(full, server)

    assert refused.exit_code == 1
    assert "there are rows in key_versions" in refused.stderr
    assert sum(len(held) for held in rows(postgresql).values()) == 1


def test_database_without_tables_is_refused(full: Flask, tmp_path: Path) -> None:
    """It says which command makes them."""
    refused = copy(full, f"sqlite:///{tmp_path / 'empty.db'}")

    assert refused.exit_code == 1
    assert "at no revision" in refused.stderr
    assert "gallery db upgrade" in refused.stderr


def test_nothing_is_left_where_a_row_is_not_taken(
    full: Flask, postgresql: Flask, server: str
) -> None:
    """A key that is too long for PostgreSQL ends the copy, and what came before it goes as well."""
    with full.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE key_versions SET base_key = hex(zeroblob(400))")

    refused = copy(full, server)

    assert refused.exit_code == 1
    assert "A row of key_versions is not taken" in refused.stderr
    assert all(held == [] for held in rows(postgresql).values())


def test_nothing_is_left_where_the_copy_differs(
    full: Flask, postgresql: Flask, server: str
) -> None:
    """A target that changes what it is given is found out before anything is committed."""
    with postgresql.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.version = NEW.version + 1; RETURN NEW; END $$;"
            "CREATE TRIGGER spoil BEFORE INSERT ON key_versions"
            " FOR EACH ROW EXECUTE FUNCTION spoil()"
        )

    refused = copy(full, server)

    with postgresql.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION spoil CASCADE")
    assert refused.exit_code == 1
    assert "key_versions does not hold what was copied" in refused.stderr
    assert all(held == [] for held in rows(postgresql).values())


def test_many_rows_go_in_batches(inside: Flask, postgresql: Flask, server: str) -> None:
    """However they are divided, all come, and who watches hears of each batch."""
    db.session.add_all(KeyVersion(base_key=f"{n}.png", version=n) for n in range(1, 2502))
    db.session.commit()
    heard: list[tuple[int, int]] = []
    with postgresql.app_context():
        target = db.engine

    relocation.copy_database(
        source=db.engine, target=target, tell=lambda done, total: heard.append((done, total))
    )

    assert heard == [(1000, 2501), (2000, 2501), (2501, 2501)]
    with postgresql.app_context():
        assert db.session.scalar(select(func.sum(KeyVersion.version))) == sum(range(1, 2502))


def test_checksum_goes_by_what_rows_hold_and_not_by_their_order() -> None:
    """Databases sort texts differently; a value that moved to another row is noticed."""
    one = Sum().of([(1, "a"), (2, "b")])

    assert Sum().of([(2, "b")]).of([(1, "a")]) == one
    assert Sum().of([(1, "b"), (2, "a")]) != one


@pytest.mark.parametrize("url", ["nowhere", "oracle://there"])
def test_nonsense_is_no_address(full: Flask, url: str) -> None:
    """The refusal names the option."""
    refused = copy(full, url)

    assert refused.exit_code == 2
    assert "must be the address of a database" in refused.stderr
