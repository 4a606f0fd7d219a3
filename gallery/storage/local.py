"""Objects as files below one folder.

A write goes to a temporary file on the same file system, is synced, and
then given its name; the folder is synced too, since a name that only the
page cache knows is lost with the power. A stop at any point leaves either
the whole object, or a file that no row points to.
"""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from gallery.config import Settings
from gallery.errors import ObjectExists, ObjectNotFound
from gallery.storage.base import (
    CHUNK_BYTES,
    MARK,
    MOST_MARK_BYTES,
    ObjectInfo,
    Storage,
    StoredObject,
    check_key,
    is_key,
)
from gallery.storage.spool import SpooledFile, storage_error
from gallery.storage.temporary import TEMPORARY, UNFINISHED, hold, sweep

_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV)


class LocalStorage:
    """A folder of objects. The folder is made on first use."""

    name = "local"
    # A hard link is never made in the place of another file, whoever else tries.
    claims_keys = True
    origin = None
    is_mounted = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def read_mark(self) -> str | None:
        """Read the file beside the objects' folders."""
        try:
            with (self.root / MARK).open("rb") as file:
                return file.read(MOST_MARK_BYTES).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error) from error

    def write_mark(self, mark: str) -> None:
        """Write the file anew, as an object is written."""
        with _translated(MARK, writes=True), self._temporary() as temporary:
            _write(temporary, io.BytesIO(mark.encode()), MARK)
            os.replace(temporary, self.root / MARK)
            _sync_folder(self.root)

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        """Keep *stream* under *key*: write, fsync, name, fsync the folder."""
        target = self._path(key)
        if isinstance(stream, SpooledFile) and stream.path.parent == self.root / TEMPORARY:
            return self._take_over(stream, target, key)
        with _translated(key, writes=True), self._temporary() as temporary:
            stored = _write(temporary, stream, key)
            self._publish(temporary, target)
        return stored

    def spool(self) -> SpooledFile:
        """Return an empty file beside those of ``put``, which takes it over without a copy."""
        return SpooledFile(self.root / TEMPORARY)

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        """Open the file; a whole one is a real file, so that servers may use sendfile."""
        with _translated(key):
            file = self._path(key).open("rb")
            file.seek(start)
        if end is None:
            return file
        with file:
            return io.BytesIO(file.read(max(0, end - start)))

    def exists(self, key: str) -> bool:
        """Tell whether the file is there."""
        return self._path(key).is_file()

    def stat(self, key: str) -> ObjectInfo:
        """Ask the file system.

        A copy is a hard link, which is as old as its source by the time its
        bytes were written; the time at which links changed is what tells.
        """
        with _translated(key):
            found = self._path(key).stat()
            if not stat.S_ISREG(found.st_mode):
                raise FileNotFoundError
        return ObjectInfo(
            size_bytes=found.st_size,
            put_at=datetime.fromtimestamp(found.st_ctime, UTC),
            version=f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}",
        )

    def delete(self, key: str) -> None:
        """Unlink the file; folders stay, since removing them races with writers."""
        gone = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
        with _translated(key), suppress(*gone):
            os.unlink(self._path(key))

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys of all files: neither temporary ones, nor what can't be of ours."""
        # What starts with a folder's name lies in that folder.
        above_all = prefix.rpartition("/")[0]
        if above_all and not is_key(above_all):
            return
        root = self.root / above_all
        for folder, subfolders, files in os.walk(root, onerror=_refuse_unlisted):
            above = Path(folder).relative_to(self.root)
            subfolders[:] = [name for name in subfolders if is_key((above / name).as_posix())]
            for name in files:
                key = (above / name).as_posix()
                if is_key(key) and key.startswith(prefix):
                    yield key

    def copy(self, source: str, target: str) -> StoredObject:
        """Make a hard link, or a real copy where the file system has no links."""
        origin, destination = self._path(source), self._path(target)
        with _translated(source):
            self._make_folder(destination.parent)
            try:
                os.link(origin, destination)
            except OSError as error:
                if error.errno == errno.EEXIST:
                    raise ObjectExists(f"{target} is taken") from None
                if error.errno not in _NO_LINKS:
                    raise
                with origin.open("rb") as stream:
                    return self.put(target, stream)
            _sync_folder(destination.parent)
            with destination.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return StoredObject(key=target, size_bytes=file.tell(), sha256=digest)

    def presigned_url(
        self,
        key: str,  # noqa: ARG002
        *,
        expires_in: timedelta,  # noqa: ARG002
        media_type: str | None = None,  # noqa: ARG002
        disposition: str | None = None,  # noqa: ARG002
    ) -> str | None:
        """Return None: a folder serves nothing by itself."""
        return None

    def sweep_temporary(self, *, untouched_since: datetime) -> int:
        """Unlink what nobody writes to any more; the folder's clock is the machine's."""
        with _translated(TEMPORARY):
            return sweep(self.root, untouched_since=untouched_since)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = self.root / TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid4().hex}{UNFINISHED}"
        try:
            yield path
        finally:
            # What can't be removed is left for the hourly sweep; the object is there, or it isn't.
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _take_over(self, spooled: SpooledFile, target: Path, key: str) -> StoredObject:
        """Give a spooled file its name: its bytes are there, and known."""
        spooled.sync()
        with _translated(key, writes=True):
            self._publish(spooled.path, target)
        return StoredObject(key=key, size_bytes=spooled.size_bytes, sha256=spooled.sha256)

    def _publish(self, temporary: Path, target: Path) -> None:
        self._make_folder(target.parent)
        try:
            # A link appears whole or not at all, and never in the place of another.
            os.link(temporary, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _rename(temporary, target)
        _sync_folder(target.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _write(path: Path, stream: BinaryIO | SpooledFile, key: str) -> StoredObject:
    digest = hashlib.sha256()
    with path.open("xb", buffering=0) as file:
        hold(file.fileno())
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[cast(int, file.write(view)) :]
        os.fsync(file.fileno())
        return StoredObject(key=key, size_bytes=file.tell(), sha256=digest.hexdigest())


def _rename(temporary: Path, target: Path) -> None:
    """Give the file its name where there are no hard links.

    A rename would replace silently, so the name is claimed first: for a
    moment, who looks sees an empty object.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    try:
        os.replace(temporary, target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_unlisted(error: OSError) -> None:
    """Let nobody take a part of the keys for all of them; a folder that isn't there has none."""
    if not isinstance(error, FileNotFoundError):
        raise storage_error(error) from error


def open_local(settings: Settings) -> Storage:
    """Return the folder that *settings* name; there is always one."""
    return LocalStorage(settings.IMAGE_STORAGE_BASE_DIR)


@contextmanager
def _translated(key: str, *, writes: bool = False) -> Iterator[None]:
    """Turn the operating system's errors into Gallery's, at the edge."""
    try:
        yield
    except FileExistsError:
        raise ObjectExists(f"{key} is taken") from None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        if writes:
            raise storage_error(error) from error
        raise ObjectNotFound(f"{key} is missing") from None
    except OSError as error:
        raise storage_error(error) from error
