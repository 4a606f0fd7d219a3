"""What the production server is told beside its options: who serves, how it stops and hangs up.

A worker that is asked to stop answers first whom it has let in. Those who
listen to a round or wait for a picture would keep it from that for half a
minute, so they are let go: they come back to the worker that follows.
"""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from types import FrameType
from typing import Any

import gunicorn.util

from gallery.extensions import STOPPING
from gallery.metrics import exposition

# Who is hung up on and does not hang up in turn is waited for up to two seconds.
_LINGERERS = 8
_MOST_LINGERING = 256
# Who was refused for the length of his upload reads the answer only when he has sent it.
_MOST_DRAINED_BYTES = 64 * 1024 * 1024

logger_class = "gallery.serving.lines.LineLogger"
worker_class = "gallery.serving.worker.PatientWorker"
# With those who are hung up on, within the thousand files that a process may usually open.
worker_connections = 512


def hang_up_aside() -> None:
    """Let connections end in threads of their own.

    gunicorn waits for each client to hang up too, one after another, in the
    very thread that lets new ones in: two clients a second that don't would
    keep everybody else out.
    """
    linger = gunicorn.util.close_graceful
    pool = ThreadPoolExecutor(_LINGERERS, thread_name_prefix="linger")
    places = BoundedSemaphore(_MOST_LINGERING)

    def close(connection: socket.socket, *_: Any, **__: Any) -> None:
        if places.acquire(blocking=False):
            lingering = pool.submit(linger, connection, max_drain=_MOST_DRAINED_BYTES)
            lingering.add_done_callback(lambda _done: places.release())
        else:
            connection.close()

    gunicorn.util.close_graceful = close


def post_worker_init(worker: Any) -> None:
    """Note, once the worker is set up, when it is asked to stop (gunicorn calls this)."""

    def stop(signum: int, frame: FrameType | None) -> None:
        STOPPING.set()
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, stop)
    hang_up_aside()


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what was the case in a worker that has ended, however it did (gunicorn calls this)."""
    exposition.forget_process(worker.pid)


def on_exit(_server: Any) -> None:
    """Leave nothing behind (gunicorn calls this when the last worker has ended)."""
    exposition.close_folder()
