"""Move objects from one provider to another, while the gallery goes on working.

For each: copy, read it back, compare its SHA-256 with the row's, let the
row name the target, commit, and only then delete it at the source. So it
lies whole where its row says at any moment, and in both places around the
commit. What a killed process leaves lying about is in a note (see
``notes``), and the next run clears it up.

Several objects are copied at once, some dozens of rows make a batch with
one commit, and while one batch is committed the next is being copied.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, select, true, tuple_, update
from sqlalchemy.orm import aliased

from gallery.errors import InvalidField, ObjectNotFound, StorageError
from gallery.extensions import STOPPING, current_session, end_reading, writing
from gallery.models import Image
from gallery.services import thumbnails
from gallery.services.belonging import require_belonging
from gallery.services.exclusive import alone
from gallery.services.migration.copying import NotCopied, copy_object
from gallery.services.migration.notes import Note, find_notes, write_note
from gallery.services.originals import digest_of
from gallery.storage import Storage, Storages

# Copying waits for the network; more than so many only wait for the interpreter.
MOVERS = 8
_DELETERS = 4
BATCH = 100
# What was saved at the source, or locked, while the others moved is found by walking again.
_MOST_WALKS = 10
# How long somebody may follow an address that a storage has signed for them.
PRESIGNED_LASTS = timedelta(minutes=5)
# A proxy opens a file that it was told of in a moment.
_ANSWER_TAKES = timedelta(seconds=1)
_COLUMNS: tuple[Any, ...] = (Image.id, Image.storage_key, Image.sha256, Image.size_bytes)
Tell = Callable[[int, int], object]
log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Migrated:
    """What was moved, or would be.

    ``skipped`` images were deleted or replaced on their way. ``errors`` tell
    by key why an object stays where it is, or could not be cleared up.
    """

    moved: int = 0
    bytes: int = 0
    skipped: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what programs read."""
        told = [f"{key}: {reason}" for key, reason in sorted(self.errors.items())]
        return {"moved": self.moved, "bytes": self.bytes, "skipped": self.skipped, "errors": told}


def migrate_objects(
    *,
    storages: Storages,
    source: str,
    target: str,
    kind: str | None = None,
    linger: timedelta | None = None,
    tell: Tell = lambda _done, _total: None,
) -> Migrated:
    """Move all objects, or those of one *kind*, from *source* to *target*.

    Safe to kill and to run again, and beside anything else that goes on; of
    two at once the second waits. Objects stay at the source for *linger*
    after their rows have moved, for readers who were sent there before: by
    default as long as the addresses last that a source hands out.
    *tell* hears how many of how many have moved.

    Raises:
        InvalidField: source and target are the same.
        StorageNotOurs: one of them isn't the storage of this database.
        StorageUnavailable: one of them is not configured, or can't be reached at all.
    """
    origin, destination = _ends(storages, source, target)
    for end in (origin, destination):
        require_belonging(end, storages=storages)
    stays = lingering(origin) if linger is None else linger
    move = _Move(origin, destination, kind=kind, linger=stays, tell=tell)
    with alone("migration"):
        move.pick_up(storages)
        for _walk in range(_MOST_WALKS):
            before = move.seen
            move.walk()
            if move.is_stuck or move.seen == before:
                break
        move.finish()
    log.info("moved %d images to %s, %d errors", move.result.moved, target, len(move.result.errors))
    return move.result


def plan_migration(
    *,
    storages: Storages,
    source: str,
    target: str,
    kind: str | None = None,
    name: Callable[[str], object] = lambda _key: None,
) -> Migrated:
    """Tell what ``migrate_objects`` would move, and change nothing; *name* hears each key.

    Objects that are missing or of another size are told as errors. Whether
    their bytes are right is seen when they are read, which is when they move.
    """
    origin, _ = _ends(storages, source, target)
    plan = Migrated()
    with ThreadPoolExecutor(MOVERS) as pool:
        for rows in _read_rows(source, kind):
            for row, trouble in zip(rows, pool.map(partial(_trouble, origin), rows), strict=True):
                if trouble:
                    plan.errors[row.storage_key] = trouble
                    continue
                plan.moved += 1
                plan.bytes += row.size_bytes
                name(row.storage_key)
    return plan


def lingering(source: Storage) -> timedelta:
    """Return how long an object stays at *source* after its row has moved."""
    hands_out = source.presigned_url("gallery", expires_in=PRESIGNED_LASTS) is not None
    return PRESIGNED_LASTS if hands_out else _ANSWER_TAKES


@dataclass(kw_only=True)
class _Batch:
    """Rows whose objects are being copied, and the note that tells so."""

    note: Note
    copies: list[tuple[Row[Any], Future[None]]]


class _Move:
    """One run: what it has done, and what it has still to clear up."""

    def __init__(
        self, source: Storage, target: Storage, *, kind: str | None, linger: timedelta, tell: Tell
    ) -> None:
        self.source, self.target, self.kind, self.tell = source, target, kind, tell
        self.result = Migrated()
        self.is_stuck = False
        self._linger_seconds = linger.total_seconds()
        self._total = current_session().scalar(select(func.count()).where(_at(source.name, kind)))
        # By when each may be cleared up, oldest first; between which two, and by which note.
        self._left: deque[tuple[float, Storage, Note]] = deque()
        end_reading()

    @property
    def seen(self) -> int:
        """How many images have moved or were changed by somebody: after none, all is done."""
        return self.result.moved + self.result.skipped

    def pick_up(self, storages: Storages) -> None:
        """Remember what migrations that died have left between any of our two providers."""
        known = {storage.name for storage in storages}
        for note in find_notes(self.target, self.source):
            if note.source in known:
                self._leave(storages.named(note.source), note)

    def walk(self) -> None:
        """Move all that lies at the source now; copy a batch while the one before is committed."""
        with ThreadPoolExecutor(MOVERS) as pool:
            ahead: _Batch | None = None
            for rows in _read_rows(self.source.name, self.kind):
                batch = self._begin(rows, pool)
                if ahead:
                    self._complete(ahead)
                ahead = batch
                if self.is_stuck:
                    break
            if ahead:
                self._complete(ahead)
        # Only now: a note of somebody who died may tell of what is copied again just then, and
        # until that is committed its copies look as if nobody used them.
        self._clear_up_due()

    def finish(self) -> None:
        """Clear up behind all that has moved, after the time that it lingers."""
        while self._left:
            if STOPPING.wait(max(0.0, self._left[0][0] - time.monotonic())):
                return
            self._clear_up_due()

    def _begin(self, rows: Sequence[Row[Any]], pool: ThreadPoolExecutor) -> _Batch:
        note = write_note(rows, source=self.source, target=self.target)
        copy = partial(copy_object, source=self.source, target=self.target)
        return _Batch(note=note, copies=[(row, pool.submit(copy, row)) for row in rows])

    def _complete(self, batch: _Batch) -> None:
        copied = [row for row, copy in batch.copies if self._is_there(row, copy)]
        # Whoever could not be reached for any of them, or has no room, won't take the rest.
        self.is_stuck = not copied and any(map(_is_away, (copy for _, copy in batch.copies)))
        moved = _point_rows(copied, source=self.source.name, target=self.target.name)
        for row in (row for row in copied if row.id in moved):
            self.result.moved += 1
            self.result.bytes += row.size_bytes
            self.result.errors.pop(row.storage_key, None)
        self._explain([row for row in copied if row.id not in moved])
        self._leave(self.source, batch.note)
        self.tell(self.result.moved, max(self._total or 0, self.result.moved))

    def _is_there(self, row: Row[Any], copy: Future[None]) -> bool:
        try:
            copy.result()
        except StorageError as error:
            self.result.errors[row.storage_key] = error.detail or error.title
            return False
        return True

    def _explain(self, rows: Sequence[Row[Any]]) -> None:
        """Tell those that somebody just changes from those that are gone, or were replaced."""
        still = _still_at(self.source.name, rows)
        for row in rows:
            if row.id in still:
                self.result.errors[row.storage_key] = "somebody is changing it; run this again"
            else:
                self.result.skipped += 1

    def _leave(self, source: Storage, note: Note) -> None:
        self._left.append((time.monotonic() + self._linger_seconds, source, note))

    def _clear_up_due(self) -> None:
        while self._left and self._left[0][0] <= time.monotonic():
            _, source, note = self._left.popleft()
            try:
                _clear_up(note, source=source)
            except StorageError as error:
                # The note stays, so that the next run clears up.
                self.result.errors[note.key] = f"could not be cleared up ({error})"


def _is_away(copy: Future[None]) -> bool:
    error = copy.exception()
    return error is not None and not isinstance(error, NotCopied)


def _ends(storages: Storages, source: str, target: str) -> tuple[Storage, Storage]:
    if source == target:
        raise InvalidField("Source and target are the same provider")
    return storages.named(source), storages.named(target)


def _at(provider: str, kind: str | None) -> ColumnElement[bool]:
    of_kind = Image.kind == kind if kind else true()
    return and_(Image.storage_provider == provider, Image.storage_key.is_not(None), of_kind)


def _read_rows(provider: str, kind: str | None) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows of images at *provider* in batches; none is read in the same transaction.

    By their keys, since the index that tells where an object lies has this order.
    """
    query = select(*_COLUMNS).where(_at(provider, kind)).order_by(Image.storage_key).limit(BATCH)
    rows = current_session().execute(query).all()
    while rows:
        end_reading()
        yield rows
        rows = current_session().execute(query.where(Image.storage_key > rows[-1][1])).all()
    end_reading()


def _trouble(source: Storage, row: Row[Any]) -> str | None:
    try:
        is_whole = source.stat(row.storage_key).size_bytes == row.size_bytes
    except ObjectNotFound:
        return f"missing at {source.name}"
    return None if is_whole else f"damaged at {source.name}"


def _point_rows(rows: Sequence[Row[Any]], *, source: str, target: str) -> set[UUID]:
    """Let *rows* name the target, but for those that have changed since; return whose do.

    Rows that somebody holds are left to the next walk: who waits for no lock
    can't be in a deadlock.
    """
    read = tuple_(Image.id, Image.storage_key, Image.sha256)
    other = aliased(Image)
    is_taken = exists().where(
        other.storage_provider == target, other.storage_key == Image.storage_key
    )
    unchanged = (
        select(Image.id)
        .where(
            Image.storage_provider == source,
            read.in_([(row.id, row.storage_key, row.sha256) for row in rows]),
            ~is_taken,
        )
        .with_for_update(skip_locked=True, of=Image)
    )
    with writing() as session:
        ids = set(session.scalars(unchanged))
        moving = update(Image).where(Image.id.in_(ids), Image.storage_provider == source)
        session.execute(
            moving.values(storage_provider=target).execution_options(synchronize_session=False)
        )
    return ids


def _still_at(provider: str, rows: Sequence[Row[Any]]) -> set[UUID]:
    if not rows:
        return set()
    query = select(Image.id).where(
        Image.storage_provider == provider,
        tuple_(Image.id, Image.storage_key).in_([(row.id, row.storage_key) for row in rows]),
    )
    found = set(current_session().scalars(query))
    end_reading()
    return found


def _clear_up(note: Note, *, source: Storage) -> None:
    """Delete what the note tells of wherever no row says that it lies, and the note at last.

    Raises:
        StorageError: something could not be deleted; the note is still there.
    """
    noted = note.read()
    query = select(Image.storage_provider, Image.storage_key).where(
        Image.storage_provider.in_((source.name, note.target.name)),
        Image.storage_key.in_(list(noted)),
    )
    used = {(row.storage_provider, row.storage_key) for row in current_session().execute(query)}
    end_reading()
    with ThreadPoolExecutor(_DELETERS) as pool:
        left = [key for key in noted if (source.name, key) not in used]
        copies = [key for key in noted if (note.target.name, key) not in used]
        for work in (
            pool.map(partial(_drop, source), left),
            pool.map(partial(_drop_copy, note.target, noted), copies),
        ):
            list(work)
    note.remove()


def _drop(storage: Storage, key: str) -> None:
    storage.delete(key)
    thumbnails.forget(key, storage=storage)


def _drop_copy(target: Storage, noted: dict[str, str], key: str) -> None:
    """Delete a copy that no row uses. What has other bytes is none, and somebody else's."""
    try:
        is_copy = digest_of(key, storage=target) == noted[key]
    except ObjectNotFound:
        is_copy = True
    if is_copy:
        _drop(target, key)
