"""A process that dies while it draws, as one does whose machine loses its power.

``python -m tests.services.dying INSTANCE TIME [OWNER]`` asks for a picture in
OWNER's name, or tends what waits, and never comes to an end of it.
"""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from gallery import create_app
from gallery.services import generation
from gallery.services.access import Viewer
from tests.conftest import SECRET, FixedClock
from tests.services.artists import Artist, Host, settle

DIED = 9


class Deadly(Artist):
    """Takes its process with it, without a chance to tidy up."""

    def generate(self, prompt: str, **options: Any) -> NoReturn:  # noqa: ARG002
        os._exit(DIED)


def die(instance: Path, clock: FixedClock, *owner: UUID | None) -> None:
    """Let a process of its own ask, or tend, and die of it."""
    names = [str(instance), clock().isoformat(), *(str(each) for each in owner)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.services.dying", *names],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == DIED, done.stderr.decode()


def main(instance: str, now: str, owner: str | None = None) -> None:
    clock = FixedClock()
    clock.now = datetime.fromisoformat(now)
    app = create_app({"SECRET_KEY": SECRET}, instance_path=instance, clock=clock)
    with app.app_context():
        studio = replace(app.extensions["gallery"].studio, generators={"demo": Deadly()})
        if owner:
            Host(Viewer(user_id=UUID(owner)), studio, clock).round()
        else:
            generation.tend(studio=studio)
        settle(studio)


if __name__ == "__main__":
    main(*sys.argv[1:])
