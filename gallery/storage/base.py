"""What a storage provider promises: the one plug-in point for bytes.

A provider keeps objects under keys. A key never changes what it holds:
``put`` refuses a key that is taken, so that caches, backups and a crash
between object and row can't mix two pictures up. A provider knows nothing
of the web or the database, and raises only errors of ``gallery.errors``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, Protocol

from gallery.errors import InvalidKey

CHUNK_BYTES = 1024 * 1024
LONGEST_KEY = 512
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that is safely kept: its size in bytes and SHA-256 in hex."""

    key: str
    size_bytes: int
    sha256: str


class Storage(Protocol):
    """A place for objects. Implementations are safe to use from many threads."""

    name: str

    def put(self, key: str, stream: BinaryIO) -> StoredObject:
        """Keep everything *stream* yields under *key*; durable when this returns.

        Raises:
            ObjectExists: the key is taken.
            StorageFull, StorageUnavailable: nothing was kept.
        """
        ...

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        """Open the object's bytes from *start* up to, not including, *end*.

        Raises:
            ObjectNotFound: no object has this key.
        """
        ...

    def exists(self, key: str) -> bool:
        """Tell whether an object has this key."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object. One that is gone already is no error."""
        ...

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        """Yield every key that starts with *prefix*, in no order."""
        ...

    def copy(self, source: str, target: str) -> StoredObject:
        """Keep the object at *source* under *target* as well, without moving its bytes.

        Raises:
            ObjectNotFound: nothing at *source*.
            ObjectExists: *target* is taken.
        """
        ...

    def presigned_url(self, key: str, *, expires_in: timedelta) -> str | None:
        """Return an address that serves the object for a while, or None."""
        ...


def check_key(key: str) -> str:
    """Return *key* if it can't lead anywhere but below the storage root.

    The one gate for keys: ASCII letters, digits, ``.``, ``_`` and ``-`` in
    segments that don't start with a dot, parted by single slashes.

    Raises:
        InvalidKey: anything else.
    """
    if len(key) > LONGEST_KEY or not all(_SEGMENT.fullmatch(part) for part in key.split("/")):
        raise InvalidKey(f"{key[:80]!r} can't be a storage key")
    return key
