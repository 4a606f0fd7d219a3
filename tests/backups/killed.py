"""Commands that are killed as by ``kill -9``, each in a process of its own, at a step told.

``python -m tests.backups.killed FOLDER create|restore STEP…`` kills the
command before one of the steps that it takes at its files, then runs it
again to its end. Python starts once for all of them; one line each tells
how the first process ended, how the second did, and the third, which reads
all bytes of what came of it.

A step is what Python tells an audit hook of: a file that is opened, linked,
renamed or removed, a folder that is made, a database that is opened.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from flask.cli import ScriptInfo

from gallery import create_app
from gallery.cli import cli
from tests.conftest import SECRET, FixedClock

STEPS = frozenset(
    {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.truncate", "sqlite3.connect"}
)


class Fate:
    """Counts the steps at files below *folder*, and kills the process before one of them."""

    def __init__(self, folder: Path, step: int | None) -> None:
        self._folder = str(folder)
        self._left = step
        self.taken = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in STEPS or not str(arguments[0]).startswith(self._folder):
            return
        if self._left == self.taken:
            os.kill(os.getpid(), signal.SIGKILL)
        self.taken += 1


def command(instance: Path, *arguments: str) -> NoReturn:
    def build() -> Any:
        return create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=FixedClock())

    script = ScriptInfo(create_app=build, set_debug_flag=False)
    cli.main(list(arguments), prog_name="gallery", obj=script)


def run(work: Callable[..., Any], *arguments: Any, fate: Fate | None = None) -> int:
    """Do *work* in a process of its own, and return how that ended."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if fate:
        sys.addaudithook(fate)
    try:
        work(*arguments)
    except SystemExit as done:
        os._exit(int(done.code or 0))
    os._exit(0)


def main(folder: str, name: str, *steps: str) -> None:
    made = Path(folder)
    for step in steps:
        trial = made.with_name(f"{made.name}-{name}-{step}")
        shutil.copytree(made, trial)
        instance, backups = trial / "instance", str(trial / "backups")
        words = ("backup", name, backups, *(["--yes"] if name == "restore" else []))
        ends = [run(command, instance, *words, fate=Fate(trial, int(step)))]
        ends += [run(command, instance, *words)]
        ends += [run(command, instance, "backup", "verify", backups)]
        sys.stdout.write(" ".join(map(str, ends)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
