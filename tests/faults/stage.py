"""A gallery in a folder, on which child processes do things, time and again from one start."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import IO, cast

from tests.faults.orders import Order, Outcome
from tests.faults.tracing import Call, read_trace

PASSWORD = "correct horse battery"
ROOT = Path(__file__).parents[2]


class Stage:
    """A fork server with its instance folder, and what that looked like when it was ``kept``."""

    def __init__(self, instance: Path, server: "subprocess.Popen[bytes]") -> None:
        self.instance = instance
        self._server = server
        self._traces = instance.parent / "traces"
        self._traces.mkdir()
        self._numbers = count()

    def do(self, order: Order) -> Outcome:
        """Let a child do what is ordered, unharmed."""
        pickle.dump(order, cast(IO[bytes], self._server.stdin))
        cast(IO[bytes], self._server.stdin).flush()
        return cast(Outcome, pickle.load(cast(IO[bytes], self._server.stdout)))

    def trace(self, order: Order, injections: tuple[str, ...] = ()) -> tuple[Outcome, list[Call]]:
        """Let a child do what is ordered under strace; return its calls as well."""
        file = self._traces / f"{next(self._numbers)}.txt"
        outcome = self.do(replace(order, trace=str(file), injections=injections))
        calls = list(read_trace(file))
        file.unlink()
        return outcome, calls

    def keep(self) -> None:
        """Remember the instance folder as it is now."""
        shutil.copytree(self.instance, self._kept)

    def set_back(self) -> None:
        """Let the instance folder be as it was when it was kept."""
        shutil.rmtree(self.instance)
        shutil.copytree(self._kept, self.instance)

    @property
    def _kept(self) -> Path:
        return self.instance.with_name("kept")


@contextmanager
def a_stage(instance: Path, *arguments: str) -> Iterator[Stage]:
    """Run a fork server over *instance* until the block ends."""
    log = instance.parent / "log.txt"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forkserver", instance, *arguments],
            cwd=ROOT,
            # What `users create` would ask for.
            env=os.environ | {"GALLERY_PASSWORD": PASSWORD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as server,
    ):
        yield Stage(instance, server)
        server.stdin.close()
