"""The jobs that run by themselves."""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy import select, text

from gallery import create_app, scheduler
from gallery.errors import StorageUnavailable
from gallery.extensions import House, db
from gallery.extensions import scheduler as jobs
from gallery.logs import current_request_id
from gallery.models import Image, Sweep
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from gallery.services.prompt_cache import Wish, look_up
from gallery.storage import LocalStorage, Storages
from tests.conftest import PASSWORD, SECRET, FixedClock
from tests.pictures import picture
from tests.services.artists import Artist, Host, settle

ALL_JOBS = {"sweep", "missed-sweep", "tend", "temporary-files"}


@pytest.fixture
def started(app: Flask) -> Iterator[Flask]:
    """An application whose jobs are scheduled."""
    scheduler.start(app)
    yield app
    stop()


def stop() -> None:
    jobs.remove_all_jobs()
    jobs.shutdown()


@pytest.fixture
def picture_of_alice(inside: Flask, house: House, clock: FixedClock) -> ingest.Saved:
    """An image that expires after thirty days."""
    alice = accounts.create_user("alice@gallery.example", PASSWORD, now=clock())
    return ingest.save_generation(
        picture(), details=Details(), viewer=Viewer(user_id=alice.id), intake=house.intake,
        now=clock(),
    )  # fmt: skip


def test_sweep_is_scheduled_at_two_in_utc(started: Flask) -> None:
    """Unless told otherwise, the sweep runs at 02:00 UTC."""
    job = jobs.get_job("sweep")

    after = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)
    assert isinstance(job.trigger, CronTrigger)
    assert job.trigger.get_next_fire_time(None, after) == datetime(2026, 3, 15, 2, tzinfo=UTC)
    assert (job.func, job.args) == (scheduler.run_sweep, (started,))
    assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, 3600)


class TestSunday:
    """A cron string of the operator's."""

    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"IMAGE_CLEANUP_CRON": "30 4 * * 0"}

    @pytest.mark.usefixtures("started")
    def test_sunday_is_sunday(self) -> None:
        """Weekday 0 is cron's Sunday, not APScheduler's Monday."""
        trigger = jobs.get_job("sweep").trigger

        following = trigger.get_next_fire_time(None, datetime(2026, 3, 10, tzinfo=UTC))

        assert following == datetime(2026, 3, 15, 4, 30, tzinfo=UTC)
        assert following.strftime("%A") == "Sunday"


class TestDisabled:
    """IMAGE_CLEANUP_ENABLED=false."""

    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"IMAGE_CLEANUP_ENABLED": "false"}

    @pytest.mark.usefixtures("started")
    def test_sweep_is_not_scheduled(self) -> None:
        """The operator sweeps by hand; the other jobs run all the same."""
        assert {job.id for job in jobs.get_jobs()} == {"tend", "temporary-files"}


def test_servers_run_jobs_and_commands_do_not(app: Flask, tmp_path) -> None:
    """create_app schedules jobs only where it is told to."""
    before = jobs.running

    create_app({"SECRET_KEY": SECRET}, instance_path=str(tmp_path / "server"), run_jobs=True)

    try:
        assert (before, jobs.running) == (False, True)
        assert {job.id for job in jobs.get_jobs()} == ALL_JOBS
    finally:
        stop()


def test_starting_twice_schedules_once(started: Flask) -> None:
    """A second start replaces the jobs instead of failing."""
    scheduler.start(started)

    assert len(jobs.get_jobs()) == len(ALL_JOBS)
    assert {job.id for job in jobs.get_jobs()} == ALL_JOBS


def test_sweep_runs_once_a_slot(
    app: Flask, picture_of_alice: ingest.Saved, clock: FixedClock
) -> None:
    """The worker that comes second leaves it to the first, however late it comes."""
    clock.move(days=31)

    first = scheduler.run_sweep(app)
    clock.move(hours=8)
    second = scheduler.run_sweep(app)
    clock.move(hours=4)
    third = scheduler.run_sweep(app)

    assert first.deleted == [picture_of_alice.image_id]
    assert (second, third.deleted) == (None, [])
    assert len(db.session.scalars(select(Sweep)).all()) == 2


def test_sweep_that_was_missed_is_made_up_for(started: Flask) -> None:
    """Every worker looks at its start, and each hour."""
    job = jobs.get_job("missed-sweep")

    assert isinstance(job.trigger, IntervalTrigger)
    assert job.trigger.interval == timedelta(hours=1)
    assert (job.func, job.args) == (scheduler.run_sweep, (started,))


@pytest.mark.parametrize(
    ("cron", "slot"),
    [
        ("* * * * *", datetime(2026, 3, 14, 15, 9, tzinfo=UTC)),
        ("9 15 * * *", datetime(2026, 3, 14, 15, 9, tzinfo=UTC)),
        ("10 15 * * *", datetime(2026, 3, 13, 15, 10, tzinfo=UTC)),
        ("0 2 * * sun", datetime(2026, 3, 8, 2, tzinfo=UTC)),
        ("0 0 1 * *", datetime(2026, 3, 1, tzinfo=UTC)),
        ("0 0 1 1 *", None),
    ],
)
def test_last_slot(cron: str, slot: datetime | None, clock: FixedClock) -> None:
    """The instant that a job was last due at, if that is not longer ago than a month."""
    trigger = CronTrigger.from_crontab(cron, timezone="UTC")

    assert scheduler.last_slot(trigger, clock()) == slot


class TestQuota:
    """MAX_STORAGE_BYTES."""

    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"MAX_STORAGE_BYTES": 1}

    def test_sweep_keeps_the_limit(self, app: Flask, picture_of_alice: ingest.Saved) -> None:
        """The scheduled sweep removes what is above the limit."""
        result = scheduler.run_sweep(app)

        assert result.deleted == [picture_of_alice.image_id]
        assert db.session.scalars(select(Image)).all() == []


def test_failed_sweep_is_logged_and_swallowed(
    app: Flask, inside: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A sweep that fails does not end the scheduler; the next one tries again."""
    db.session.execute(text("ALTER TABLE images RENAME TO pictures"))
    db.session.commit()

    with caplog.at_level(logging.ERROR):
        result = scheduler.run_sweep(app)

    assert result is None
    assert "the sweep failed; the next one tries again" in caplog.text
    assert "SELECT images." in caplog.text


def test_waiting_pictures_are_tended_every_two_seconds(started: Flask) -> None:
    """By every worker, and never twice at once in one."""
    job = jobs.get_job("tend")

    assert isinstance(job.trigger, IntervalTrigger)
    assert job.trigger.interval == timedelta(seconds=2)
    assert (job.func, job.args) == (scheduler.run_tending, (started,))
    assert (job.coalesce, job.max_instances) == (True, 1)


@pytest.fixture
def waiting(app: Flask, inside: Flask, house: House) -> UUID:
    """The id of an image whose front end took the lease on its prompt, and went away."""
    alice = accounts.create_user("alice@gallery.example", PASSWORD, now=house.now())
    viewer, wish = Viewer(user_id=alice.id), Wish(sentence="A fox at tea")
    look_up(wish, viewer=viewer, rules=house.prompts, now=house.now())
    studio = replace(house.studio, generators={"demo": Artist()})
    app.extensions["gallery"] = replace(house, studio=studio)
    return Host(viewer, studio, house.clock).round().image_id


class TestTending:
    """Pictures that somebody waits for, and nobody is at work on."""

    def test_what_waits_is_drawn(self, app: Flask, waiting: UUID, clock: FixedClock) -> None:
        """Once whoever was to make it has run out of time."""
        before = scheduler.run_tending(app)
        settle(app.extensions["gallery"].studio)
        status = db.session.get(Image, waiting).status
        clock.move(minutes=2)

        after = scheduler.run_tending(app)

        settle(app.extensions["gallery"].studio)
        assert (before, after, status) == (0, 1, "pending")
        assert db.session.get(Image, waiting, populate_existing=True).status == "completed"
        assert scheduler.run_tending(app) == 0

    @pytest.mark.usefixtures("inside")
    def test_failure_is_logged_and_swallowed(
        self, app: Flask, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Two seconds later it is tried again."""
        db.session.execute(text("ALTER TABLE generation_requests RENAME TO wishes"))
        db.session.commit()

        with caplog.at_level(logging.ERROR):
            result = scheduler.run_tending(app)

        assert result is None
        assert "waiting pictures could not be tended; the next time tries again" in caplog.text


@pytest.fixture
def left_over(house: House) -> Path:
    """What a process that was killed an hour ago has left."""
    path = house.settings.IMAGE_STORAGE_BASE_DIR / ".tmp" / "upload-9f2e.part"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a pict")
    written_at = (house.now() - timedelta(hours=1, seconds=1)).timestamp()
    os.utime(path, (written_at, written_at))
    return path


class TestTemporaryFiles:
    """What dead processes left in the storage."""

    def test_they_are_swept_at_the_start(self, left_over: Path, app: Flask) -> None:
        """A worker that starts looks at once; whoever starts it need not wait for that."""
        scheduler.start(app)
        try:
            until = time.monotonic() + 20
            while left_over.exists() and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            stop()

        assert not left_over.exists()

    def test_they_are_swept_hourly(self, started: Flask) -> None:
        """By every worker; the next time an hour after the start."""
        job = jobs.get_job("temporary-files")

        assert isinstance(job.trigger, IntervalTrigger)
        assert job.trigger.interval == timedelta(hours=1)
        assert (job.func, job.args) == (scheduler.run_temporary_sweep, (started,))
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, 3600)

    @pytest.mark.usefixtures("left_over")
    def test_what_was_removed_is_logged(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        """An operator reads that something had died; a sweep that finds nothing says nothing."""
        with caplog.at_level(logging.INFO):
            first, second = scheduler.run_temporary_sweep(app), scheduler.run_temporary_sweep(app)

        assert (first, second) == (1, 0)
        assert caplog.messages == ["temporary files of dead processes removed: 1"]

    def test_young_file_is_left_to_its_writer(
        self, left_over: Path, app: Flask, clock: FixedClock
    ) -> None:
        """An hour is given to whoever may still write to it."""
        clock.move(seconds=-1)

        assert scheduler.run_temporary_sweep(app) == 0
        assert left_over.exists()

    def test_failure_is_logged_and_swallowed(
        self, app: Flask, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The next hour tries again."""

        class Broken(LocalStorage):
            def sweep_temporary(self, *, untouched_since: datetime) -> int:
                raise StorageUnavailable(f"no look at what is older than {untouched_since}")

        broken = Broken(house.settings.IMAGE_STORAGE_BASE_DIR)
        storages = Storages({"local": broken}, default="local")
        app.extensions["gallery"] = replace(house, storages=storages)

        with caplog.at_level(logging.ERROR):
            result = scheduler.run_temporary_sweep(app)

        assert result is None
        assert "the sweep of temporary files failed; the next one tries again" in caplog.text


def test_what_a_sweep_says_carries_an_id_of_its_own(
    inside: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines of one run of a job are found together, and apart from the next run's."""
    said: list[str] = []
    caplog.set_level(logging.INFO, logger="gallery.services.retention")

    def note(_record: logging.LogRecord) -> bool:
        said.append(current_request_id())
        return True

    with caplog.filtering(note):
        for hours in (0, 24):
            inside.extensions["gallery"].clock.move(hours=hours)
            scheduler.run_sweep(inside)

    assert len(set(said)) == len(said) == 2
    assert all(each.startswith("run_sweep-") for each in said)
