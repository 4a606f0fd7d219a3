"""Where things lie: who may read them, what kind of disk it is, and how full."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from gallery.config import database_file
from gallery.services.doctor.findings import Finding, Setup, error, fine, hint, warning

_MOUNTS = Path("/proc/self/mountinfo")
# File systems that other machines share, where SQLite's write-ahead log can't work
# (https://www.sqlite.org/wal.html).
_SHARED = {
    "9p", "afs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.goofys", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3",
    "smbfs",
}  # fmt: skip
_FORGETFUL = {"ramfs", "tmpfs"}
_GIGABYTE = 1_000_000_000
_LITTLE_SHARE = 0.05
_LITTLE_BYTES = _GIGABYTE
_LEAST_BYTES = _GIGABYTE // 10


def look_at_permissions(setup: Setup) -> Iterator[Finding]:
    """Tell what other users of this machine can read."""
    instance = setup.instance
    if not instance.is_dir():
        yield hint(f"The instance folder {instance} is not there yet", "The first start makes it.")
    database = database_file(setup.settings.DATABASE_URL)
    secrets = [instance / name for name in ("secret_key", "config.py", "demo.json")]
    private = [instance, *secrets, setup.folder / ".env", setup.settings.IMAGE_STORAGE_BASE_DIR]
    private += [database] if database else []
    open_to_others = [path for path in private if _is_open(path)]
    for path in open_to_others:
        mode = "700" if path.is_dir() else "600"
        advice = f"chmod {mode} {path}"
        if path.is_dir() and setup.settings.NGINX_SECRET:
            advice = f"chmod 750 {path}, with nginx's user in its group: nginx reads the pictures"
        yield warning(f"Other users of this machine may read {path}", f"{advice}.")
    if not open_to_others and instance.is_dir():
        yield fine("Other users of this machine can't read what is private")


def _is_open(path: Path) -> bool:
    """Tell whether others come to *path*: it lets them, and so does each folder above it."""
    if not path.exists():
        return False
    mode = path.stat().st_mode
    may_read = mode & (stat.S_IXOTH if path.is_dir() else stat.S_IROTH)
    return bool(may_read) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents
    )


def look_at_disks(setup: Setup) -> Iterator[Finding]:
    """Tell what kind of file system holds what is kept, and how much room is left there."""
    database = database_file(setup.settings.DATABASE_URL)
    places = {"storage folder": setup.settings.IMAGE_STORAGE_BASE_DIR}
    if database:
        places["database"] = database.parent
    mounts = _MOUNTS.read_text() if _MOUNTS.exists() else ""
    measured: set[int] = set()
    for what, path in places.items():
        there = _nearest(path)
        yield from judge_file_system(what, there, file_system_of(there, mounts))
        if there.stat().st_dev not in measured:
            measured.add(there.stat().st_dev)
            usage = shutil.disk_usage(there)
            yield judge_room(there, total=usage.total, free=usage.free)


def _nearest(path: Path) -> Path:
    """Return *path*, or the folder above it that is there already."""
    return next(each for each in (path, *path.parents) if each.exists())


def file_system_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that *path* lies on, by the lines of ``mountinfo``.

    Of several that are mounted at one place, the last hides the others (proc_pid_mountinfo(5)).
    """
    kind, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if path.resolve().is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = after.split()[0], len(point.parts)
    return kind


def judge_file_system(what: str, path: Path, kind: str) -> Iterator[Finding]:
    """Tell whether the *kind* of file system under *path* keeps what it is given."""
    if kind in _FORGETFUL:
        yield warning(
            f"The {what} lies on {kind}, at {path}, which forgets all with the next restart",
            "Move it to a disk, unless nothing is to be kept.",
        )
    elif kind == "overlay":
        yield hint(
            f"The {what} lies on a container's own layer, at {path}",
            "Mount a volume there: what is in a container goes with it.",
        )
    elif kind in _SHARED and what == "database":
        yield error(
            f"SQLite's file lies on a network file system ({kind}), at {path}",
            "Move it to a disk of this machine, or name a PostgreSQL in DATABASE_URL: SQLite's"
            " write-ahead log doesn't work there, and rows get lost.",
        )


def judge_room(path: Path, *, total: int, free: int) -> Finding:
    """Tell whether *free* bytes of *total* will do for a while."""
    left = f"{free / _GIGABYTE:,.1f} GB of {total / _GIGABYTE:,.1f} GB are free at {path}"
    advice = "Make room, or lower MAX_STORAGE_BYTES or IMAGE_RETENTION_DAYS."
    if free < _LEAST_BYTES:
        return error(left, f"{advice} Saving will answer 507 soon.")
    if free < _LITTLE_BYTES or free < total * _LITTLE_SHARE:
        return warning(left, advice)
    return fine(left)
