"""A watched storage does what the storage does, and nothing is lost on the way."""

import io
import os
from pathlib import Path

import pytest

from gallery.errors import ObjectExists, ObjectNotFound
from gallery.metrics import REGISTRY
from gallery.storage import LocalStorage, Storage
from gallery.storage.measured import OPERATIONS, measured


@pytest.fixture
def plain(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture
def watched(plain: LocalStorage) -> Storage:
    return measured(plain)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"provider": "local", **labels}) or 0.0


def test_spooled_file_is_taken_over_and_not_copied(watched: Storage, plain: LocalStorage) -> None:
    """What arrived is the very file that is kept."""
    with watched.spool() as spooled:
        spooled.write(b"picture")
        inode = os.stat(spooled.path).st_ino
        watched.put("a.png", spooled)

    assert os.stat(plain.root / "a.png").st_ino == inode


def test_opened_object_is_a_real_file(watched: Storage) -> None:
    """Servers may send it by themselves."""
    watched.put("a.png", io.BytesIO(b"picture"))

    with watched.open("a.png") as file:
        assert os.fstat(file.fileno()).st_size == len(b"picture")


def test_storage_has_all_that_it_had(watched: Storage, plain: LocalStorage) -> None:
    """What only one provider has, such as a folder, is there as well."""
    assert watched.name == "local"
    assert watched.root == plain.root  # type: ignore[attr-defined]
    assert list(watched.iter_keys()) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_that_is_watched_is_there(operation: str) -> None:
    """A misspelt one would stop the start of a gallery."""
    assert callable(getattr(Storage, operation))


def test_each_operation_is_timed_once(watched: Storage) -> None:
    """Two puts are two, whatever they do within."""
    before = count("gallery_storage_seconds_count", operation="put")

    watched.put("a.png", io.BytesIO(b"one"))
    watched.put("b.png", io.BytesIO(b"two"))

    assert count("gallery_storage_seconds_count", operation="put") == before + 2


def test_refusals_are_counted_and_raised(watched: Storage) -> None:
    """Who asked hears the error as if nobody watched."""
    by = {"operation": "put", "error": "object-exists"}
    before = count("gallery_storage_errors_total", **by)
    watched.put("a.png", io.BytesIO(b"one"))

    with pytest.raises(ObjectExists):
        watched.put("a.png", io.BytesIO(b"two"))
    with pytest.raises(ObjectNotFound):
        watched.open("missing.png")

    assert count("gallery_storage_errors_total", **by) == before + 1
