"""A folder of backups: objects by their SHA-256, and for each backup its rows and a manifest.

``objects/`` is shared by all backups, so that the next one copies only what
is new. A backup is what has a manifest: that is written last, whole or not
at all, so whatever was interrupted before does not exist.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gallery.errors import BackupBusy, BackupNotFound, BackupUnusable
from gallery.services.backup.manifest import MANIFEST, Manifest, read_manifest, sync_folder
from gallery.storage import LocalStorage

_LOCK = "lock"
_OURS = frozenset({"backups", "objects", _LOCK})


class Repository:
    """The folder at *path*. It holds private pictures and passwords' hashes: nobody else's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.objects = LocalStorage(path / "objects")
        self._backups = path / "backups"

    @contextmanager
    def locked(self, *, for_writing: bool) -> Iterator[None]:
        """Let nobody else write here, nor read where this one writes.

        Raises:
            BackupBusy: somebody is at work here.
        """
        try:
            with (self.path / _LOCK).open("a" if for_writing else "r") as file:
                fcntl.flock(file, (fcntl.LOCK_EX if for_writing else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                yield
        except BlockingIOError:
            raise BackupBusy(f"Another command is at work in {self.path}") from None

    def open_for_writing(self) -> None:
        """Make the folder where there is none.

        Raises:
            BackupUnusable: something else is in it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            strangers = {each.name for each in self.path.iterdir()} - _OURS
            if strangers and not self._backups.is_dir():
                raise BackupUnusable(f"{self.path} holds something else: {min(strangers)}")
            self.path.chmod(0o700)
            self._backups.mkdir(mode=0o700, exist_ok=True)
            self.objects.root.mkdir(mode=0o700, exist_ok=True)
            (self.path / _LOCK).touch(mode=0o600)
            sync_folder(self.path)
        except OSError as error:
            raise BackupUnusable(f"{self.path} can't be used ({error.strerror})") from error

    def open_for_reading(self) -> None:
        """See to it that there is one.

        Raises:
            BackupNotFound: there is none.
        """
        if not self._backups.is_dir() or not (self.path / _LOCK).is_file():
            raise BackupNotFound(f"There are no backups in {self.path}")

    def names(self) -> list[str]:
        """Return the names of the backups, oldest first."""
        found = (each.parent.name for each in self._backups.glob(f"*/{MANIFEST}"))
        return sorted(found, key=_order)

    def newest(self) -> str:
        """Return the name of the newest backup.

        Raises:
            BackupNotFound: there is none.
        """
        names = self.names()
        if not names:
            raise BackupNotFound(f"There is no whole backup in {self.path}")
        return names[-1]

    def folder(self, name: str) -> Path:
        """Return where the files of a backup lie."""
        return self._backups / name

    def manifest(self, name: str) -> Manifest:
        """Read the manifest of a backup.

        Raises:
            BackupNotFound: it has none, and so is no backup.
            BackupDamaged: it is not what was written.
        """
        if name not in self.names():
            raise BackupNotFound(f"There is no backup {name} in {self.path}")
        return read_manifest(self.folder(name))

    def begin(self, now: datetime) -> str:
        """Make the folder of a new backup, and return its name.

        What others left unfinished goes; the objects that they copied stay.
        """
        self.clear_unfinished()
        stamp = name = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        again = 1
        while self.folder(name).exists():
            again += 1
            name = f"{stamp}-{again}"
        self.folder(name).mkdir(mode=0o700)
        return name

    def settle(self) -> None:
        """Wait until the disk knows of a new backup's folder."""
        sync_folder(self._backups)

    def clear_unfinished(self) -> None:
        """Remove what is no backup; only for who writes here, alone."""
        for folder in self._backups.iterdir():
            if not (folder / MANIFEST).exists():
                shutil.rmtree(folder)
        self.objects.sweep_temporary(untouched_since=datetime.now(UTC) + timedelta(days=1))

    def remove(self, name: str) -> None:
        """Remove a backup, its manifest first: half removed, it is none."""
        folder = self.folder(name)
        (folder / MANIFEST).unlink()
        sync_folder(folder)
        shutil.rmtree(folder)


def object_key(sha256: str) -> str:
    """Return where the object of this SHA-256 lies below ``objects/``."""
    return f"{sha256[:2]}/{sha256}"


def _order(name: str) -> tuple[str, int]:
    stamp, _, again = name.partition("-")
    return stamp, int(again) if again.isdecimal() else 1
