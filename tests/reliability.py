"""What was broken on purpose, how often, and what happened: docs/reliability.md, as runs tell it.

``make test`` tries a seeded sample of each kind of trouble, ``make reliability``
all of it, and writes the page anew: no figure in it was typed by anybody.
"""

import json
import os
import platform
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill

SEED = int(os.environ.get("GALLERY_SEED", "20261121"))
PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_ALL = "GALLERY_ALL_TRIALS"
_MOST = "GALLERY_MOST_TRIALS"
_TOLD = "GALLERY_RELIABILITY"
_OPENING = """\
# What was broken on purpose

Nothing that was acknowledged may be lost, and nothing that doesn't belong may get in. How well
that holds is not for this page to promise: it tells what was tried. `make reliability` tries all
of it again and writes this page anew; `make test` tries a sample before each change, drawn by the
same seed. Where only some of the system calls of a write were broken, its line says how many. No
figure here was typed by anybody, and a trial that ended in any other way than it should have would
have stopped the run.

Everything runs against real parts on one machine: SQLite or PostgreSQL, a folder or an S3 server
that checks signatures, gunicorn, nginx. None of them is replaced by something that only looks
like it.
"""
_CLOSING = """
## What this page does not tell

- Power that fails. A killed process loses nothing that the kernel has; that files and folders are
  synced before a row is written, and rows before the answer, is read from traces of system calls.
  Disks that claim to have synced and haven't are beyond any program.
- Hardware that changes bytes. They are found by their SHA-256 (`gallery storage check`), and come
  back from a backup.
- S3 and PostgreSQL themselves: what they acknowledged is taken as kept.
- Attacks that nobody here thought of. `SECRET_KEY`, the operator's shell and the machine are
  taken for safe.
"""
_WIDTH = 98
_COLUMNS = "| what was tried | how often | what happened |\n|---|---:|---|\n"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A kind of trouble, under the heading that the page gives it."""

    title: str
    about: str


# In the order of the page; what is told of another part comes after them, under its own name.
PARTS = {
    "faults": Part(
        title="Every step of a write",
        about="The real save, replace, delete, sweep, migration, backup and restore, each in a "
        "process of its own that is stopped at one system call after another: killed, with a "
        "full disk, or with an error of the disk. Then it starts again, `gallery storage "
        "check --repair` runs once, and everything acknowledged has to be there with its "
        "SHA-256, no row without its object, no object without its row, no temporary file.",
    ),
    "backup": Part(
        title="Backup and restore",
        about="Snapshots taken while others write, interrupted, repeated, and brought back.",
    ),
    "hostile": Part(
        title="Hostile files",
        about="Files that lie, and seeded mutations of them, sent as uploads: each is answered as "
        "it should be, without an error of the server, within its time and memory; what is "
        "accepted comes back byte for byte.",
    ),
    "attacks": Part(
        title="Attacks",
        about="Over real HTTP. After each: no error of the server, nothing of its inside in an "
        "answer, a canary file outside the storage unseen, database and storage consistent.",
    ),
    "races": Part(
        title="Races",
        about="Work that meets other work on the same pictures, in seeded orders and at the same "
        "time: no answer that is cut short and says 200, and nothing deleted that was to "
        "stay.",
    ),
    "weather": Part(
        title="Dependencies in bad weather",
        about="Database, storage and disk locked, restarted, slow, wrong or full: the right 503 or "
        "507 with `Retry-After`, nothing left behind, and back in service without anybody's "
        "help.",
    ),
}


def trials(sample: int, *, full: int) -> int:
    """Return how many trials to run: a *sample* with the tests, *full* for the page.

    Who has no hour for the page says with GALLERY_MOST_TRIALS how many of each will do.
    """
    if not os.environ.get(_ALL):
        return sample
    return min(full, int(os.environ.get(_MOST, full)))


def tell(part: str, what: str, happened: Mapping[str, int]) -> None:
    """Tell how often each thing *happened* when *what* was tried; lines of one *part* go together.

    Counts under one name are added up, so any number of tests and processes may tell theirs.
    """
    file = os.environ.get(_TOLD)
    if file:
        line = json.dumps({"part": part, "what": what, "happened": dict(happened)})
        with open(file, "a", encoding="utf-8") as told:
            told.write(line + "\n")


def page(lines: Iterable[str], *, signature: str) -> str:
    """Return the page that *lines*, as ``tell`` wrote them in whatever order, make."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for line in map(json.loads, lines):
        part = counts.setdefault(line["part"], {})
        part.setdefault(line["what"], Counter()).update(line["happened"])
    known = [name for name in PARTS if name in counts]
    tables = [_table(name, counts[name]) for name in known + sorted(counts.keys() - PARTS.keys())]
    return f"{_OPENING}{''.join(tables)}{_CLOSING}\n{signature}\n"


def _table(name: str, counts: Mapping[str, Counter[str]]) -> str:
    part = PARTS.get(name, Part(title=name, about=""))
    about = f"{fill(part.about, _WIDTH)}\n\n" if part.about else ""
    # What sends no request has none to be told of.
    rows = "".join(_row(what, counts[what]) for what in sorted(counts) if counts[what].total())
    return f"\n## {part.title}\n\n{about}{_COLUMNS}{rows}"


def _row(what: str, counted: Counter[str]) -> str:
    # The most frequent first, equals by their names: a page changes with its figures alone.
    happened = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    told = ", ".join(f"{name}: {number:,}" for name, number in happened)
    return f"| {_in_cell(what)} | {counted.total():,} | {_in_cell(told)} |\n"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def sign(now: datetime) -> str:
    """Return the page's last line: with what, where and when its figures were made."""
    return (
        f"Seed {SEED}, {now:%Y-%m-%d}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, {platform.system()}, {os.cpu_count()} cores."
    )


if __name__ == "__main__":
    told = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    PAGE.write_text(page(told, signature=sign(datetime.now(UTC))), encoding="utf-8")
