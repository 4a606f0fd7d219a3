"""The folder in which a server's processes count: one for each run, and none is left behind."""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gallery.metrics import exposition


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def start(temporary: Path) -> Iterator[Callable[[], Path]]:
    """Make the folder of one more server, which ends with the test."""
    folders: list[Path] = []

    def start() -> Path:
        folders.append(exposition.open_folder())
        return folders[-1]

    yield start
    for folder in folders:
        for descriptor in opened(folder):
            os.close(descriptor)


@pytest.fixture
def folder(start: Callable[[], Path]) -> Path:
    """The folder of a server that has just been started."""
    return start()


def opened(folder: Path) -> list[int]:
    """Return the descriptors under which this process has the folder open."""
    mine = Path("/proc/self/fd")
    return [int(name) for name in os.listdir(mine) if (mine / name).resolve() == folder]


def made_long_ago(temporary: Path) -> Path:
    left = temporary / "gallery-metrics-left"
    left.mkdir()
    (left / "counter_1.db").write_bytes(b"counts")
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    return left


def test_folder_is_nobody_elses_and_locked(folder: Path) -> None:
    """Nobody else on the machine reads it, and nobody tidies it away."""
    descriptor = os.open(folder, os.O_RDONLY)

    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    os.close(descriptor)
    assert folder.stat().st_mode & 0o077 == 0


def test_lock_goes_on_in_the_server(folder: Path) -> None:
    """`gallery serve` becomes the server by exec: what is locked has to stay so."""
    assert [os.get_inheritable(each) for each in opened(folder)] == [True]


def test_folder_of_a_server_that_was_killed_goes(temporary: Path, start) -> None:
    """The next server finds that nobody uses it."""
    left = made_long_ago(temporary)

    start()

    assert not left.exists()


def test_folder_of_a_server_that_lives_stays(temporary: Path, start) -> None:
    """Two servers on one machine don't take each other's counts away."""
    left = made_long_ago(temporary)
    descriptor = os.open(left, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)

    start()

    os.close(descriptor)
    assert (left / "counter_1.db").exists()


def test_folder_that_was_just_made_stays(temporary: Path, start) -> None:
    """Its server may not have come to locking it yet."""
    (new := temporary / "gallery-metrics-new").mkdir()

    start()

    assert new.exists()
