"""Copy one object to another provider, and know that it is there."""

from typing import Any

from sqlalchemy import Row

from gallery.errors import ObjectExists, ObjectNotFound, StorageError
from gallery.services import thumbnails
from gallery.services.originals import digest_of
from gallery.storage import Storage


class NotCopied(StorageError):
    """An object can't be moved, and trying again would not change that."""


def copy_object(row: Row[Any], *, source: Storage, target: Storage) -> None:
    """Bring the object of *row* to *target*, with its thumbnails.

    Its SHA-256 is taken of the very bytes that ``put`` keeps, which holds what
    the provider says it has against what it was sent. Reading all of it
    back would take half as long again; the storage check does, when asked.

    A thumbnail costs ten times more to make than to copy, so those that are
    there go along. One that can't be copied is made anew when it is looked at.

    Raises:
        NotCopied: it is missing, damaged, or *target* holds something else under its key.
        StorageError: one of the two could not be reached, or has no room.
    """
    key: str = row.storage_key
    try:
        with source.open(key) as stream:
            kept = target.put(key, stream).sha256
    except ObjectNotFound:
        raise NotCopied(f"missing at {source.name}") from None
    except ObjectExists:
        # Whoever was killed has copied it already, or it is none of ours.
        kept = digest_of(key, storage=target)
        if kept != row.sha256 and kept != digest_of(key, storage=source):
            raise NotCopied(f"{target.name} holds something else under this key") from None
    except OSError as error:
        raise NotCopied(f"can't be read at {source.name} ({error.strerror})") from error
    if kept != row.sha256:
        target.delete(key)
        raise NotCopied(f"damaged at {source.name}")
    thumbnails.copy_thumbnails(key, source=source, target=target)
