"""Thumbnails of stored images: made once, kept, forgotten."""

import io
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from gallery.errors import DamagedImage, NotFound, ObjectNotFound, StorageFull
from gallery.services import thumbnails
from gallery.storage import LocalStorage, StoredObject
from tests.pictures import picture, pixels
from tests.services.conftest import stored

KEY = "a/b.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    """A storage with one picture of 700 × 350."""
    storage = LocalStorage(folder)
    storage.put(KEY, io.BytesIO(picture("PNG", size=(700, 350))))
    return storage


def test_thumbnail_is_made_on_first_use_and_kept(storage: LocalStorage, folder: Path) -> None:
    """The second time it comes from the storage, byte for byte."""
    with thumbnails.open_thumbnail(KEY, 320, storage=storage) as stream:
        first = stream.read()
    (folder / KEY).unlink()
    with thumbnails.open_thumbnail(KEY, 320, storage=storage) as stream:
        second = stream.read()

    assert pixels(first).size == (320, 160)
    assert first == second
    assert stored(folder) == ["variants/320/a/b.png.webp"]


@pytest.mark.parametrize("width", [0, -1, 1, 319, 321, 10**9])
def test_other_widths_are_not_found(storage: LocalStorage, folder: Path, width: int) -> None:
    """Nobody fills the storage with thumbnails of every width."""
    with pytest.raises(NotFound):
        thumbnails.open_thumbnail(KEY, width, storage=storage)

    assert stored(folder) == [KEY]


def test_missing_original_is_told(storage: LocalStorage) -> None:
    """Without the original there is no thumbnail."""
    with pytest.raises(ObjectNotFound, match=r"gone\.png"):
        thumbnails.open_thumbnail("gone.png", 320, storage=storage)


def test_damaged_original_is_told(storage: LocalStorage, folder: Path) -> None:
    """Nor of what can't be decoded any more, and nothing is kept of it."""
    storage.put("rotten.png", io.BytesIO(b"rot"))

    with pytest.raises(DamagedImage):
        thumbnails.open_thumbnail("rotten.png", 320, storage=storage)

    assert stored(folder) == [KEY, "rotten.png"]


def test_thumbnail_is_shown_though_it_can_not_be_kept(storage: LocalStorage, folder: Path) -> None:
    """A full storage costs speed, not pictures."""

    class Full(LocalStorage):
        def put(self, key: str, _stream: BinaryIO) -> StoredObject:
            raise StorageFull(key)

    with thumbnails.open_thumbnail(KEY, 640, storage=Full(folder)) as stream:
        content = stream.read()

    assert pixels(content).size == (640, 320)
    assert stored(folder) == [KEY]


def test_who_comes_second_keeps_what_the_first_kept(storage: LocalStorage) -> None:
    """Two workers that make the same thumbnail at once don't disturb each other."""
    target = thumbnails.thumbnail_key(KEY, 320)
    thumbnails.keep_thumbnail(target, b"first", storage=storage)

    thumbnails.keep_thumbnail(target, b"second", storage=storage)

    with storage.open(target) as stream:
        assert stream.read() == b"first"


def test_all_widths_are_made_ahead_and_forgotten_together(
    storage: LocalStorage, folder: Path
) -> None:
    """Three thumbnails come and go; a narrow one is not enlarged."""
    thumbnails.make_ahead(KEY, Image.new("RGB", (700, 350)), storage=storage)
    made = {
        path: pixels((folder / path).read_bytes()).size
        for path in stored(folder)
        if path.startswith("variants/")
    }

    thumbnails.forget(KEY, storage=storage)
    thumbnails.forget(KEY, storage=storage)

    assert made == {
        "variants/320/a/b.png.webp": (320, 160),
        "variants/640/a/b.png.webp": (640, 320),
        "variants/1280/a/b.png.webp": (700, 350),
    }
    assert stored(folder) == [KEY]
