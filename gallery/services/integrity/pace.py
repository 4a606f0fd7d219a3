"""Read no faster than asked, so that a check leaves the disk or the network to the visitors."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """So many bytes a second and no more, for all threads that share it; without a rate, any.

    Who is behind for a while may not catch up in one go: a disk that was
    slow for an hour would be read at full speed in the next.
    """

    def __init__(
        self,
        bytes_per_second: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._bytes_per_second = bytes_per_second
        self._clock, self._sleep = clock, sleep
        self._free_at = clock()
        self._lock = Lock()

    def spend(self, read_bytes: int) -> None:
        """Wait until as much time has passed as *read_bytes* may take after what came before."""
        if self._bytes_per_second is None:
            return
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now) + read_bytes / self._bytes_per_second
            waits = self._free_at - now
        self._sleep(waits)
