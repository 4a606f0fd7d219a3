"""Migration 0002 over a full gallery: nothing is lost, and the cache knows what is there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, insert, inspect, select, text

from gallery import create_app
from gallery.extensions import House, db
from gallery.models import PromptDay, PromptEntry
from gallery.services import catalog, prompt_cache
from gallery.services.access import Viewer
from gallery.services.prompt_cache import Hit, Wish
from tests.conftest import FixedClock
from tests.databases import SECRET, Databases
from tests.fulltext import check_in_step, matches

ALICE, BOB, GAME, ROUND = (UUID(int=number) for number in (1, 2, 3, 4))
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
FOX, HARE = Wish(sentence="A fox at tea").hash, Wish(sentence="A hare at tea").hash
# number, owner, prompt, hash, status, when
IMAGES = [
    (11, ALICE, "A fox at tea", FOX, "completed", NOON),
    (12, ALICE, "A fox  at tea", FOX, "completed", NOON + timedelta(hours=1)),
    (13, ALICE, "A fox at tea", FOX, "completed", NOON + timedelta(days=1)),
    (14, BOB, "A fox at tea", FOX, "completed", NOON),
    (15, ALICE, "A hare at tea", HARE, "pending", NOON),
    (16, ALICE, "A hare at tea", HARE, "completed", NOON + timedelta(hours=2)),
    (17, BOB, "A hare at tea", HARE, "failed", NOON),
    (18, ALICE, "", Wish(sentence="").hash, "completed", NOON),
    (19, BOB, "   ", Wish(sentence="").hash, "completed", NOON),
    # The last moment of a day: a clock that is not in UTC would call it another.
    (20, BOB, "A fox at tea", FOX, "completed", datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC)),
]


@pytest.fixture
def old(tmp_path: Path, databases: Databases, clock: FixedClock) -> Iterator[Flask]:
    """An application whose database is at 0001, with pictures in it."""
    with databases.empty(tmp_path / "old") as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
        with app.app_context():
            upgrade(revision="0001")
            fill()
            yield app
            db.session.remove()
            db.engine.dispose()


def as_kept(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the tables of 0001 keep it, whatever the models say today."""
    kept = {}
    for name, value in row.items():
        if isinstance(value, UUID):
            value = value.hex
        elif isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        kept[name] = value
    return kept


def fill() -> None:
    tables = reflected()
    rows: dict[str, list[dict[str, Any]]] = {
        "users": [
            {"id": each, "email": f"{each.int}@gallery.example", "name": "-", "password_hash": "-",
             "is_admin": False, "created_at": NOON}
            for each in (ALICE, BOB)
        ],
        "galleries": [
            {"id": GAME, "kind": "game", "slug": "TEA", "title": "", "owner_id": ALICE,
             "visibility": "public", "created_at": NOON}
        ],
        "rounds": [{"id": ROUND, "gallery_id": GAME, "number": 1, "created_at": NOON}],
        "images": [image(*each) for each in IMAGES],
        "embedded_texts": [{"image_id": UUID(int=11), "read": "{}", "raw": "{}"}],
        "search_documents": [
            {"id": number, "image_id": UUID(int=number), "body": f"{prompt} number{number}"}
            for number, _, prompt, *_ in IMAGES
        ],
        "links": [
            {"id": UUID(int=31), "purpose": "download", "is_standing": False,
             "image_id": UUID(int=11), "owner_id": ALICE, "variant": "original",
             "disposition": "inline", "created_at": NOON, "expires_at": NOON, "downloads": 3}
        ],
        "key_versions": [{"base_key": "11.png", "version": 2}],
    }  # fmt: skip
    for name, each in rows.items():
        db.session.execute(insert(tables[name]), [as_kept(row) for row in each])
    db.session.commit()


def image(
    number: int, owner: UUID, prompt: str, prompt_hash: str, status: str, at: datetime
) -> dict[str, Any]:
    is_done = status == "completed"
    return {
        "id": UUID(int=number), "owner_id": owner, "kind": "round", "visibility": "public",
        "gallery_id": GAME, "round_id": ROUND, "player": f"p{number}",
        "is_character_referenced": False, "prompt": prompt, "prompt_hash": prompt_hash,
        "status": status, "is_cached": False, "is_kept": False, "created_at": at,
        "expires_at": at + timedelta(days=30), "storage_provider": "local",
        "storage_key": f"{number}.png" if is_done else None,
        "sha256": "-" if is_done else None, "size_bytes": 1 if is_done else None,
        "width": 1 if is_done else None, "height": 1 if is_done else None,
    }  # fmt: skip


def reflected() -> dict[str, Any]:
    """Return the tables as the database has them now."""
    metadata = MetaData()
    metadata.reflect(db.engine, only=lambda name, _: not name.startswith("search_index"))
    return {name: table for name, table in metadata.tables.items() if name != "alembic_version"}


def contents() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table."""
    found = {}
    for name, table in reflected().items():
        query = select(table).order_by(*table.primary_key.columns)
        found[name] = [dict(row) for row in db.session.execute(query).mappings()]
    db.session.commit()
    return found


def columns(table: str) -> set[str]:
    return {column["name"] for column in inspect(db.engine).get_columns(table)}


@pytest.mark.usefixtures("old")
class TestUpgrade:
    """From 0001 to 0002."""

    def test_no_row_is_lost_or_changed(self) -> None:
        """Every table that was there has what it had."""
        before = contents()

        upgrade(revision="0002")

        after = contents()
        assert len(before["images"]) == len(IMAGES)
        for name, rows in before.items():
            kept = [{key: row[key] for key in rows[0]} for row in after[name]] if rows else []
            assert kept == rows, name

    def test_nothing_is_hidden_by_it(self) -> None:
        """Images and rounds are as visible as they were, and none has failed."""
        upgrade(revision="0002")

        rows = contents()
        assert {(row["is_hidden"], row["players"]) for row in rows["rounds"]} == {(False, None)}
        assert {
            (row["is_hidden"], row["failure"], row["cost_micros"]) for row in rows["images"]
        } == {(False, None, None)}

    def test_oldest_picture_of_each_owner_and_prompt_is_in_the_cache(self) -> None:
        """Not those without a prompt, and not those without a picture."""
        upgrade(revision="0002")

        entries = db.session.query(PromptEntry).order_by(PromptEntry.image_id)
        assert [(e.owner_id, e.prompt_hash, e.image_id.int, e.prompt) for e in entries] == [
            (ALICE, FOX, 11, "A fox at tea"),
            (BOB, FOX, 14, "A fox at tea"),
            (ALICE, HARE, 16, "A hare at tea"),
        ]
        assert {(e.hits, e.saved_micros, e.last_hit_at, e.lease_id) for e in entries} == {
            (0, 0, None, None)
        }
        assert entries[0].created_at == NOON

    def test_originals_of_each_day_are_counted(self) -> None:
        """Days are those of UTC."""
        upgrade(revision="0002")

        days = db.session.query(PromptDay).order_by(
            PromptDay.owner_id, PromptDay.prompt_hash != FOX, PromptDay.day
        )
        assert [(d.owner_id, d.prompt_hash, d.day, d.originals) for d in days] == [
            (ALICE, FOX, date(2026, 3, 14), 2),
            (ALICE, FOX, date(2026, 3, 15), 1),
            (ALICE, HARE, date(2026, 3, 14), 1),
            (BOB, FOX, date(2026, 3, 14), 2),
        ]
        assert {(d.hits, d.saved_micros) for d in days} == {(0, 0)}

    def test_search_finds_what_it_found(self) -> None:
        """The index was not made anew, and is in step."""
        before = matches("fox")
        db.session.commit()

        upgrade(revision="0002")

        assert before == matches("fox") == [11, 12, 13, 14, 20]
        assert matches("number16") == [16]
        check_in_step()

    def test_rows_still_belong_to_what_they_belonged_to(self) -> None:
        """Foreign keys are whole: what goes takes its own with it, and nothing else."""
        upgrade(revision="0002")
        db.session.execute(text("DELETE FROM images WHERE player = 'p11'"))
        db.session.commit()

        rows = contents()
        assert (len(rows["images"]), len(rows["search_documents"])) == (9, 9)
        assert (rows["links"], rows["embedded_texts"], matches("number11")) == ([], [], [])
        assert [row["image_id"] for row in rows["prompt_entries"]].count(None) == 1
        check_in_step()


def test_gallery_goes_on_with_it(old: Flask) -> None:
    """After the upgrade an old picture is a hit, and the catalogue shows all there were."""
    upgrade()
    house: House = old.extensions["gallery"]
    alice = Viewer(user_id=ALICE)

    answer = prompt_cache.look_up(
        Wish(sentence="A fox at tea"), viewer=alice, rules=house.prompts, now=house.now()
    )

    assert isinstance(answer, Hit)
    assert answer.image.id == UUID(int=11)
    assert len(catalog.list_images(viewer=alice).items) == 8


@pytest.mark.usefixtures("old")
class TestDowngrade:
    """Back to 0001."""

    def test_what_was_there_before_is_there_again(self) -> None:
        """Rows and columns of 0001, and nothing besides."""
        before = contents()
        upgrade(revision="0002")

        downgrade(revision="0001")

        assert contents() == before
        assert matches("fox") == [11, 12, 13, 14, 20]

    def test_pictures_that_came_since_stay(self) -> None:
        """Hidden or failed ones too: only what 0001 can't hold is lost."""
        upgrade(revision="0002")
        row = image(41, ALICE, "A fox at tea", FOX, "failed", NOON)
        since = {"failure": "-", "is_hidden": True, "cost_micros": 1}
        db.session.execute(insert(reflected()["images"]), [as_kept(row | since)])
        db.session.commit()

        downgrade(revision="0001")

        assert len(contents()["images"]) == len(IMAGES) + 1
        assert not {"is_hidden", "failure", "cost_micros"} & columns("images")
        assert not {"is_hidden", "players"} & columns("rounds")

    def test_it_can_be_taken_and_made_again(self) -> None:
        """Up, down, and up: the same as up."""
        upgrade(revision="0002")
        once = contents()
        downgrade(revision="0001")

        upgrade(revision="0002")

        assert contents() == once
