"""The sweep of what dead writers left in a folder of objects."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gallery.errors import StorageUnavailable
from gallery.storage import LocalStorage
from gallery.storage.temporary import hold

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HOUR_AGO = NOW - timedelta(hours=1)
# Puts an object whose bytes never end: a picture that is still being sent.
WRITER = """
import sys
from pathlib import Path
from gallery.storage import LocalStorage

class Endless:
    def read(self, size):
        if not sys.stdin.readline():
            raise SystemExit
        return b"x"

LocalStorage(Path(sys.argv[1])).put("a.bin", Endless())
"""


@pytest.fixture
def leave(folder: Path) -> Callable[..., Path]:
    """Leave a temporary file that was written to at a certain time."""

    def leave(name: str, written_at: datetime = HOUR_AGO - timedelta(seconds=1)) -> Path:
        path = folder / ".tmp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half a pict")
        age(path, written_at)
        return path

    return leave


def age(path: Path, written_at: datetime) -> None:
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))


def test_left_over_files_go(local: LocalStorage, leave: Callable[..., Path]) -> None:
    """Whatever they were to become, a picture or a part of an upload."""
    left = [leave("0f3c.part"), leave("upload-9f2e.part")]

    removed = local.sweep_temporary(untouched_since=HOUR_AGO)

    assert removed == 2
    assert [path.exists() for path in left] == [False, False]


def test_young_files_stay(local: LocalStorage, leave: Callable[..., Path]) -> None:
    """Up to the very second."""
    young = leave("a.part", HOUR_AGO)

    assert local.sweep_temporary(untouched_since=HOUR_AGO) == 0
    assert young.exists()


def test_nothing_else_is_touched(
    local: LocalStorage, folder: Path, leave: Callable[..., Path]
) -> None:
    """Neither objects, nor files of other names, nor folders and what lies in them."""
    local.put("a.part", io.BytesIO(b"an object"))
    others = [leave("notes.txt"), leave("sub.part/b.part"), folder / "a.part"]
    for path in (*others, folder / ".tmp/sub.part"):
        age(path, HOUR_AGO - timedelta(days=9))

    assert local.sweep_temporary(untouched_since=HOUR_AGO) == 0
    assert [path.exists() for path in others] == [True] * 3


def test_links_are_not_followed(
    local: LocalStorage, tmp_path: Path, leave: Callable[..., Path]
) -> None:
    """A symbolic link stays, and so does what it points to."""
    precious = leave("precious.txt")
    link = precious.with_name("a.part")
    link.symlink_to(precious)

    assert local.sweep_temporary(untouched_since=NOW + timedelta(days=9)) == 0
    assert (link.is_symlink(), precious.exists()) == (True, True)


def test_folder_that_is_a_link_is_left_alone(
    local: LocalStorage, folder: Path, tmp_path: Path
) -> None:
    """Nobody leads the sweep out of the storage."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.part").write_bytes(b"somebody else's")
    folder.mkdir()
    (folder / ".tmp").symlink_to(elsewhere)

    assert local.sweep_temporary(untouched_since=NOW + timedelta(days=9999)) == 0
    assert (elsewhere / "a.part").exists()


def test_pipe_does_not_keep_the_sweep_waiting(
    local: LocalStorage, leave: Callable[..., Path]
) -> None:
    """What is no file is passed by."""
    pipe = leave("b.part").with_name("a.part")
    os.mkfifo(pipe)

    assert local.sweep_temporary(untouched_since=datetime.now(UTC) + timedelta(days=1)) == 1
    assert pipe.exists()


def test_file_that_is_held_stays_however_old_it_is(
    local: LocalStorage, leave: Callable[..., Path]
) -> None:
    """A writer that is only slow keeps its file; once it has let go, the file goes."""
    path = leave("upload-9f2e.part")
    with path.open("rb") as held:
        hold(held.fileno())
        while_held = local.sweep_temporary(untouched_since=HOUR_AGO)

    assert (while_held, path.exists()) == (0, True)
    assert local.sweep_temporary(untouched_since=HOUR_AGO) == 1


def test_killed_writer_leaves_a_file_and_a_living_one_keeps_its(
    local: LocalStorage, folder: Path
) -> None:
    """A put holds its temporary file from the first byte, and death lets go of it."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdin=subprocess.PIPE) as w:
        assert w.stdin
        w.stdin.write(b"\n")
        w.stdin.flush()
        file = wait_for(lambda: next((p for p in folder.glob(".tmp/*") if p.stat().st_size), None))
        age(file, HOUR_AGO - timedelta(days=1))
        living = local.sweep_temporary(untouched_since=HOUR_AGO)
        w.send_signal(signal.SIGKILL)

    assert living == 0
    assert file.exists()
    assert local.sweep_temporary(untouched_since=HOUR_AGO) == 1
    assert list(folder.glob(".tmp/*")) == []


def wait_for(find: Callable[[], Path | None]) -> Path:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if (found := find()) is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


def test_many_sweeps_at_once_remove_each_file_once(
    local: LocalStorage, leave: Callable[..., Path]
) -> None:
    """What one worker has removed, the others don't find; none of them fails."""
    for n in range(200):
        leave(f"{n}.part")
    removed: list[int] = []
    start = threading.Barrier(8)

    def sweep() -> None:
        start.wait()
        removed.append(local.sweep_temporary(untouched_since=HOUR_AGO))

    threads = [threading.Thread(target=sweep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(removed), sum(removed)) == (8, 200)


def test_folder_that_can_not_be_read_is_told(
    local: LocalStorage, leave: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with the disk is an unavailable storage, like everywhere."""
    leave("a.part")

    def listdir(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(StorageUnavailable, match="Input/output error"):
        local.sweep_temporary(untouched_since=HOUR_AGO)
