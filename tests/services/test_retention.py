"""Forgetting images on schedule, and keeping those that are to stay."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from gallery.errors import InvalidField, NotFound, SignInRequired, StorageUnavailable
from gallery.extensions import House, db
from gallery.models import Gallery, Image, Round, Sweep
from gallery.services import retention
from gallery.services.access import Viewer
from gallery.services.galleries import change_round
from gallery.services.ingest import Saved
from gallery.services.retention import SweepResult, SweepRule, doomed_images, expire_images
from gallery.services.thumbnails import open_thumbnail
from gallery.storage import LocalStorage, Storages
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.conftest import Easel, row, rows, stored


def sweep(house: House, rule: SweepRule | None = None, **options: object) -> SweepResult:
    return expire_images(storages=house.storages, now=house.now(), rule=rule, **options)


def left() -> set[UUID]:
    return set(db.session.scalars(select(Image.id)))


def size(saved: Saved) -> int:
    return row(saved).size_bytes


class Broken(LocalStorage):
    """A folder that can't be written any more."""

    def delete(self, key: str) -> None:
        raise StorageUnavailable(f"no way to {key}")


class TestExpiry:
    """Images whose time is over."""

    def test_image_goes_at_its_expiry(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """A second before its expiry an image stays; at its expiry it goes."""
        saved = easel.generation()
        clock.now = row(saved).expires_at - timedelta(seconds=1)
        before = sweep(house)
        clock.move(seconds=1)

        after = sweep(house)

        assert (before.deleted, after.deleted) == ([], [saved.image_id])

    def test_object_and_thumbnails_go_along(
        self, easel: Easel, house: House, clock: FixedClock, folder: Path
    ) -> None:
        """Nothing of an expired image is left, in the database or in the storage."""
        saved = easel.generation()
        expected = size(saved)
        open_thumbnail(row(saved).storage_key, 320, storage=house.storages.default).close()
        clock.move(days=31)

        result = sweep(house)

        assert (rows(), stored(folder)) == (0, [])
        assert (result.bytes, result.errors) == (expected, [])

    def test_kept_image_stays(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """What is kept for good outlives every rule."""
        saved = easel.generation()
        retention.change_image(saved.image_id, {"keep": True}, viewer=easel.viewer)
        clock.move(days=400)
        rule = SweepRule(older_than=clock(), keep_count=0, most_bytes=1)

        result = sweep(house, rule)

        assert (result.deleted, rows()) == ([], 1)

    def test_time_of_an_image_that_is_kept_no_more_runs_again(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """Letting go of a kept image lets it expire."""
        saved = easel.generation()
        retention.change_image(saved.image_id, {"keep": True}, viewer=easel.viewer)
        retention.change_image(saved.image_id, {"keep": False}, viewer=easel.viewer)
        clock.move(days=31)

        assert sweep(house).deleted == [saved.image_id]

    def test_image_that_was_kept_after_the_dry_run_stays(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """What is doomed is decided when it goes."""
        saved, other = easel.generation(), easel.generation()
        clock.move(days=31)
        doomed = doomed_images(now=clock())

        retention.change_image(saved.image_id, {"keep": True}, viewer=easel.viewer)
        result = sweep(house)

        assert set(doomed.deleted) == {saved.image_id, other.image_id}
        assert (result.deleted, left()) == ([other.image_id], {saved.image_id})

    def test_image_that_was_replaced_after_the_dry_run_stays(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """A replaced image's time begins anew."""
        saved = easel.round()
        clock.move(days=31)
        doomed = doomed_images(now=clock())

        easel.round()
        result = sweep(house)

        assert (doomed.deleted, result.deleted) == ([saved.image_id], [])

    def test_dry_run_changes_nothing(self, easel: Easel, clock: FixedClock, folder: Path) -> None:
        """A dry run neither deletes nor leaves a record."""
        easel.generation()
        before = stored(folder)
        clock.move(days=31)

        doomed_images(now=clock())

        assert (rows(), stored(folder)) == (1, before)
        assert db.session.scalar(select(Sweep)) is None

    @pytest.mark.parametrize("batch", [1, 2, 500])
    def test_batches_of_any_size_remove_all(
        self, easel: Easel, house: House, clock: FixedClock, folder: Path, batch: int
    ) -> None:
        """However many go at once, all of them go."""
        saved = [easel.generation().image_id for _ in range(5)]
        clock.move(days=31)

        result = sweep(house, batch=batch)

        assert sorted(result.deleted) == sorted(saved)
        assert stored(folder) == []

    def test_sweep_may_be_repeated(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """A second sweep finds nothing left to do."""
        easel.generation()
        clock.move(days=31)

        first, second = sweep(house), sweep(house)

        assert (len(first.deleted), second.deleted, second.bytes) == (1, [], 0)


class TestRules:
    """What a sweep removes besides expired images."""

    def test_older_than(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """Images made before a moment go, the one made at it stays."""
        old, new = easel.generation(), easel.generation()

        result = sweep(house, SweepRule(older_than=clock()))

        assert (result.deleted, left()) == ([old.image_id], {new.image_id})

    def test_replaced_image_is_as_old_as_its_picture(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """A picture that was replaced yesterday was not made last month."""
        easel.round()
        clock.move(days=20)
        saved = easel.round()
        clock.move(days=1)

        result = sweep(house, SweepRule(older_than=clock() - timedelta(days=2)))

        assert (result.deleted, left()) == ([], {saved.image_id})

    @pytest.mark.parametrize(("keep_count", "gone"), [(0, 3), (1, 2), (2, 1), (3, 0), (9, 0)])
    def test_keep_count(self, easel: Easel, house: House, keep_count: int, gone: int) -> None:
        """All but the newest so many go."""
        saved = [easel.generation().image_id for _ in range(3)]

        result = sweep(house, SweepRule(keep_count=keep_count))

        assert sorted(result.deleted) == saved[:gone]

    def test_kept_images_are_not_counted(self, easel: Easel, house: House) -> None:
        """An image that is kept for good takes no place among the newest."""
        saved = [easel.generation().image_id for _ in range(3)]
        retention.change_image(saved[2], {"keep": True}, viewer=easel.viewer)

        result = sweep(house, SweepRule(keep_count=1))

        assert result.deleted == [saved[0]]

    def test_keep_count_of_a_kind(self, easel: Easel, house: House) -> None:
        """With a kind, its own newest are counted."""
        rounds = [easel.round(player).image_id for player in ("fox", "heron")]
        easel.generation()

        result = sweep(house, SweepRule(keep_count=1, kind="round"))

        assert result.deleted == [rounds[0]]

    def test_quota_removes_the_oldest_until_it_fits(self, easel: Easel, house: House) -> None:
        """The oldest go until no more than the limit is stored, and no more than needed."""
        saved = [easel.generation() for _ in range(4)]
        limit = size(saved[0]) * 2

        result = sweep(house, SweepRule(most_bytes=limit))

        assert sorted(result.deleted) == [saved[0].image_id, saved[1].image_id]
        assert sum(size(each) for each in saved[2:]) == limit

    def test_quota_that_is_just_kept_removes_nothing(self, easel: Easel, house: House) -> None:
        """A full storage is not over its limit; one byte less is."""
        saved = [easel.generation() for _ in range(2)]
        total = sum(size(each) for each in saved)

        just, over = (
            doomed_images(now=house.now(), rule=SweepRule(most_bytes=most)).deleted
            for most in (total, total - 1)
        )

        assert (just, over) == ([], [saved[0].image_id])

    def test_quota_is_kept_though_the_oldest_must_stay(self, easel: Easel, house: House) -> None:
        """What can't go counts as stored, so others go in its place."""
        session = easel.session(easel.open("session", "s1"))
        kept = easel.generation()
        retention.change_image(kept.image_id, {"keep": True}, viewer=easel.viewer)
        others = [easel.generation() for _ in range(2)]
        limit = sum(size(each) for each in (session, kept, others[1]))

        result = sweep(house, SweepRule(most_bytes=limit))

        assert result.deleted == [others[0].image_id]

    @pytest.mark.parametrize(
        "rule",
        [
            SweepRule(older_than=datetime(2027, 1, 1, tzinfo=UTC)),
            SweepRule(keep_count=0),
            SweepRule(most_bytes=1),
        ],
    )
    def test_session_under_seven_days_stays(
        self, easel: Easel, house: House, clock: FixedClock, rule: SweepRule
    ) -> None:
        """No rule removes a session's image in its first week."""
        saved = easel.session(easel.open("session", "s1"))
        clock.move(days=7, seconds=-1)
        within = sweep(house, rule)
        clock.move(seconds=1)

        after = sweep(house, rule)

        assert (within.deleted, after.deleted) == ([], [saved.image_id])

    def test_replaced_session_image_has_a_week_of_its_own(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """A picture saved yesterday stays, though the first one of its row is older."""
        slug = easel.open("session", "s1")
        easel.session(slug)
        clock.move(days=20)
        saved = easel.session(slug)
        clock.move(days=1)

        result = sweep(house, SweepRule(keep_count=0))

        assert (result.deleted, left()) == ([], {saved.image_id})

    def test_kind_narrows_the_sweep(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """Only images of that kind go, and empty galleries are left alone."""
        saved, other = easel.round(), easel.generation()
        clock.move(days=31)

        result = sweep(house, SweepRule(kind="round"))

        assert (result.deleted, left()) == ([saved.image_id], {other.image_id})
        assert db.session.scalars(select(Gallery)).one().slug == "TEA"

    @pytest.mark.parametrize("batch", [1, 2, 500])
    @pytest.mark.parametrize(
        "rule",
        [
            SweepRule(),
            SweepRule(kind="generation"),
            SweepRule(older_than=datetime(2026, 3, 15, tzinfo=UTC)),
            SweepRule(keep_count=2),
            SweepRule(keep_count=2, kind="round"),
            SweepRule(most_bytes=2_500),
            SweepRule(most_bytes=2_000, kind="round"),
            SweepRule(older_than=datetime(2026, 3, 15, tzinfo=UTC), keep_count=3, most_bytes=2_000),
        ],
        ids=["expired", "kind", "older", "count", "count of a kind", "quota", "quota of a kind",
             "all"],
    )  # fmt: skip
    def test_dry_run_tells_what_the_sweep_removes(
        self, easel: Easel, house: House, clock: FixedClock, rule: SweepRule, batch: int
    ) -> None:
        """Whatever the rule and the batch, the dry run lists exactly what goes then."""
        _mixed(easel, clock)

        dry = doomed_images(now=clock(), rule=rule)
        wet = sweep(house, rule, batch=batch)

        assert sorted(wet.deleted) == sorted(dry.deleted)
        assert (wet.bytes, wet.errors) == (dry.bytes, [])
        assert 0 < len(dry.deleted) < 8

    @pytest.mark.parametrize("batch", [1, 500])
    def test_quota_takes_the_oldest_first_though_a_newer_one_is_larger(
        self, easel: Easel, house: House, batch: int
    ) -> None:
        """One by one the same images go as all at once: a large one does not spare an older one."""
        small = easel.generation()
        large = easel.generation(picture("PNG", size=(900, 900)))
        newest = easel.generation()
        limit = size(large) + size(newest) - 1

        result = sweep(house, SweepRule(most_bytes=limit), batch=batch)

        assert result.deleted == [small.image_id, large.image_id]

    def test_rules_spare_what_others_made_room_for(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """An image that goes anyway does not push another out of the newest."""
        slug = easel.open("session", "s1")
        long = [easel.session(slug, image_type).image_id for image_type in ("main", "lifestyle")]
        short = _brief(easel)
        clock.move(days=8)

        result = sweep(house, SweepRule(keep_count=2))

        assert (result.deleted, left()) == ([short], set(long))


def _brief(easel: Easel) -> UUID:
    """Save an image that expires after a day."""
    return easel.generation(intake=replace(easel.intake, retention=timedelta(days=1))).image_id


def _mixed(easel: Easel, clock: FixedClock) -> None:
    """Save images that differ in age, kind and keeping, the newest of which expires first."""
    slug = easel.open("session", "s1")
    easel.session(slug)
    easel.round("fox")
    kept = easel.generation()
    retention.change_image(kept.image_id, {"keep": True}, viewer=easel.viewer)
    clock.move(days=2)
    easel.round("heron")
    easel.generation()
    easel.round("lynx")
    easel.session(slug, "comparison")
    _brief(easel)
    clock.move(days=2)


class TestErrors:
    """Objects that can't be deleted."""

    @pytest.fixture
    def broken(self, folder: Path) -> Storages:
        return Storages({"local": Broken(folder)}, default="local")

    def test_rows_go_first_and_errors_are_counted(
        self, easel: Easel, clock: FixedClock, broken: Storages, folder: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        """A storage that refuses leaves strays, never a page without its picture."""
        easel.generation()
        key = row(easel.generation()).storage_key
        clock.move(days=31)

        with caplog.at_level(logging.WARNING):
            result = expire_images(storages=broken, now=clock())

        assert (rows(), len(stored(folder))) == (0, 2)
        assert (len(result.deleted), len(result.errors)) == (2, 2)
        assert f"{key}: no way to {key}" in result.errors
        assert key in caplog.text

    def test_provider_that_is_configured_no_more_is_an_error(
        self, easel: Easel, clock: FixedClock, folder: Path
    ) -> None:
        """An object of a provider that is gone is told, and the sweep goes on."""
        easel.generation()
        clock.move(days=31)
        storages = Storages({"other": LocalStorage(folder)}, default="other")

        result = expire_images(storages=storages, now=clock())

        assert (len(result.deleted), len(result.errors)) == (1, 1)
        assert "local is not configured" in result.errors[0]

    @pytest.mark.usefixtures("alice")
    def test_row_without_an_object_goes_quietly(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """An image that never came to be has no object to delete."""
        saved = easel.generation()
        image = row(saved)
        image.status, image.storage_key, image.size_bytes = "failed", None, None
        db.session.commit()
        clock.move(days=31)

        dry, wet = doomed_images(now=clock()), sweep(house)

        assert (dry.bytes, wet.bytes, wet.errors) == (0, 0, [])
        assert wet.deleted == dry.deleted == [saved.image_id]


class TestGalleries:
    """Galleries whose last image is gone."""

    def test_empty_galleries_and_rounds_go(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """A game goes with its last image."""
        easel.round()
        clock.move(days=31)

        sweep(house)

        assert db.session.scalars(select(Round)).all() == []
        assert db.session.scalars(select(Gallery)).all() == []

    def test_empty_gallery_has_a_week(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """A session that was opened and not used yet stays for seven days."""
        easel.open("session", "s1")
        clock.move(days=7)
        sweep(house)
        within = db.session.scalars(select(Gallery)).all()
        clock.move(seconds=1)

        sweep(house)

        assert [gallery.slug for gallery in within] == ["s1"]
        assert db.session.scalars(select(Gallery)).all() == []

    def test_old_game_with_a_young_round_stays(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """Its players were named just now; the first of them is still drawing."""
        easel.round(number=1)
        clock.move(days=31)
        change_round("TEA", 2, viewer=easel.viewer, now=clock(), players=["owl"])

        sweep(house)

        assert [round_.number for round_ in db.session.scalars(select(Round))] == [2]

    def test_gallery_with_an_image_stays(
        self, easel: Easel, house: House, clock: FixedClock
    ) -> None:
        """Of two rounds the one with a picture stays, and so does the game."""
        easel.round(number=1)
        kept = easel.round(number=2)
        retention.change_image(kept.image_id, {"keep": True}, viewer=easel.viewer)
        clock.move(days=31)

        sweep(house)

        assert [each.number for each in db.session.scalars(select(Round))] == [2]
        assert db.session.scalars(select(Gallery)).one().slug == "TEA"


class TestRecord:
    """What is remembered of a sweep."""

    def test_sweep_is_recorded(self, easel: Easel, house: House, clock: FixedClock) -> None:
        """Why it ran, what it removed, and how much."""
        expected = size(easel.generation())
        clock.move(days=31)

        sweep(house, SweepRule(keep_count=5, older_than=datetime(2026, 1, 1, tzinfo=UTC)))

        record = retention.last_sweep()
        assert (record.started_at, record.finished_at) == (clock(), clock())
        assert (record.deleted, record.bytes, record.errors) == (1, expected, 0)
        assert record.rule == {"keep_count": 5, "older_than": "2026-01-01T00:00:00+00:00"}

    def test_errors_are_recorded(self, easel: Easel, clock: FixedClock, folder: Path) -> None:
        """The record counts what could not be deleted."""
        easel.generation()
        clock.move(days=31)

        expire_images(storages=Storages({"local": Broken(folder)}, default="local"), now=clock())

        assert retention.last_sweep().errors == 1

    @pytest.mark.usefixtures("inside")
    def test_last_sweep_is_the_newest_finished_one(self, house: House, clock: FixedClock) -> None:
        """A sweep that did not come to its end is not the last one."""
        assert retention.last_sweep() is None
        sweep(house)
        clock.move(days=1)
        sweep(house, SweepRule(kind="story"))
        db.session.add(Sweep(id=UUID(int=1), started_at=clock() + timedelta(days=1), rule={}))
        db.session.commit()

        assert retention.last_sweep().rule == {"kind": "story"}


class TestChange:
    """Keeping, sorting and deleting one image."""

    @pytest.mark.parametrize(
        ("category", "expected"), [("birds", "birds"), ("", None), (None, None)]
    )
    def test_category_is_changed(
        self, easel: Easel, category: str | None, expected: str | None
    ) -> None:
        """An image is sorted anew; an empty category is none."""
        saved = easel.generation()
        retention.change_image(saved.image_id, {"category": "fish"}, viewer=easel.viewer)

        retention.change_image(saved.image_id, {"category": category}, viewer=easel.viewer)

        assert (row(saved).category, row(saved).is_kept) == (expected, False)

    def test_long_category_is_refused_and_nothing_is_changed(self, easel: Easel) -> None:
        """A change is made whole or not at all."""
        saved = easel.generation()

        with pytest.raises(InvalidField):
            retention.change_image(
                saved.image_id, {"keep": True, "category": "c" * 101}, viewer=easel.viewer
            )

        assert row(saved).is_kept is False

    def test_delete_leaves_nothing(
        self, easel: Easel, house: House, alice: Viewer, folder: Path
    ) -> None:
        """A deleted image goes with its object and thumbnails."""
        saved = easel.generation()
        open_thumbnail(row(saved).storage_key, 640, storage=house.storages.default).close()

        retention.delete_image(
            saved.image_id, viewer=alice, storages=house.storages, now=house.now()
        )

        assert (rows(), stored(folder)) == (0, [])

    @pytest.mark.parametrize(
        "call",
        [
            lambda image_id, who, _: retention.change_image(image_id, {}, viewer=who),
            lambda image_id, who, house: retention.delete_image(
                image_id, viewer=who, storages=house.storages, now=house.now()
            ),
        ],
        ids=["change", "delete"],
    )
    def test_only_owner_and_admin_change(
        self, easel: Easel, house: House, bob: Viewer, root: Viewer, visitor: Viewer,
        call: Callable[[UUID, Viewer, House], None],
    ) -> None:  # fmt: skip
        """A public image is not everybody's to change."""
        image_id = easel.generation(visibility="public").image_id

        with pytest.raises(NotFound):
            call(image_id, bob, house)
        with pytest.raises(SignInRequired):
            call(image_id, visitor, house)
        with pytest.raises(NotFound):
            call(UUID(int=9), root, house)
        assert rows() == 1
        call(image_id, root, house)
