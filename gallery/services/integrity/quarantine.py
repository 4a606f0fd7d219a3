"""Where objects that no image uses wait before they are deleted for good.

They lie in the same storage, below the day on which they were put away:
whoever restores an older database finds that some are needed after all.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select

from gallery.errors import ObjectExists
from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.services.belonging import require_all_belong
from gallery.services.integrity.batches import batches
from gallery.services.originals import digest_of
from gallery.storage import Storage, Storages

_START = "quarantine/"


def is_quarantined(key: str) -> bool:
    """Tell whether the object *key* was put away."""
    return key.startswith(_START)


def put_away(key: str, *, storage: Storage, now: datetime) -> str:
    """Move the object *key* to the quarantine, and return where it lies there.

    It lies in one of the two places, whole, at any moment. An object that
    is gone meanwhile is none to put away.

    Raises:
        StorageError: it lies where it lay.
    """
    target = place_of(key, now.date())
    try:
        storage.copy(key, target)
    except ObjectExists:
        # Whoever was at it died between copy and delete, or it was put here again.
        if digest_of(target, storage=storage) != digest_of(key, storage=storage):
            raise
    storage.delete(key)
    return target


def days_kept(storage: Storage) -> list[date]:
    """Return the days from which *storage* has something in quarantine, newest first."""
    return sorted({day for key in storage.iter_keys(_START) if (day := _day_of(key))}, reverse=True)


def place_of(key: str, day: date) -> str:
    """Return where *key* lies if it was put away on *day*."""
    return f"{_START}{day.isoformat()}/{key}"


def empty_quarantine(*, storages: Storages, now: datetime, kept_for: timedelta) -> list[str]:
    """Delete for good what was put away longer than *kept_for* ago, and return the keys.

    What an image needs stays, however old. Safe to run again, and twice at once.

    Raises:
        StorageNotOurs: a storage isn't the one of this database; nothing was deleted.
        StorageUnavailable: a storage can't be read, or would not delete.
    """
    used = require_all_belong(storages)
    last = (now - kept_for).date()
    deleted: list[str] = []
    for storage in used:
        due = (key for key in storage.iter_keys(_START) if (_day_of(key) or last) < last)
        for keys in batches(due):
            for key in _unneeded(keys, storage):
                storage.delete(key)
                deleted.append(key)
    return deleted


def _unneeded(keys: list[str], storage: Storage) -> Iterator[str]:
    query = select(Image.storage_key).where(
        Image.storage_provider == storage.name,
        Image.storage_key.in_({_original_of(key) for key in keys}),
    )
    needed = set(current_session().scalars(query))
    end_reading()
    return (key for key in keys if _original_of(key) not in needed)


def _day_of(key: str) -> date | None:
    """Return the day on which *key* was put away; None for what nobody has put there so."""
    try:
        return date.fromisoformat(key.split("/")[1])
    except ValueError:
        return None


def _original_of(key: str) -> str:
    return key.split("/", 2)[-1]
