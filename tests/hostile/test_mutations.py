"""Broken files by the thousand, each as every kind of image: taken whole or refused, and quickly.

What is fed to a process of its own, see ``victim.py``; how files are broken,
see ``mutating.py``. A seed that fails is fed again by itself with
``python -m tests.hostile.victim FOLDER SEED 1``.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.reliability import SEED, tell, trials

COUNT = trials(140, full=10_000)
PROCESSES = trials(1, full=2)
PATIENCE_SECONDS = trials(120, full=3_600)


@pytest.fixture(scope="module")
def fed(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> tuple[Path, list[dict[str, Any]]]:
    """Feed broken files to galleries; return the folder of one, and what became of each file."""
    share = COUNT // PROCESSES
    with databases.migrated(tmp_path_factory.mktemp("victim")) as folder:
        running = [_feed(folder, SEED + share * number, share) for number in range(PROCESSES)]
        printed = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in running]
        assert [process.returncode for process in running] == [0] * PROCESSES
        return folder, [json.loads(line) for text in printed for line in text.splitlines()]


def _feed(folder: Path, first: int, count: int) -> subprocess.Popen[str]:
    call = [sys.executable, "-m", "tests.hostile.victim", str(folder), str(first), str(count)]
    with (folder / f"{first}.log").open("wb") as log:
        return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=log, text=True)


@pytest.mark.only_on("sqlite", because="it is about what decodes, not about what keeps rows")
def test_broken_file_is_kept_whole_or_refused(fed: tuple[Path, list[dict[str, Any]]]) -> None:
    """No 5xx, under two seconds and 256 MB, the very bytes back, nothing told of the inside."""
    _, told = fed

    became = Counter("kept" if each["status"] < 300 else "refused" for each in told)
    tell("hostile", "seeded mutations of pictures, as every kind of image", became)
    assert [each for each in told if each["troubles"]] == []
    assert became.total() == share_of_all()
    assert min(became["kept"], became["refused"]) > COUNT // 10


def share_of_all() -> int:
    return COUNT // PROCESSES * PROCESSES


@pytest.mark.only_on("sqlite", because="it is about what decodes, not about what keeps rows")
def test_nothing_is_left_of_what_was_refused(fed: tuple[Path, list[dict[str, Any]]]) -> None:
    """The storage check finds each object with its row, and each row with its object."""
    folder, _ = fed
    environ = os.environ | {"INSTANCE_PATH": str(folder)}
    call = [
        sys.executable,
        "-c",
        "from gallery.cli import cli; cli()",
        "storage",
        "check",
        "--json",
    ]

    checked = subprocess.run(call, env=environ, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert all(found == [] for found in json.loads(checked.stdout).values())
    assert list((folder / "storage" / ".tmp").iterdir()) == []
