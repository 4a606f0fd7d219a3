"""Bring objects into a repository, each proved by its SHA-256 on the way.

They are copied, also where a hard link would do: what shares the bytes of
the original shares their fate.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from gallery.errors import ObjectExists, ObjectNotFound
from gallery.services.backup.manifest import Entry
from gallery.services.backup.repository import Repository, object_key
from gallery.storage import SpooledFile, Storage, Storages
from gallery.storage.base import CHUNK_BYTES

# Reading waits for the disk or the network, and hashing leaves the interpreter's lock.
COPIERS = 4
_MOST_WAITING = 64
T = TypeVar("T")
R = TypeVar("R")


@dataclass(kw_only=True)
class Tally:
    """What was brought into the repository: objects that it did not have, and their bytes."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Copier:
    """Copies objects from *storages*, and counts them in *tally*."""

    storages: Storages
    repository: Repository
    tally: Tally

    def bring(self, entry: Entry) -> str | None:
        """Bring the object of *entry*; return what is wrong with it: ``missing``, ``damaged``.

        Raises:
            StorageFull: the repository has no room.
            StorageUnavailable: the storage can't be reached at all.
        """
        if has_object(self.repository, entry):
            return None
        try:
            with self.storages.named(entry.provider).open(entry.key) as stream:
                objects, key = self.repository.objects, object_key(entry.sha256)
                if not keep_proved(stream, entry, key, objects, is_private=True):
                    return "damaged"
        except ObjectNotFound:
            return "missing"
        except ObjectExists:
            # Copies out of the prompt cache have one hash; another was faster.
            return None
        self.tally.objects += 1
        self.tally.bytes += entry.size_bytes
        return None


def has_object(repository: Repository, entry: Entry) -> bool:
    """Tell whether a repository has the object of *entry*, by its size; ``verify`` reads it."""
    try:
        found = repository.objects.stat(object_key(entry.sha256))
    except ObjectNotFound:
        return False
    return found.size_bytes == entry.size_bytes


def keep_proved(
    stream: BinaryIO, entry: Entry, key: str, storage: Storage, *, is_private: bool = False
) -> bool:
    """Put what *stream* yields under *key*, unless it isn't what *entry* says; tell whether it is.

    Nobody else on this machine reads what *is_private*.

    Raises:
        ObjectExists: the key is taken.
    """
    with storage.spool() as spooled:
        if not _is_copied(stream, spooled):
            return False
        if (spooled.sha256, spooled.size_bytes) != (entry.sha256, entry.size_bytes):
            return False
        if is_private:
            spooled.path.chmod(0o600)
        storage.put(key, spooled)
    return True


def _is_copied(stream: BinaryIO, spooled: SpooledFile) -> bool:
    """Copy a stream to its end; False where it can't be read, as on a bad sector."""
    while True:
        try:
            chunk = stream.read(CHUNK_BYTES)
        except OSError:
            return False
        if not chunk:
            return True
        spooled.write(chunk)


def digest(stream: BinaryIO) -> str:
    """Read *stream* to its end, and return its SHA-256."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def several(work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Do *work* on several items at once, and yield each with its result, in their order."""
    with ThreadPoolExecutor(COPIERS) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) == _MOST_WAITING:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
