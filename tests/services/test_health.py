"""Whether the parts that Gallery stands on work right now."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from gallery.extensions import House, db
from gallery.services.health import check_database, check_storage
from gallery.storage import LocalStorage, Storages
from tests.services.conftest import stored


def test_working_gallery_is_ready_and_left_as_it_was(
    inside: Flask, house: House, folder: Path
) -> None:
    """The check puts an object and takes it away again."""
    assert check_database() is True
    assert check_storage(house.storages) is True
    assert stored(folder) == []


def test_database_without_tables_is_not_ready(
    inside: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that was never migrated is told, and logged."""
    db.session.execute(text("ALTER TABLE users RENAME TO people"))
    db.session.commit()

    assert check_database() is False
    assert "users" in caplog.text


def test_storage_that_takes_nothing_is_not_ready(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that can't be used is told, and logged."""
    (tmp_path / "storage").write_text("not a folder")
    storages = Storages({"local": LocalStorage(tmp_path / "storage")}, default="local")

    with caplog.at_level(logging.ERROR):
        ready = check_storage(storages)

    assert ready is False
    assert "storage is not ready" in caplog.text
