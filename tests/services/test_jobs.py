"""One worker of many does a scheduled job."""

import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import select

from gallery.extensions import db
from gallery.models import JobRun
from gallery.services.jobs import claim_slot
from tests.conftest import FixedClock


def test_first_who_asks_has_the_minute(inside: Flask, clock: FixedClock) -> None:
    """Within the same minute all others are too late; the next minute is free."""
    first = claim_slot("sweep", now=clock())
    clock.move(seconds=33)  # 15:09:59
    late = claim_slot("sweep", now=clock())
    clock.move(seconds=1)

    following = claim_slot("sweep", now=clock())

    assert (first, late, following) == (True, False, True)


def test_jobs_have_slots_of_their_own(inside: Flask, clock: FixedClock) -> None:
    """Another job may run in the same minute."""
    assert claim_slot("sweep", now=clock()) is True
    assert claim_slot("backup", now=clock()) is True


def test_of_many_workers_one_wins(app: Flask, inside: Flask, clock: FixedClock) -> None:
    """Workers that fire at the same moment don't do the job twice."""
    barrier = threading.Barrier(16)

    def claim(_number: int) -> bool:
        with app.app_context():
            barrier.wait()
            return claim_slot("sweep", now=clock())

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(16))) == 1


def test_old_slots_are_forgotten(inside: Flask, clock: FixedClock) -> None:
    """The ledger of slots does not grow for ever."""
    claim_slot("sweep", now=clock())
    clock.move(days=30, minutes=1)

    claim_slot("sweep", now=clock())

    slots = db.session.scalars(select(JobRun)).all()
    assert [each.slot for each in slots] == [clock().replace(second=0)]
