"""Whether a storage may be written to by a restore, and whose it is afterwards."""

from collections.abc import Collection

from sqlalchemy import select, update

from gallery.errors import StorageNotOurs
from gallery.extensions import current_session, end_reading, writing
from gallery.models import Image, StorageMark
from gallery.services.backup.snapshot import has_table
from gallery.services.belonging import adopt, belongs
from gallery.storage import Storage, Storages


def is_marked() -> bool:
    """Tell whether the gallery as it is knows of marks at all: an earlier one doesn't."""
    known = has_table(current_session().connection(), StorageMark.__tablename__)
    end_reading()
    return known


def refuse_stranger(
    storage: Storage, *, mark: str | None, is_used: bool, storages: Storages
) -> None:
    """See to it that a storage is the gallery's, or the one of the backup, whose *mark* is told.

    One without a mark is new, unless the gallery is in use: then it isn't mounted.

    Raises:
        StorageNotOurs: it is neither.
    """
    there = storage.read_mark()
    if (there is None and not is_used) or (there is not None and there == mark):
        return
    if not is_marked():
        if there is None:
            return
    elif belongs(storage, storages=storages):
        return
    raise StorageNotOurs(
        f"{storage.name} is not the storage of this gallery, nor of the backup. Is it mounted, and"
        f" the right one? If it is: gallery storage mark --adopt {storage.name}"
    )


def settle_restored(storages: Storages, *, lacking: Collection[str]) -> None:
    """Finish a restore, when its rows are at the newest migration; safe to do again.

    The storages are this database's now, and images whose object was brought
    back are no longer marked as lost or damaged; those that are *lacking* stay so.

    Raises:
        StorageUnavailable: a storage can't be marked.
    """
    for storage in storages:
        adopt(storage, storages=storages)
    query = select(Image.id, Image.storage_key).where(Image.fault.is_not(None))
    rows = current_session().execute(query).all()
    end_reading()
    with writing() as session:
        for row in rows:
            if row.storage_key not in lacking:
                whole = update(Image).where(Image.id == row.id)
                session.execute(whole.values(fault=None, fault_found_at=None))
