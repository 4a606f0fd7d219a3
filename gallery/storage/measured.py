"""A storage that is watched: how long it takes, and what it refuses."""

import time
from collections.abc import Callable
from typing import Any, cast

from gallery.errors import GalleryError
from gallery.metrics import STORAGE_ERRORS, STORAGE_SECONDS
from gallery.storage.base import Storage

# ``iter_keys`` takes as long as whoever asks for the next key; ``presigned_url`` asks nobody.
OPERATIONS = ("put", "spool", "open", "exists", "stat", "delete", "copy", "sweep_temporary")


class Measured:
    """Does all that *storage* does, and has all that it has."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        for operation in OPERATIONS:
            timed = _timed(getattr(storage, operation), storage.name, operation)
            setattr(self, operation, timed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def measured(storage: Storage) -> Storage:
    """Return *storage*, watched."""
    return cast(Storage, Measured(storage))


def _timed(operate: Callable[..., Any], provider: str, operation: str) -> Callable[..., Any]:
    seconds = STORAGE_SECONDS.labels(provider, operation)

    def timed(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return operate(*args, **options)
        except GalleryError as error:
            STORAGE_ERRORS.labels(provider, operation, error.code).inc()
            raise
        finally:
            seconds.observe(time.perf_counter() - began)

    return timed
