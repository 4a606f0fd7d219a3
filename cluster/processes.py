"""Start a server as a process of our own, wait until it answers, and take it down for certain."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

LONGEST_START_SECONDS = 30
LONGEST_STOP_SECONDS = 10
# prctl(2): the signal that a process gets when the one that started it ends, however that ends.
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl


class ServerFailed(Exception):
    """A server ended, or did not answer in time; the message holds what it printed."""


def free_port() -> int:
    """Return a port of the loopback on which nobody listens just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    is_ready: Callable[[], bool],
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command* in a session of its own until the block ends; what it prints goes to *log*.

    It ends with this process too, even where this process is killed.

    Raises:
        ServerFailed: it ended, or *is_ready* stayed False for too long.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ) | dict(environ or {}),
            cwd=folder,
            start_new_session=True,
            preexec_fn=partial(_end_with_parent, stop_signal),
        )
    try:
        _wait(process, is_ready, log)
        yield process
    finally:
        stop(process, stop_signal)


def stop(process: subprocess.Popen[bytes], stop_signal: int = signal.SIGTERM) -> None:
    """Ask *process* to end, and kill its whole group where it doesn't."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(LONGEST_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(port: int) -> bool:
    """Tell whether somebody listens on *port* of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _end_with_parent(stop_signal: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, stop_signal)


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            printed = log.read_text(errors="replace")[-2000:]
            raise ServerFailed(f"{process.args!r} is not ready:\n{printed}")
        time.sleep(0.02)
