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


class TestRepair:
    """gallery storage check --repair."""

    def test_what_was_done_is_told_to_programs(
        self, run: Run, broken: dict[str, list[str]]
    ) -> None:
        """What was found, and what was done: a fourth picture has the bytes that three had."""
        done = run("--repair", "--json")

        told: Any = json.loads(done.stdout)
        repaired = told.pop("repaired")
        lost = sorted(broken["missing"] + broken["damaged"] + broken["wrong_size"])
        assert (done.exit_code, told) == (0, broken)
        assert (repaired["brought_back"], repaired["quarantined"]) == (lost, broken["orphaned"])
        assert (repaired["thumbnails"], repaired["marked"], repaired["errors"]) == (12, [], [])

    @pytest.mark.usefixtures("broken")
    def test_what_was_done_is_told_to_people(self, run: Run) -> None:
        """A line for each thing that was done."""
        done = run("--repair")

        assert [line for line in done.stdout.splitlines() if line.startswith("Repaired")] == [
            "Repaired: 3 pictures have their bytes back.",
            "Repaired: 1 objects that no picture uses were put into quarantine.",
            "Repaired: 12 thumbnails were made.",
        ]

    def test_what_can_not_be_mended_is_an_error(
        self, run: Run, keep: Callable[[], Path], house: House
    ) -> None:
        """However often it is tried."""
        file = keep()
        file.unlink()

        first, second = run("--repair", "--json"), run("--repair", "--json")

        assert (first.exit_code, second.exit_code) == (1, 1)
        assert json.loads(first.stdout)["repaired"]["marked"] == [key_of(file, house)]
        assert json.loads(second.stdout)["missing"] == [key_of(file, house)]

    def test_gallery_that_could_be_mended_passes(
        self, run: Run, keep: Callable[[], Path], house: House
    ) -> None:
        """A stray that was put just now, and an operator who knows that nobody writes."""
        keep()
        house.storages.default.put("generated/stray.png", io.BytesIO(b"stray"))

        done = run("--repair", "--grace", "0", "--json")
        after = run("--json")

        assert (done.exit_code, json.loads(done.stdout)["orphaned"]) == (0, ["generated/stray.png"])
        assert (after.exit_code, json.loads(after.stdout)) == (0, SOUND)

    def test_rate_is_what_was_asked_for(self, run: Run, keep: Callable[[], Path]) -> None:
        """None at all is a usage error."""
        keep()

        assert run("--rate", "100000000").exit_code == 0
        assert run("--rate", "0").exit_code == 2


class TestMark:
    """gallery storage mark."""

    @pytest.fixture
    def mark(self, app: Flask) -> Run:
        def mark(*arguments: str) -> Result:
            return app.test_cli_runner().invoke(cli, ["storage", "mark", *arguments])

        return mark

    def test_storage_of_another_is_told_and_can_be_adopted(
        self, run: Run, mark: Run, keep: Callable[[], Path], house: House
    ) -> None:
        """The folder was copied without its hidden files; nothing is checked until then."""
        keep()
        (house.settings.IMAGE_STORAGE_BASE_DIR / ".gallery-storage").unlink()

        refused, told = run("--json"), mark()
        adopted, after = mark("--adopt", "local", "--json"), run()

        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr == (
            "Error: The storage is not the one of this database: local carries no mark. Is it"
            " mounted, and the right one? If it is: gallery storage mark --adopt local\n"
        )
        assert (told.exit_code, told.stdout) == (1, "local does not belong to this database\n")
        assert (adopted.exit_code, json.loads(adopted.stdout)) == (0, {"local": True})
        assert after.exit_code == 0
