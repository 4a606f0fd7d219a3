"""A migration may be killed at any point: the next one ends it, and nothing is lost or left."""

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from gallery.extensions import db
from gallery.services.thumbnails import open_thumbnail
from tests.services.conftest import Easel, row, stored
from tests.services.test_migration import pictures

pytestmark = pytest.mark.only_on("sqlite", because="it begins from copies of a file")
IMAGES = 4
# A migration of these takes about 43 steps: from the 27th on it clears up behind itself.
KILLED_AT = (0, *sorted(random.Random(26).sample(range(1, 27), 3)), 28, 33, 40)


@pytest.fixture
def gallery(easel: Easel, inside: Flask, instance: Path) -> Path:
    """A gallery of some pictures, one of them with a thumbnail; nobody has it open any more."""
    saved = [easel.generation(content) for content in pictures(IMAGES)]
    for each in saved[:2]:
        key = row(each).storage_key
        open_thumbnail(key, 320, storage=easel.intake.storage).close()
    db.session.remove()
    db.engine.dispose()
    return instance


def test_killed_migration_is_ended_by_the_next(gallery: Path, tmp_path: Path) -> None:
    """Whatever it was at: every row at the target and whole, no object anywhere else.

    An image was deleted before somebody went on.
    """
    attic = tmp_path / "attic"
    instances = [tmp_path / f"killed-at-{step}" for step in KILLED_AT]
    for each in instances:
        shutil.copytree(gallery, each)

    done = subprocess.run(
        [sys.executable, "-m", "tests.services.killed", attic]
        + [f"{each}:{step}" for each, step in zip(instances, KILLED_AT, strict=True)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [f"{-signal.SIGKILL} 0 0 0"] * len(instances), done.stderr
    for each in instances:
        kept = _rows(each)
        assert {provider for provider, _, _ in kept} == {"vault"}
        assert sorted(_hash(attic / each.name / key) for _, key, _ in kept) == sorted(
            hashlib.sha256(content).hexdigest() for content in pictures(IMAGES)[1:]
        )
        assert all(_hash(attic / each.name / key) == sha256 for _, key, sha256 in kept)
        assert _objects(each / "storage") == []
        assert _originals(attic / each.name) == sorted(key for _, key, _ in kept)


def _rows(instance: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(instance / "gallery.db")) as database:
        query = "SELECT storage_provider, storage_key, sha256 FROM images"
        return database.execute(query).fetchall()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _objects(folder: Path) -> list[str]:
    """Return what lies below *folder*, but for what the hourly sweep takes away."""
    return [name for name in stored(folder) if not name.startswith(".tmp/")]


def _originals(folder: Path) -> list[str]:
    return [name for name in _objects(folder) if not name.startswith("variants/")]
