"""The tables: up, down, up again, and in step with the models."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Delete, delete, func, inspect, select, text, update

from gallery import create_app
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
from tests.conftest import FixedClock
from tests.databases import SECRET, Databases
from tests.fulltext import check_in_step, matches

ID = UUID(int=1)


@pytest.fixture
def empty(tmp_path: Path, databases: Databases, clock: FixedClock) -> Iterator[Flask]:
    """An application whose database has no tables yet."""
    with databases.empty(tmp_path / "empty") as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def full(inside: Flask, clock: FixedClock) -> Flask:
    """A row in each table; two images, since a product's is its alone."""
    now = clock()
    for rows in (
        [
            User(id=ID, email="a@b", name="a", password_hash="-", created_at=now),
            JobRun(job="sweep", slot=now, claimed_at=now),
            Sweep(id=ID, started_at=now, rule={}),
            KeyVersion(base_key="a.png", version=2),
            StorageMark(provider="local", mark="m"),
        ],
        [
            APIKey(id=ID, owner_id=ID, name="k", secret_sha256="-", created_at=now),
            LoginSession(
                id=ID, user_id=ID, kind="browser", secret_sha256="-", user_agent="", network="-",
                created_at=now, last_used_at=now, expires_at=now,
            ),
            AnsweredRequest(owner_id=ID, key="k", fingerprint="-", created_at=now),
            PromptDay(owner_id=ID, prompt_hash="-", day=now.date(), is_public=False),
            Gallery(
                id=ID, kind="game", slug="TEA", owner_id=ID, visibility="public", created_at=now
            ),
        ],
        [
            Round(id=ID, gallery_id=ID, number=1, created_at=now),
            Product(
                id=ID, owner_id=ID, prompt_text="the quick fox", status="uploading",
                primary_image_id=UUID(int=2), created_at=now, updated_at=now,
            ),
        ],
        [
            Image(
                id=UUID(int=2), kind="product", owner_id=ID, visibility="private", product_id=ID,
                position=1, prompt_hash="", storage_provider="local", storage_key="b.png",
                sha256="-", size_bytes=1, width=1, height=1, status="completed", created_at=now,
            ),
            Image(
                id=ID, kind="round", owner_id=ID, visibility="public", gallery_id=ID, round_id=ID,
                prompt_hash="-", storage_provider="local", storage_key="a.png", sha256="-",
                size_bytes=1, width=1, height=1, status="completed", created_at=now,
            ),
            ProductMove(product_id=ID, number=1, to_status="uploading", actor_id=ID, at=now),
        ],
        [
            EmbeddedText(image_id=ID, read={}, raw={}),
            SearchDocument(image_id=ID, body="the quick fox"),
            PromptEntry(
                owner_id=ID, prompt_hash="-", prompt="the quick fox", image_id=ID, created_at=now
            ),
            GenerationRequest(
                image_id=ID, owner_id=ID, prompt_hash="-", wish={}, requested_at=now
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


def counts() -> dict[str, int]:
    return {
        name: db.session.scalar(select(func.count()).select_from(table))
        for name, table in Base.metadata.tables.items()
    }


def tables() -> set[str]:
    return {name for name in inspect(db.engine).get_table_names() if name != "alembic_version"}


def test_empty_database_gets_every_table(empty: Flask) -> None:
    """One command makes all that the models need."""
    before = tables()

    upgrade()

    assert before == set()
    assert set(Base.metadata.tables) <= tables()
    assert counts() == dict.fromkeys(Base.metadata.tables, 0)


def test_models_and_migrations_agree(inside: Flask) -> None:
    """`gallery db check` finds nothing that a migration forgot."""
    check()


def test_forgotten_migration_is_found(inside: Flask) -> None:
    """That check would see a table that differs."""
    db.session.execute(text("ALTER TABLE users ADD COLUMN nickname TEXT"))
    db.session.commit()

    with pytest.raises(SystemExit):
        check()


def test_down_and_up_again(empty: Flask) -> None:
    """Every migration can be taken back, leaves nothing, and can be made again."""
    upgrade()
    downgrade(revision="base")
    after_down = tables()

    upgrade()

    assert after_down == set()
    assert set(Base.metadata.tables) <= tables()


def test_rows_survive_an_upgrade(full: Flask) -> None:
    """Upgrading a database that is up to date changes no row in any table."""
    before = counts()

    upgrade()

    assert before == dict.fromkeys(Base.metadata.tables, 1) | {"images": 2}
    assert counts() == before
    assert len(matches("fox")) == 1


def test_downgrade_with_rows_is_clean(full: Flask) -> None:
    """Rows that point to each other don't stop a downgrade."""
    downgrade(revision="base")

    assert tables() == set()


def test_there_is_one_newest_migration(inside: Flask) -> None:
    """Two developers' migrations don't branch."""
    config = inside.extensions["migrate"].migrate.get_config()

    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


class TestSearchIndex:
    """The triggers that keep the full-text index in step."""

    @pytest.mark.usefixtures("full")
    def test_insert(self) -> None:
        """What was inserted is found."""
        assert (len(matches("fox")), len(matches("hare"))) == (1, 0)

    @pytest.mark.usefixtures("full")
    def test_update(self) -> None:
        """What was changed is found by its new words alone."""
        db.session.execute(update(SearchDocument).values(body="the slow hare"))
        db.session.commit()

        assert (len(matches("fox")), len(matches("hare"))) == (0, 1)

    @pytest.mark.usefixtures("full")
    @pytest.mark.parametrize("table", [SearchDocument, Image, Round, Gallery, User])
    def test_delete(self, table: type[Base]) -> None:
        """What goes, by itself or with what it belongs to, is found no more."""
        db.session.execute(delete(Product))
        db.session.execute(delete(table))
        db.session.commit()

        assert db.session.scalar(select(func.count()).select_from(SearchDocument)) == 0
        assert len(matches("fox")) == 0

    @pytest.mark.only_on("sqlite", because="PostgreSQL has no copy that could differ")
    @pytest.mark.usefixtures("full")
    def test_index_is_whole(self) -> None:
        """The index's own check finds it in step with the documents."""
        db.session.execute(update(SearchDocument).values(body="the slow hare"))
        db.session.commit()

        check_in_step()


ALONE = {"job_runs", "sweeps", "key_versions", "storage_marks"}
OWNED = {
    "users", "api_keys", "answered_requests", "login_sessions", "prompt_days", "prompt_entries",
}  # fmt: skip
PRODUCTS = {"products", "product_moves", "images"}


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        (delete(User), ALONE),
        (delete(Gallery), ALONE | OWNED | PRODUCTS),
        (
            delete(Image).where(Image.kind == "round"),
            ALONE | OWNED | PRODUCTS | {"galleries", "rounds"},
        ),
        (delete(Product), set(Base.metadata.tables) - {"products", "product_moves"}),
    ],
    ids=["user", "gallery", "image", "product"],
)
def test_rows_go_with_what_they_belong_to(full: Flask, deleted: Delete, left: set[str]) -> None:
    """The database itself leaves no row behind that points to nothing."""
    db.session.execute(deleted)
    db.session.commit()

    assert {name for name, count in counts().items() if count} == left
