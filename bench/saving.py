"""Saving a 1 MB PNG over HTTP, four clients at once, against a bare loop in as many processes."""

import hashlib
import io
import os
import sqlite3
import time
from functools import partial
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from bench.measure import Result, compare
from bench.seed import megabyte_png, new_gallery
from bench.servers import gallery_server

CLIENTS = 4
EACH = 25


def measure_saving(folder: Path) -> list[Result]:
    """Return how many pictures a second are saved."""
    content = megabyte_png()
    with new_gallery(folder / "saving") as (_app, _viewer, key):
        pass
    bare = folder / "bare"
    bare.mkdir()
    _prepare_bare(bare)
    with gallery_server(folder / "saving") as server:
        return [
            compare(
                f"save a {len(content) / 1e6:.1f} MB PNG over HTTP",
                partial(_rate, partial(_send, server.port, key, content)),
                "decode, hash, write, fsync, rename, fsync, insert",
                partial(_rate, partial(_bare_loop, bare, content)),
                unit="saves/s",
                least=0.5,
            )
        ]


def _rate(work) -> float:
    """Run *work* in four processes at once; return how many pictures a second they did."""
    context = get_context("fork")
    processes = [context.Process(target=work) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a client failed")
    return CLIENTS * EACH / (time.perf_counter() - began)


def _send(port: int, key: str, content: bytes) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png"}
    for _ in range(EACH):
        connection.request("POST", "/api/images?prompt=A+fox&model=bench", content, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"not saved: {answer.status}")
    connection.close()


def _prepare_bare(folder: Path) -> None:
    with sqlite3.connect(folder / "bare.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE images (id TEXT PRIMARY KEY, sha256 TEXT, size INTEGER)")
    database.close()


def _bare_loop(folder: Path, content: bytes) -> None:
    database = sqlite3.connect(folder / "bare.db", isolation_level=None, timeout=30)
    database.execute("PRAGMA synchronous=FULL")
    descriptor = os.open(folder, os.O_RDONLY)
    for number in range(EACH):
        Image.open(io.BytesIO(content)).load()
        name = f"{os.getpid()}-{number}-{time.monotonic_ns()}"
        digest = hashlib.sha256(content).hexdigest()
        with open(folder / f"{name}.part", "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(folder / f"{name}.part", folder / f"{name}.png")
        os.fsync(descriptor)
        database.execute("INSERT INTO images VALUES (?, ?, ?)", (name, digest, len(content)))
    os.close(descriptor)
    database.close()
