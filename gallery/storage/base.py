"""What a storage provider promises: the one plug-in point for bytes.

A provider keeps objects under keys. A key never changes what it holds:
``put`` refuses a key that is taken, so that caches, backups and a crash
between object and row can't mix two pictures up. A provider knows nothing
of the web or the database, and raises only errors of ``gallery.errors``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

from gallery.errors import InvalidKey
from gallery.storage.spool import SpooledFile

CHUNK_BYTES = 1024 * 1024
# Keys can't start with a dot, so this is never an object.
MARK = ".gallery-storage"
MOST_MARK_BYTES = 200
LONGEST_KEY = 512
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that is safely kept: its size in bytes and SHA-256 in hex."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """What is known of an object without reading it: its size in bytes, and since when it is there.

    ``put_at`` is when it was put or copied under a key of its own, or later,
    by the clock of whoever keeps the bytes. That clock is not ours.
    ``version`` is another once its bytes may have changed, whoever changed them.
    """

    size_bytes: int
    put_at: datetime
    version: str


class Storage(Protocol):
    """A place for objects. Implementations are safe to use from many threads."""

    name: str

    @property
    def claims_keys(self) -> bool:
        """Tell whether of any two who put one key at once, on any machine, only one succeeds.

        Where not, that holds in one process, and keys for which several may
        race are to be claimed in the database first.

        Raises:
            StorageUnavailable: the provider has to be asked, and can't be.
        """
        ...

    @property
    def origin(self) -> str | None:
        """Return what presigned addresses begin with, ``scheme://host[:port]``, or None.

        Where it isn't None, the provider serves objects by itself.
        """
        ...

    @property
    def is_mounted(self) -> bool:
        """Tell whether there may be another storage, or none, in its place from now to then.

        Then ``read_mark`` costs next to nothing, and is asked before each write.
        """
        ...

    def read_mark(self) -> str | None:
        """Return what the storage was marked with, or None. It is in no list of keys.

        Raises:
            StorageUnavailable: it can't be told.
        """
        ...

    def write_mark(self, mark: str) -> None:
        """Mark the storage, in place of any mark before; durable when this returns."""
        ...

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        """Keep everything *stream* yields under *key*; durable when this returns.

        A file from ``spool`` is kept whole, wherever it stands; it need not be
        copied, nor hashed again.

        Raises:
            ObjectExists: the key is taken.
            StorageFull, StorageUnavailable: nothing was kept.
        """
        ...

    def spool(self) -> SpooledFile:
        """Return an empty file for bytes that arrive; whoever asked for it closes it.

        Raises:
            StorageFull, StorageUnavailable: there can be none.
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

    def stat(self, key: str) -> ObjectInfo:
        """Tell an object's size and age.

        Raises:
            ObjectNotFound: no object has this key.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object. One that is gone already is no error."""
        ...

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        """Yield every key that starts with *prefix*, in no order.

        Raises:
            StorageUnavailable: they can't all be told.
        """
        ...

    def copy(self, source: str, target: str) -> StoredObject:
        """Keep the object at *source* under *target* as well, without moving its bytes.

        Raises:
            ObjectNotFound: nothing at *source*.
            ObjectExists: *target* is taken.
        """
        ...

    def presigned_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        media_type: str | None = None,
        disposition: str | None = None,
    ) -> str | None:
        """Return an address that serves the object for a while, or None.

        It answers with *media_type* and *disposition* as ``Content-Type`` and
        ``Content-Disposition``, and lasts 7 days at the most.
        """
        ...

    def sweep_temporary(self, *, untouched_since: datetime) -> int:
        """Remove what writers that died have left unfinished, and return how many there were.

        Only what was last written before *untouched_since*, by the clock of
        whoever keeps the bytes. Never an object, nor what is still being written;
        so any number of processes may do this at once.
        """
        ...


def check_key(key: str) -> str:
    """Return *key* if it can't lead anywhere but below the storage root.

    The one gate for keys: ASCII letters, digits, ``.``, ``_`` and ``-`` in
    segments that don't start with a dot, parted by single slashes.

    Raises:
        InvalidKey: anything else.
    """
    if not is_key(key):
        raise InvalidKey(f"{key[:80]!r} can't be a storage key")
    return key


def is_key(text: str) -> bool:
    """Tell whether *text* can be the key of an object; each folder of a key can be one too."""
    return len(text) <= LONGEST_KEY and all(_SEGMENT.fullmatch(part) for part in text.split("/"))
