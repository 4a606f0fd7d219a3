"""A whole gallery of several machines, on one: PostgreSQL, S3, Redis, two app servers, and nginx.

Nothing here is but for show: the servers are those of a real installation,
set up by settings alone. They meet in the database and the storage; each
app server has an instance folder of its own, as on a machine of its own.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cluster.nginx import running_nginx
from cluster.postgresql import running_postgresql
from cluster.processes import answers, free_port, running
from cluster.s3 import running_s3

ROOT = Path(__file__).parents[1]
GALLERY = Path(sys.executable).parent / "gallery"
APP_SERVERS = 2
WORKERS_EACH = 2


@dataclass(frozen=True, kw_only=True)
class AppServer:
    """One of the app servers: its port, and the group of its processes."""

    port: int
    group: int

    def kill(self) -> None:
        """End it with all its workers, as a power cut would."""
        os.killpg(self.group, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running cluster: where visitors come in, its app servers, and what commands need."""

    address: str
    app_servers: list[AppServer]
    environ: dict[str, str]

    def gallery(self, *arguments: str) -> str:
        """Run a command of the gallery, as on any of the machines, and return what it prints."""
        done = subprocess.run(
            [GALLERY, *arguments],
            env=os.environ | self.environ,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout


@contextmanager
def running_cluster(folder: Path, *, port: int | None = None) -> Iterator[Cluster]:
    """Run a cluster that keeps all it has in *folder*; given it again, everything is there again.

    Raises:
        ServerFailed: one of the servers did not start; the message holds what it printed.
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        settings = _shared_settings(folder, address) | {
            "DATABASE_URL": stack.enter_context(running_postgresql(folder / "postgresql")),
            "IMAGE_STORAGE_TYPE": "s3",
            **stack.enter_context(running_s3(folder / "s3")).settings(),
            **stack.enter_context(_redis(folder)),
        }
        servers = [
            stack.enter_context(_app_server(folder / f"app-{number}", settings))
            for number in range(1, APP_SERVERS + 1)
        ]
        stack.enter_context(
            running_nginx(
                folder / "nginx",
                port=port,
                upstreams=[f"127.0.0.1:{server.port}" for server in servers],
                storage=None,
                static=ROOT / "static",
                secret=settings["NGINX_SECRET"],
            )
        )
        environ = settings | {"INSTANCE_PATH": str(folder / "commands")}
        yield Cluster(address=address, app_servers=servers, environ=environ)


def _shared_settings(folder: Path, address: str) -> dict[str, str]:
    """Return what all machines have to agree on, made once."""
    return {
        "SECRET_KEY": _kept_secret(folder / "secret_key"),
        "NGINX_SECRET": _kept_secret(folder / "nginx_secret"),
        "PUBLIC_URL": address,
        "TRUSTED_PROXIES": "1",
        "WEB_CONCURRENCY": str(WORKERS_EACH),
    }


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


@contextmanager
def _redis(folder: Path) -> Iterator[dict[str, str]]:
    """Run a Redis for the rate limits where there is one; without, each worker counts alone."""
    program = shutil.which("redis-server")
    if program is None:
        yield {}
        return
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir"]
    with running(
        [*command, str(folder)], log=folder / "redis.log", is_ready=partial(answers, port)
    ):
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


@contextmanager
def _app_server(folder: Path, settings: dict[str, str]) -> Iterator[AppServer]:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with running(
        [str(GALLERY), "serve"],
        log=folder / "log",
        is_ready=partial(answers, port),
        environ=settings | {"INSTANCE_PATH": str(folder), "PORT": str(port)},
        folder=ROOT,
    ) as process:
        yield AppServer(port=port, group=process.pid)
