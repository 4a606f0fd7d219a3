"""Storages that are this database's, and those that aren't: nothing is touched that isn't ours."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from cluster.s3 import S3Server
from gallery.errors import StorageNotOurs
from gallery.extensions import House, db
from gallery.models import Image, StorageMark
from gallery.services import belonging, integrity, migration, retention
from gallery.services.ingest import Intake
from gallery.storage import LocalStorage, Storage, Storages
from gallery.storage.base import MARK
from tests.services.conftest import Easel, row, rows, stored
from tests.services.vaults import Vault, furnish


@pytest.fixture
def storage(house: House) -> Storage:
    return house.storages.default


def mark_in_database() -> str | None:
    return db.session.scalar(select(StorageMark.mark).where(StorageMark.is_confirmed))


def forget_mark() -> None:
    """Let the database know of no mark, as one of an older version doesn't."""
    db.session.execute(delete(StorageMark))
    db.session.commit()


def restarted(house: House) -> Storages:
    """Return the storages as another process opens them."""
    return Storages({"local": LocalStorage(house.settings.IMAGE_STORAGE_BASE_DIR)}, default="local")


def intake_with(easel: Easel, storages: Storages) -> Intake:
    return replace(easel.intake, storages=storages)


def unmount(folder: Path) -> Path:
    """Leave an empty folder where the storage was; return where it is now."""
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    return away


def move(storages: Storages, easel: Easel) -> object:
    vault = Vault(easel.intake.storage.root.with_name("vault"))  # type: ignore[attr-defined]
    both = Storages({"local": storages.default, "vault": vault}, default="local")
    return migration.migrate_objects(storages=both, source="local", target="vault")


def leave(storages: Storages, easel: Easel) -> object:
    assert easel.viewer.user_id
    return retention.delete_owner(easel.viewer.user_id, storages=storages)


# What must not be done to a storage that isn't ours.
WORK: dict[str, Callable[[Storages, Easel], object]] = {
    "save": lambda storages, easel: easel.generation(intake=intake_with(easel, storages)),
    "sweep": lambda storages, easel: retention.expire_images(
        storages=storages, now=easel.clock() + timedelta(days=400)
    ),
    "check": lambda storages, _: integrity.check_objects(storages=storages, now=later()),
    "repair": lambda storages, _: integrity.repair_objects(
        storages=storages, now=later(), kept_for=timedelta(0)
    ),
    "empty the quarantine": lambda storages, _: integrity.empty_quarantine(
        storages=storages, now=later(), kept_for=timedelta(0)
    ),
    "move": move,
    "delete an owner": leave,
}


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=2)


class TestMark:
    """How a storage gets its mark."""

    def test_first_picture_finds_a_new_storage_marked(
        self, easel: Easel, storage: Storage, folder: Path
    ) -> None:
        """The same mark in both places, and in no list of keys."""
        before = storage.read_mark()

        easel.generation()

        assert before is None
        assert storage.read_mark() == mark_in_database()
        assert (folder / MARK).exists()
        assert len(list(storage.iter_keys())) == 1

    @pytest.mark.usefixtures("inside")
    def test_mark_that_was_not_written_any_more_is_written_by_the_next(
        self, house: House, storage: Storage
    ) -> None:
        """Whoever was to write it was killed between database and storage."""
        db.session.add(StorageMark(provider="local", mark="noted", is_confirmed=False))
        db.session.commit()

        belonging.require_all_belong(house.storages)

        assert (storage.read_mark(), mark_in_database()) == ("noted", "noted")

    def test_storage_of_an_older_gallery_is_marked_when_its_pictures_are_there(
        self, easel: Easel, house: House, folder: Path
    ) -> None:
        """An upgrade asks nothing of the operator."""
        easel.generation()
        forget_mark()
        (folder / MARK).unlink()

        easel.generation(intake=intake_with(easel, restarted(house)))

        assert house.storages.default.read_mark() == mark_in_database() is not None

    @pytest.mark.parametrize(("kept", "is_ours"), [(0, False), (1, False), (2, True), (4, True)])
    def test_of_an_older_gallery_half_of_the_pictures_must_be_there(
        self, easel: Easel, house: House, folder: Path, kept: int, is_ours: bool
    ) -> None:
        """What is looked for is there in size as well; else it is the wrong volume."""
        keys = [row(easel.generation()).storage_key for _ in range(4)]
        forget_mark()
        (folder / MARK).unlink()
        for key in keys[kept:]:
            (folder / key).write_bytes(b"another gallery's")

        storages = restarted(house)
        ours = belonging.belongs(storages.default, storages=storages)

        assert ours == is_ours

    def test_database_from_before_the_mark_knows_its_storage_by_the_pictures(
        self, easel: Easel, house: House, storage: Storage
    ) -> None:
        """A backup of the older version was restored, and the storage has its mark."""
        easel.generation()
        forget_mark()
        mark = storage.read_mark()

        belonging.require_all_belong(restarted(house))

        assert mark_in_database() == mark == storage.read_mark()

    @pytest.mark.usefixtures("inside")
    def test_new_database_does_not_take_a_storage_that_is_marked(
        self, house: House, storage: Storage
    ) -> None:
        """Its pictures would all be orphans."""
        storage.write_mark("another gallery's")

        with pytest.raises(StorageNotOurs, match="carries the mark of another gallery"):
            belonging.require_all_belong(house.storages)

        assert (mark_in_database(), storage.read_mark()) == (None, "another gallery's")

    def test_operator_who_knows_adopts(self, easel: Easel, house: House, folder: Path) -> None:
        """The folder was copied without its hidden files."""
        easel.generation()
        (folder / MARK).unlink()
        storages = restarted(house)

        mark = belonging.adopt(storages.default, storages=storages)

        belonging.require_all_belong(restarted(house))
        assert storages.default.read_mark() == mark == mark_in_database()


class TestUnmounted:
    """A folder that is not there looks like mass loss."""

    @pytest.mark.parametrize("work", sorted(WORK))
    @pytest.mark.parametrize("has_restarted", [False, True])
    def test_nothing_is_done_to_it(
        self, easel: Easel, house: House, folder: Path, work: str, has_restarted: bool
    ) -> None:
        """Neither rows nor the empty folder change, and all goes on once it is mounted again."""
        image = row(easel.generation()).id
        house.storages.default.put("quarantine/2020-01-01/a.png", io.BytesIO(b"kept"))
        away = unmount(folder)
        storages = restarted(house) if has_restarted else house.storages

        with pytest.raises(StorageNotOurs, match="local carries no mark"):
            WORK[work](storages, easel)

        assert (rows(), stored(folder), row_fault(image)) == (1, [], None)
        shutil.rmtree(folder)
        away.rename(folder)
        WORK[work](storages, easel)

    def test_other_gallery_in_its_place_is_left_alone(
        self, easel: Easel, house: House, folder: Path
    ) -> None:
        """Another volume under the same path: its pictures would all be orphans."""
        easel.generation()
        unmount(folder)
        other = LocalStorage(folder)
        other.write_mark("another gallery's")
        other.put("images/theirs.png", io.BytesIO(b"theirs"))

        with pytest.raises(StorageNotOurs, match="the mark of another gallery"):
            WORK["repair"](house.storages, easel)

        assert stored(folder) == ["images/theirs.png"]

    def test_target_of_a_migration_must_be_ours_as_well(
        self, easel: Easel, app: Any, tmp_path: Path
    ) -> None:
        """One that is new is marked, and one that is another's refused."""
        easel.generation()
        vault = Vault(tmp_path / "vault")
        vault.write_mark("another gallery's")
        storages = furnish(app, vault)

        with pytest.raises(StorageNotOurs, match="vault carries the mark of another"):
            migration.migrate_objects(storages=storages, source="local", target="vault")

        assert stored(tmp_path / "vault") == []


def row_fault(image_id: UUID) -> str | None:
    return db.session.scalar(select(Image.fault).where(Image.id == image_id))


@pytest.mark.only_on("sqlite", because="it is about the bucket")
class TestBucket:
    """A bucket is marked as a folder is."""

    @pytest.fixture
    def settings(self, s3_bucket: S3Server) -> dict[str, Any]:
        return s3_bucket.settings() | {"IMAGE_STORAGE_TYPE": "s3"}

    def test_emptied_bucket_is_not_taken_for_mass_loss(
        self, easel: Easel, house: House, storage: Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """Saves look once a process; a check and a repair look each time."""
        image = row(easel.generation())
        mark = storage.read_mark()
        s3_client.delete_object(Bucket=s3_bucket.bucket_name, Key=MARK)
        storage.delete(image.storage_key)
        now = datetime.now(UTC) + timedelta(hours=2)

        with pytest.raises(StorageNotOurs, match="s3 carries no mark"):
            integrity.repair_objects(storages=house.storages, now=now, kept_for=timedelta(0))

        assert mark is not None
        assert row_fault(image.id) is None
        assert belonging.adopt(storage, storages=house.storages) == mark == storage.read_mark()
