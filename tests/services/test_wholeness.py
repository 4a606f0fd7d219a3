"""Whether an object is whole: read once, and again when it may have changed."""

import errno
import io
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from gallery.errors import ObjectNotFound, PictureDamaged
from gallery.services.wholeness import SeenObjects, require_whole
from gallery.storage import LocalStorage


class Counted(LocalStorage):
    """A folder that counts how often an object is opened, and may have a bad sector."""

    opened = 0
    is_bad = False

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        self.opened += 1
        return BadSector() if self.is_bad else super().open(key, start, end)


class BadSector(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


@pytest.fixture
def storage(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


@pytest.fixture
def image(storage: Counted) -> SimpleNamespace:
    """What a row knows of its object."""
    stored = storage.put("a.png", io.BytesIO(b"ten bytes!"))
    return SimpleNamespace(
        storage_key=stored.key, sha256=stored.sha256, size_bytes=stored.size_bytes
    )


def test_object_is_read_once(storage: Counted, image: SimpleNamespace) -> None:
    """After that, a look at the file is enough."""
    seen = SeenObjects()

    for _ in range(3):
        require_whole(image, storage=storage, seen=seen)

    assert storage.opened == 1


def test_object_that_was_touched_is_read_again(
    storage: Counted, image: SimpleNamespace, tmp_path: Path
) -> None:
    """Whatever it was that changed, its bytes may have."""
    seen = SeenObjects()
    require_whole(image, storage=storage, seen=seen)
    (tmp_path / "a.png").write_bytes(b"ten others")

    with pytest.raises(PictureDamaged):
        require_whole(image, storage=storage, seen=seen)


def test_damaged_object_is_not_read_for_each_who_asks(
    storage: Counted, image: SimpleNamespace, tmp_path: Path
) -> None:
    """Nobody makes the disk work by asking for what is not to be had."""
    seen = SeenObjects()
    (tmp_path / "a.png").write_bytes(b"ten others")

    for _ in range(3):
        with pytest.raises(PictureDamaged):
            require_whole(image, storage=storage, seen=seen)

    assert storage.opened == 1


def test_object_that_can_not_be_read_is_damaged_until_it_can(
    storage: Counted, image: SimpleNamespace
) -> None:
    """A disk that lost its cable for a moment is not held against it."""
    seen = SeenObjects()
    storage.is_bad = True
    with pytest.raises(PictureDamaged):
        require_whole(image, storage=storage, seen=seen)
    storage.is_bad = False

    require_whole(image, storage=storage, seen=seen)

    assert storage.opened == 2


def test_object_that_is_gone_is_not_called_damaged(
    storage: Counted, image: SimpleNamespace
) -> None:
    """It may just have moved on."""
    storage.delete("a.png")

    with pytest.raises(ObjectNotFound):
        require_whole(image, storage=storage, seen=SeenObjects())
