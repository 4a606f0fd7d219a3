"""Create and restore may be killed at any step: the next one ends what was begun, whole."""

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gallery.extensions import db
from tests.backups.conftest import Commands, file_of, hashes, keys
from tests.conftest import Person
from tests.reliability import SEED, tell, trials

pytestmark = pytest.mark.only_on("sqlite", because="it begins from copies of a file")
Save = Callable[..., dict[str, Any]]
# More than either takes of three images: whoever isn't killed is a trial that tells the end.
MOST_STEPS = {"create": 90, "restore": 110}


@pytest.fixture
def begun(
    alice: Person, save: Save, gallery: Commands, instance: Path, path: Path, tmp_path: Path
) -> dict[str, str]:
    """A folder with a gallery and a backup of it, of before something was saved and deleted.

    Two of three objects are missing, so that a restore has something to bring.
    """
    images = [save() for _ in range(3)]
    gallery.told("backup", "create", path)
    backed_up = hashes(gallery)
    where = keys(gallery)
    save()
    alice.delete(f"/api/images/{images[0]['id']}")
    file_of(gallery, where[images[1]["id"]]).unlink()
    with gallery.app.app_context():
        db.session.remove()
        db.engine.dispose()
    shutil.copytree(instance, tmp_path / "begun" / "instance")
    shutil.copytree(path, tmp_path / "begun" / "backups")
    return backed_up


def steps(name: str) -> list[int]:
    """Return the steps to be killed at: some of them with the tests, else all."""
    count = MOST_STEPS[name]
    return sorted(random.Random(SEED).sample(range(count), trials(3, full=count)))


def kill(folder: Path, name: str) -> dict[Path, str]:
    """Return what came of each trial: its folder, and how its three processes ended."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.backups.killed", folder, name, *map(str, steps(name))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    folders = [folder.with_name(f"{folder.name}-{name}-{step}") for step in steps(name)]
    return dict(zip(folders, done.stdout.splitlines(), strict=True))


def test_killed_create_is_ended_by_the_next(begun: dict[str, str], tmp_path: Path) -> None:
    """What was there before is whole, what was interrupted counts for nothing."""
    # The lost object would make each of them incomplete.
    fill(tmp_path / "begun")

    ended = kill(tmp_path / "begun", "create")

    tell("backup", "create, killed at a step and run again", counted(ended))
    assert set(ended.values()) <= {f"{-signal.SIGKILL} 0 0", "0 0 0"}
    assert f"{-signal.SIGKILL} 0 0" in ended.values()
    for folder in ended:
        made = (folder / "backups" / "backups").iterdir()
        assert all((each / "manifest.json").is_file() for each in made)
        assert list((folder / "backups" / "objects" / ".tmp").iterdir()) == []


def test_killed_restore_is_ended_by_the_next(begun: dict[str, str], tmp_path: Path) -> None:
    """Every row of the backup, each with its object whole; and nothing half done lies about."""
    ended = kill(tmp_path / "begun", "restore")

    tell("backup", "restore, killed at a step and run again", counted(ended))
    assert set(ended.values()) <= {f"{-signal.SIGKILL} 0 0", "0 0 0"}
    assert f"{-signal.SIGKILL} 0 0" in ended.values()
    for folder in ended:
        instance = folder / "instance"
        there = rows(instance)
        assert {sha256 for _, sha256 in there} == set(begun.values())
        assert all(digest(instance / "storage" / key) == sha256 for key, sha256 in there)
        assert list(instance.glob(".restoring*")) == []


def fill(folder: Path) -> None:
    """Bring the lost object back, out of the backup."""
    for key, sha256 in rows(folder / "instance"):
        file = folder / "instance" / "storage" / key
        if not file.exists():
            shutil.copy(folder / "backups" / "objects" / sha256[:2] / sha256, file)


def counted(ended: dict[Path, str]) -> dict[str, int]:
    whole = sum(1 for each in ended.values() if each.endswith(" 0 0"))
    return {"finished whole": whole, "not finished": len(ended) - whole}


def rows(instance: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(instance / "gallery.db")) as database:
        return database.execute("SELECT storage_key, sha256 FROM images").fetchall()


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
