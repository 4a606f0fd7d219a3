"""Migration 0004 over a full gallery: nothing is lost, up or down, and the rules hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import IntegrityError

from gallery import create_app
from gallery.extensions import db
from tests.conftest import FixedClock
from tests.databases import SECRET, Databases
from tests.fulltext import check_in_step, matches
from tests.test_prompts_migration import (
    ALICE,
    IMAGES,
    NOON,
    as_kept,
    columns,
    contents,
    fill,
    reflected,
)

PRODUCT, PHOTO, OTHER = UUID(int=51), UUID(int=52), UUID(int=53)


@pytest.fixture
def old(tmp_path: Path, databases: Databases, clock: FixedClock) -> Iterator[Flask]:
    """An application whose database has no products yet, but everything else."""
    with databases.empty(tmp_path / "old") as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
        with app.app_context():
            upgrade(revision="0001")
            fill()
            upgrade(revision="0003")
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def new(old: Flask) -> Flask:
    """The same with a product."""
    upgrade(revision="0004")
    add("products", product())
    add("images", photo(), photo(id=OTHER, position=2, storage_key="53.png"))
    add("search_documents", {"id": 52, "image_id": PHOTO, "body": "copper kettle"})
    add("embedded_texts", {"image_id": PHOTO, "read": "{}", "raw": "{}"})
    add("product_moves", {"product_id": PRODUCT, "number": 1, "to_status": "ready", "at": NOON})
    add("links", link(61, product_id=PRODUCT), link(62, image_id=PHOTO))
    db.session.commit()
    return old


def product(**values: Any) -> dict[str, Any]:
    return {
        "id": PRODUCT, "owner_id": ALICE, "prompt_text": "A copper kettle", "status": "ready",
        "primary_image_id": PHOTO, "created_at": NOON, "updated_at": NOON,
    } | values  # fmt: skip


def photo(**values: Any) -> dict[str, Any]:
    return {
        "id": PHOTO, "kind": "product", "owner_id": ALICE, "visibility": "private",
        "product_id": PRODUCT, "position": 1, "is_character_referenced": False,
        "prompt": "A copper kettle", "prompt_hash": "", "status": "completed",
        "is_cached": False, "is_kept": False, "created_at": NOON, "storage_provider": "local",
        "storage_key": "52.png", "sha256": "-", "size_bytes": 1, "width": 1, "height": 1,
    } | values  # fmt: skip


def link(number: int, **target: UUID) -> dict[str, Any]:
    return {
        "id": UUID(int=number), "purpose": "download", "is_standing": True, "owner_id": ALICE,
        "variant": "original", "disposition": "inline", "created_at": NOON, "expires_at": NOON,
        "downloads": 0,
    } | target  # fmt: skip


def add(table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        db.session.execute(insert(reflected()[table]), as_kept(row))


def as_before(before: dict[str, Any]) -> dict[str, Any]:
    """Return what tables and columns of *before* hold now."""
    now = contents()
    return {
        name: [{key: row[key] for key in rows[0]} for row in now[name]] if rows else []
        for name, rows in before.items()
    }


@pytest.mark.usefixtures("old")
class TestUpgrade:
    """To 0004, where SQLite makes two tables anew."""

    def test_no_row_is_lost_or_changed(self) -> None:
        """What belongs to images and links is there as well."""
        before = contents()

        upgrade(revision="0004")

        assert len(before["images"]) == len(IMAGES)
        assert all(before[name] for name in ("links", "search_documents", "prompt_entries"))
        assert as_before(before) == before

    def test_search_goes_on(self) -> None:
        """The index and its triggers outlive the table that was made anew."""
        upgrade(revision="0004")
        found = matches("fox")
        db.session.execute(text("DELETE FROM images WHERE player = 'p11'"))

        assert found == [11, 12, 13, 14, 20]
        assert matches("fox") == [12, 13, 14, 20]
        check_in_step()

    def test_indexes_are_there_again(self) -> None:
        """None that lists and sweeps go by is forgotten."""
        before = indexes()

        upgrade(revision="0004")

        assert before <= indexes()

    def test_references_are_kept_up_again(self) -> None:
        """The connection that migrated lets no row point to nothing afterwards."""
        upgrade(revision="0004")

        with pytest.raises(IntegrityError):
            add("rounds", {"id": UUID(int=9), "gallery_id": UUID(int=99), "number": 1,
                           "is_hidden": False, "created_at": NOON})  # fmt: skip


@pytest.mark.usefixtures("new")
class TestDowngrade:
    """Back to 0003."""

    def test_products_go_and_nothing_else(self) -> None:
        """Rows and columns of 0003, and nothing besides."""
        downgrade(revision="0003")

        rows = contents()
        assert {"products", "product_moves"}.isdisjoint(rows)
        assert [len(rows[name]) for name in ("images", "links", "embedded_texts")] == [10, 1, 1]
        assert matches("kettle") == []
        assert not {"product_id", "position"} & columns("images")
        check_in_step()

    def test_it_can_be_taken_and_made_again(self) -> None:
        """Down and up: as it was without products."""
        downgrade(revision="0003")
        without = contents()
        upgrade(revision="0004")

        assert as_before(without) == without


def indexes() -> set[tuple[str, str, tuple[str, ...]]]:
    """Return the table, name and columns of each index there is."""
    found = inspect(db.engine).get_multi_indexes().items()
    return {
        (table, index["name"], tuple(map(str, index["column_names"])))
        for (_, table), indexes in found
        for index in indexes
    }


def refused(statement: str) -> None:
    """Fail unless the database refuses *statement*, at once or at the commit."""
    with pytest.raises(IntegrityError), db.session.begin():
        db.session.execute(text(statement))


@pytest.mark.usefixtures("new")
class TestRules:
    """What the database itself refuses."""

    def test_primary_image_of_another_product(self) -> None:
        """The primary image is one of the product's own."""
        refused(f"UPDATE products SET primary_image_id = '{UUID(int=11).hex}'")

    def test_no_primary_image(self) -> None:
        """There is always one."""
        refused("UPDATE products SET primary_image_id = NULL")

    def test_primary_image_that_is_gone(self) -> None:
        """It can't be deleted alone."""
        refused(f"DELETE FROM images WHERE id = '{PHOTO.hex}'")

    def test_primary_image_may_change_and_go_in_one_transaction(self) -> None:
        """The rule is looked at when the transaction ends."""
        db.session.execute(text(f"DELETE FROM images WHERE id = '{PHOTO.hex}'"))
        db.session.execute(text(f"UPDATE products SET primary_image_id = '{OTHER.hex}'"))
        db.session.commit()

        assert len(contents()["images"]) == len(IMAGES) + 1

    @pytest.mark.parametrize(
        "values",
        [
            "prompt_text = 'too short'",
            f"prompt_text = '{'x' * 501}'",
            "status = 'lost'",
            "status = 'failed'",
        ],
    )
    def test_bad_product(self, values: str) -> None:
        """Its text is 10 to 500 characters, its status one of six, its failure explained."""
        refused(f"UPDATE products SET {values}")

    @pytest.mark.parametrize(
        "values",
        [
            "position = 0",
            "position = 2",
            "position = 9",
            "position = NULL",
            "kind = 'generation'",
            "product_id = NULL",
            "visibility = 'public'",
            "status = 'pending'",
            "size_bytes = 52428801",
            "size_bytes = NULL",
            "width = 50001, height = 1000",
            "width = NULL",
        ],
    )
    def test_bad_image_of_a_product(self, values: str) -> None:
        """It has a place of its own, is private, whole, and no larger than what is taken."""
        refused(f"UPDATE images SET {values} WHERE id = '{PHOTO.hex}'")

    def test_place_of_an_image_without_a_product(self) -> None:
        """Only a product's images have one."""
        refused("UPDATE images SET position = 1 WHERE player = 'p11'")

    def test_product_takes_all_along(self) -> None:
        """Its images, their words, its history and its links go with it."""
        db.session.execute(text("DELETE FROM products"))
        db.session.commit()

        rows = contents()
        assert (len(rows["images"]), len(rows["links"]), rows["product_moves"]) == (10, 1, [])
        assert matches("kettle") == []
