"""docs/backup.md, executed line by line in a real shell, over a gallery that is really served."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from cluster.processes import free_port
from gallery.extensions import db
from tests.backups.conftest import Commands
from tests.backups.zygote import client
from tests.conftest import FixedClock, find_program

pytestmark = pytest.mark.only_on("sqlite", because="the page is about a folder")
HOME = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Numbers and times are other ones each time.
NUMBER = re.compile(r"[0-9][0-9,TZ]*")
# Starts and stops the one service there is, and waits as the real one does.
SYSTEMCTL = """#!/bin/bash
set -e
if [ "$1" = start ]; then
    setsid gallery serve >"{folder}/served" 2>&1 & echo $! >"{folder}/pid"
    for _ in $(seq 300); do
        curl -fs "http://127.0.0.1:$PORT/healthz" >/dev/null && exit 0
        sleep 0.1
    done
    cat "{folder}/served" >&2
    exit 1
fi
[ -e "{folder}/pid" ] || exit 0
kill -TERM -- "-$(cat "{folder}/pid")" || true
while kill -0 -- "-$(cat "{folder}/pid")" 2>/dev/null; do sleep 0.05; done
rm "{folder}/pid"
"""


def read_page() -> list[tuple[str, list[str]]]:
    """Return each line that is typed, and those that are shown below it."""
    lines = "".join(BLOCK.findall((HOME / "docs" / "backup.md").read_text("utf-8"))).splitlines()
    typed: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("$ "):
            typed.append((line[2:], []))
        else:
            typed[-1][1].append(line)
    return typed


class Shell:
    """A shell whose machine is a folder: what the page names lies below it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder, self._port = folder, str(free_port())
        self._process = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PORT": self._port,
                "HOME": str(folder),
            }
            | {"WEB_CONCURRENCY": "1"},
        )

    def type(self, line: str) -> tuple[int, list[str]]:
        """Run a line; return its exit code, and what it printed, as the page would show it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        here = re.sub(r"(?<![\w.])/(var|mnt|srv|root)/", rf"{self._folder}/\1/", line)
        here = here.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}")
        self._process.stdin.write(f'{here}\necho; echo "the end $?"\n')
        self._process.stdin.flush()
        printed: list[str] = []
        while not (told := self._process.stdout.readline()).startswith("the end "):
            assert told, f"the shell ended at {line}"
            printed.append(told.rstrip("\n").replace(str(self._folder), ""))
        return int(told.split()[-1]), printed[:-1] if printed[-1:] == [""] else printed

    def close(self) -> None:
        self.type("systemctl stop gallery")
        self._process.communicate("exit\n")


@pytest.fixture
def zygote() -> Iterator[Path]:
    """Where the commands of a shell are done; a socket's address has to be short."""
    with TemporaryDirectory() as folder:
        address = Path(folder) / "zygote"
        call = [sys.executable, "-m", "tests.backups.zygote", address]
        with subprocess.Popen(call, cwd=HOME, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield address
            process.kill()


@pytest.fixture
def shell(
    zygote: Path,
    save: Callable[..., dict[str, Any]],
    gallery: Commands,
    clock: FixedClock,
    instance: Path,
    tmp_path: Path,
) -> Iterator[Shell]:
    """A machine with a gallery of three pictures, which is served."""
    find_program("curl")
    # The server goes by its own clock, and would sweep what has expired by that.
    clock.now = datetime.now(UTC)
    machine, programs = tmp_path / "machine", tmp_path / "programs"
    for folder in ("var/lib", "mnt", "srv", "root"):
        (machine / folder).mkdir(parents=True)
    programs.mkdir()
    write(programs / "gallery", client(HOME, zygote))
    write(programs / "systemctl", SYSTEMCTL.format(folder=programs))
    for _ in range(3):
        save()
    with gallery.app.app_context():
        db.session.remove()
        db.engine.dispose()
    instance.rename(machine / "var/lib/gallery")
    shell = Shell(machine, programs)
    shell.type("export INSTANCE_PATH=/var/lib/gallery")
    assert shell.type("systemctl start gallery") == (0, [])
    yield shell
    shell.close()


def write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def test_every_line_does_what_is_shown(shell: Shell) -> None:
    """Each succeeds, and prints what stands below it; where nothing does, it may print."""
    done, told = [], []
    for line, shown in read_page():
        code, printed = shell.type(line)
        told += printed
        done.append((line, code, [NUMBER.sub("N", each) for each in printed] if shown else []))

    assert done == [
        (line, 0, [NUMBER.sub("N", each) for each in shown]) for line, shown in read_page()
    ]
    assert [each for each in told if "is restored" in each][-1].endswith(": 3 images.")
    assert len(done) > 15
