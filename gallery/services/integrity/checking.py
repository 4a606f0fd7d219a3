"""Find where rows and objects no longer agree, while the gallery goes on working.

A crash leaves an object without a row, a failing disk a row without its
object; both are told here, and nothing is changed. Neither side is ever
held in memory: objects are listed and looked up in the database some
hundreds at a time, rows are read by keyset and their objects asked after.
Writers may come and go: what looks wrong is looked at again before it is
told (see ``_confirmed`` and ``orphans_among``).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from gallery.errors import ObjectNotFound
from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.services import thumbnails
from gallery.services.belonging import require_known
from gallery.services.integrity.batches import BATCH, batches
from gallery.services.integrity.pace import Pace
from gallery.services.integrity.quarantine import is_quarantined
from gallery.services.originals import digest_of
from gallery.storage import Storage, Storages

# An object is put first and its row follows, within the same request: before an object is this
# old, nobody can tell whether it is an orphan.
TOO_YOUNG_TO_TELL = timedelta(hours=1)
# A writer that lives is known by its lock, however slow it is. A file system without locks leaves
# only the age to go by: whoever writes at all does so more often than this.
LEFT_OVER_AFTER = timedelta(hours=1)
# Reading waits for the disk or the network, and hashing leaves the interpreter's lock.
_READERS = 4
_COLUMNS: tuple[Any, ...] = (
    Image.id,
    Image.storage_provider,
    Image.storage_key,
    Image.sha256,
    Image.size_bytes,
    Image.fault,
)
_HAS_OBJECT = Image.status == "completed"


@dataclass(kw_only=True)
class Findings:
    """What is wrong, as keys.

    ``missing``: a picture's object isn't there. ``wrong_size`` and
    ``damaged``: it is not what was kept, by its size; or by its SHA-256, or
    since it can't be read. ``orphaned``: an object that is neither a
    picture's nor a thumbnail of one.
    """

    missing: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    wrong_size: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, list[str]]:
        """Return the lists by their names, each sorted."""
        return {name: sorted(keys) for name, keys in asdict(self).items()}


@dataclass(kw_only=True)
class Checked:
    """What was found, and in how many images and objects.

    ``unknown_providers`` hold images too, but are not configured: of those
    images nothing can be told. For whoever repairs: the rows whose objects
    are at ``fault``, those that were marked and are ``well`` again, and the
    ``strays`` with the storage that each lies in.
    """

    findings: Findings = field(default_factory=Findings)
    images: int = 0
    objects: int = 0
    unknown_providers: set[str] = field(default_factory=set)
    faults: dict[Row[Any], str] = field(default_factory=dict)
    well: list[Row[Any]] = field(default_factory=list)
    strays: list[tuple[Storage, list[str]]] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Tell whether everything was looked at and nothing is wrong."""
        return not any(self.findings.as_json().values()) and not self.unknown_providers


def check_objects(
    *,
    storages: Storages,
    now: datetime,
    is_quick: bool = False,
    grace: timedelta = TOO_YOUNG_TO_TELL,
    pace: Pace | None = None,
    tell: Callable[..., object] = lambda _done, _total=None: None,
) -> Checked:
    """Compare the images' rows with the objects of all configured storages; change nothing.

    *is_quick* takes an object of the right size for whole instead of reading
    it, but for one that was not whole before. *now* should be the clock of
    whoever keeps the bytes: objects put less than *grace* before are never
    called orphans. *pace* bounds how fast objects are read. *tell* hears how
    many objects were listed, then how many images of how many were looked at.

    Raises:
        StorageNotOurs: a storage isn't the one of this database, so nothing can be told of it.
        StorageUnavailable: a storage can't be read; nothing is told rather than a part.
    """
    used = require_known(storages)
    checked = Checked()
    before = settled_before(now, grace)
    suspects: list[tuple[Storage, list[str]]] = []
    for storage in used:
        strays: list[str] = []
        for keys in batches(key for key in storage.iter_keys() if not is_quarantined(key)):
            strays += orphans_among(keys, storage=storage, before=before)
            checked.objects += len(keys)
            tell(checked.objects)
        suspects.append((storage, strays))
    examine = partial(_trouble, storages=storages, is_quick=is_quick, pace=pace or Pace())
    _check_images(checked, storages, examine, tell)
    # By now, what was only just about to be deleted is gone.
    for storage, strays in suspects:
        found = [
            key
            for keys in batches(strays)
            for key in orphans_among(keys, storage=storage, before=before)
        ]
        checked.findings.orphaned += found
        checked.strays.append((storage, found))
    # What was unmounted in the midst of it has lost nothing either.
    require_known(storages)
    return checked


def sweep_temporary_files(
    *, storages: Storages, now: datetime, grace: timedelta = LEFT_OVER_AFTER
) -> int:
    """Remove what writers that died left in the storages; return how many files there were.

    Safe beside writers, and by any number of processes at once; with a
    *grace* of zero only while nobody writes to S3.

    Raises:
        StorageUnavailable: a storage could not be looked through.
    """
    before = settled_before(now, grace)
    return sum(storage.sweep_temporary(untouched_since=before) for storage in storages)


def settled_before(now: datetime, grace: timedelta) -> datetime:
    """Return the instant before which whatever was put is settled: its row would be there.

    Without any grace that is the end of time: the clock of whoever keeps the
    bytes may be ahead of ours.
    """
    return now - grace if grace else datetime.max.replace(tzinfo=UTC)


def orphans_among(keys: Iterable[str], *, storage: Storage, before: datetime) -> list[str]:
    """Return those of *keys* that were put *before* then, and that no image uses.

    A thumbnail is used as long as its original is. What an image uses may be
    deleted at any time after it was listed; then it is no orphan, but gone.
    """
    used_by = {key: thumbnails.original_key(key) or key for key in keys}
    query = select(Image.storage_key).where(
        Image.storage_provider == storage.name, Image.storage_key.in_(set(used_by.values()))
    )
    used = set(current_session().scalars(query))
    end_reading()
    return [
        key
        for key, original in used_by.items()
        if original not in used and _is_older(before, storage, key)
    ]


def _is_older(than: datetime, storage: Storage, key: str) -> bool:
    try:
        return storage.stat(key).put_at < than
    except ObjectNotFound:
        return False


def _check_images(
    checked: Checked,
    storages: Storages,
    examine: Callable[[Row[Any]], str | None],
    tell: Callable[..., object],
) -> None:
    known = {storage.name for storage in storages}
    total = current_session().scalar(select(func.count()).where(_HAS_OBJECT))
    with ThreadPoolExecutor(_READERS) as pool:
        for rows in read_rows():
            reachable = [row for row in rows if row.storage_provider in known]
            found = dict(zip(reachable, pool.map(examine, reachable), strict=True))
            suspects = {row: trouble for row, trouble in found.items() if trouble}
            for row in _confirmed(suspects):
                checked.faults[row] = suspects[row]
                getattr(checked.findings, suspects[row]).append(row.storage_key)
            checked.well += [row for row, trouble in found.items() if row.fault and not trouble]
            checked.unknown_providers |= {row.storage_provider for row in rows} - known
            checked.images += len(reachable)
            tell(checked.images, total)


def read_rows() -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows of images, oldest first, in batches; none is read in the same transaction.

    A snapshot that is held for hours would keep the database from tidying
    up. The provider is no condition: SQLite would go by its index then, and
    sort all images anew for each batch.
    """
    query = select(*_COLUMNS).where(_HAS_OBJECT).order_by(Image.id).limit(BATCH)
    rows = current_session().execute(query).all()
    while rows:
        end_reading()
        yield rows
        rows = current_session().execute(query.where(Image.id > rows[-1].id)).all()


def _trouble(row: Row[Any], *, storages: Storages, is_quick: bool, pace: Pace) -> str | None:
    """Return which of the findings the object of *row* is, or None if it is what was kept."""
    storage = storages.named(row.storage_provider)
    try:
        if storage.stat(row.storage_key).size_bytes != row.size_bytes:
            return "wrong_size"
        if is_quick and row.fault is None:
            return None
        if digest_of(row.storage_key, storage=storage, spend=pace.spend) == row.sha256:
            return None
    except ObjectNotFound:
        return "missing"
    except OSError:
        # A bad sector, for one.
        return "damaged"
    return "damaged"


def _confirmed(suspects: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return those of *suspects* whose image still has the same object.

    An object is deleted only after its row has moved on or is gone, and no
    key comes back: so the object of a row that is as it was had to be there.
    """
    ids: list[UUID] = [row.id for row in suspects]
    if not ids:
        return []
    query = select(*_COLUMNS).where(Image.id.in_(ids), _HAS_OBJECT)
    unchanged = set(current_session().execute(query).all())
    end_reading()
    return [row for row in suspects if row in unchanged]
