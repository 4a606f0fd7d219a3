"""Files for bytes that arrive: hashed on their way, taken over as they are, gone when closed."""

import hashlib
import io
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallery.errors import ObjectExists, StorageFull
from gallery.storage import LocalStorage, SpooledFile, Storage
from gallery.storage.local import TEMPORARY

PARTS = [b"one, ", b"", b"two, ", b"three" * 50_000]
WHOLE = b"".join(PARTS)


def written(file: SpooledFile) -> SpooledFile:
    for part in PARTS:
        file.write(part)
    file.seek(0)
    return file


def test_every_storage_keeps_what_was_spooled(storage: Storage) -> None:
    """With its size and hash, also after the spooled file is gone."""
    with written(storage.spool()) as file:
        stored = storage.put("a/b.bin", file)

    with storage.open("a/b.bin") as kept:
        assert kept.read() == WHOLE
    assert (stored.size_bytes, stored.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).hexdigest())


def test_taken_key_is_refused(storage: Storage) -> None:
    """And the spooled file can go to another."""
    storage.put("a.bin", io.BytesIO(b"first"))

    with written(storage.spool()) as file:
        with pytest.raises(ObjectExists):
            storage.put("a.bin", file)
        storage.put("b.bin", file)

    with storage.open("b.bin") as kept:
        assert kept.read() == WHOLE


def test_it_is_no_object(storage: Storage) -> None:
    """As long as it isn't put, and afterwards if it never was."""
    with written(storage.spool()):
        assert list(storage.iter_keys()) == []

    assert list(storage.iter_keys()) == []


def test_local_storage_takes_the_very_file(local: LocalStorage, folder: Path) -> None:
    """Not a copy of it; it lies on the same disk already."""
    with written(local.spool()) as file:
        number = file.path.stat().st_ino
        local.put("a.bin", file)

    assert file.path.parent == folder / TEMPORARY
    assert (folder / "a.bin").stat().st_ino == number
    assert not file.path.exists()


def test_it_can_be_read_beside_being_written(local: LocalStorage) -> None:
    """By who looks at it, from its beginning, and as often as needed."""
    with written(local.spool()) as file, file.reopen() as one, file.reopen() as other:
        assert one.read() == other.read() == file.read() == WHOLE
        assert (file.size_bytes, file.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).hexdigest())


@pytest.fixture
def files_end_at_a_kilobyte() -> Iterator[None]:
    """The operating system lets no file of this process grow beyond."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("files_end_at_a_kilobyte")
def test_full_disk_is_told(local: LocalStorage, folder: Path) -> None:
    """As any storage tells it; nothing is left of the file."""
    with local.spool() as file, pytest.raises(StorageFull):
        file.write(WHOLE)

    assert list((folder / TEMPORARY).iterdir()) == []
