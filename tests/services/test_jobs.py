"""One worker of many does a scheduled job."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from gallery.extensions import db
from gallery.models import JobRun
from gallery.services.jobs import claim_slot, finish_slot
from tests.conftest import FixedClock

SLOT = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


def test_first_who_asks_has_the_slot(inside: Flask, clock: FixedClock) -> None:
    """All others are too late, however soon they come; the next slot is free."""
    first = claim_slot("sweep", SLOT, now=clock())
    second = claim_slot("sweep", SLOT, now=clock())

    following = claim_slot("sweep", SLOT + timedelta(minutes=1), now=clock())

    assert (first, second, following) == (True, False, True)


def test_slot_whose_worker_died_is_taken_over_an_hour_later(
    inside: Flask, clock: FixedClock
) -> None:
    """By one other, who has an hour again."""
    claim_slot("sweep", SLOT, now=clock())
    clock.move(minutes=59, seconds=59)
    early = claim_slot("sweep", SLOT, now=clock())
    clock.move(seconds=1)

    claims = [claim_slot("sweep", SLOT, now=clock()) for _ in range(2)]

    assert (early, claims) == (False, [True, False])


def test_finished_slot_is_nobodys(inside: Flask, clock: FixedClock) -> None:
    """What is done is not done again, even much later."""
    claim_slot("sweep", SLOT, now=clock())
    finish_slot("sweep", SLOT, now=clock())
    clock.move(days=2)

    assert claim_slot("sweep", SLOT, now=clock()) is False


def test_jobs_have_slots_of_their_own(inside: Flask, clock: FixedClock) -> None:
    """Another job may run at the same time."""
    assert claim_slot("sweep", SLOT, now=clock()) is True
    assert claim_slot("backup", SLOT, now=clock()) is True


def test_of_many_workers_one_wins(app: Flask, inside: Flask, clock: FixedClock) -> None:
    """Workers that fire at the same moment don't do the job twice."""
    barrier = threading.Barrier(16)

    def claim(_number: int) -> bool:
        with app.app_context():
            barrier.wait()
            return claim_slot("sweep", SLOT, now=clock())

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(16))) == 1


def test_old_slots_are_forgotten(inside: Flask, clock: FixedClock) -> None:
    """The ledger of slots does not grow for ever."""
    later = SLOT + timedelta(days=60, minutes=10)
    claim_slot("sweep", SLOT, now=clock())
    clock.move(days=60, minutes=10)

    claim_slot("sweep", later, now=clock())

    slots = db.session.scalars(select(JobRun)).all()
    assert [each.slot for each in slots] == [later]
