"""Run ``gallery serve`` as operators do: a process of its own over a folder of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from flask_migrate import upgrade

from gallery import create_app
from gallery.extensions import db
from gallery.services import accounts
from tests.conftest import PASSWORD

GALLERY = Path(sys.executable).parent / "gallery"
EMAIL = "alice@gallery.example"
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Instance:
    """A gallery in which alice has an account and a key; it may be served again and again."""

    folder: Path
    port: int
    key: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        return _environ(self.folder, self.port)


def set_up(folder: Path) -> Instance:
    """Make the database, alice and her key, as an operator's commands do, in this process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    app = create_app(instance_path=str(folder))
    now = datetime.now(UTC)
    with app.app_context():
        upgrade()
        accounts.create_user(EMAIL, PASSWORD, now=now)
        key = accounts.create_key("test", owner=EMAIL, now=now).secret
        db.session.remove()
        db.engine.dispose()
    return Instance(folder, port, key)


@contextmanager
def served(instance: Instance) -> Iterator[subprocess.Popen[bytes]]:
    """Serve until the block is left, where nobody stopped it before."""
    with (instance.folder / "server.log").open("ab") as log:
        server = subprocess.Popen([GALLERY, "serve"], env=instance.environ, stdout=log, stderr=log)
    try:
        _wait_until_ready(server, instance)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(timeout=2 * PATIENCE_SECONDS)
        finally:
            server.kill()


def _environ(folder: Path, port: int) -> dict[str, str]:
    ours = {"INSTANCE_PATH": str(folder), "PORT": str(port), "GALLERY_PASSWORD": PASSWORD}
    # All who sign in here come from one address.
    ours["RATE_LIMIT_LOGIN"] = "none"
    return os.environ | ours


def _wait_until_ready(server: subprocess.Popen[bytes], instance: Instance) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{instance.address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    log = (instance.folder / "server.log").read_text()
    raise AssertionError(f"the server did not become ready\n{log}")
