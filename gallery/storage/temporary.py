"""Files that are being written, and what is left of those whose writer died.

Whoever writes one holds a lock on it, which ends with the process however
that ends: so a sweep can tell what is left over from what is only slow.
They lie on the file system of the objects, where they can be given their
names, and in a folder where no object can be.
"""

import fcntl
import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path

# Keys can't start with a dot, so nothing in here is ever an object.
TEMPORARY = ".tmp"
UNFINISHED = ".part"


def hold(descriptor: int) -> None:
    """Keep a temporary file from being swept, for as long as it is open."""
    # A file system without locks leaves the sweep nothing but the file's age to go by.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def sweep(root: Path, *, untouched_since: datetime) -> int:
    """Remove the files left over below the storage folder *root*, and return how many.

    Raises:
        OSError: the folder can't be read.
    """
    try:
        # Neither the folder nor a file is reached through a symbolic link.
        folder = os.open(root / TEMPORARY, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    try:
        names = [name for name in os.listdir(folder) if name.endswith(UNFINISHED)]
        return sum(_remove_left_over(name, folder, untouched_since) for name in names)
    finally:
        os.close(folder)


def _remove_left_over(name: str, folder: int, untouched_since: datetime) -> bool:
    try:
        # A pipe would keep us waiting for somebody at its other end.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        # Its writer has ended or another sweep was faster; or it is no file of ours.
        return False
    try:
        found = os.fstat(file)
        is_old = found.st_mtime < untouched_since.timestamp()
        if not stat.S_ISREG(found.st_mode) or not is_old or _is_held(file):
            return False
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    finally:
        os.close(file)
    return True


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
