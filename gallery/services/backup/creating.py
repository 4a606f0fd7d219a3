"""Make a backup while others go on writing.

Most objects are brought first, however long that takes. Then writers wait
for a moment, in which the snapshot of the rows is opened and the few objects
that came meanwhile are brought too: so whatever the snapshot names is there,
though it may be replaced or deleted a moment later. The rows are written
down after that moment, and the manifest last.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from gallery.extensions import current_session, dialect_of
from gallery.services.backup.belongings import is_marked
from gallery.services.backup.copying import Copier, Tally, several
from gallery.services.backup.manifest import (
    FORMAT,
    LEFT_OUT,
    OBJECTS,
    Entry,
    LeftOut,
    Manifest,
    prove,
    read_entries,
    sync_file,
    write_lines,
    write_manifest,
)
from gallery.services.backup.repository import Repository
from gallery.services.backup.snapshot import (
    PAUSE_SECONDS,
    Snapshot,
    object_now,
    snapshot,
    walk_entries,
    writers_paused,
)
from gallery.services.belonging import require_all_belong
from gallery.storage import Storages

# So few objects are brought in a moment.
_FEW = 200
_MOST_WALKS = 4
# A row may be committed long after the instant that it tells: its upload took that long.
_SLOWEST_SAVE = timedelta(hours=1)
Tell = Callable[[int, int | None], object]
log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Created:
    """A new backup, and what is not in it; ``copied`` are the objects that no backup had yet."""

    name: str
    manifest: Manifest
    left_out: list[LeftOut] = field(default_factory=list)
    copied: int = 0
    copied_bytes: int = 0


def create_backup(
    *,
    repository: Repository,
    storages: Storages,
    now: datetime,
    tell: Tell = lambda _done, _total: None,
) -> Created:
    """Add a backup of all rows and objects to *repository*; *tell* hears of images.

    Everything that was saved before this is called is in it, unless it is
    deleted or replaced meanwhile; then it is as it was at one moment after.
    Interrupted, it leaves nothing that counts, and objects that the next one
    need not copy again.

    Raises:
        BackupBusy: another command is at work in the repository.
        BackupUnusable: the repository is none, or a tool of the database is missing.
        StorageError: a storage can't be reached, or the repository has no room.
        StorageNotOurs: a storage is another's, or not mounted.
    """
    if is_marked():
        require_all_belong(storages)
    repository.open_for_writing()
    with repository.locked(for_writing=True):
        tally = Tally()
        copier = Copier(storages=storages, repository=repository, tally=tally)
        bring_most(copier, tell)
        name = repository.begin(now)
        manifest, left_out = _write_down(copier, repository.folder(name), now, tell)
        repository.settle()
        write_manifest(repository.folder(name), manifest)
    log.info("backup %s has %d images, %d objects new", name, manifest.images, tally.objects)
    return Created(
        name=name,
        manifest=manifest,
        left_out=left_out,
        copied=tally.objects,
        copied_bytes=tally.bytes,
    )


def bring_most(copier: Copier, tell: Tell) -> None:
    """Bring objects until hardly any is new, which takes as long as it takes."""
    for _walk in range(_MOST_WALKS):
        before = copier.tally.objects
        for done, _ in enumerate(several(copier.bring, walk_entries()), start=1):
            tell(done, None)
        if copier.tally.objects - before <= _FEW:
            return


def _write_down(
    copier: Copier, folder: Path, now: datetime, tell: Tell
) -> tuple[Manifest, list[LeftOut]]:
    with _opened_whole(copier, now - _SLOWEST_SAVE) as taken:
        revision, marks = taken.revision(), taken.marks()
        rows_file = taken.write_rows(folder)
        objects = write_lines(folder / OBJECTS, taken.entries())
    sync_file(rows_file)
    left_out = _find_left_out(copier, folder, tell)
    images, size_bytes = _sum(read_entries(folder))
    reasons = [each.why for each in left_out]
    manifest = Manifest(
        format=FORMAT,
        gallery=version("gallery"),
        database=dialect_of(current_session()),
        revision=revision,
        created_at=now,
        images=images,
        bytes=size_bytes,
        missing=reasons.count("missing"),
        damaged=reasons.count("damaged"),
        gone=reasons.count("gone"),
        marks=marks,
        rows=prove(rows_file),
        objects=objects,
        left_out=write_lines(folder / LEFT_OUT, left_out),
    )
    return manifest, left_out


@contextmanager
def _opened_whole(copier: Copier, since: datetime) -> Iterator[Snapshot]:
    """Open a snapshot while nobody writes, and bring what was saved *since* then."""
    with ExitStack() as opened:
        with writers_paused():
            until = time.monotonic() + PAUSE_SECONDS
            taken = opened.enter_context(snapshot())
            # What isn't there after all is found when the pause is over.
            for _ in several(copier.bring, _in_time(taken.entries(since=since), until)):
                pass
        yield taken


def _in_time(entries: Iterable[Entry], until: float) -> Iterator[Entry]:
    for entry in entries:
        if time.monotonic() > until:
            return
        yield entry


def _find_left_out(copier: Copier, folder: Path, tell: Tell) -> list[LeftOut]:
    """Bring what the list of a backup names and isn't there yet; return what can't be had."""
    left_out = []
    total, _ = _sum(read_entries(folder))
    for done, (entry, trouble) in enumerate(several(copier.bring, read_entries(folder)), start=1):
        why = trouble and _look_again(copier, entry, trouble)
        if why:
            left_out.append(LeftOut(id=entry.id, kind=entry.kind, key=entry.key, why=why))
        tell(done, total)
    return left_out


def _look_again(copier: Copier, entry: Entry, trouble: str) -> str | None:
    """Return why an object can't be had: its image may have moved, changed or gone meanwhile."""
    current = object_now(entry)
    if current is None or current.sha256 != entry.sha256:
        return "gone"
    if current == entry:
        return trouble
    return copier.bring(current)


def _sum(entries: Iterable[Entry]) -> tuple[int, int]:
    images = size_bytes = 0
    for entry in entries:
        images += 1
        size_bytes += entry.size_bytes
    return images, size_bytes
