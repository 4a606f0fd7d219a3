"""Commands that are killed as by ``kill -9``, each in a process of its own, at a step told.

``python -m tests.services.killed ATTIC INSTANCE:STEP…`` lets ``gallery storage
migrate`` die in each instance at one step of its storages, deletes an image
there, and runs it again to its end, with ``gallery storage check`` behind it.
Python starts once for all of them; what is printed is one line for each:
how the first process ended, how the others did.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import select

from gallery import create_app
from gallery.cli import cli
from gallery.extensions import db
from gallery.models import Image
from gallery.services import retention
from gallery.services.access import Viewer
from gallery.storage import LocalStorage, SpooledFile, StoredObject
from tests.conftest import SECRET, FixedClock
from tests.services.vaults import Vault, furnish

MIGRATE = ("migrate", "--from", "local", "--to", "vault", "--linger", "0", "--json")
CHECK = ("check", "--json")


class Fate:
    """Counts the steps of all storages together, and kills the process before one of them."""

    def __init__(self, step: int | None) -> None:
        self._left = step
        self._lock = threading.Lock()

    def pass_by(self) -> None:
        with self._lock:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            if self._left is not None:
                self._left -= 1


class Fateful(LocalStorage):
    """A folder whose every step may be the last."""

    fate = Fate(None)

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        self.fate.pass_by()
        return super().put(key, stream)

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        self.fate.pass_by()
        return super().open(key, start, end)

    def delete(self, key: str) -> None:
        self.fate.pass_by()
        super().delete(key)


class FatefulVault(Fateful, Vault):
    """The other end of the way."""

    name = "vault"


def build(instance: Path, attic: Path) -> Flask:
    clock = FixedClock()
    clock.move(days=10_000)
    app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
    storages = furnish(app, FatefulVault(attic / instance.name))
    storages._providers["local"] = Fateful(storages.default.root)
    return app


def command(instance: Path, attic: Path, arguments: tuple[str, ...]) -> NoReturn:
    script = ScriptInfo(create_app=lambda: build(instance, attic), set_debug_flag=False)
    cli.main(["storage", *arguments], prog_name="gallery", obj=script)


def delete_one(instance: Path, attic: Path) -> None:
    """Delete the image that was saved first, as its owner does."""
    app = build(instance, attic)
    with app.app_context():
        image = db.session.scalars(select(Image).order_by(Image.id)).first()
        house = app.extensions["gallery"]
        assert image is not None
        retention.delete_image(
            image.id, viewer=Viewer(user_id=image.owner_id), storages=house.storages,
            now=house.now(),
        )  # fmt: skip


def run(work: Callable[..., Any], *arguments: Any, step: int | None = None) -> int:
    """Do *work* in a process of its own, and return how that ended."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    Fateful.fate = Fate(step)
    try:
        work(*arguments)
    except SystemExit as done:
        os._exit(int(done.code or 0))
    os._exit(0)


def main(attic: str, *attempts: str) -> None:
    for attempt in attempts:
        instance, _, step = attempt.rpartition(":")
        where = (Path(instance), Path(attic))
        ends = [run(command, *where, MIGRATE, step=int(step))]
        ends += [run(delete_one, *where)]
        ends += [run(command, *where, arguments) for arguments in (MIGRATE, CHECK)]
        sys.stdout.write(" ".join(map(str, ends)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
