"""A PostgreSQL that tests may stop, kill, send to sleep and start again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import LiteralString

import psycopg

from cluster.postgresql import running_postgresql

LONGEST_STOP_SECONDS = 20
_HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid != pg_backend_pid()"
)


class Server:
    """What it has committed is on the disk, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        """Start, over the files that are there."""
        self.address = self._running.enter_context(
            running_postgresql(self._folder, options=("max_connections=40",))
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: by SIGINT in good order, by SIGQUIT at once, as a crash would."""
        postmaster = self._postmaster
        os.kill(postmaster, how)
        until = time.monotonic() + LONGEST_STOP_SECONDS
        while _is_alive(postmaster) and time.monotonic() < until:
            time.sleep(0.02)
        self._running.close()

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Let no process of the server do anything; its lines stay open."""
        processes = [self._postmaster, *_children(self._postmaster)]
        for each in processes:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in processes:
                os.kill(each, signal.SIGCONT)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nobody write, as where a replica has taken over too early."""
        self.ask("ALTER SYSTEM SET default_transaction_read_only = on")
        self.ask("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            self.ask("ALTER SYSTEM RESET default_transaction_read_only")
            self.ask("SELECT pg_reload_conf()")

    def ask(self, statement: LiteralString) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def crowded(self) -> Iterator[None]:
        """Let others take all connections that there are, once everybody was hung up on."""
        self.ask(_HANG_UP)
        with ExitStack() as taken:
            with suppress(psycopg.OperationalError):
                while True:
                    taken.enter_context(psycopg.connect(self.address))
            yield

    @property
    def _postmaster(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in listed.split()]
