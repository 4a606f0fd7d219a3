"""Uploading: what slow senders cost everybody else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

from bench.dripping import UPLOADERS
from bench.measure import Result, compare
from bench.seed import fill_round, megabyte_png, new_gallery, save_one
from bench.servers import ROOT, Server, gallery_server
from gallery.extensions import House
from gallery.imaging.convert import to_format
from gallery.imaging.verify import verify

PAGES = ("/games/BENCH/rounds/1", "/api/games/BENCH/rounds/1/images", "/")
# The first are cut off after ten seconds, which should fall into the window.
WARMING_SECONDS = 5
WINDOW_SECONDS = 8


def measure_uploading(folder: Path) -> list[Result]:
    """Return what uploads cost."""
    return [_beside_slow_uploaders(folder / "uploading")]


def _beside_slow_uploaders(instance: Path) -> Result:
    """Compare the p99 of visitors while fifty drip with that while nobody does, in turn."""
    content = megabyte_png()
    with new_gallery(instance) as (app, viewer, key):
        house: House = app.extensions["gallery"]
        fill_round(house, viewer, to_format(verify(content), "jpeg"), players=50)
        save_one(house, viewer, content)
    with gallery_server(instance) as server:
        return compare(
            f"p99 of visitors beside {UPLOADERS} uploads at 1 byte/s",
            partial(_busy, server, key),
            "… without them",
            partial(_p99_milliseconds, server),
            unit="ms",
            least=0.5,
            is_cost=True,
        )


def _busy(server: Server, key: str) -> float:
    with _slow_uploaders(server, key):
        time.sleep(WARMING_SECONDS)
        return _p99_milliseconds(server)


@contextmanager
def _slow_uploaders(server: Server, key: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.dripping", str(server.port)]
    uploaders = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"GALLERY_KEY": key})
    try:
        yield
        if uploaders.poll() is not None:
            raise RuntimeError("the slow uploaders gave up")
    finally:
        uploaders.terminate()
        uploaders.wait()


def _p99_milliseconds(server: Server) -> float:
    """Return how long the slowest answer of a hundred takes, to one who asks again and again."""
    waited: list[float] = []
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    ends = time.monotonic() + WINDOW_SECONDS
    while time.monotonic() < ends:
        began = time.perf_counter()
        connection.request("GET", PAGES[len(waited) % len(PAGES)])
        answer = connection.getresponse()
        answer.read()
        waited.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"a visitor got {answer.status}")
    connection.close()
    return quantiles(waited, n=100)[98]
