"""Two processes sweep at the same time: each image goes once, and nothing goes wrong."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert

from gallery.extensions import House, db, writing
from gallery.models import Image
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from tests.conftest import PASSWORD, SECRET, FixedClock
from tests.pictures import picture

pytestmark = pytest.mark.only_on("sqlite", because="it is about who waits for the one writer")
# Several batches, so that the two take turns.
IMAGES = 1_600
PROGRAM = "from gallery.cli import cli; cli()"
PATIENCE_SECONDS = 60


@pytest.fixture
def images(inside: Flask, house: House, clock: FixedClock) -> list[str]:
    """Images whose time is long over; return their ids."""
    user = accounts.create_user("alice@gallery.example", PASSWORD, now=clock())
    saved = ingest.save_generation(
        picture(), details=Details(), viewer=Viewer(user_id=user.id), intake=house.intake,
        now=clock(),
    )  # fmt: skip
    image = db.session.get_one(Image, saved.image_id)
    values: dict[str, Any] = {c.name: getattr(image, c.name) for c in Image.__table__.columns}
    root = house.settings.IMAGE_STORAGE_BASE_DIR
    (root / "again").mkdir()
    rows = [
        values | {"id": UUID(int=n + 1), "storage_key": f"again/{n}.png"} for n in range(IMAGES)
    ]
    for each in rows:
        os.link(root / str(image.storage_key), root / each["storage_key"])
    db.session.execute(insert(Image), rows)
    db.session.commit()
    return [str(image.id), *(str(each["id"]) for each in rows)]


def begin(instance: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sweep", "--force", "--json"],
        env={"INSTANCE_PATH": str(instance), "SECRET_KEY": SECRET},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_at_the_database(process: subprocess.Popen[str], instance: Path) -> None:
    """Wait until *process* has the database open."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        files = (os.path.realpath(each) for each in Path(f"/proc/{process.pid}/fd").iterdir())
        if str(instance / "gallery.db") in files:
            return
        time.sleep(0.02)
    raise AssertionError("it never opened the database")


def test_two_sweeps_at_once_are_harmless(images: list[str], house: House, instance: Path) -> None:
    """What one deletes the other leaves; together they delete exactly what is over."""
    with writing():
        sweeps = [begin(instance) for _ in range(2)]
        for sweep in sweeps:
            wait_at_the_database(sweep, instance)
    told = [json.loads(sweep.communicate(timeout=PATIENCE_SECONDS)[0]) for sweep in sweeps]

    assert [sweep.returncode for sweep in sweeps] == [0, 0]
    assert sorted(each for sweep in told for each in sweep["deleted"]) == sorted(images)
    assert [sweep["errors"] for sweep in told] == [[], []]
    assert list(house.storages.default.iter_keys()) == []
