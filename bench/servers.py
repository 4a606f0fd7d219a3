"""Real servers on the loopback: Gallery's own, and gunicorn's with nothing in the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server: its port, and its group of processes."""

    port: int
    group: int

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        return sum(_cpu(stat) for stat in _stats() if stat[2] == str(self.group)) / TICKS


@contextmanager
def gallery_server(instance: Path, **environ: str) -> Iterator[Server]:
    """Serve the gallery in *instance* as ``gallery serve`` does."""
    command = [str(Path(sys.executable).parent / "gallery"), "serve"]
    with _running(command, instance, ready="/healthz", **environ) as server:
        yield server


@contextmanager
def bare_server(instance: Path, folder: Path) -> Iterator[Server]:
    """Serve ``bench.bare`` by gunicorn's own worker; it sends from *folder*."""
    command = [
        sys.executable, "-m", "gunicorn", "bench.bare:app",
        "--worker-class", "gthread", "--workers", str(min(os.cpu_count() or 1, 4)),
        "--threads", "24", "--timeout", "60", "--no-control-socket",
        "--forwarded-allow-ips", "", "--forwarder-headers", "",
        "--log-level", "warning",
        "--bind", "127.0.0.1:{port}",
    ]  # fmt: skip
    with _running(command, instance, ready="/hello", BENCH_FOLDER=str(folder)) as server:
        yield server


@contextmanager
def _running(command: list[str], instance: Path, *, ready: str, **extra: str) -> Iterator[Server]:
    port = _free_port()
    environ = os.environ | extra | {"INSTANCE_PATH": str(instance), "PORT": str(port)}
    process = subprocess.Popen(
        [part.format(port=port) for part in command],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(port, ready)
        yield Server(port=port, group=process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _wait(port: int, path: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                if b" 200 " in connection.recv(64):
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing answers on port {port}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _stats() -> Iterator[list[str]]:
    """Yield the fields of ``/proc/<pid>/stat`` behind the name: state, parent, group …"""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield path.read_text().rpartition(")")[2].split()
        except OSError:
            continue


def _cpu(stat: list[str]) -> int:
    return int(stat[11]) + int(stat[12])
