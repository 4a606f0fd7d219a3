"""Whether stored bytes are what was kept, found out before they are sent.

The first time that a process sends an object it reads all of it; after
that, a look at the file tells whether it may have changed. A storage that
serves by itself checks its own disks, and reading its objects first would
cost as much as sending them: there the size alone is compared, once a
process, and the rest is for the storage check.
"""

import logging
from threading import Lock
from typing import Any, NamedTuple

from gallery.errors import ObjectNotFound, PictureDamaged, PictureLost
from gallery.services.originals import digest_of
from gallery.storage import Storage

log = logging.getLogger(__name__)


class Seen(NamedTuple):
    """What an object was found to be: with which SHA-256 to go by, at which version."""

    sha256: str
    version: str
    is_whole: bool


class SeenObjects:
    """What objects were found to be, the latest of them; for many threads.

    Of each, what its SHA-256 should be, what tells that it may have changed
    since, and whether it was whole: nobody makes us read a damaged one twice.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._seen: dict[tuple[str, str], Seen] = {}
        self._lock = Lock()

    def get(self, provider: str, key: str) -> Seen | None:
        """Return what an object was found to be, or None."""
        return self._seen.get((provider, key))

    def put(self, provider: str, key: str, seen: Seen) -> None:
        """Remember an object, and forget the one that was seen first where these are too many."""
        with self._lock:
            self._seen[provider, key] = seen
            if len(self._seen) > self._most:
                del self._seen[next(iter(self._seen))]


def require_unmarked(image: Any) -> None:
    """Refuse an image that the storage check found at fault.

    Raises:
        PictureLost, PictureDamaged: by what was found.
    """
    if image.fault == "missing":
        raise PictureLost
    if image.fault is not None:
        raise PictureDamaged


def require_whole(image: Any, *, storage: Storage, seen: SeenObjects) -> None:
    """Refuse an object that is not, byte for byte, what was kept.

    Raises:
        ObjectNotFound: it is missing.
        PictureDamaged: it has other bytes, or can't be read.
    """
    known = seen.get(storage.name, image.storage_key)
    serves_itself = storage.origin is not None
    if known is None or not serves_itself or known.sha256 != image.sha256:
        version = "" if serves_itself else storage.stat(image.storage_key).version
        if known is None or (known.sha256, known.version) != (image.sha256, version):
            known = Seen(image.sha256, version, _is_whole(image, storage))
            # Where the version isn't asked for, nobody would notice that it is whole again.
            if known.is_whole or not serves_itself:
                seen.put(storage.name, image.storage_key, known)
    if not known.is_whole:
        raise PictureDamaged


def _is_whole(image: Any, storage: Storage) -> bool:
    key: str = image.storage_key
    try:
        is_whole: bool = storage.stat(key).size_bytes == image.size_bytes
        if is_whole and storage.origin is None:
            is_whole = digest_of(key, storage=storage) == image.sha256
    except ObjectNotFound:
        raise
    except OSError as error:
        # A bad sector, for one; or a cable, so it is tried again next time.
        log.error("the object %s can't be read: %s", key, error)
        raise PictureDamaged from error
    if not is_whole:
        log.error("the object %s of %s is not what was kept", key, storage.name)
    return is_whole
