"""What a restore refuses before it touches anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from gallery.extensions import db
from gallery.services.backup.manifest import read_manifest, write_manifest
from gallery.services.backup.postgresql import address_of
from tests.backups.conftest import Commands, hashes

Save = Callable[..., dict[str, Any]]


@pytest.fixture
def made(save: Save, gallery: Commands, path: Path) -> Path:
    """A backup, and a picture that was saved since; the backup's folder."""
    save()
    gallery.told("backup", "create", path)
    save()
    (folder,) = (path / "backups").iterdir()
    return folder


def pretend(folder: Path, **facts: Any) -> None:
    """Let a manifest tell something else, rightly signed."""
    manifest = read_manifest(folder)
    write_manifest(folder, type(manifest)(**manifest.__dict__ | facts))


def refused(gallery: Commands, path: Path) -> str:
    """Return why a restore was refused; nothing has changed."""
    before = hashes(gallery)
    done = gallery("backup", "restore", path, "--yes")
    assert (done.exit_code, hashes(gallery)) == (1, before)
    assert len(before) == 2
    return done.stderr


def test_while_a_server_has_the_gallery_open(made: Path, gallery: Commands, path: Path) -> None:
    """What it saves meanwhile would be lost without a word."""
    with gallery.app.app_context():
        # As another process would: a connection of no pool of ours.
        engine = create_engine(db.engine.url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM images")

        why = refused(gallery, path)

    engine.dispose()
    assert "stop the servers first" in why


def test_rows_of_a_later_gallery(made: Path, gallery: Commands, path: Path) -> None:
    """This code doesn't know what is in them."""
    pretend(made, revision="0999", gallery="9.0")

    assert "It was made by a later gallery (9.0, at 0999)" in refused(gallery, path)


def test_rows_of_another_kind_of_database(made: Path, gallery: Commands, path: Path) -> None:
    """How to bring them over is told."""
    pretend(made, database="oracle")

    assert "let gallery db copy bring it here" in refused(gallery, path)


def test_manifest_of_a_later_form(made: Path, gallery: Commands, path: Path) -> None:
    """Guessing what it means would be worse."""
    pretend(made, format=2)

    assert "was made by a later gallery" in refused(gallery, path)


def test_storage_of_another_gallery(
    made: Path, gallery: Commands, other: Commands, path: Path
) -> None:
    """Two galleries must not keep pictures in one folder; a mistyped setting is all it takes."""
    folder = other.app.extensions["gallery"].storages.default
    folder.write_mark("somebody else's")

    done = other("backup", "restore", path)

    assert (done.exit_code, "gallery storage mark --adopt local" in done.stderr) == (1, True)
    assert list(folder.iter_keys()) == []


def test_storage_that_is_not_mounted(
    made: Path, gallery: Commands, path: Path, instance: Path
) -> None:
    """Objects would be brought to where the next mount hides them."""
    gallery.app.extensions["gallery"].storages.default.root.rename(instance / "unmounted")

    assert "Is it mounted" in refused(gallery, path)


def test_storage_that_survived_its_database(
    made: Path, gallery: Commands, other: Commands, path: Path
) -> None:
    """It carries the backup's own mark, so the rows may come back to it."""
    mine, others = (each.app.extensions["gallery"].storages.default for each in (gallery, other))
    others.root.parent.mkdir(exist_ok=True)
    mine.root.rename(others.root)

    restored = other.told("backup", "restore", path)

    assert (restored["images"], restored["brought"]) == (1, 0)


def test_password_is_in_no_list_of_processes() -> None:
    """PostgreSQL's tools get it by their environment."""
    engine = create_engine("postgresql://anna:s3cret@db.example/gallery?sslmode=require")

    assert address_of(engine) == "postgresql://anna@db.example/gallery?sslmode=require"


@pytest.mark.only_on("postgresql", because="SQLite backs itself up")
def test_missing_tool_is_named(
    gallery: Commands, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever has PostgreSQL on another machine needs its client programs here."""
    monkeypatch.setenv("PATH", str(tmp_path))

    done = gallery("backup", "create", path)

    assert (done.exit_code, "pg_dump is not installed" in done.stderr) == (1, True)
