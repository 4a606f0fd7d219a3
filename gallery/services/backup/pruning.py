"""Let old backups go, by a policy, and then the objects that none of the others needs.

A backup loses its manifest first, and an object goes only when no backup
names it: a stop at any point leaves whole backups, and some objects too
many for the next one to remove.
"""

import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gallery.errors import BackupDamaged, BackupUnusable, ObjectNotFound
from gallery.services.backup.manifest import broken_parts
from gallery.services.backup.repository import Repository
from gallery.services.backup.verifying import whole_entries

# What an interrupted backup has copied is not copied again by the next one, if it comes soon.
UNREFERENCED_KEPT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How many backups to keep: the ``last`` ones, and the newest of so many days, weeks, months.

    Days and weeks without a backup don't count. All in UTC; weeks are ISO 8601's.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @property
    def keeps_nothing(self) -> bool:
        """Tell whether nothing was asked to be kept."""
        return not (self.last or self.daily or self.weekly or self.monthly)


@dataclass(kw_only=True)
class Pruned:
    """What went: backups by name, and so many objects and bytes."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    objects: int = 0
    bytes: int = 0


_PERIODS: Mapping[str, Callable[[datetime], Hashable]] = {
    "daily": lambda at: at.date(),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
}


def choose_kept(backups: Mapping[str, datetime], policy: Policy) -> set[str]:
    """Return the names of those *backups* that *policy* keeps; the newest is always among them."""
    newest_first = sorted(backups, key=lambda name: (backups[name], name), reverse=True)
    kept = set(newest_first[: max(policy.last, 1)])
    for rule, period_of in _PERIODS.items():
        newest_of: dict[Hashable, str] = {}
        for name in newest_first:
            newest_of.setdefault(period_of(backups[name]), name)
        kept.update(list(newest_of.values())[: getattr(policy, rule)])
    return kept


def prune_backups(*, repository: Repository, policy: Policy, now: datetime) -> Pruned:
    """Remove the backups that *policy* doesn't keep, and the objects that nobody needs then.

    Objects younger than a day stay, whoever needs them: they may be the
    beginning of a backup that was interrupted.

    Raises:
        BackupBusy: another command is at work in the repository.
        BackupDamaged: a backup can't be read, so nobody knows what it needs; nothing was removed.
        BackupUnusable: the policy keeps nothing.
    """
    if policy.keeps_nothing:
        raise BackupUnusable("Say how many backups to keep")
    repository.open_for_reading()
    with repository.locked(for_writing=True):
        made = {name: repository.manifest(name).created_at for name in repository.names()}
        kept = choose_kept(made, policy)
        pruned = Pruned(kept=sorted(kept), removed=sorted(made.keys() - kept))
        with _needed_objects(repository, kept) as is_needed:
            for name in pruned.removed:
                repository.remove(name)
            repository.clear_unfinished()
            _remove_unneeded(repository, is_needed, now - UNREFERENCED_KEPT, pruned)
    return pruned


@contextmanager
def _needed_objects(
    repository: Repository, names: Iterable[str]
) -> Iterator[Callable[[str], bool]]:
    """Yield what tells whether a backup needs an object; kept on the disk, since they are many."""
    with closing(sqlite3.connect("")) as needed:
        needed.execute("CREATE TABLE objects (sha256 TEXT PRIMARY KEY) WITHOUT ROWID")
        for name in names:
            broken = broken_parts(repository.folder(name), repository.manifest(name))
            if broken:
                raise BackupDamaged(f"{name} is not what was written: {', '.join(broken)}")
            hashes = ((entry.sha256,) for entry in whole_entries(repository.folder(name)))
            needed.executemany("INSERT OR IGNORE INTO objects VALUES (?)", hashes)

        def is_needed(sha256: str) -> bool:
            query = "SELECT 1 FROM objects WHERE sha256 = ?"
            return needed.execute(query, [sha256]).fetchone() is not None

        yield is_needed


def _remove_unneeded(
    repository: Repository, is_needed: Callable[[str], bool], since: datetime, pruned: Pruned
) -> None:
    for key in repository.objects.iter_keys():
        if is_needed(key.rpartition("/")[2]):
            continue
        try:
            found = repository.objects.stat(key)
        except ObjectNotFound:
            continue
        if found.put_at < since:
            repository.objects.delete(key)
            pruned.objects += 1
            pruned.bytes += found.size_bytes
