"""gallery storage: what it finds, and what it tells people and programs."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from gallery.cli import cli
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from tests.conftest import PASSWORD, FixedClock
from tests.pictures import picture

Run = Callable[..., Result]
SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command in the application, as an operator would."""

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(cli, ["storage", "check", *arguments])

    return run


@pytest.fixture
def keep(inside: Flask, house: House, clock: FixedClock) -> Callable[[], Path]:
    """Keep a picture and return its file; the clock shows two hours later than the disk's."""
    user = accounts.create_user("alice@gallery.example", PASSWORD, now=clock())
    clock.now = datetime.now(UTC) + timedelta(hours=2)

    def keep() -> Path:
        saved = ingest.save_generation(
            picture(), details=Details(), viewer=Viewer(user_id=user.id), intake=house.intake,
            now=clock(),
        )  # fmt: skip
        return file_of(db.session.get(Image, saved.image_id).storage_key, house)

    return keep


def file_of(key: str, house: House) -> Path:
    return house.settings.IMAGE_STORAGE_BASE_DIR / key


def key_of(file: Path, house: House) -> str:
    return file.relative_to(house.settings.IMAGE_STORAGE_BASE_DIR).as_posix()


@pytest.fixture
def broken(keep: Callable[[], Path], house: House) -> dict[str, list[str]]:
    """A gallery with one of each; return what there is to be found."""
    missing, damaged, cut = keep(), keep(), keep()
    keep()
    missing.unlink()
    damaged.write_bytes(bytes(len(picture())))
    cut.write_bytes(picture()[:-1])
    house.storages.default.put("generated/stray.png", io.BytesIO(b"stray"))
    return {
        "missing": [key_of(missing, house)],
        "orphaned": ["generated/stray.png"],
        "damaged": [key_of(damaged, house)],
        "wrong_size": [key_of(cut, house)],
    }


def test_sound_gallery_passes(run: Run, keep: Callable[[], Path]) -> None:
    """People read what was looked at."""
    keep()

    done = run()

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "1 images and 1 objects checked: nothing is wrong.\n"


def test_sound_gallery_as_json(run: Run, keep: Callable[[], Path]) -> None:
    """Programs read four empty lists."""
    keep()

    done = run("--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, SOUND)


def test_findings_as_json(run: Run, broken: dict[str, list[str]]) -> None:
    """Programs read the keys, and the exit code is 1."""
    done = run("--json")

    assert (done.exit_code, json.loads(done.stdout)) == (1, broken)
    assert list(json.loads(done.stdout)) == ["missing", "orphaned", "damaged", "wrong_size"]


def test_findings_for_people(run: Run, broken: dict[str, list[str]]) -> None:
    """Each list says what it is and what to do, with the keys below it."""
    done = run()

    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0::2] == [
        "Pictures without their object. Bring the files back from a backup:",
        "Objects that no picture uses. They only take room; --repair puts them away:",
        "Pictures whose bytes have changed. Bring the files back from a backup:",
        "Pictures cut short, or grown. Bring the files back from a backup:",
        "4 images and 4 objects checked: see above.",
    ]
    assert lines[1::2] == [f"  {keys[0]}" for keys in broken.values()]


def test_quick_check_reads_no_bytes(run: Run, broken: dict[str, list[str]]) -> None:
    """What has the right size passes."""
    done = run("--quick", "--json")

    assert json.loads(done.stdout) == broken | {"damaged": []}


def test_provider_that_is_not_configured_is_told(run: Run, keep: Callable[[], Path]) -> None:
    """Its images were not checked, so the check has not passed."""
    keep().unlink()
    db.session.query(Image).update({"storage_provider": "tape"})
    db.session.commit()

    done = run("--json")

    assert (done.exit_code, json.loads(done.stdout)) == (1, SOUND)
    assert done.stderr == "Not checked: images kept by tape, which is not configured\n"


@pytest.mark.usefixtures("inside")
def test_storage_that_is_away_is_told_in_a_line(run: Run, house: House) -> None:
    """Nothing is told of a part."""
    house.settings.IMAGE_STORAGE_BASE_DIR.write_text("not a folder")

    done = run("--json")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The storage can't be reached: ")


def test_check_changes_nothing(run: Run, broken: dict[str, list[str]], house: House) -> None:
    """The second time it finds the same."""
    first: Any = json.loads(run("--json").stdout)

    assert json.loads(run("--json").stdout) == first == broken
    assert file_of("generated/stray.png", house).exists()
