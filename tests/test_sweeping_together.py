"""Sweeps by processes that don't know of each other: at once, and one after another's death."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from gallery import scheduler
from gallery.extensions import House, db, writing
from gallery.models import Image, Sweep, User
from gallery.services import belonging
from tests.conftest import SECRET, FixedClock

OWNER = UUID(int=1)
IMAGES = 1_200
BEGIN = """
import os, signal, sys
from datetime import datetime
from gallery import create_app, scheduler
from gallery.services import jobs, retention

instance, secret, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
settings = {"SECRET_KEY": secret, "SWEEP_MOST_SHARE": "1"}
app = create_app(settings, instance_path=instance, clock=lambda: now)
house = app.extensions["gallery"]
sys.stdin.readline()
"""
SWEEP = "print(scheduler.run_sweep(app) is not None)"
BY_HAND = """
import json
with app.app_context():
    swept = retention.expire_images(storages=house.storages, now=now)
    print(json.dumps([[str(each) for each in swept.deleted], swept.errors]))
"""
DIE = """
with app.app_context():
    slot = scheduler.last_slot(scheduler.sweep_trigger(house), now)
    jobs.claim_slot("sweep", slot, now=now)
    die = lambda _deleted: os.kill(os.getpid(), signal.SIGKILL)
    retention.expire_images(storages=house.storages, now=now, tell=die)
"""


@pytest.fixture
def settings() -> dict[str, Any]:
    """All of them may go."""
    return {"SWEEP_MOST_SHARE": "1"}


@pytest.fixture
def expired(inside: Flask, house: House, clock: FixedClock) -> None:
    """More images than go at once, whose time is over; their objects are gone already."""
    belonging.require_all_belong(house.storages)
    made_at = clock()
    owner = {"id": OWNER, "email": "a@b", "name": "a", "password_hash": "-", "is_admin": False}
    with writing() as session:
        session.execute(insert(User), [owner | {"created_at": made_at}])
        session.execute(
            insert(Image),
            [
                {
                    "id": UUID(int=number), "kind": "generation", "owner_id": OWNER,
                    "visibility": "private", "prompt_hash": "-", "storage_provider": "local",
                    "storage_key": f"{number}.png", "sha256": "-", "size_bytes": 1, "width": 1,
                    "height": 1, "status": "completed", "created_at": made_at,
                    "expires_at": made_at,
                }
                for number in range(IMAGES)
            ],
        )  # fmt: skip
    clock.move(days=1)


def started(script: str, app: Flask, clock: FixedClock) -> subprocess.Popen[str]:
    """Start a process over the same gallery; it begins when it is sent a line."""
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + script, app.instance_path, SECRET, clock().isoformat()],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def all_at_once(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let them begin, and return what each printed."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate()[0].strip() for process in processes]


def left() -> int:
    db.session.commit()
    return db.session.scalar(select(func.count()).select_from(Image))


@pytest.mark.usefixtures("expired")
def test_of_four_workers_one_sweeps(app: Flask, clock: FixedClock) -> None:
    """All fire at the same moment; the slot is one worker's."""
    swept = all_at_once([started(SWEEP, app, clock) for _ in range(4)])

    assert sorted(swept) == ["False", "False", "False", "True"]
    assert left() == 0
    assert len(db.session.scalars(select(Sweep)).all()) == 1


@pytest.mark.usefixtures("expired")
def test_sweep_of_a_killed_worker_is_finished_by_another(app: Flask, clock: FixedClock) -> None:
    """It is killed after its first batch; an hour later another takes its slot over, once."""
    worker = started(DIE, app, clock)
    all_at_once([worker])
    left_over = left()
    clock.move(minutes=59)
    early = scheduler.run_sweep(app)
    clock.move(minutes=1)

    late = scheduler.run_sweep(app)

    assert (worker.returncode, left_over) == (-9, IMAGES - 500)
    assert (early, len(late.deleted), left()) == (None, IMAGES - 500, 0)
    clock.move(minutes=61)
    assert scheduler.run_sweep(app) is None


@pytest.mark.usefixtures("expired")
def test_two_sweeps_at_once_share_the_work(app: Flask, clock: FixedClock) -> None:
    """By hand, nothing keeps them apart: each image is deleted by one, and neither fails."""
    first, second = (
        json.loads(told) for told in all_at_once([started(BY_HAND, app, clock) for _ in range(2)])
    )

    assert (first[1], second[1]) == ([], [])
    assert set(first[0]).isdisjoint(second[0])
    assert len(first[0]) + len(second[0]) == IMAGES
    assert left() == 0
