"""A third provider, added the way CONTRIBUTING tells: this file, and one line in ``PROVIDERS``."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from gallery.config import Settings
from gallery.errors import ObjectExists, ObjectNotFound
from gallery.storage import ObjectInfo, SpooledFile, Storage, StoredObject, check_key


def open_memory(settings: Settings) -> Storage | None:
    """Return an empty storage; it needs no setting of its own."""
    return MemoryStorage(settings.IMAGE_STORAGE_BASE_DIR)


class MemoryStorage:
    """Objects that are gone with their process."""

    name = "memory"
    claims_keys = True
    origin = None
    is_mounted = False

    def __init__(self, spool_root: Path) -> None:
        self._spool_root = spool_root
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = Lock()
        self._mark: str | None = None

    def read_mark(self) -> str | None:
        return self._mark

    def write_mark(self, mark: str) -> None:
        self._mark = mark

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        check_key(key)
        with stream.reopen() if isinstance(stream, SpooledFile) else nullcontext(stream) as source:
            content = b"".join(iter(lambda: source.read(1024 * 1024), b""))
        with self._lock:
            if key in self._objects:
                raise ObjectExists(f"{key} is taken")
            self._objects[key] = content, datetime.now(UTC)
        sha256 = hashlib.sha256(content).hexdigest()
        return StoredObject(key=key, size_bytes=len(content), sha256=sha256)

    def spool(self) -> SpooledFile:
        return SpooledFile(self._spool_root)

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        return io.BytesIO(self._look_up(key)[0][start:end])

    def exists(self, key: str) -> bool:
        return check_key(key) in self._objects

    def stat(self, key: str) -> ObjectInfo:
        content, put_at = self._look_up(key)
        return ObjectInfo(size_bytes=len(content), put_at=put_at, version=put_at.isoformat())

    def delete(self, key: str) -> None:
        self._objects.pop(check_key(key), None)

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        return iter([key for key in self._objects if key.startswith(prefix)])

    def copy(self, source: str, target: str) -> StoredObject:
        return self.put(target, self.open(source))

    def presigned_url(
        self,
        key: str,  # noqa: ARG002
        *,
        expires_in: timedelta,  # noqa: ARG002
        media_type: str | None = None,  # noqa: ARG002
        disposition: str | None = None,  # noqa: ARG002
    ) -> str | None:
        return None

    def sweep_temporary(self, *, untouched_since: datetime) -> int:  # noqa: ARG002
        return 0

    def _look_up(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise ObjectNotFound(f"{key} is missing") from None
