"""The disk of the storage in bad weather: full, or turned read only as after an error of its own.

The disk is a real one of a few megabytes, which only root may mount.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FixedClock
from tests.databases import Databases
from tests.reliability import tell
from tests.weather.asking import ROOM, WISHES, WRITES, Weather, World, ask_all
from tests.weather.conftest import Clean, is_ready

pytestmark = pytest.mark.only_on("sqlite", because="objects don't see the database")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk can't be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def settings(disk: Path) -> dict[str, Any]:
    return {"IMAGE_STORAGE_BASE_DIR": str(disk / "storage")}


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


WEATHERS: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], int]] = {
    "full": (full, 507),
    "read only": (read_only, 503),
}


class TestDatabase:
    """The disk of the database is full, and there is room for objects."""

    @pytest.fixture
    def instance(self, disk: Path, databases: Databases) -> Iterator[Path]:
        with databases.migrated(disk) as instance:
            yield instance

    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        return {"IMAGE_STORAGE_BASE_DIR": str(tmp_path / "storage")}

    def test_all_is_shown_and_nothing_is_half_kept(
        self, world: World, disk: Path, clock: FixedClock, orphans: Clean
    ) -> None:
        """Whoever is signed in sees their pages, though that can't be noted."""
        with full(disk):
            # A little may fit into what the database has of the disk already.
            during = ask_all(world, Weather(shaky=frozenset({WRITES}), refusal=507))

        stray = orphans()
        after = ask_all(world)

        assert during["507 with Retry-After"]
        assert (is_ready(world, clock), stray) == (True, [])
        tell("weather", "disk of the database full", during)
        tell("weather", "after the disk of the database was full", after)


@pytest.mark.parametrize("name", WEATHERS)
def test_what_is_there_is_shown_and_what_comes_is_refused(
    name: str, world: World, disk: Path, clock: FixedClock, orphans: Clean
) -> None:
    """The refusal says when to come back; then it is taken in, and nothing was left behind."""
    begin, refusal = WEATHERS[name]
    # What is deleted makes room, and something else would be kept there.
    wishes = [each for each in WISHES if name == "read only" or each.name != "delete"]
    with begin(disk):
        was_ready = is_ready(world, clock)
        during = ask_all(world, Weather(away=frozenset({ROOM}), refusal=refusal), wishes=wishes)

    stray = orphans()
    after = ask_all(world)

    assert (was_ready, is_ready(world, clock)) == (False, True)
    # A picture that is deleted while nothing can be written leaves its object.
    assert len(stray) == (1 if name == "read only" else 0)
    tell("weather", f"disk {name}", during | {"stray objects": len(stray)})
    tell("weather", f"after the disk was {name}", after)
