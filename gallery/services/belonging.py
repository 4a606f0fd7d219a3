"""Whether a storage is the one that this database belongs to.

An empty mount point, or another gallery's folder, looks like mass loss: all
pictures are gone, and whatever is there is nobody's. So a storage carries a
mark that the database knows, from before the first picture on. Without it
nothing is kept there, swept, moved or repaired.

A storage gets its mark when no image lies there yet; one of an older
gallery, when the images that are looked for are there. One that nothing is
kept in need not be ours: of several machines with a bucket, each has an
empty folder of its own.
"""

import logging
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, select, update

from gallery.errors import ObjectNotFound, StorageNotOurs
from gallery.extensions import current_session, dialect_of, end_reading, insert_into, writing
from gallery.models import Image, StorageMark
from gallery.storage import Storage, Storages

# So many of the oldest images are looked for, and as many of the newest.
_LOOKED_FOR = 10
log = logging.getLogger(__name__)


def require_belonging(storage: Storage, *, storages: Storages) -> None:
    """Let nobody go on with a storage that isn't this database's; mark one that is new.

    Raises:
        StorageNotOurs: it carries no mark, or another's, and is not new.
        StorageUnavailable: it can't be read.
    """
    storages.marks.pop(storage.name, None)
    storages.marks[storage.name] = _mark_of(storage)


def require_all_belong(storages: Storages) -> list[Storage]:
    """Return the storages that are used, all of which are this database's; raises as for one."""
    used = [storage for storage in storages if _is_used(storage, storages)]
    for storage in used:
        require_belonging(storage, storages=storages)
    return used


def require_place(storages: Storages) -> None:
    """Refuse to keep anything where it would not be found again; cheap enough for each save.

    What may be unmounted at any time is looked at each time, anything else once a process.
    Raises as ``require_belonging`` does.
    """
    storage = storages.default
    known = storages.marks.get(storage.name)
    if known is None or (storage.is_mounted and storage.read_mark() != known):
        require_belonging(storage, storages=storages)


def belongs(storage: Storage, *, storages: Storages) -> bool:
    """Tell whether a storage is this database's, or isn't used; nothing is written.

    Raises:
        StorageUnavailable: the storage can't be read.
    """
    mark = storage.read_mark()
    if mark is not None and mark == storages.marks.get(storage.name):
        return True
    if not _is_used(storage, storages):
        return True
    try:
        mark, noted = _look(storage)
        _judge(storage, mark, noted)
    except StorageNotOurs as error:
        log.error("%s", error)
        return False
    if mark is not None and _is_settled(mark, noted):
        storages.marks[storage.name] = mark
    return True


def require_known(storages: Storages) -> list[Storage]:
    """Return and refuse what ``require_all_belong`` does, and write nothing; raises as it does."""
    used = [storage for storage in storages if _is_used(storage, storages)]
    for storage in used:
        _judge(storage, *_look(storage))
    return used


def adopt(storage: Storage, *, storages: Storages) -> str:
    """Mark a storage as this database's, whatever it holds, and return the mark.

    For operators who know, and after a backup was restored into a new place.

    Raises:
        StorageUnavailable: it can't be marked.
    """
    noted = _noted(storage)
    mark = noted.mark if noted else uuid4().hex
    if noted is None:
        _note(storage, mark)
    storage.write_mark(mark)
    _confirm(storage, mark)
    storages.marks[storage.name] = mark
    return mark


def _mark_of(storage: Storage) -> str:
    """Return the mark that database and storage both have; give them one if they are new."""
    there, noted = _look(storage)
    if there is not None and _is_settled(there, noted):
        return there
    _judge(storage, there, noted)
    mark = _note(storage, there or (noted.mark if noted else uuid4().hex))
    if there != mark:
        storage.write_mark(mark)
    _confirm(storage, mark)
    return mark


def _look(storage: Storage) -> tuple[str | None, Row[Any] | None]:
    """Return the mark that a storage carries, and what is noted of it.

    Others may be marking it just now: it is noted, then marked, then confirmed. So what is
    noted is read first, and once more where it doesn't know of the mark yet.
    """
    noted = _noted(storage)
    there = storage.read_mark()
    if there is not None and (noted is None or noted.mark != there):
        noted = _noted(storage)
    return there, noted


def _is_used(storage: Storage, storages: Storages) -> bool:
    """Tell whether anything is kept in a storage, or will be."""
    if storage.name == storages.default.name or _holds_images(storage):
        return True
    there, noted = _look(storage)
    return noted is not None and noted.mark == there


def _holds_images(storage: Storage) -> bool:
    query = select(Image.id).where(Image.storage_provider == storage.name).limit(1)
    held = current_session().scalar(query) is not None
    end_reading()
    return held


def _is_settled(there: str, noted: Row[Any] | None) -> bool:
    return noted is not None and bool(noted.is_confirmed and noted.mark == there)


def _judge(storage: Storage, there: str | None, noted: Row[Any] | None) -> None:
    """Refuse a storage that carries another mark than it should, or none where it should.

    Raises:
        StorageNotOurs: see ``require_belonging``.
    """
    if noted and noted.mark == there:
        return
    if noted and noted.is_confirmed:
        found = "carries no mark" if there is None else "carries the mark of another gallery"
        raise _not_ours(storage, found)
    sought, found_there = _look_for_images(storage)
    if there and not sought:
        raise _not_ours(storage, "carries the mark of another gallery")
    if 2 * found_there < sought:
        raise _not_ours(storage, f"holds {found_there} of {sought} images that were looked for")


def _not_ours(storage: Storage, found: str) -> StorageNotOurs:
    return StorageNotOurs(
        f"{storage.name} {found}. Is it mounted, and the right one? If it is:"
        f" gallery storage mark --adopt {storage.name}"
    )


def _look_for_images(storage: Storage) -> tuple[int, int]:
    """Return how many images were looked for, and how many of them are there."""
    query: Any = select(Image.storage_key, Image.size_bytes).where(
        Image.storage_provider == storage.name, Image.status == "completed"
    )
    session = current_session()
    sought: set[Row[Any]] = {
        row
        for order in (Image.id, Image.id.desc())
        for row in session.execute(query.order_by(order).limit(_LOOKED_FOR))
    }
    end_reading()
    return len(sought), sum(_is_there(storage, row) for row in sought)


def _is_there(storage: Storage, row: Row[Any]) -> bool:
    try:
        return bool(storage.stat(row.storage_key).size_bytes == row.size_bytes)
    except ObjectNotFound:
        return False


def _noted(storage: Storage) -> Row[Any] | None:
    # Another may have noted it since the snapshot that is open here.
    end_reading()
    query: Any = select(StorageMark.mark, StorageMark.is_confirmed)
    row = current_session().execute(query.where(StorageMark.provider == storage.name)).first()
    end_reading()
    return row


def _note(storage: Storage, mark: str) -> str:
    """Note *mark* unless another process was faster; return what is noted."""
    with writing() as session:
        row = insert_into(StorageMark, dialect_of(session)).values(
            provider=storage.name, mark=mark, is_confirmed=False
        )
        session.execute(row.on_conflict_do_nothing())
        noted = session.scalar(select(StorageMark.mark).where(StorageMark.provider == storage.name))
    return str(noted)


def _confirm(storage: Storage, mark: str) -> None:
    with writing() as session:
        session.execute(
            update(StorageMark)
            .where(StorageMark.provider == storage.name, StorageMark.mark == mark)
            .values(is_confirmed=True)
            .execution_options(synchronize_session=False)
        )
