"""What was broken on purpose, how often, and what happened: docs/reliability.md, as runs tell it.

``make test`` tries a seeded sample of each kind of trouble, ``make reliability``
all of it, and writes the table anew: no figure in it was typed by anybody.
"""

import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

SEED = int(os.environ.get("GALLERY_SEED", "20261121"))
_ALL = "GALLERY_ALL_TRIALS"
_TOLD = "GALLERY_RELIABILITY"
_PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_OPENING = """# What was broken on purpose

Every line below was written by a run: `make reliability` does it all again, and writes this
page anew. `make test` repeats a seeded sample of it before each change.

| what was tried | how often | what happened |
|---|---:|---|
"""


def trials(sample: int, *, full: int) -> int:
    """Return how many trials to run: a *sample* with the tests, *full* for the table."""
    return full if os.environ.get(_ALL) else sample


def tell(part: str, what: str, happened: Mapping[str, int]) -> None:
    """Tell how often each thing *happened* when *what* was tried; lines of one *part* go together.

    Counts under one name are added up, so any number of tests and processes may tell theirs.
    """
    file = os.environ.get(_TOLD)
    if file:
        line = json.dumps({"part": part, "what": what, "happened": dict(happened)})
        with open(file, "a", encoding="utf-8") as told:
            told.write(line + "\n")


def page(lines: list[str]) -> str:
    """Return the page that *lines*, as ``tell`` wrote them, make."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for line in map(json.loads, lines):
        counts.setdefault((line["part"], line["what"]), Counter()).update(line["happened"])
    rows = [_row(part, what, counted) for (part, what), counted in sorted(counts.items())]
    made = datetime.now(UTC).strftime("%Y-%m-%d")
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return f"{_OPENING}{''.join(rows)}\nSeed {SEED}, {made}, {where}.\n"


def _row(part: str, what: str, counted: Counter[str]) -> str:
    happened = ", ".join(f"{name}: {number:,}" for name, number in counted.most_common())
    return f"| {part}: {what} | {counted.total():,} | {happened} |\n"


if __name__ == "__main__":
    _PAGE.write_text(page(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
