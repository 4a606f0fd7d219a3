"""Jobs that run by themselves, inside the web server's workers.

Every worker fires every job. The worker that first inserts a row for the
job's slot, which is the instant it was due at, does the work; the others
see the row and leave it. A lock would not do: a short job is over before
the next worker asks for it. At its start and each hour, every worker looks
whether the last slot was missed, because nobody was up, or was claimed by
a worker that died of it. Pictures that wait to be drawn are tended by all workers:
there the leases on prompts see to it that none is drawn twice. Temporary
files are swept by all as well: what one has removed, the others don't find.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TypeVar

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from gallery import logs
from gallery.errors import SweepStopped
from gallery.extensions import House, scheduler
from gallery.services.generation import tend
from gallery.services.integrity import empty_quarantine, sweep_temporary_files
from gallery.services.jobs import claim_slot, finish_slot
from gallery.services.retention import SweepResult, SweepRule, expire_images

T = TypeVar("T")
log = logging.getLogger(__name__)
# A worker that was busy or asleep may still do a job this late.
GRACE = timedelta(hours=1)
TENDED_EVERY = timedelta(seconds=2)
TEMPORARY_SWEPT_EVERY = timedelta(hours=1)
MISSED_SOUGHT_EVERY = timedelta(hours=1)
# How far back a slot is sought, the nearest first; who sweeps less than monthly can wait.
LOOKS_BACK = tuple(timedelta(**span) for span in ({"hours": 1}, {"days": 1}, {"days": 32}))


def start(app: Flask) -> None:
    """Schedule the jobs that the settings name, and start the scheduler's thread."""
    house: House = app.extensions["gallery"]
    app.config["SCHEDULER_API_ENABLED"] = False
    app.config["SCHEDULER_TIMEZONE"] = "UTC"
    if not scheduler.running:
        scheduler.init_app(app)
    if house.settings.IMAGE_CLEANUP_ENABLED:
        _schedule_sweeps(app, sweep_trigger(house))
    scheduler.add_job(
        "tend",
        run_tending,
        args=[app],
        trigger=IntervalTrigger(seconds=int(TENDED_EVERY.total_seconds()), timezone="UTC"),
        coalesce=True,
        max_instances=1,
        replace_existing=True,
    )
    scheduler.add_job(
        "temporary-files",
        run_temporary_sweep,
        args=[app],
        trigger=IntervalTrigger(seconds=int(TEMPORARY_SWEPT_EVERY.total_seconds()), timezone="UTC"),
        # At once as well: a worker often starts because the one before it died.
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=int(GRACE.total_seconds()),
        replace_existing=True,
    )
    if not scheduler.running:
        scheduler.start()


def _schedule_sweeps(app: Flask, trigger: CronTrigger) -> None:
    for name, when, first in (
        ("sweep", trigger, {}),
        (
            "missed-sweep",
            IntervalTrigger(seconds=int(MISSED_SOUGHT_EVERY.total_seconds()), timezone="UTC"),
            {"next_run_time": datetime.now(UTC)},
        ),
    ):
        scheduler.add_job(
            name,
            run_sweep,
            args=[app],
            trigger=when,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=int(GRACE.total_seconds()),
            replace_existing=True,
            **first,
        )


def sweep_trigger(house: House) -> CronTrigger:
    """Return when the sweep is due."""
    return CronTrigger.from_crontab(house.settings.IMAGE_CLEANUP_CRON, timezone="UTC")


def last_slot(trigger: CronTrigger, now: datetime) -> datetime | None:
    """Return the last instant, up to *now*, that *trigger* fires at; None if long ago or never."""
    for span in LOOKS_BACK:
        slot: datetime | None = None
        later = trigger.get_next_fire_time(None, now - span)
        while later is not None and later <= now:
            slot, later = later, trigger.get_next_fire_time(later, later + timedelta(seconds=1))
        if slot is not None:
            return slot
    return None


def _with_id(work: Callable[[Flask], T]) -> Callable[[Flask], T]:
    """Let all that a run of a job says carry an id of its own, as a request's does."""

    @wraps(work)
    def run(app: Flask) -> T:
        with logs.request_scope(f"{work.__name__}-{logs.new_request_id()}"):
            return work(app)

    return run


@_with_id
def run_temporary_sweep(app: Flask) -> int | None:
    """Remove what dead writers left; errors are logged, so that the next one runs."""
    house: House = app.extensions["gallery"]
    try:
        removed = sweep_temporary_files(storages=house.storages, now=house.now())
    except Exception:
        # The outer edge of a job: nobody above would hear of it.
        log.exception("the sweep of temporary files failed; the next one tries again")
        return None
    if removed:
        log.info("temporary files of dead processes removed: %d", removed)
    return removed


@_with_id
def run_tending(app: Flask) -> int | None:
    """Begin what nobody is at work on; errors are logged, so that the next one runs."""
    house: House = app.extensions["gallery"]
    with app.app_context():
        try:
            return tend(studio=house.studio)
        except Exception:
            # The outer edge of a job: nobody above would hear of it.
            log.exception("waiting pictures could not be tended; the next time tries again")
            return None


@_with_id
def run_sweep(app: Flask) -> SweepResult | None:
    """Sweep if the last slot is still to be done; errors are logged, so that the next one runs."""
    house: House = app.extensions["gallery"]
    with app.app_context():
        try:
            now = house.now()
            slot = last_slot(sweep_trigger(house), now)
            if slot is None or not claim_slot("sweep", slot, now=now):
                return None
            rule = SweepRule(most_bytes=house.settings.MAX_STORAGE_BYTES)
            swept = _sweep(house, rule, now)
            finish_slot("sweep", slot, now=house.now())
            return swept
        except Exception:
            # The outer edge of a job: nobody above would hear of it.
            log.exception("the sweep failed; the next one tries again")
            return None


def _sweep(house: House, rule: SweepRule, now: datetime) -> SweepResult | None:
    kept_for = timedelta(days=house.settings.QUARANTINE_DAYS)
    most_share = house.settings.SWEEP_MOST_SHARE
    try:
        swept = expire_images(storages=house.storages, now=now, rule=rule, most_share=most_share)
    except SweepStopped as stopped:
        # To try again would stop again: an operator has to look.
        log.error("%s: %s", stopped.title, stopped.detail)
        return None
    deleted = empty_quarantine(storages=house.storages, now=now, kept_for=kept_for)
    if deleted:
        log.info("objects deleted that were in quarantine for long enough: %d", len(deleted))
    return swept
