"""The comparison of rows and objects: what is found, and what is let pass."""

import errno
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import StatementError

from gallery.errors import StorageUnavailable
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import belonging, integrity, retention, thumbnails
from gallery.services.ingest import Details, Saved
from gallery.storage import LocalStorage, ObjectInfo, Storages
from tests.pictures import picture
from tests.services.conftest import Easel, row, stored

SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}
Check = Callable[..., integrity.Checked]


@pytest.fixture
def check(house: House) -> Check:
    """Compare, two hours from now: by then, whatever the test has kept is old enough."""

    def check(**options: object) -> integrity.Checked:
        now = datetime.now(UTC) + timedelta(hours=2)
        return integrity.check_objects(**{"storages": house.storages, "now": now} | options)

    return check


def let_go(saved: Saved, storages: Storages, easel: Easel) -> None:
    retention.delete_image(
        saved.image_id, viewer=easel.viewer, storages=storages, now=easel.clock()
    )


def found(checked: integrity.Checked) -> dict[str, list[str]]:
    """Return what was found, without the lists that are empty."""
    return {name: keys for name, keys in checked.findings.as_json().items() if keys}


def only(storage: LocalStorage) -> Storages:
    return Storages({storage.name: storage}, default=storage.name)


def key_of(saved: Saved) -> str:
    return str(row(saved).storage_key)


def test_sound_gallery_has_no_findings(easel: Easel, house: House, check: Check) -> None:
    """Pictures of all kinds with thumbnails, one of them replaced, are as they should be."""
    ahead = replace(easel.intake, makes_thumbnails_ahead=True)
    easel.round(intake=ahead)
    easel.round(intake=ahead, content=picture("JPEG", colour=(1, 2, 3)))
    easel.generation()
    easel.session(easel.open("session", "s1"))
    told: list[tuple[int, ...]] = []

    checked = check(tell=lambda *numbers: told.append(numbers))

    assert (checked.findings.as_json(), checked.is_sound) == (SOUND, True)
    assert (checked.images, checked.objects) == (3, 6)
    assert told == [(6,), (3, 3)]


@pytest.mark.usefixtures("inside")
def test_empty_gallery_is_sound(check: Check) -> None:
    """Without a picture and without a folder there is nothing to complain of."""
    checked = check()

    assert (checked.findings.as_json(), checked.is_sound, checked.images) == (SOUND, True, 0)


def test_row_without_its_object_is_missing(easel: Easel, folder: Path, check: Check) -> None:
    """A picture that can't be shown any more."""
    key = key_of(easel.generation())
    easel.generation()
    (folder / key).unlink()

    checked = check()

    assert (found(checked), checked.is_sound) == ({"missing": [key]}, False)


def test_object_without_a_row_is_orphaned(easel: Easel, house: House, check: Check) -> None:
    """What a crash between object and row leaves, and a thumbnail of what is gone."""
    easel.generation()
    for key in ("generated/stray.png", "variants/320/generated/gone.png.webp"):
        house.storages.default.put(key, io.BytesIO(b"stray"))

    checked = check()

    assert found(checked) == {
        "orphaned": ["generated/stray.png", "variants/320/generated/gone.png.webp"]
    }


def test_thumbnail_of_no_width_of_ours_is_orphaned(
    easel: Easel, house: House, check: Check
) -> None:
    """One that an older version made: nobody would ever ask for it, nor delete it."""
    stray = f"variants/321/{key_of(easel.generation())}.webp"
    house.storages.default.put(stray, io.BytesIO(b"stray"))

    assert found(check()) == {"orphaned": [stray]}


@pytest.mark.parametrize("is_quick", [False, True])
@pytest.mark.parametrize("change", [lambda old: old[:-1], lambda old: old + b"x", lambda _: b""])
def test_object_of_another_size_is_told(
    easel: Easel, folder: Path, check: Check, change: Callable[[bytes], bytes], is_quick: bool
) -> None:
    """Cut short, or grown; for that nothing has to be read."""
    key = key_of(easel.generation())
    (folder / key).write_bytes(change((folder / key).read_bytes()))

    assert found(check(is_quick=is_quick)) == {"wrong_size": [key]}


@pytest.mark.parametrize(("is_quick", "expected"), [(False, ["damaged"]), (True, [])])
def test_object_of_other_bytes_is_damaged(
    easel: Easel, folder: Path, check: Check, is_quick: bool, expected: list[str]
) -> None:
    """A single bit that has turned over is found, unless nobody reads it."""
    key = key_of(easel.generation())
    content = bytearray((folder / key).read_bytes())
    content[-20] ^= 1
    (folder / key).write_bytes(content)

    assert found(check(is_quick=is_quick)) == {name: [key] for name in expected}


def test_object_that_can_not_be_read_is_damaged(easel: Easel, folder: Path, check: Check) -> None:
    """A bad sector doesn't end the check: the other pictures are looked at too."""
    bad, gone = key_of(easel.generation()), key_of(easel.generation())
    (folder / gone).unlink()

    class BadSector(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    class Worn(LocalStorage):
        def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
            return BadSector() if key == bad else super().open(key, start, end)

    assert found(check(storages=only(Worn(folder)))) == {"damaged": [bad], "missing": [gone]}


def test_more_than_a_batch_of_each_is_told_in_order(
    easel: Easel, folder: Path, check: Check
) -> None:
    """Of many thousands none is overlooked, and each list is sorted."""
    template = row(easel.generation())
    values = {c.name: getattr(template, c.name) for c in Image.__table__.columns}
    ids = [UUID(int=template.id.int + n) for n in range(1, 1201)]
    keys = [f"many/{n:04}.png" for n in range(1200)]
    db.session.execute(
        Image.__table__.insert(),
        [values | {"id": i, "storage_key": key} for i, key in zip(ids, keys, strict=True)],
    )
    db.session.commit()
    for n in range(1100):
        LocalStorage(folder).put(f"stray/{n:04}.png", io.BytesIO(b"stray"))

    checked = check()

    assert checked.findings.missing == keys
    assert checked.findings.as_json()["orphaned"] == [f"stray/{n:04}.png" for n in range(1100)]
    assert (checked.images, checked.objects) == (1201, 1101)


def test_row_that_waits_for_its_picture_is_not_missing(
    easel: Easel, check: Check, folder: Path
) -> None:
    """Only what is completed has an object; what is about to be drawn anew keeps its old one."""
    saved = easel.generation()
    row(saved).status = "processing"
    db.session.commit()
    kept = found(check())
    (folder / key_of(saved)).unlink()

    assert (kept, found(check())) == ({}, {})


class TestProviders:
    """Each image is looked for where its row says that it is."""

    def test_each_provider_has_its_own_objects(
        self, easel: Easel, house: House, tmp_path: Path, check: Check
    ) -> None:
        """The same key elsewhere is somebody else's."""

        class Elsewhere(LocalStorage):
            name = "elsewhere"

        key = key_of(easel.generation())
        elsewhere = Elsewhere(tmp_path / "elsewhere")
        elsewhere.put(key, io.BytesIO(b"stray"))
        both = Storages({"local": house.storages.default, "elsewhere": elsewhere}, default="local")
        belonging.adopt(elsewhere, storages=both)

        assert found(check(storages=both)) == {"orphaned": [key]}

    def test_storage_that_nothing_was_ever_kept_in_is_none_of_ours(
        self, easel: Easel, house: House, tmp_path: Path, check: Check
    ) -> None:
        """Each machine may have such a folder beside a bucket, with whatever in it."""

        class Elsewhere(LocalStorage):
            name = "elsewhere"

        easel.generation()
        elsewhere = Elsewhere(tmp_path / "elsewhere")
        elsewhere.put("stray.png", io.BytesIO(b"stray"))
        both = Storages({"local": house.storages.default, "elsewhere": elsewhere}, default="local")

        assert found(check(storages=both)) == {}

    def test_images_of_a_provider_that_is_gone_are_not_called_missing(
        self, easel: Easel, folder: Path, check: Check
    ) -> None:
        """Nothing can be told of them; but all is not well either."""
        image = row(easel.generation())
        (folder / image.storage_key).unlink()
        image.storage_provider = "tape"
        db.session.commit()

        checked = check()

        assert (found(checked), checked.unknown_providers) == ({}, {"tape"})
        assert (checked.images, checked.is_sound) == (0, False)

    def test_storage_that_is_away_ends_the_check(
        self, easel: Easel, folder: Path, check: Check
    ) -> None:
        """Rather than call each of its pictures missing."""
        easel.generation()

        class Away(LocalStorage):
            def stat(self, key: str) -> ObjectInfo:
                raise StorageUnavailable(key)

        with pytest.raises(StorageUnavailable):
            check(storages=only(Away(folder)))


class TestWriters:
    """Pictures come and go while the check runs."""

    def test_object_whose_row_is_not_yet_written_is_no_orphan(
        self, easel: Easel, house: House, check: Check
    ) -> None:
        """For an hour after its put nobody can tell."""
        easel.generation()
        house.storages.default.put("generated/new.png", io.BytesIO(b"new"))
        put_at = house.storages.default.stat("generated/new.png").put_at

        young = check(now=put_at + timedelta(hours=1))
        old = check(now=put_at + timedelta(hours=1, microseconds=1))

        assert (found(young), young.is_sound) == ({}, True)
        assert found(old) == {"orphaned": ["generated/new.png"]}

    def test_copy_of_an_old_picture_is_young(self, easel: Easel, house: House) -> None:
        """A hit of the prompt cache is a link to old bytes, and its row isn't written yet."""
        storage = house.storages.default
        source = key_of(easel.generation())
        storage.copy(source, "generated/copy.png")
        just_now = storage.stat("generated/copy.png").put_at + timedelta(minutes=59)

        checked = integrity.check_objects(storages=house.storages, now=just_now)

        assert found(checked) == {}

    def test_picture_that_is_deleted_after_it_was_listed_is_no_orphan(
        self, easel: Easel, folder: Path, check: Check
    ) -> None:
        """Its row goes first: between listing and looking up, both are gone."""
        saved = easel.generation()

        class Meanwhile(LocalStorage):
            def iter_keys(self, prefix: str = "") -> Iterator[str]:
                yield from list(super().iter_keys(prefix))
                retention.delete_image(
                    saved.image_id, viewer=easel.viewer, storages=only(self), now=datetime.now(UTC)
                )

        assert found(check(storages=only(Meanwhile(folder)))) == {}

    def test_picture_whose_row_was_just_deleted_is_no_orphan(
        self, easel: Easel, folder: Path, check: Check
    ) -> None:
        """The sweep unlinks objects some time after it has deleted their rows."""
        easel.generation()
        doomed = easel.generation()
        key = key_of(doomed)
        db.session.execute(delete(Image).where(Image.id == doomed.image_id))
        db.session.commit()

        class Meanwhile(LocalStorage):
            def open(self, key_: str, start: int = 0, end: int | None = None) -> BinaryIO:
                self.delete(key)
                return super().open(key_, start, end)

        assert found(check(storages=only(Meanwhile(folder)))) == {}

    def test_picture_that_is_deleted_before_it_is_looked_at_is_not_missing(
        self, app: Flask, easel: Easel, folder: Path, check: Check
    ) -> None:
        """Its row was read, and then both were gone."""
        saved = easel.generation()

        class Meanwhile(LocalStorage):
            def stat(self, key: str) -> ObjectInfo:
                (folder / key).unlink()
                # In another thread than the check's, as another process would.
                with app.app_context():
                    db.session.execute(delete(Image).where(Image.id == saved.image_id))
                    db.session.commit()
                return super().stat(key)

        assert found(check(storages=only(Meanwhile(folder)))) == {}

    def test_check_holds_no_transaction_open_while_it_reads(
        self, easel: Easel, folder: Path, check: Check
    ) -> None:
        """A snapshot that is held for hours would let the database's log grow without end."""
        easel.generation()
        session = db.session()
        held: list[bool] = []

        class Watching(LocalStorage):
            def iter_keys(self, prefix: str = "") -> Iterator[str]:
                yield from super().iter_keys(prefix)
                # More than are looked up at once, and gone by then.
                for n in range(1000):
                    held.append(session.in_transaction())
                    yield f"gone/{n}.png"

            def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
                held.append(session.in_transaction())
                return super().open(key, start, end)

        check(storages=only(Watching(folder)))

        assert held == [False] * 1001


class TestUndeleted:
    """Objects that could not be deleted when their time had come."""

    class Stuck(LocalStorage):
        """A folder in which nothing can be unlinked."""

        def delete(self, key: str) -> None:
            raise StorageUnavailable(f"{key}: Operation not permitted")

    @pytest.fixture
    def stuck(self, folder: Path) -> Storages:
        return only(self.Stuck(folder))

    def test_object_of_a_deleted_picture_is_orphaned(
        self, easel: Easel, stuck: Storages, check: Check
    ) -> None:
        """The picture is gone for everybody, and its object turns up here."""
        saved = easel.generation()
        key = key_of(saved)

        retention.delete_image(
            saved.image_id, viewer=easel.viewer, storages=stuck, now=datetime.now(UTC)
        )

        assert found(check()) == {"orphaned": [key]}

    def test_object_of_an_expired_picture_is_orphaned(
        self, easel: Easel, stuck: Storages, check: Check
    ) -> None:
        """So it is after a sweep, with its thumbnails."""
        saved = easel.generation(intake=replace(easel.intake, makes_thumbnails_ahead=True))
        key = key_of(saved)
        easel.clock.move(days=31)

        retention.expire_images(storages=stuck, now=easel.clock())

        widths = (1280, 320, 640)
        assert found(check()) == {
            "orphaned": [key, *(thumbnails.thumbnail_key(key, width) for width in widths)]
        }

    def test_replacement_is_kept_though_the_old_picture_can_not_be_deleted(
        self, easel: Easel, stuck: Storages, check: Check, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Who replaces a picture hears of a success, since it is one."""
        old = key_of(easel.round())

        saved = easel.round(intake=replace(easel.intake, storages=stuck))

        assert (saved.replaced, key_of(saved) == old) == (True, False)
        assert found(check()) == {"orphaned": [old]}
        assert f"the object {old} could not be deleted" in caplog.text

    def test_failure_is_told_though_its_object_can_not_be_deleted(
        self, easel: Easel, stuck: Storages, folder: Path, check: Check
    ) -> None:
        """What went wrong first is what is told."""
        with pytest.raises((StatementError, TypeError), match="not JSON serializable"):
            easel.generation(
                details=Details(parameters={"not JSON": object()}),
                intake=replace(easel.intake, storages=stuck),
            )

        assert found(check()) == {"orphaned": stored(folder)}
