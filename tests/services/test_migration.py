"""Moving objects to another provider: whole at any moment, whoever does what meanwhile."""

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from gallery.errors import InvalidField, StorageUnavailable
from gallery.extensions import STOPPING, House, db
from gallery.models import Image
from gallery.services import retention
from gallery.services.integrity import check_objects
from gallery.services.migration import Migrated, migrate_objects, plan_migration
from gallery.services.migration.moving import BATCH, PRESIGNED_LASTS
from gallery.services.migration.notes import write_note
from gallery.services.originals import open_original
from gallery.services.thumbnails import open_thumbnail, thumbnail_key
from gallery.storage import LocalStorage, Storages
from gallery.views.delivery import PRESIGNED
from tests.pictures import picture
from tests.services.conftest import Easel, row, stored
from tests.services.vaults import Meddled, Vault, furnish

PATIENCE_SECONDS = 60


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    """Where the vault's objects lie."""
    return tmp_path / "attic"


@pytest.fixture
def storages(inside: Flask, attic: Path) -> Storages:
    return furnish(inside, Vault(attic))


def migrate(storages: Storages, **options: Any) -> Migrated:
    way = {"source": "local", "target": "vault", "linger": timedelta()} | options
    return migrate_objects(storages=storages, **way)


def pictures(count: int) -> list[bytes]:
    """Return as many pictures that differ."""
    return [picture(colour=(40 * n, 80, 40)) for n in range(count)]


def lie(storages: Storages) -> dict[UUID, tuple[str, bool]]:
    """Return of each image where it lies, and whether it is whole there."""
    return {
        image.id: (image.storage_provider, _digest(image, storages) == image.sha256)
        for image in db.session.scalars(select(Image).execution_options(populate_existing=True))
    }


def _digest(image: Image, storages: Storages) -> str:
    with storages.named(image.storage_provider).open(image.storage_key) as file:
        return hashlib.sha256(file.read()).hexdigest()


def is_sound(storages: Storages, house: House) -> bool:
    """Tell whether the storage check finds nothing, of what is new either."""
    later = house.now() + timedelta(days=10_000)
    return check_objects(storages=storages, now=later).is_sound


def in_scope(app: Flask, work: Callable[[], Any]) -> Callable[[], None]:
    """Return *work* to be done in another thread, in a context of its own."""

    def do() -> None:
        with app.app_context():
            work()

    def start_and_wait() -> None:
        thread = threading.Thread(target=do)
        thread.start()
        thread.join(PATIENCE_SECONDS)

    return start_and_wait


class TestMoving:
    """What is there afterwards."""

    def test_everything_moves(
        self, easel: Easel, storages: Storages, house: House, folder: Path
    ) -> None:
        """Every row names the target and is whole there; nothing is left at the source."""
        ids = [easel.generation(content).image_id for content in pictures(5)]
        total = sum(image.size_bytes for image in db.session.scalars(select(Image)))

        result = migrate(storages)

        assert result.as_json() == {"moved": 5, "bytes": total, "skipped": 0, "errors": []}
        assert lie(storages) == dict.fromkeys(ids, ("vault", True))
        assert (stored(folder), is_sound(storages, house)) == ([], True)

    def test_many_batches_move(self, easel: Easel, storages: Storages, folder: Path) -> None:
        """More images than one batch has move as well, and are told one batch after another."""
        first = easel.generation()
        for n in range(204):
            _again(row(first), n, storages)
        told: list[tuple[int, int]] = []

        result = migrate(storages, tell=lambda *done: told.append(done))

        assert (result.moved, result.errors, stored(folder)) == (205, {}, [])
        assert told == [(100, 205), (200, 205), (205, 205)]

    def test_thumbnails_go_along(self, easel: Easel, storages: Storages, folder: Path) -> None:
        """A thumbnail that is there is moved and not made anew."""
        image = row(easel.generation())
        open_thumbnail(image.storage_key, 320, storage=storages.default).close()
        name = thumbnail_key(image.storage_key, 320)
        made = (folder / name).read_bytes()

        migrate(storages)

        with storages.named("vault").open(name) as thumbnail:
            assert thumbnail.read() == made
        assert stored(folder) == []

    def test_one_kind_moves(self, easel: Easel, storages: Storages) -> None:
        """The others stay."""
        story, single = easel.round(), easel.generation()

        result = migrate(storages, kind="round")

        assert result.moved == 1
        assert lie(storages) == {
            story.image_id: ("vault", True),
            single.image_id: ("local", True),
        }

    def test_there_and_back(self, easel: Easel, storages: Storages, attic: Path) -> None:
        """What has moved can move back."""
        saved = easel.generation()
        migrate(storages)

        result = migrate(storages, source="vault", target="local")

        assert (result.moved, lie(storages)) == (1, {saved.image_id: ("local", True)})
        assert stored(attic) == []

    def test_second_run_has_nothing_to_do(self, easel: Easel, storages: Storages) -> None:
        """It may be run again at any time."""
        easel.generation()
        migrate(storages)

        assert migrate(storages).as_json() == Migrated().as_json()

    def test_one_provider_is_no_way(self, storages: Storages) -> None:
        """From a provider to itself nothing can move."""
        with pytest.raises(InvalidField):
            migrate(storages, target="local")

    def test_provider_that_is_not_configured_is_told(self, storages: Storages) -> None:
        """Nothing is begun."""
        with pytest.raises(StorageUnavailable, match="tape"):
            migrate(storages, target="tape")


class TestPlan:
    """What a dry run tells."""

    def test_plan_is_what_moves(
        self, easel: Easel, storages: Storages, folder: Path, attic: Path
    ) -> None:
        """Keys, counts and bytes are those of the migration, and nothing is changed by it."""
        keys = {row(easel.generation(content)).storage_key for content in pictures(3)}
        easel.round()
        before = stored(folder)
        named: list[str] = []

        plan = plan_migration(
            storages=storages, source="local", target="vault", kind="generation", name=named.append
        )

        assert (set(named), len(named)) == (keys, 3)
        assert (stored(folder), stored(attic)) == (before, [])
        assert plan.as_json() == migrate(storages, kind="generation").as_json()

    def test_plan_tells_what_can_not_move(
        self, easel: Easel, storages: Storages, folder: Path
    ) -> None:
        """Objects that are missing or cut short are errors already."""
        missing, cut = row(easel.generation()), row(easel.generation())
        (folder / missing.storage_key).unlink()
        (folder / cut.storage_key).write_bytes(b"short")

        plan = plan_migration(storages=storages, source="local", target="vault")

        assert (plan.moved, plan.bytes) == (0, 0)
        assert plan.errors == {
            missing.storage_key: "missing at local",
            cut.storage_key: "damaged at local",
        }


class TestErrors:
    """What can't move stays as it is, and the rest goes on."""

    def test_missing_and_damaged_objects_are_told(
        self, easel: Easel, storages: Storages, folder: Path, attic: Path
    ) -> None:
        """Their rows stay, and nothing of them is at the target."""
        missing, damaged, whole = (row(easel.generation(each)) for each in pictures(3))
        (folder / missing.storage_key).unlink()
        (folder / damaged.storage_key).write_bytes(bytes(damaged.size_bytes))

        result = migrate(storages)

        assert (result.moved, result.errors) == (
            1,
            {missing.storage_key: "missing at local", damaged.storage_key: "damaged at local"},
        )
        assert stored(attic) == [whole.storage_key]
        assert row_of(missing.id).storage_provider == row_of(damaged.id).storage_provider == "local"

    def test_damaged_object_that_can_be_read_is_left_where_it_is(
        self, easel: Easel, storages: Storages, folder: Path
    ) -> None:
        """Whoever mends it needs it."""
        damaged = row(easel.generation())
        (folder / damaged.storage_key).write_bytes(b"damaged")

        migrate(storages)

        assert (folder / damaged.storage_key).read_bytes() == b"damaged"

    def test_what_has_been_copied_before_is_taken(self, easel: Easel, storages: Storages) -> None:
        """The same bytes under the same key are the copy of a run that was killed."""
        saved = easel.generation()
        storages.named("vault").put(row(saved).storage_key, io.BytesIO(picture()))

        result = migrate(storages)

        assert (result.moved, result.errors) == (1, {})
        assert lie(storages) == {saved.image_id: ("vault", True)}

    def test_copy_of_a_damaged_object_goes(
        self, easel: Easel, storages: Storages, folder: Path, attic: Path
    ) -> None:
        """Where a run was killed between copying it and looking at it."""
        damaged = row(easel.generation())
        (folder / damaged.storage_key).write_bytes(b"damaged")
        storages.named("vault").put(damaged.storage_key, io.BytesIO(b"damaged"))

        result = migrate(storages)

        assert result.errors == {damaged.storage_key: "damaged at local"}
        assert stored(attic) == []

    def test_something_else_under_the_key_is_left_alone(
        self, easel: Easel, storages: Storages, attic: Path
    ) -> None:
        """It is no copy of ours: it stays, and so does the row."""
        saved = easel.generation()
        key = row(saved).storage_key
        storages.named("vault").put(key, io.BytesIO(b"somebody else's"))

        result = migrate(storages)

        assert result.errors == {key: "vault holds something else under this key"}
        assert (attic / key).read_bytes() == b"somebody else's"
        assert lie(storages) == {saved.image_id: ("local", True)}

    def test_row_whose_place_is_taken_stays(self, easel: Easel, storages: Storages) -> None:
        """Where two rows have one key at two providers, neither loses its object."""
        saved = easel.generation()
        migrate(storages)
        storages.default.put(row(saved).storage_key, io.BytesIO(picture()))
        image = row(saved)
        values = {column.name: getattr(image, column.name) for column in Image.__table__.columns}
        twin = values | {"id": UUID(int=1), "storage_provider": "local"}
        db.session.add(Image(**twin))
        db.session.commit()

        result = migrate(storages)

        assert (result.moved, list(result.errors)) == (0, [image.storage_key])
        assert lie(storages) == {
            saved.image_id: ("vault", True),
            UUID(int=1): ("local", True),
        }

    def test_target_that_is_away_ends_the_run(self, easel: Easel, inside: Flask) -> None:
        """Not every one of a million images is tried."""
        broken = Away(inside.extensions["gallery"].settings.IMAGE_STORAGE_BASE_DIR / "away")
        storages = furnish(inside, broken)
        first = easel.generation()
        for n in range(450):
            _again(row(first), n, storages)

        result = migrate(storages)

        assert result.moved == 0
        assert 100 <= broken.tries <= 200


class Away(Vault):
    """Takes a note, and nothing else."""

    tries = 0

    def put(self, key: str, stream: Any) -> Any:
        if key.startswith("migrations/"):
            return super().put(key, stream)
        self.tries += 1
        raise StorageUnavailable("nobody answers")


class TestMeanwhile:
    """Saves, deletes and reads go on."""

    def test_image_that_is_deleted_on_its_way_is_gone(
        self, easel: Easel, inside: Flask, house: House, attic: Path, folder: Path
    ) -> None:
        """Its copy goes again, and nobody calls it an error."""
        saved, stays = easel.generation(), easel.generation()
        delete = in_scope(
            inside,
            lambda: retention.delete_image(
                saved.image_id, viewer=easel.viewer, storages=storages, now=house.now()
            ),
        )
        storages = furnish(inside, Meddled(attic, delete, after=row(saved).storage_key))

        result = migrate(storages)

        assert (result.moved, result.skipped, result.errors) == (1, 1, {})
        assert lie(storages) == {stays.image_id: ("vault", True)}
        assert stored(folder) == []
        assert is_sound(storages, house)

    def test_image_that_is_replaced_on_its_way_keeps_its_new_picture(
        self, easel: Easel, inside: Flask, house: House, attic: Path, folder: Path
    ) -> None:
        """The new one was saved at the source meanwhile; it is moved by another walk."""
        saved = easel.round(content=picture("JPEG"))
        new = picture("JPEG", colour=(1, 2, 3))
        replace = in_scope(inside, lambda: easel.round(content=new))
        storages = furnish(inside, Meddled(attic, replace, after=row(saved).storage_key))

        result = migrate(storages)

        image = row(saved)
        assert (result.moved, result.skipped, result.errors) == (1, 1, {})
        assert (attic / image.storage_key).read_bytes() == new
        assert lie(storages) == {saved.image_id: ("vault", True)}
        assert stored(folder) == []
        assert is_sound(storages, house)

    def test_image_that_is_saved_meanwhile_moves_too(
        self, easel: Easel, inside: Flask, attic: Path, folder: Path
    ) -> None:
        """Also where its key comes before those that are being moved."""
        first = easel.generation()
        save = in_scope(inside, lambda: easel.round("late"))
        storages = furnish(inside, Meddled(attic, save, after=row(first).storage_key))

        result = migrate(storages)

        assert (result.moved, stored(folder)) == (2, [])

    def test_reader_who_looked_before_finds_it(self, easel: Easel, storages: Storages) -> None:
        """A row that was read before its object moved leads to the object all the same."""
        saved = easel.generation()
        before = db.session.execute(select(Image.__table__)).one()
        migrate(storages)

        with open_original(before, storages=storages) as file:
            assert hashlib.sha256(file.read()).hexdigest() == row(saved).sha256

    def test_both_are_readable_while_it_lingers(
        self, easel: Easel, storages: Storages, folder: Path, stopped: threading.Event
    ) -> None:
        """An address of the source is good for a while; who is stopped meanwhile leaves it there.

        The next run, of whichever kind, deletes it.
        """
        key = row(easel.generation()).storage_key

        migrate(storages, linger=timedelta(minutes=5))
        while_lingering = stored(folder)
        stopped.clear()
        migrate(storages, kind="round")

        assert (while_lingering, stored(folder)) == ([key], [])

    def test_two_at_once_share_the_work(
        self, easel: Easel, inside: Flask, storages: Storages, house: House
    ) -> None:
        """In opposite directions too: each image is whole wherever it ends."""
        ids = {easel.generation(content).image_id for content in pictures(6)}
        there = threading.Thread(target=in_scope(inside, lambda: migrate(storages)))
        there.start()

        migrate(storages, source="vault", target="local")
        there.join(PATIENCE_SECONDS)

        found = lie(storages)
        assert set(found) == ids
        assert all(is_whole for _, is_whole in found.values())
        assert is_sound(storages, house)


@pytest.fixture
def stopped() -> Iterator[threading.Event]:
    """The process was asked to stop."""
    STOPPING.set()
    yield STOPPING
    STOPPING.clear()


def test_objects_linger_as_long_as_they_are_presigned() -> None:
    """An address that was handed out just before lasts no longer than its object."""
    assert PRESIGNED <= PRESIGNED_LASTS


def row_of(image_id: UUID) -> Image:
    return db.session.get_one(Image, image_id, populate_existing=True)


def _again(image: Image, number: int, storages: Storages) -> None:
    """Add another row like *image*, with an object of its own."""
    values = {column.name: getattr(image, column.name) for column in Image.__table__.columns}
    key = f"again/{number}.png"
    assert isinstance(storages.default, LocalStorage)
    storages.default.copy(image.storage_key, key)
    db.session.add(Image(**values | {"id": UUID(int=number + 1), "storage_key": key}))
    db.session.commit()


def test_what_a_dead_migration_had_copied_is_not_dropped_while_it_moves(
    storages: Storages, easel: Easel, attic: Path
) -> None:
    """Its note falls due while the same objects are on their way again, and not committed yet."""
    first = row(easel.generation())
    root = storages.named("local").root
    values = {each.name: getattr(first, each.name) for each in Image.__table__.columns}
    keys = [f"again/{number:03}.png" for number in range(2 * BATCH)]
    (root / "again").mkdir()
    for key in keys:
        os.link(root / str(first.storage_key), root / key)
    rows = [values | {"id": UUID(int=n), "storage_key": key} for n, key in enumerate(keys, 1)]
    db.session.execute(insert(Image), rows)
    db.session.commit()
    again = db.session.scalars(select(Image).where(Image.storage_key.in_(keys))).all()
    local, vault = storages.named("local"), storages.named("vault")
    write_note(again, source=local, target=vault)
    for key in keys:
        with local.open(key) as content:
            vault.put(key, content)
    db.session.commit()

    moved = migrate(storages)

    assert (moved.moved, moved.errors) == (2 * BATCH + 1, {})
    assert set(lie(storages).values()) == {("vault", True)}
    assert stored(root) == []
