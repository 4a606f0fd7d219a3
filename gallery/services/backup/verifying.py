"""Read a whole repository, and tell exactly what in it is no longer what was written."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery.errors import BackupDamaged, BackupError, ObjectNotFound
from gallery.services.backup import postgresql
from gallery.services.backup.copying import digest, several
from gallery.services.backup.manifest import (
    Entry,
    Manifest,
    broken_parts,
    read_entries,
    read_left_out,
)
from gallery.services.backup.repository import Repository, object_key

Tell = Callable[[int, int | None], object]


@dataclass(kw_only=True)
class Verified:
    """What was found, and in how many objects.

    ``damaged`` and ``missing`` are objects by their SHA-256, ``broken`` what
    is wrong with a backup's own files: its name, and what.
    """

    backups: list[str] = field(default_factory=list)
    objects: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Tell whether everything is what was written."""
        return not (self.damaged or self.missing or self.broken)

    def as_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        broken = [{"backup": name, "what": what} for name, what in self.broken]
        return {
            "backups": self.backups,
            "objects": self.objects,
            "damaged": sorted(self.damaged),
            "missing": sorted(self.missing),
            "broken": broken,
        }


def verify_backups(
    *,
    repository: Repository,
    is_quick: bool = False,
    tell: Tell = lambda _done, _total: None,
) -> Verified:
    """Read all objects, lists and rows of a repository; change nothing.

    *is_quick* takes an object of the right size for whole. An object is read
    once, however many backups it belongs to.

    Raises:
        BackupBusy: something is written there.
        BackupNotFound: there is no repository.
    """
    repository.open_for_reading()
    verified = Verified()
    with repository.locked(for_writing=False):
        _look_at_objects(repository, verified, is_quick=is_quick, tell=tell)
        missing: set[str] = set()
        for name in repository.names():
            verified.backups.append(name)
            missing |= _verify(repository, name, verified)
        verified.missing = sorted(missing)
    return verified


def _look_at_objects(
    repository: Repository, verified: Verified, *, is_quick: bool, tell: Tell
) -> None:
    def is_whole(key: str) -> bool:
        if is_quick:
            return True
        try:
            with repository.objects.open(key) as stream:
                return object_key(digest(stream)) == key
        except OSError:
            return False

    for key, whole in several(is_whole, repository.objects.iter_keys()):
        verified.objects += 1
        if not whole:
            verified.damaged.append(key.rpartition("/")[2])
        tell(verified.objects, None)


def _verify(repository: Repository, name: str, verified: Verified) -> set[str]:
    """Look at one backup, and return the objects that it lacks."""
    folder = repository.folder(name)
    try:
        manifest = repository.manifest(name)
        broken = broken_parts(folder, manifest)
        if not broken:
            check_rows(folder / manifest.rows.file, manifest)
    except BackupError as error:
        broken = [error.detail]
    verified.broken += [(name, what) for what in broken]
    if broken:
        return set()
    damaged, missing = set(verified.damaged), set()
    for entry in whole_entries(folder):
        size_bytes = _size(repository, entry)
        if size_bytes is None:
            missing.add(entry.sha256)
        elif size_bytes != entry.size_bytes and entry.sha256 not in damaged:
            damaged.add(entry.sha256)
            verified.damaged.append(entry.sha256)
    return missing


def whole_entries(folder: Path) -> Iterator[Entry]:
    """Yield what a backup has the objects of."""
    left_out = {each.id for each in read_left_out(folder)}
    return (entry for entry in read_entries(folder) if entry.id not in left_out)


def _size(repository: Repository, entry: Entry) -> int | None:
    try:
        return repository.objects.stat(object_key(entry.sha256)).size_bytes
    except ObjectNotFound:
        return None


def check_rows(file: Path, manifest: Manifest) -> None:
    """Let the database's own tools read the rows of a backup.

    Raises:
        BackupError: they can't be read, or contradict themselves.
    """
    if manifest.database == "postgresql":
        postgresql.list_dump(file)
    else:
        check_sqlite(file)


def check_sqlite(file: Path) -> None:
    """Look for what is wrong in a database file that nobody uses.

    Raises:
        BackupError: something is.
    """
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as rows:
            found = [text for (text,) in rows.execute("PRAGMA integrity_check(5)")]
            strays = rows.execute("PRAGMA foreign_key_check").fetchmany(5)
    except sqlite3.Error as error:
        raise BackupDamaged(f"{file.name} can't be read ({error})") from error
    if found != ["ok"] or strays:
        raise BackupDamaged(f"{file.name} contradicts itself: {found} {strays}")
