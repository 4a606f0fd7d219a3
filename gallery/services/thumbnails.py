"""Thumbnails: made once from the original, kept under a prefix of their own.

The key of a thumbnail holds the key of its original, and a key never
changes what it holds, so a thumbnail can't be out of date.
"""

import io
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import BinaryIO

from PIL import Image

from gallery.errors import NotFound, ObjectExists, ObjectNotFound, StorageError
from gallery.imaging.thumbnails import (
    RIFF_BYTES,
    WIDTHS,
    has_whole_length,
    make_thumbnail,
    make_thumbnail_from,
)
from gallery.imaging.verify import DECODING
from gallery.storage import Storage

PREFIX = "variants"
log = logging.getLogger(__name__)


def thumbnail_key(key: str, width: int) -> str:
    """Return where the thumbnail of the object *key* lies."""
    return f"{PREFIX}/{width}/{key}.webp"


def original_key(key: str) -> str | None:
    """Return the key of the object that *key* is a thumbnail of, or None if it is none of ours."""
    for width in WIDTHS:
        start = f"{PREFIX}/{width}/"
        if key.startswith(start) and key.endswith(".webp"):
            return key[len(start) : -len(".webp")]
    return None


def open_thumbnail(
    key: str, width: int, *, storage: Storage, confirm: Callable[[], object] = lambda: None
) -> BinaryIO:
    """Open a thumbnail of the object *key*, made on first use, or when it was cut short.

    Before one is made, *confirm* may raise: of a damaged original, one could look whole.

    Raises:
        NotFound: thumbnails don't come in this width.
        ObjectNotFound, DamagedImage: the original is missing or damaged.
    """
    if width not in WIDTHS:
        raise NotFound
    target = thumbnail_key(key, width)
    with suppress(ObjectNotFound):
        return _open_whole(target, storage)
    confirm()
    with DECODING:
        # Of many who wait here for the same thumbnail, the first has made it for the rest.
        with suppress(ObjectNotFound):
            return _open_whole(target, storage)
        with storage.open(key) as original:
            content = make_thumbnail_from(original, width)
        keep_thumbnail(target, content, storage=storage)
        _forget_of_gone(key, storage=storage)
    return io.BytesIO(content)


def _open_whole(target: str, storage: Storage) -> BinaryIO:
    """Open a thumbnail that has as many bytes as it says; delete one that hasn't.

    Raises:
        ObjectNotFound: there is none, or there was one that is no good.
    """
    stream = storage.open(target)
    size_bytes = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if has_whole_length(stream.read(RIFF_BYTES), size_bytes):
        stream.seek(0)
        return stream
    stream.close()
    log.warning("the thumbnail %s is damaged, and made anew", target)
    storage.delete(target)
    raise ObjectNotFound(f"{target} is damaged")


def _is_kept(target: str, storage: Storage) -> bool:
    """Tell whether a thumbnail is there; whole, where that can be seen without fetching it."""
    if storage.origin is not None:
        return storage.exists(target)
    try:
        _open_whole(target, storage).close()
    except ObjectNotFound:
        return False
    return True


class KeptThumbnails:
    """The keys of thumbnails that were seen to be there, the latest of them; for many threads.

    A key never comes back with other bytes, so what is remembered too long does no harm.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._keys: dict[str, None] = {}
        self._lock = Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Remember a key, and forget the oldest where these are too many."""
        with self._lock:
            self._keys[key] = None
            if len(self._keys) > self._most:
                del self._keys[next(iter(self._keys))]


def prepare_thumbnail(
    key: str,
    width: int,
    *,
    storage: Storage,
    known: KeptThumbnails | None = None,
    confirm: Callable[[], object] = lambda: None,
) -> BinaryIO | None:
    """Make a thumbnail of the object *key* unless it is there, for others than us to send.

    Those in *known* are not looked for. Returns None where it is kept; and it
    itself where there was no room for it. Raises as ``open_thumbnail`` does.
    """
    target = thumbnail_key(key, width)
    if known is not None and target in known:
        return None
    if width in WIDTHS and _is_kept(target, storage):
        made = None
    else:
        made = open_thumbnail(key, width, storage=storage, confirm=confirm)
        if not storage.exists(target):
            return made
        made.close()
    if known is not None:
        known.add(target)
    return None


def keep_thumbnail(target: str, content: bytes, *, storage: Storage) -> None:
    """Keep a thumbnail if there is room; one that can't be kept is made again next time."""
    try:
        storage.put(target, io.BytesIO(content))
    except (ObjectExists, StorageError):
        return


def make_ahead(key: str, image: Image.Image, *, storage: Storage) -> None:
    """Make all thumbnails of a picture that is decoded already."""
    for width in WIDTHS:
        keep_thumbnail(thumbnail_key(key, width), make_thumbnail(image, width), storage=storage)
    _forget_of_gone(key, storage=storage)


def make_anew(key: str, widths: Iterable[int], *, storage: Storage) -> int:
    """Make thumbnails of the object *key* in place of what may lie there; return how many.

    Raises:
        ObjectNotFound, DamagedImage: the original is missing or damaged.
    """
    made = 0
    for width in widths:
        with DECODING, storage.open(key) as original:
            content = make_thumbnail_from(original, width)
        target = thumbnail_key(key, width)
        storage.delete(target)
        keep_thumbnail(target, content, storage=storage)
        made += 1
    _forget_of_gone(key, storage=storage)
    return made


def copy_thumbnails(key: str, *, source: Storage, target: Storage) -> None:
    """Copy those thumbnails of the object *key* that *source* has and *target* has room for."""
    for width in WIDTHS:
        name = thumbnail_key(key, width)
        with suppress(StorageError, OSError), source.open(name) as stream:
            target.put(name, stream)


def forget(key: str, *, storage: Storage) -> None:
    """Delete the thumbnails of the object *key*."""
    for width in WIDTHS:
        storage.delete(thumbnail_key(key, width))


def _forget_of_gone(key: str, *, storage: Storage) -> None:
    """Delete the thumbnails of an original that went while they were made.

    Whoever deletes an original deletes it first and its thumbnails then: so
    either we see that it is gone, or they find what we have put.
    """
    with suppress(StorageError):
        if not storage.exists(key):
            forget(key, storage=storage)
