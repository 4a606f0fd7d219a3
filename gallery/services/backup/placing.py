"""Bring objects out of a repository to where their rows say.

A key never changes what it holds, and the gallery as it is goes on being
right until its rows are replaced. So where another picture has taken a key
by now, the object gets the next one. What lies there and is nobody's, or is
no longer what it was, is set aside under a key that tells of it.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from uuid import UUID

from sqlalchemy import inspect, select

from gallery.errors import ObjectExists, ObjectNotFound, StorageUnavailable
from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.services import thumbnails
from gallery.services.backup.copying import keep_proved
from gallery.services.backup.manifest import Entry
from gallery.services.backup.repository import Repository, object_key
from gallery.services.ingest import versioned_key
from gallery.services.originals import digest_of
from gallery.storage import Storage, Storages

_VERSION = re.compile(r"v([1-9][0-9]*)")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where the object of an image is by now.

    ``version`` is that of its key where it got another than the backup
    says; ``set_aside`` the key of what was in its way.
    """

    id: UUID
    provider: str
    key: str
    base_key: str = ""
    version: int = 0
    is_new: bool = False
    is_damaged: bool = False
    set_aside: str = ""


class Placer:
    """Brings objects to the storage that each names, or the default where that isn't configured."""

    def __init__(self, *, repository: Repository, storages: Storages, now: datetime) -> None:
        self._repository = repository
        self._storages = storages
        # Where the storage check puts what is nobody's, too, and empties it in the end.
        self._aside = f"quarantine/{now.date().isoformat()}/restore"

    def place(self, entry: Entry) -> Placed | None:
        """Bring one object, unless it is there; None where something else is. For many threads."""
        storage = self._storage(entry)
        found = _digest(entry.key, storage)
        if found == entry.sha256:
            return Placed(id=entry.id, provider=storage.name, key=entry.key)
        return None if found is not None else self._put(entry, entry.key, storage)

    def make_way(self, entry: Entry) -> Placed:
        """Bring an object whose key is taken by something else, or can't be read."""
        storage = self._storage(entry)
        if not self._has(entry):
            return Placed(id=entry.id, provider=storage.name, key=entry.key, is_damaged=True)
        if _sha256_of(storage.name, entry.key) in (None, entry.sha256):
            # What lies there is nobody's, or no longer what the gallery as it is says either.
            aside = self._set_aside(entry.key, storage)
            return replace(self._put(entry, entry.key, storage), set_aside=aside)
        base_key, version = split_key(entry.key)
        keys = ((number, versioned_key(base_key, number)) for number in count(version + 1))
        number, key, found = next(
            (number, key, found)
            for number, key in keys
            if (found := _digest(key, storage)) in (None, entry.sha256)
        )
        here = Placed(id=entry.id, provider=storage.name, key=key)
        placed = here if found else self._put(entry, key, storage)
        return replace(placed, base_key=base_key, version=number)

    def _has(self, entry: Entry) -> bool:
        """Tell whether the backup's own object is whole."""
        return _digest(object_key(entry.sha256), self._repository.objects) == entry.sha256

    def _put(self, entry: Entry, key: str, storage: Storage) -> Placed:
        # A picture that had this key in another life may have left thumbnails.
        thumbnails.forget(key, storage=storage)
        try:
            with self._repository.objects.open(object_key(entry.sha256)) as stream:
                is_whole = keep_proved(stream, entry, key, storage)
        except ObjectNotFound:
            is_whole = False
        return Placed(
            id=entry.id, provider=storage.name, key=key, is_new=is_whole, is_damaged=not is_whole
        )

    def _set_aside(self, key: str, storage: Storage) -> str:
        """Give what lies under *key* another key; what can't be read is let go."""
        sha256 = _digest(key, storage)
        aside = f"{self._aside}/{sha256[:16]}/{key}" if sha256 else ""
        if aside:
            # Taken, it is what an interrupted restore has set aside before.
            with suppress(ObjectExists):
                storage.copy(key, aside)
        storage.delete(key)
        return aside

    def _storage(self, entry: Entry) -> Storage:
        try:
            return self._storages.named(entry.provider)
        except StorageUnavailable:
            return self._storages.default


def split_key(key: str) -> tuple[str, int]:
    """Return a key's base and version: ``main.v3.png`` is version 3 of ``main.png``."""
    above, _, extension = key.rpartition(".")
    stem, _, last = above.rpartition(".")
    found = _VERSION.fullmatch(last)
    if found is None or not stem or "/" in extension:
        return key, 1
    return f"{stem}.{extension}", int(found[1])


def _digest(key: str, storage: Storage) -> str | None:
    """Return the SHA-256 of what lies under *key*, nothing of it where it can't be read."""
    try:
        return digest_of(key, storage=storage)
    except ObjectNotFound:
        return None
    except OSError:
        return ""


def _sha256_of(provider: str, key: str) -> str | None:
    """Return what the gallery as it is says to be under *key*, or None where that is nobody's."""
    connection = current_session().connection()
    if not inspect(connection).has_table(Image.__tablename__):
        return None
    query = select(Image.sha256).where(Image.storage_provider == provider, Image.storage_key == key)
    found: str | None = connection.scalar(query)
    end_reading()
    return found
