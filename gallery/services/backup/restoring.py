"""Bring a gallery back to what a backup holds.

Objects come first, under keys that no row of the gallery as it is uses for
anything else; the rows are replaced last, in one transaction. A stop
before that leaves the old gallery as it was, a stop after it the new one;
and the same command again finishes what is left.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, func, inspect, select

from gallery.errors import BackupDamaged, BackupUnusable
from gallery.extensions import current_session, end_reading, let_go
from gallery.models import Image, User
from gallery.services.backup.amending import changing, written_down
from gallery.services.backup.belongings import refuse_stranger
from gallery.services.backup.copying import several
from gallery.services.backup.installing import install_rows, refuse_company
from gallery.services.backup.manifest import (
    Entry,
    Manifest,
    broken_parts,
    read_entries,
    read_left_out,
    sync_file,
    sync_folder,
)
from gallery.services.backup.placing import Placed, Placer
from gallery.services.backup.repository import Repository
from gallery.services.backup.snapshot import snapshot
from gallery.services.backup.verifying import check_rows
from gallery.services.exclusive import alone
from gallery.storage import Storages

Tell = Callable[[int, int | None], object]
log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Restored:
    """What was restored: ``brought`` objects of so many ``images`` were not there already.

    ``rekeyed`` images have another key than in the backup, since theirs
    belonged to another picture by now; ``set_aside`` are objects that were
    in the way and nobody's; ``lacking`` the keys of images whose object is
    not in the backup. ``moved`` tells which providers, not configured here,
    others stand in for. ``safety_copy`` has the rows that were there before.
    """

    name: str
    images: int = 0
    brought: int = 0
    rekeyed: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    safety_copy: Path | None = None


def is_used() -> bool:
    """Tell whether there is somebody or something in the gallery as it is."""
    connection = current_session().connection()
    there = set(inspect(connection).get_table_names())
    used = any(
        connection.scalar(select(func.count()).select_from(select(table.id).limit(1).subquery()))
        for table in (User, Image)
        if table.__tablename__ in there
    )
    end_reading()
    return used


def restore_backup(
    *,
    repository: Repository,
    storages: Storages,
    workspace: Path,
    now: datetime,
    knows: Callable[[str], bool],
    name: str | None = None,
    is_partial: bool = False,
    tell: Tell = lambda _done, _total: None,
) -> Restored:
    """Replace all rows by those of a backup, the newest unless *name* says another.

    *workspace* is a folder of this machine for files that are on their way,
    and for a copy of the rows that are replaced. *knows* tells whether the
    code has a migration. With *is_partial*, images that lack their object in
    the backup are restored without it. *tell* hears of images.

    Nobody else may use the gallery meanwhile. Interrupted at any point, it
    can be run again.

    Raises:
        BackupBusy: somebody uses the gallery or the repository.
        BackupNotFound: there is no such backup.
        BackupDamaged: it is not what was written; no row was changed.
        BackupUnusable: it can't be restored here; no row was changed.
        StorageError: a storage can't be reached, or has no room; no row was changed.
    """
    repository.open_for_reading()
    engine = _engine()
    # What this process itself has open would look like somebody else.
    let_go()
    engine.dispose()
    refuse_company(engine)
    with repository.locked(for_writing=False), alone("migration"), alone("restore"):
        name = name or repository.newest()
        manifest = repository.manifest(name)
        folder = repository.folder(name)
        _check(folder, manifest, engine, knows)
        was_used = is_used()
        for storage in storages:
            mark = manifest.marks.get(storage.name)
            refuse_stranger(storage, mark=mark, is_used=was_used, storages=storages)
        restored = Restored(name=name)
        placer = Placer(repository=repository, storages=storages, now=now)
        placed = _place_objects(placer, folder, restored, tell)
        if restored.lacking and not is_partial:
            raise BackupDamaged(
                f"{name} lacks the objects of {len(restored.lacking)} images, or they are damaged;"
                " nothing was replaced. --partial restores the rest:"
                f" {', '.join(sorted(restored.lacking))}"
            )
        if was_used:
            restored.safety_copy = _copy_rows(workspace, now)
        let_go()
        engine.dispose()
        changes = changing(engine.dialect, restored.moved, placed, read_left_out(folder))
        with written_down(changes, workspace, engine.dialect) as script:
            install_rows(folder / manifest.rows.file, script, engine=engine, workspace=workspace)
    log.info("backup %s is restored: %d images", name, restored.images)
    return restored


def _engine() -> Engine:
    engine = current_session().get_bind()
    if not isinstance(engine, Engine):
        raise TypeError("the session has no engine of its own")
    return engine


def _check(folder: Path, manifest: Manifest, engine: Engine, knows: Callable[[str], bool]) -> None:
    """Refuse what can't be restored before anything is touched."""
    if manifest.database != engine.dialect.name:
        raise BackupUnusable(
            f"Its rows are {manifest.database}'s, and this gallery's are in {engine.dialect.name}:"
            " restore it there, and let gallery db copy bring it here"
        )
    if not knows(manifest.revision):
        raise BackupUnusable(
            f"It was made by a later gallery ({manifest.gallery}, at {manifest.revision})"
        )
    broken = broken_parts(folder, manifest)
    if broken:
        raise BackupDamaged(f"{folder.name} is not what was written: {', '.join(broken)}")
    check_rows(folder / manifest.rows.file, manifest)


def _place_objects(placer: Placer, folder: Path, restored: Restored, tell: Tell) -> list[Placed]:
    """Bring every object; return those that have another key than their rows say."""
    elsewhere = []
    restored.images = total = sum(1 for _ in entries_to_restore(folder))
    placed_entries = several(placer.place, entries_to_restore(folder))
    for done, (entry, placed) in enumerate(placed_entries, start=1):
        # Whatever is in the way is looked at one by one, and asks the database.
        placed = placed or placer.make_way(entry)
        restored.brought += placed.is_new
        if placed.is_damaged:
            restored.lacking.append(entry.key)
        elif placed.key != entry.key:
            elsewhere.append(placed)
            restored.rekeyed.append(entry.key)
        if placed.provider != entry.provider:
            restored.moved[entry.provider] = placed.provider
        if placed.set_aside:
            restored.set_aside.append(placed.set_aside)
        tell(done, total)
    return elsewhere


def entries_to_restore(folder: Path) -> Iterator[Entry]:
    """Yield the objects of all rows that will be there.

    What was missing when the backup was made is among them: it may be here.
    """
    gone = {each.id for each in read_left_out(folder) if each.why == "gone"}
    return (entry for entry in read_entries(folder) if entry.id not in gone)


def _copy_rows(workspace: Path, now: datetime) -> Path:
    """Keep the rows that are about to go: what was saved since the backup is known by them."""
    stamp = name = f"before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    again = 1
    while (workspace / name).exists():
        again += 1
        name = f"{stamp}-{again}"
    folder = workspace / name
    folder.mkdir(mode=0o700)
    with snapshot() as rows:
        file = rows.write_rows(folder)
    sync_file(file)
    sync_folder(folder)
    return file
