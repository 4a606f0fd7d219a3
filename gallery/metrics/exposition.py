"""Tell what was counted, of all processes of a server together.

Each process of ``gallery serve`` counts into files of its own, in a folder
that is made for this one run. The files of a process that died stay, or
its counts would be missing from the sums, and counters never go back; what
was the case only while it lived goes with it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from gallery.metrics import REGISTRY

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "gallery-metrics-"
_YOUNG_SECONDS = 60


class Told(Collector):
    """Metrics that were looked up rather than counted."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._metrics


def expose(more: Iterable[Metric], *, accept: str = "") -> tuple[bytes, str]:
    """Return all metrics and *more* as text, and its media type: OpenMetrics where it is taken."""
    registry = CollectorRegistry()
    registry.register(MultiProcessCollector(None) if os.environ.get(FOLDER) else REGISTRY)
    registry.register(Told(more))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def open_folder() -> Path:
    """Make the folder for the files of one server, locked for as long as a process of it lives.

    The lock outlives ``exec`` and is shared by workers. It keeps tidy systems
    from removing what has lain long (tmpfiles.d(5)), and tells the next server
    which folders belong to one that was killed: those go.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        _remove_unless_used(left)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.set_inheritable(descriptor, True)
    return folder


def forget_process(pid: int) -> None:
    """Drop what was the case only while a process lived; what it counted stays."""
    if os.environ.get(FOLDER):
        mark_process_dead(pid)


def close_folder() -> None:
    """Remove the folder: the server has ended."""
    folder = os.environ.get(FOLDER)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_unless_used(folder: Path) -> None:
    # Somebody else's, or gone meanwhile, or in use: none of ours to remove. One that was just
    # made may not be locked yet.
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
