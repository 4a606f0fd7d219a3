"""The repair of a storage, on a local disk and on S3: what is mended, and what is left alone."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from cluster.s3 import S3Server
from gallery.errors import StorageUnavailable
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import integrity, thumbnails
from gallery.services.ingest import Saved
from gallery.services.integrity.marking import mark_faults
from gallery.storage import LocalStorage, Storage, Storages, StoredObject
from tests.pictures import picture, pixels
from tests.services.conftest import Easel, row

LATER = timedelta(hours=2)
WEEK = timedelta(days=7)
Repair = Callable[..., tuple[integrity.Checked, integrity.Repaired]]


@pytest.fixture(params=["local", "s3"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "local":
        return {}
    bucket: S3Server = request.getfixturevalue("s3_bucket")
    return bucket.settings() | {"IMAGE_STORAGE_TYPE": "s3"}


@pytest.fixture
def storage(house: House) -> Storage:
    return house.storages.default


@pytest.fixture
def repair(house: House) -> Repair:
    """Repair, two hours from now: by then, whatever the test has kept is old enough."""

    def repair(**options: Any) -> tuple[integrity.Checked, integrity.Repaired]:
        how = {"storages": house.storages, "now": datetime.now(UTC) + LATER, "kept_for": WEEK}
        return integrity.repair_objects(**how | options)

    return repair


def key_of(saved: Saved) -> str:
    return str(row(saved).storage_key)


def fault_of(saved: Saved) -> str | None:
    return row(saved).fault


def replace_object(key: str, content: bytes, storage: Storage) -> None:
    """Let *key* hold other bytes, which no storage does by itself."""
    storage.delete(key)
    storage.put(key, io.BytesIO(content))


def flip(content: bytes) -> bytes:
    """Return *content* with a bit turned over."""
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


def read(key: str, storage: Storage) -> bytes:
    with storage.open(key) as stream:
        return stream.read()


def pictures(storage: Storage) -> set[str]:
    """Return the keys of all objects but thumbnails and what is in quarantine."""
    return {key for key in storage.iter_keys() if not key.startswith(("variants/", "quarantine/"))}


def quarantined(storage: Storage) -> list[str]:
    return sorted(storage.iter_keys("quarantine/"))


class TestOrphans:
    """Objects that no image uses."""

    def test_orphans_are_put_away_and_nothing_else(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """They lie in quarantine byte for byte, below the day; pictures and thumbnails stay."""
        kept = key_of(easel.generation())
        thumbnails.open_thumbnail(kept, 320, storage=storage).close()
        strays = ["generated/stray.png", "variants/320/generated/gone.png.webp"]
        for key in strays:
            storage.put(key, io.BytesIO(key.encode()))

        checked, done = repair()

        day = f"quarantine/{(datetime.now(UTC) + LATER).date()}"
        assert checked.findings.orphaned == done.quarantined == strays
        assert quarantined(storage) == [f"{day}/{key}" for key in strays]
        assert read(f"{day}/{strays[0]}", storage) == strays[0].encode()
        assert pictures(storage) == {kept}
        assert storage.exists(thumbnails.thumbnail_key(kept, 320))

    def test_sound_gallery_is_left_as_it_is(self, easel: Easel, repair: Repair) -> None:
        """After the first repair has made its thumbnails, there is nothing left to do."""
        easel.generation()
        repair()

        checked, done = repair()

        assert checked.is_sound
        assert done == integrity.Repaired()

    def test_young_orphan_is_left_to_who_may_still_write_its_row(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """An hour is given, unless the operator knows better."""
        easel.generation()
        storage.put("generated/new.png", io.BytesIO(b"new"))

        _, waited = repair(now=datetime.now(UTC))
        _, told = repair(now=datetime.now(UTC), grace=timedelta(0))

        assert (waited.quarantined, told.quarantined) == ([], ["generated/new.png"])

    def test_orphan_goes_for_good_after_its_days(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Not on the seventh day, and on the one after it."""
        easel.generation()
        storage.put("generated/stray.png", io.BytesIO(b"stray"))
        now = datetime.now(UTC) + LATER
        repair(now=now)
        (put_away,) = quarantined(storage)

        _, on_the_seventh = repair(now=now + WEEK)
        _, after_it = repair(now=now + timedelta(days=8))

        assert (on_the_seventh.deleted, after_it.deleted) == ([], [put_away])
        assert quarantined(storage) == []

    def test_what_an_image_needs_never_goes_for_good(
        self, easel: Easel, storage: Storage, house: House
    ) -> None:
        """Its row may have come back from a backup after its object was put away."""
        saved = easel.generation()
        key = f"quarantine/2026-01-01/{key_of(saved)}"
        storage.put(key, io.BytesIO(b"needed"))

        deleted = integrity.empty_quarantine(
            storages=house.storages, now=datetime.now(UTC), kept_for=WEEK
        )

        assert (deleted, quarantined(storage)) == ([], [key])

    def test_interrupted_move_is_finished(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Killed between copy and delete, an orphan lies in both places."""
        easel.generation()
        storage.put("generated/stray.png", io.BytesIO(b"stray"))
        target = f"quarantine/{(datetime.now(UTC) + LATER).date()}/generated/stray.png"
        storage.copy("generated/stray.png", target)

        _, done = repair()

        assert (done.quarantined, done.errors) == (["generated/stray.png"], [])
        assert quarantined(storage) == [target]
        assert not storage.exists("generated/stray.png")


class TestFaults:
    """Images whose object is not what was kept."""

    def test_what_can_not_be_brought_back_is_marked(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Each with what is wrong, and since when; the sound one isn't."""
        missing, damaged, cut, sound = (
            easel.generation(picture(colour=(n, 1, 1))) for n in range(4)
        )
        now = datetime.now(UTC) + LATER
        storage.delete(key_of(missing))
        replace_object(key_of(damaged), flip(picture(colour=(1, 1, 1))), storage)
        replace_object(key_of(cut), picture(colour=(2, 1, 1))[:-1], storage)

        checked, done = repair(now=now)

        assert [fault_of(each) for each in (missing, damaged, cut, sound)] == [
            "missing", "damaged", "wrong_size", None,
        ]  # fmt: skip
        assert row(missing).fault_found_at == now
        assert sorted(done.marked) == sorted(map(key_of, (missing, damaged, cut)))
        assert not done.has_mended(checked)

    def test_second_repair_marks_nothing_anew(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """When it was found stays what it was."""
        saved = easel.generation()
        storage.delete(key_of(saved))
        repair()
        found_at = row(saved).fault_found_at

        checked, done = repair(now=datetime.now(UTC) + 2 * LATER)

        assert checked.findings.missing == [key_of(saved)]
        assert (done.marked, row(saved).fault_found_at) == ([], found_at)

    @pytest.mark.parametrize("is_quick", [False, True])
    def test_mark_goes_when_the_bytes_are_back(
        self, easel: Easel, storage: Storage, repair: Repair, is_quick: bool
    ) -> None:
        """The operator has brought the file back from a backup."""
        content = picture(colour=(5, 5, 5))
        saved = easel.generation(content)
        replace_object(key_of(saved), flip(content), storage)
        repair()
        replace_object(key_of(saved), content, storage)

        checked, done = repair(is_quick=is_quick)

        assert (done.unmarked, fault_of(saved)) == ([key_of(saved)], None)
        assert checked.is_sound

    def test_quick_repair_does_not_take_a_mark_off_what_it_has_not_read(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Bytes of the right size may still be the wrong ones."""
        content = picture(colour=(5, 5, 5))
        saved = easel.generation(content)
        replace_object(key_of(saved), flip(content), storage)
        repair()

        repair(is_quick=True)

        assert fault_of(saved) == "damaged"

    def test_new_picture_has_no_mark(self, easel: Easel, storage: Storage, repair: Repair) -> None:
        """What was wrong was wrong with the one before."""
        saved = easel.round()
        storage.delete(key_of(saved))
        repair()
        before = fault_of(saved)

        easel.round(content=picture("JPEG", colour=(1, 2, 3)))

        assert (before, fault_of(saved)) == ("missing", None)
        assert row(saved).fault_found_at is None


class TestBroughtBack:
    """Bytes that lie somewhere else."""

    @pytest.mark.parametrize("spoil", ["delete", "flip", "cut"])
    def test_object_comes_back_from_quarantine(
        self, easel: Easel, storage: Storage, repair: Repair, spoil: str
    ) -> None:
        """Whatever has become of it: what was put away has the right SHA-256."""
        content = picture(colour=(9, 9, 9))
        saved = easel.generation(content)
        key = key_of(saved)
        storage.copy(key, f"quarantine/2026-01-02/{key}")
        storage.delete(key)
        if spoil != "delete":
            storage.put(key, io.BytesIO(flip(content) if spoil == "flip" else content[:-1]))

        checked, done = repair()

        assert (done.brought_back, done.marked) == ([key], [])
        assert read(key, storage) == content
        assert (fault_of(saved), quarantined(storage)) == (None, [])
        assert done.has_mended(checked)

    def test_row_from_a_backup_finds_its_object_again(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Orphaned and put away without its row, back as soon as the row is."""
        image = row(easel.generation())
        values = {column.name: getattr(image, column.name) for column in Image.__table__.columns}
        db.session.execute(delete(Image))
        db.session.commit()
        repair()
        gone = not storage.exists(values["storage_key"])
        db.session.execute(Image.__table__.insert(), values)
        db.session.commit()

        _, done = repair()

        assert (gone, done.brought_back) == (True, [values["storage_key"]])
        assert storage.exists(values["storage_key"])

    def test_other_bytes_in_quarantine_are_not_taken(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """The key is right, and the bytes are not."""
        saved = easel.generation()
        storage.put(f"quarantine/2026-01-02/{key_of(saved)}", io.BytesIO(b"others"))
        storage.delete(key_of(saved))

        _, done = repair()

        assert (done.brought_back, fault_of(saved)) == ([], "missing")

    def test_picture_comes_back_from_another_with_the_same_bytes(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """A copy of the prompt cache is as good as the first."""
        first, second = easel.generation(), easel.generation()
        content = read(key_of(first), storage)
        storage.delete(key_of(first))

        _, done = repair()

        assert done.brought_back == [key_of(first)]
        assert read(key_of(first), storage) == read(key_of(second), storage) == content

    def test_two_that_are_both_gone_do_not_help_each_other(
        self, easel: Easel, storage: Storage, repair: Repair
    ) -> None:
        """Both are marked, and no error is told."""
        both = easel.generation(), easel.generation()
        for each in both:
            storage.delete(key_of(each))

        _, done = repair()

        assert [fault_of(each) for each in both] == ["missing", "missing"]
        assert (done.brought_back, done.errors) == ([], [])


class TestThumbnails:
    """Made anew where they are missing or broken."""

    def test_missing_ones_are_made(self, easel: Easel, storage: Storage, repair: Repair) -> None:
        """All three of them."""
        key = key_of(easel.generation(picture(size=(700, 350))))

        _, done = repair()

        made = [read(thumbnails.thumbnail_key(key, width), storage) for width in (320, 640, 1280)]
        assert done.thumbnails == 3
        assert [pixels(each).width for each in made] == [320, 640, 700]

    @pytest.mark.parametrize(
        "spoil", [lambda old: old[:-30], lambda _: b"", lambda old: old + b"!!"]
    )
    def test_broken_one_is_made_anew(
        self, easel: Easel, storage: Storage, repair: Repair, spoil: Callable[[bytes], bytes]
    ) -> None:
        """The others stay as they are."""
        key = key_of(easel.generation(picture(size=(700, 350))))
        repair()
        target = thumbnails.thumbnail_key(key, 320)
        whole = read(target, storage)
        replace_object(target, spoil(whole), storage)

        _, done = repair()

        assert (done.thumbnails, read(target, storage)) == (1, whole)

    def test_image_at_fault_gets_none(self, easel: Easel, storage: Storage, repair: Repair) -> None:
        """Of damaged bytes nothing is made that looks whole."""
        content = picture(colour=(7, 7, 7))
        saved = easel.generation(content)
        replace_object(key_of(saved), flip(content), storage)

        _, done = repair()

        assert (done.thumbnails, done.errors) == (0, [])
        assert list(storage.iter_keys("variants/")) == []


@pytest.mark.parametrize("settings", ["local"], indirect=True)
class TestOnADisk:
    """What can be seen on a local disk alone."""

    def test_left_over_temporary_file_goes_at_once_where_nobody_writes(
        self, easel: Easel, house: House, repair: Repair
    ) -> None:
        """For an hour it may be somebody's who writes on a file system without locks."""
        easel.generation()
        left = house.settings.IMAGE_STORAGE_BASE_DIR / ".tmp" / "dead.part"
        left.write_bytes(b"half")
        now = datetime.now(UTC)

        _, waited = repair(now=now)
        _, told = repair(now=now, grace=timedelta(0))

        assert (waited.temporary, told.temporary, left.exists()) == (0, 1, False)

    def test_orphan_that_can_not_be_moved_is_told(
        self, easel: Easel, house: House, repair: Repair
    ) -> None:
        """And all the others are."""
        easel.generation()
        for key in ("generated/a.png", "generated/b.png"):
            house.storages.default.put(key, io.BytesIO(b"stray"))

        class Stuck(LocalStorage):
            def delete(self, key: str) -> None:
                if key == "generated/a.png":
                    raise StorageUnavailable(key)
                super().delete(key)

        stuck = Stuck(house.settings.IMAGE_STORAGE_BASE_DIR)
        checked, done = repair(storages=Storages({"local": stuck}, default="local"))

        assert (done.quarantined, done.errors) == (
            ["generated/b.png"], ["generated/a.png: generated/a.png"],
        )  # fmt: skip
        assert not done.has_mended(checked)

    def test_image_that_is_replaced_meanwhile_is_not_marked(
        self, easel: Easel, house: House
    ) -> None:
        """Its new picture has nothing to do with what was found."""
        saved = easel.round()
        house.storages.default.delete(key_of(saved))
        lost = integrity.check_objects(storages=house.storages, now=datetime.now(UTC))
        easel.round(content=picture("JPEG", colour=(1, 2, 3)))

        marked = mark_faults(lost.faults, now=datetime.now(UTC))

        assert (lost.findings.missing != [], marked, fault_of(saved)) == (True, [], None)

    def test_orphan_that_gets_its_row_is_left_alone(
        self, easel: Easel, house: House, repair: Repair
    ) -> None:
        """While others were put away, a slow writer has written it."""
        saved = easel.generation()
        keys = {"generated/a.png", "generated/b.png"}

        class Meanwhile(LocalStorage):
            def copy(self, source: str, target: str) -> StoredObject:
                (other,) = keys - {source}
                db.session.execute(update(Image).values(storage_key=other))
                db.session.commit()
                return super().copy(source, target)

        for key in keys:
            house.storages.default.put(key, io.BytesIO(b"stray"))
        house.storages.default.delete(key_of(saved))
        storage = Meanwhile(house.settings.IMAGE_STORAGE_BASE_DIR)
        checked, done = repair(storages=Storages({"local": storage}, default="local"))

        assert set(checked.findings.orphaned) == keys
        assert set(done.quarantined) == keys - {key_of(saved)}
        assert storage.exists(key_of(saved))
