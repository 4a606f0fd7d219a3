"""Bytes that arrive piece by piece, in a named file until it is known what becomes of them.

They are hashed on their way, so that nobody has to read them again for
that. The file lies where its storage keeps what is unfinished: a provider
that keeps files takes it over as it is.
"""

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from gallery.errors import StorageError, StorageFull, StorageUnavailable
from gallery.storage.temporary import UNFINISHED, hold

PREFIX = "upload-"
_BUFFER_BYTES = 128 * 1024


class _File(io.FileIO):
    """A file whose disk's errors are told as the disk's.

    Decoders take an ``OSError`` for a damaged image, which would be its sender's fault.
    """

    def readinto(self, buffer: Any) -> int:
        with _translated():
            return cast(int, super().readinto(buffer))

    def readall(self) -> bytes:
        with _translated():
            return super().readall() or b""

    def close(self) -> None:
        # What was written has been synced where it counts; nothing else is lost by a failure.
        with suppress(OSError):
            super().close()


class SpooledFile(io.RawIOBase):
    """A file that is written once, from its beginning to its end, and goes when it is closed.

    Raises ``StorageFull`` and ``StorageUnavailable`` where the disk does.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self.path = folder / f"{PREFIX}{uuid4().hex}{UNFINISHED}"
        with _translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _File(self.path, "x+b")
        hold(self._file.fileno())

    @property
    def sha256(self) -> str:
        """The SHA-256, in hex, of what was written so far."""
        return self._digest.hexdigest()

    def write(self, content: Any) -> int:
        """Write *content* behind what is there, all of it."""
        view = memoryview(content)
        length = len(view)
        self._digest.update(view)
        with _translated():
            while view:
                view = view[cast(int, self._file.write(view)) :]
        self.size_bytes += length
        return length

    def reopen(self) -> BinaryIO:
        """Open the file once more, to be read by itself."""
        with _translated():
            return io.BufferedReader(_File(self.path, "rb"), _BUFFER_BYTES)

    def sync(self) -> None:
        """Wait until the disk has it all."""
        with _translated():
            os.fsync(self._file.fileno())

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into *buffer* from where the file stands."""
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file, to read from there."""
        return self._file.seek(offset, whence)

    def close(self) -> None:
        """Forget the file; what a storage took over stays there."""
        if not self.closed:
            self._file.close()
            # What can't be removed is left for the hourly sweep; the request went as it went.
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        super().close()


def storage_error(error: OSError) -> StorageError:
    """Return what an error of the operating system means here."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull("There is no room left for this image")
    return StorageUnavailable(f"The storage folder can't be used ({error.strerror})")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error
