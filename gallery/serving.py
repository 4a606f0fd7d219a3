"""What the production server is told beside its options: how a worker stops.

A worker that is asked to stop answers first whom it has let in. Those who
listen to a round or wait for a picture would keep it from that for half a
minute, so they are let go: they come back to the worker that follows.
"""

import signal
from types import FrameType
from typing import Any

from gallery.extensions import STOPPING


def post_worker_init(worker: Any) -> None:
    """Note, once the worker is set up, when it is asked to stop (gunicorn calls this)."""

    def stop(signum: int, frame: FrameType | None) -> None:
        STOPPING.set()
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, stop)
