"""Images at two providers: whatever is done with one is done where its row says."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from gallery.errors import ObjectNotFound, StorageUnavailable
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import holdings, retention
from gallery.services.access import Viewer
from gallery.services.catalog import ImageFilter
from gallery.services.ingest import Saved, copy_of, keep
from gallery.services.ingest.rows import Slot
from gallery.services.ingest.told import Details, Intake
from gallery.services.integrity import check_objects
from gallery.services.migration import migrate_objects
from gallery.services.retention import SweepRule, doomed_images, expire_images
from gallery.services.thumbnails import open_thumbnail, thumbnail_key
from gallery.storage import Storages
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.conftest import PNG, Easel, row, stored
from tests.services.vaults import Vault, furnish


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    """Where the vault's objects lie; new images still go to the local folder."""
    return tmp_path / "attic"


@pytest.fixture
def storages(inside: Flask, attic: Path) -> Storages:
    return furnish(inside, Vault(attic))


@pytest.fixture
def intake(inside: Flask, storages: Storages) -> Intake:
    return inside.extensions["gallery"].intake


def move(storages: Storages, kind: str | None = None) -> None:
    migrate_objects(
        storages=storages, source="local", target="vault", kind=kind, linger=timedelta()
    )


def copied(saved: Saved, easel: Easel, clock: FixedClock) -> Image:
    """Keep a copy of an image, as the prompt cache does."""
    source = db.session.execute(select(Image.__table__).where(Image.id == saved.image_id)).one()
    owner = {"kind": "generation", "owner_id": easel.viewer.user_id, "visibility": "private"}
    kept = keep(
        copy_of(source, stored_as=None, intake=easel.intake),
        "images/generations/copy.png",
        lambda _session: Slot(values=owner),
        Details(),
        easel.intake,
        clock(),
    )
    return row(kept)


class TestCopies:
    """A picture of the prompt cache whose object lies elsewhere."""

    def test_copy_is_brought_over(
        self, easel: Easel, clock: FixedClock, storages: Storages, folder: Path
    ) -> None:
        """Byte for byte, to where new images go."""
        saved = easel.generation()
        move(storages)

        copy = copied(saved, easel, clock)

        assert (copy.storage_provider, copy.is_cached) == ("local", True)
        assert (folder / copy.storage_key).read_bytes() == PNG

    def test_damaged_source_is_not_copied(
        self, easel: Easel, clock: FixedClock, storages: Storages, folder: Path, attic: Path
    ) -> None:
        """What came over is held against the row, and dropped again."""
        saved = easel.generation()
        move(storages)
        (attic / row(saved).storage_key).write_bytes(b"damaged")

        with pytest.raises(ObjectNotFound):
            copied(saved, easel, clock)
        assert stored(folder) == []

    def test_source_that_moved_just_now_is_found(
        self, easel: Easel, storages: Storages, folder: Path
    ) -> None:
        """The row was read before."""
        saved = easel.generation()
        source = db.session.execute(select(Image.__table__)).one()
        prepared = copy_of(source, stored_as=None, intake=easel.intake)
        move(storages)

        kept = prepared.put("images/generations/copy.png", storages.default)

        assert kept.sha256 == row(saved).sha256
        assert stored(folder) == ["images/generations/copy.png"]


class TestRemoval:
    """What goes, goes where it lies."""

    def test_replaced_object_goes_where_it_lay(
        self, easel: Easel, storages: Storages, attic: Path, folder: Path
    ) -> None:
        """The new picture goes to the default provider, the old one from the other."""
        saved = easel.round()
        move(storages)

        easel.round(content=picture("JPEG", colour=(9, 9, 9)))

        assert row(saved).storage_provider == "local"
        assert (stored(attic), stored(folder)) == ([], [row(saved).storage_key])

    def test_replaced_object_of_an_unknown_provider_is_left(
        self, easel: Easel, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The new picture is kept all the same."""
        saved = easel.round()
        db.session.execute(update(Image).values(storage_provider="tape"))
        db.session.commit()

        easel.round(content=picture("JPEG", colour=(9, 9, 9)))

        assert row(saved).storage_provider == "local"
        assert "tape is not configured" in caplog.text

    def test_deleted_object_goes_with_its_thumbnails(
        self, easel: Easel, storages: Storages, house: House, attic: Path
    ) -> None:
        """At the provider that has them."""
        saved = easel.generation()
        move(storages)
        open_thumbnail(row(saved).storage_key, 320, storage=storages.named("vault")).close()

        retention.delete_image(
            saved.image_id, viewer=easel.viewer, storages=storages, now=house.now()
        )

        assert stored(attic) == []

    def test_sweep_goes_by_age_and_not_by_provider(
        self, easel: Easel, storages: Storages, clock: FixedClock, attic: Path, folder: Path
    ) -> None:
        """The dry run tells exactly what goes, by quota and number, wherever it lies."""
        saved = [easel.round(f"p{n}") if n % 2 else easel.generation() for n in range(6)]
        ids = [each.image_id for each in saved]
        move(storages, kind="round")
        size = row_size(ids[0]) * 2 + row_size(ids[1]) * 2
        rule = SweepRule(keep_count=5, most_bytes=size)

        doomed = doomed_images(now=clock(), rule=rule)
        swept = expire_images(storages=storages, now=clock(), rule=rule)

        assert doomed.deleted == sorted(swept.deleted) == sorted(ids[:2])
        assert (swept.errors, len(stored(attic)), len(stored(folder))) == ([], 2, 2)

    def test_sweep_comes_to_an_end_where_a_provider_is_away(
        self, easel: Easel, inside: Flask, clock: FixedClock, attic: Path
    ) -> None:
        """It is asked a few times, and each object that is left is told."""
        away = Away(attic)
        storages = furnish(inside, away)
        for _ in range(30):
            easel.generation()
        move(storages)
        stays = easel.round()
        clock.move(days=31)

        swept = expire_images(storages=storages, now=clock(), batch=10)

        assert (len(swept.deleted), len(swept.errors)) == (31, 30)
        assert away.tries <= 3 + 4
        assert not (storages.default.root / str(row_key(stays))).exists()


class Away(Vault):
    """A vault from which nothing can be deleted but what is noted there."""

    tries = 0

    def delete(self, key: str) -> None:
        if key.startswith("migrations/"):
            super().delete(key)
            return
        self.tries += 1
        raise StorageUnavailable("nobody answers")


def row_size(image_id: Any) -> int:
    return db.session.get_one(Image, image_id).size_bytes or 0


def row_key(saved: Saved) -> str | None:
    return db.session.scalar(select(Image.storage_key).where(Image.id == saved.image_id))


class TestThumbnails:
    """They lie beside their originals."""

    def test_thumbnail_of_an_original_that_went_meanwhile_is_not_left(
        self, easel: Easel, storages: Storages, attic: Path
    ) -> None:
        """Whoever makes one looks once more, and takes it back."""
        saved = easel.generation()
        key = row(saved).storage_key
        slow = Slow(storages.default.root, lambda: move(storages))

        open_thumbnail(key, 320, storage=slow).close()

        assert stored(storages.default.root) == []
        assert stored(attic) == [key]


class Slow(Vault):
    """Lets something happen just before a thumbnail is put."""

    name = "local"

    def __init__(self, root: Path, meddle: Any) -> None:
        super().__init__(root)
        self._meddle = meddle

    def put(self, key: str, stream: Any) -> Any:
        if key == thumbnail_key(key[len("variants/320/") : -len(".webp")], 320):
            self._meddle()
        return super().put(key, stream)


class TestHoldings:
    """What each provider holds."""

    def test_holdings_are_told_by_provider_and_kind(
        self, easel: Easel, storages: Storages, clock: FixedClock
    ) -> None:
        """Counts, bytes, ages; kept ones and copies."""
        first, second = easel.generation(), easel.generation()
        started = clock() - timedelta(seconds=1)
        easel.round()
        retention.change_image(first.image_id, {"keep": True}, viewer=easel.viewer)
        move(storages, kind="round")
        copy = copied(second, easel, clock)

        held = holdings.gather_holdings()

        assert [(each.provider, each.kind, each.images) for each in held.each] == [
            ("local", "generation", 3),
            ("vault", "round", 1),
        ]
        singles = held.each[0]
        assert (singles.bytes, singles.kept) == (3 * len(PNG), 1)
        assert (singles.copies, singles.copied_bytes) == (1, copy.size_bytes)
        assert (singles.oldest, singles.newest) == (started, copy.created_at)
        assert (held.images, held.bytes) == (4, held.counted_bytes)

    @pytest.mark.usefixtures("storages")
    def test_nothing_is_held_at_first(self) -> None:
        """An empty gallery holds nothing."""
        held = holdings.gather_holdings()

        assert (held.each, held.images, held.bytes, held.counted_bytes) == ([], 0, 0, 0)

    def test_walk_has_every_image_once(
        self, easel: Easel, root: Viewer, storages: Storages
    ) -> None:
        """Newest first, past the end of a page, narrowed as a list is."""
        ids = [easel.generation().image_id for _ in range(3)]
        easel.round()
        move(storages, kind="round")

        walked = holdings.walk_images(viewer=root, only=ImageFilter(provider="local"), limit=2)

        assert [image.id for image in walked] == ids[::-1]


def test_check_passes_with_images_at_both(easel: Easel, storages: Storages, house: House) -> None:
    """Each object is looked for where its row says."""
    easel.generation()
    easel.round()
    move(storages, kind="round")

    checked = check_objects(storages=storages, now=house.now() + timedelta(days=10_000))

    assert (checked.is_sound, checked.images, checked.objects) == (True, 2, 2)
