"""Mend what the storage check finds, as far as that can be done without a backup.

Nothing is deleted at once. Objects that nobody uses go to quarantine; what
an image lacks is sought there, and among the images with the same bytes,
before the image is marked. Killed at any point and run again, it goes on.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from gallery.errors import ObjectNotFound, StorageError
from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.services.belonging import require_all_belong
from gallery.services.exclusive import alone
from gallery.services.integrity.batches import batches
from gallery.services.integrity.checking import (
    TOO_YOUNG_TO_TELL,
    Checked,
    check_objects,
    orphans_among,
    settled_before,
    sweep_temporary_files,
)
from gallery.services.integrity.marking import mark_faults, unmark
from gallery.services.integrity.pace import Pace
from gallery.services.integrity.quarantine import (
    days_kept,
    empty_quarantine,
    is_quarantined,
    place_of,
    put_away,
)
from gallery.services.integrity.thumbnailing import mend_thumbnails
from gallery.services.originals import digest_of
from gallery.storage import Storage, Storages

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Repaired:
    """What was done, as keys; ``thumbnails`` and ``temporary`` files are counted.

    ``brought_back``: an object that was at fault is whole again. ``marked``:
    an image's object can't be brought back. ``unmarked``: it is whole again.
    ``quarantined``: an orphan was put away. ``deleted``: it went for good,
    from there. ``errors`` tell what could not be done.
    """

    brought_back: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    thumbnails: int = 0
    temporary: int = 0
    errors: list[str] = field(default_factory=list)

    def has_mended(self, checked: Checked) -> bool:
        """Tell whether everything that *checked* found is as it should be now."""
        is_whole = len(self.brought_back) == len(checked.faults)
        return is_whole and not self.errors and not checked.unknown_providers

    def as_json(self) -> dict[str, Any]:
        """Return what was done by its names, each list sorted."""
        return {
            name: sorted(value) if isinstance(value, list) else value
            for name, value in asdict(self).items()
        }


def repair_objects(
    *,
    storages: Storages,
    now: datetime,
    kept_for: timedelta,
    is_quick: bool = False,
    grace: timedelta = TOO_YOUNG_TO_TELL,
    pace: Pace | None = None,
    tell: Callable[..., object] = lambda _done, _total=None: None,
) -> tuple[Checked, Repaired]:
    """Check as ``check_objects`` does, and mend; return what was wrong, and what was done.

    Beside writers, as long as nobody takes longer than *grace* between an
    object and its row. With a *grace* of zero also what was put just now is
    taken for an orphan, which is right only while nobody writes. What lies
    in quarantine longer than *kept_for* is deleted. Waits for a migration
    that is at work, since objects without a row may be copies of its.

    Raises:
        StorageNotOurs: a storage isn't the one of this database; nothing was touched.
        StorageUnavailable: a storage can't be read; nothing more is mended.
    """
    pace = pace or Pace()
    done = Repaired()
    require_all_belong(storages)
    with alone("migration"):
        done.temporary = sweep_temporary_files(storages=storages, now=now, grace=grace)
        checked = check_objects(
            storages=storages, now=now, is_quick=is_quick, grace=grace, pace=pace, tell=tell
        )
        well = [*checked.well, *_bring_back(checked.faults, storages, done)]
        done.marked = mark_faults(_still_at_fault(checked, done), now=now)
        done.unmarked = unmark(well)
        for storage, strays in checked.strays:
            _put_away(strays, storage, now=now, grace=grace, done=done)
        done.deleted = empty_quarantine(storages=storages, now=now, kept_for=kept_for)
        mended = mend_thumbnails(storages=storages, pace=pace, is_quick=is_quick)
        done.thumbnails = mended.made
        done.errors += mended.errors
    log.info("the storage was repaired: %s", {k: _amount(v) for k, v in asdict(done).items()})
    return checked, done


def _amount(value: Any) -> int:
    return len(value) if isinstance(value, list) else int(value)


def _still_at_fault(checked: Checked, done: Repaired) -> dict[Row[Any], str]:
    back = set(done.brought_back)
    return {row: fault for row, fault in checked.faults.items() if row.storage_key not in back}


def _bring_back(
    faults: dict[Row[Any], str], storages: Storages, done: Repaired
) -> Iterator[Row[Any]]:
    """Give images their bytes back where these lie somewhere else; yield those that have them."""
    days = {each.name: days_kept(each) for each in storages} if faults else {}
    for rows in batches(faults):
        twins = _twins(rows)
        for row in rows:
            put_by = (place_of(row.storage_key, day) for day in days[row.storage_provider])
            places = [(row.storage_provider, key) for key in put_by]
            places += [(each.name, row.storage_key) for each in storages]
            places += twins.get(row.sha256, [])
            if any(_is_brought(row, storages, place, done) for place in places):
                done.brought_back.append(row.storage_key)
                yield row


def _twins(rows: Iterable[Row[Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return where images with the same bytes as those of *rows* lie: copies of the prompt cache.

    There is no index for it: all rows are read once for each some hundred at fault.
    """
    query = select(Image.sha256, Image.storage_provider, Image.storage_key).where(
        Image.sha256.in_({row.sha256 for row in rows}), Image.fault.is_(None)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for twin in current_session().execute(query):
        found.setdefault(str(twin[0]), []).append((str(twin[1]), str(twin[2])))
    end_reading()
    return found


def _is_brought(row: Row[Any], storages: Storages, place: tuple[str, str], done: Repaired) -> bool:
    """Put the object at *place* where that of *row* should be, if it is the same; tell so."""
    provider, key = place
    target = storages.named(row.storage_provider)
    if place == (row.storage_provider, row.storage_key):
        return False
    try:
        source = storages.named(provider)
        if digest_of(key, storage=source) != row.sha256:
            return False
        # What lies there is not what was kept, and here is what was.
        target.delete(row.storage_key)
        _copy(key, row.storage_key, source=source, target=target)
        if is_quarantined(key):
            source.delete(key)
    except ObjectNotFound:
        return False
    except (StorageError, OSError) as error:
        done.errors.append(f"{row.storage_key}: {error}")
        return False
    return True


def _copy(key: str, to: str, *, source: Storage, target: Storage) -> None:
    if source.name == target.name:
        target.copy(key, to)
        return
    with source.open(key) as stream:
        target.put(to, stream)


def _put_away(
    strays: list[str], storage: Storage, *, now: datetime, grace: timedelta, done: Repaired
) -> None:
    """Put orphans away that still are ones right before; a row may have come meanwhile."""
    before = settled_before(now, grace)
    for key in strays:
        try:
            if orphans_among([key], storage=storage, before=before):
                put_away(key, storage=storage, now=now)
                done.quarantined.append(key)
        except ObjectNotFound:
            continue
        except (StorageError, OSError) as error:
            done.errors.append(f"{key}: {error}")
