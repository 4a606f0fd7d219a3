"""What the local provider promises beyond the contract: crashes, full disks, odd folders."""

import errno
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.config import load_settings
from gallery.errors import ObjectExists, StorageFull, StorageUnavailable
from gallery.storage import LocalStorage, Storages, open_storages

SECRET = "a secret that is long enough for tests"
WATCHER = """
import sys
from pathlib import Path
print("watching", flush=True)
for n in range(100):
    path = Path(sys.argv[1], f"{n}.bin")
    while True:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        break
    if content != b"ten bytes!":
        sys.exit(f"{path.name} was seen with {len(content)} bytes")
"""
WRITER = """
import io, resource, sys
from pathlib import Path
from gallery.errors import StorageFull
from gallery.storage import LocalStorage
storage = LocalStorage(Path(sys.argv[1]))
storage.put("small.bin", io.BytesIO(b"x" * 1000))
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    storage.put("a/large.bin", io.BytesIO(b"x" * 6000))
except StorageFull as error:
    print(f"full: {error}")
"""
PUTTER = """
import io, sys
from pathlib import Path
from gallery.storage import LocalStorage
LocalStorage(Path(sys.argv[1])).put("a/b.bin", io.BytesIO(b"ten bytes!"))
"""
SPOOLER = """
import sys
from pathlib import Path
from gallery.storage import LocalStorage
storage = LocalStorage(Path(sys.argv[1]))
with storage.spool() as file:
    file.write(b"ten bytes!")
    storage.put("a/b.bin", file)
"""


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_object_is_seen_whole_or_not_at_all(local: LocalStorage, folder: Path) -> None:
    """Whoever looks while an object is put finds nothing or all of it, never a part."""
    folder.mkdir()
    command = [sys.executable, "-c", WATCHER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
        assert watcher.stdout
        watcher.stdout.readline()

        for n in range(100):
            local.put(f"{n}.bin", io.BytesIO(b"ten bytes!"))
        _, complaint = watcher.communicate(timeout=30)

    assert (watcher.returncode, complaint.decode()) == (0, "")


def test_put_leaves_no_temporary_file(local: LocalStorage, folder: Path) -> None:
    """After a put there is the object and nothing else."""
    local.put("a/b.bin", io.BytesIO(b"one"))

    assert files(folder) == ["a/b.bin"]


def test_refused_put_leaves_no_temporary_file(local: LocalStorage, folder: Path) -> None:
    """A key that was taken costs no room."""
    local.put("a.bin", io.BytesIO(b"one"))

    with pytest.raises(ObjectExists):
        local.put("a.bin", io.BytesIO(b"two"))

    assert files(folder) == ["a.bin"]


@pytest.mark.parametrize("failure", [ValueError("no"), OSError(errno.EIO, "no"), SystemExit()])
def test_stream_that_breaks_leaves_no_file(
    local: LocalStorage, folder: Path, failure: BaseException
) -> None:
    """However reading fails, half an object is not left behind."""

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            if self.tell():
                raise failure
            return super().read(4)

    with pytest.raises((ValueError, StorageUnavailable, SystemExit)):
        local.put("a.bin", Broken(b"ten bytes!"))

    assert files(folder) == []


def test_full_disk_is_told_and_leaves_nothing(folder: Path) -> None:
    """An object that there is no room for is not kept in part, and the others stay."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "full: There is no room left for this image\n"
    assert files(folder) == ["small.bin"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_of_being_full_is_told_as_full(local: LocalStorage, number: int) -> None:
    """No space, no quota and a file too big are all answered as a full storage."""

    class Full(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(number, os.strerror(number))

    with pytest.raises(StorageFull):
        local.put("a.bin", Full())


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("putter", [PUTTER, SPOOLER], ids=["put", "spooled"])
def test_object_is_synced_before_it_is_named_and_its_folder_after(
    folder: Path, putter: str
) -> None:
    """Content, then name, then the folder that holds the name: so the power may go at any time."""
    folder.mkdir()
    trace = folder.parent / "trace"
    calls = "trace=write,fsync,fdatasync,link,linkat,rename,renameat,renameat2"
    command = ["strace", "-f", "-y", "-e", calls, "-o", trace, sys.executable, "-c", putter, folder]
    traced = subprocess.run(command, capture_output=True, text=True, check=False)
    if traced.returncode:
        pytest.skip(f"strace can't trace here: {traced.stderr[:200]}")

    steps = [_step(line, folder) for line in trace.read_text().splitlines()]

    assert [step for step in steps if step] == [
        "write temporary",
        "sync temporary",
        "sync .",  # The folder of the new folder.
        "name a/b.bin",
        "sync a",
    ]


def _step(line: str, folder: Path) -> str | None:
    """Return what a traced call does below *folder*."""
    found = re.search(r"(write|f(?:data)?sync|link(?:at)?|rename\w*)\(", line)
    if found is None or str(folder) not in line:
        return None
    paths = re.findall(rf"{re.escape(str(folder))}(?:/([^\">]*))?[\">]", line)
    name = paths[-1] or "."
    verb = {"write": "write", "fsync": "sync", "fdatasync": "sync"}.get(found[1], "name")
    return f"{verb} {'temporary' if name.startswith('.tmp/') else name}"


def test_without_hard_links_an_object_is_renamed_into_place(
    local: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without links keeps objects, refuses taken keys and copies all the same."""

    def link(*_paths: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    local.put("a.bin", io.BytesIO(b"one"))
    local.copy("a.bin", "b/c.bin")
    with pytest.raises(ObjectExists):
        local.put("a.bin", io.BytesIO(b"two"))

    assert files(folder) == ["a.bin", "b/c.bin"]
    assert (folder / "a.bin").read_bytes() == (folder / "b/c.bin").read_bytes() == b"one"


def test_rename_that_fails_frees_the_claimed_name(
    local: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was claimed in vain is not left as an empty object."""

    def fail(*_paths: object) -> None:
        raise OSError(errno.EPERM, "not today")

    monkeypatch.setattr(os, "link", fail)
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StorageUnavailable, match="not today"):
        local.put("a.bin", io.BytesIO(b"one"))

    assert files(folder) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda local: local.put("b.bin", io.BytesIO(b"two")),
        lambda local: local.copy("a.bin", "b.bin"),
    ],
    ids=["put", "copy"],
)
def test_other_trouble_with_naming_is_told(
    local: LocalStorage,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[LocalStorage], object],
) -> None:
    """A disk that fails while a name is given is an unavailable storage, and leaves no file."""
    local.put("a.bin", io.BytesIO(b"one"))

    def link(*_paths: object) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(StorageUnavailable, match="the disk is broken"):
        call(local)

    assert files(folder) == ["a.bin"]


def test_copy_shares_the_bytes_on_disk(local: LocalStorage, folder: Path) -> None:
    """A copy costs no room: it is a hard link."""
    local.put("a.bin", io.BytesIO(b"one"))

    local.copy("a.bin", "b/c.bin")

    assert (folder / "b/c.bin").stat().st_ino == (folder / "a.bin").stat().st_ino


@pytest.mark.parametrize("key", ["a.bin/b.bin", "a.bin/b/c.bin", "deep"])
def test_key_that_a_file_or_folder_blocks_is_taken(
    local: LocalStorage, folder: Path, key: str
) -> None:
    """An object can't lie below another, nor where a folder of objects is."""
    local.put("a.bin", io.BytesIO(b"one"))
    local.put("deep/down.bin", io.BytesIO(b"two"))

    with pytest.raises(ObjectExists):
        local.put(key, io.BytesIO(b"three"))

    assert files(folder) == ["a.bin", "deep/down.bin"]


def test_nothing_lies_below_an_object(local: LocalStorage) -> None:
    """Deleting it there is no error, and leaves the object alone."""
    local.put("b.txt", io.BytesIO(b"one"))

    local.delete("b.txt/below.txt")

    assert list(local.iter_keys()) == ["b.txt"]


def test_storage_that_is_no_folder_is_unavailable(folder: Path) -> None:
    """A root that is a file is told as an unavailable storage, not as a missing image."""
    folder.write_text("not a folder")

    with pytest.raises(StorageUnavailable, match="can't be used"):
        LocalStorage(folder).put("a.bin", io.BytesIO(b"one"))


def test_storage_where_no_folder_can_be_made_is_unavailable() -> None:
    """So is a root that can't be made."""
    with pytest.raises(StorageUnavailable, match="can't be used"):
        LocalStorage(Path("/proc/gallery")).put("a.bin", io.BytesIO(b"one"))


def test_whole_object_is_a_real_file(local: LocalStorage) -> None:
    """A server may send it with sendfile."""
    local.put("a.bin", io.BytesIO(b"one"))

    with local.open("a.bin") as stream:
        assert stream.fileno() > 2


def test_files_that_are_no_objects_are_not_listed(local: LocalStorage, folder: Path) -> None:
    """Temporary files, what a file manager leaves about, and names that no key has."""
    local.put("a.bin", io.BytesIO(b"one"))
    (folder / "lost+found").mkdir()
    for name in (".tmp/x.part", ".DS_Store", ".trash/a.bin", "my photo.png", "lost+found/1"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")

    assert list(local.iter_keys()) == ["a.bin"]


def test_keys_that_can_not_all_be_told_are_told_not_at_all(
    local: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who compares would take the rest for missing; so a folder that can't be read ends it."""
    local.put("a/b.bin", io.BytesIO(b"one"))
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("/a"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StorageUnavailable, match="Permission denied"):
        list(local.iter_keys())


def test_storages_are_named_by_the_rows(local: LocalStorage) -> None:
    """A row's provider leads to its storage; one that is not configured is told by name."""
    storages = Storages({"local": local}, default="local")

    assert storages.default is storages.named("local") is local
    assert list(storages) == [local]
    with pytest.raises(StorageUnavailable, match="s3 is not configured"):
        storages.named("s3")


def test_settings_say_where_objects_lie(tmp_path: Path) -> None:
    """The folder of the local provider comes from IMAGE_STORAGE_BASE_DIR."""
    environ = {"SECRET_KEY": SECRET, "IMAGE_STORAGE_BASE_DIR": str(tmp_path / "elsewhere")}

    storages = open_storages(load_settings(tmp_path, environ=environ))
    storages.default.put("a.bin", io.BytesIO(b"one"))

    assert storages.default.name == "local"
    assert (tmp_path / "elsewhere" / "a.bin").read_bytes() == b"one"
