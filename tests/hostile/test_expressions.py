"""No regular expression of the gallery crawls, whatever it is fed; a new one is tried by itself."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.expressions import written
from tests.reliability import tell, trials

# Each text takes a hundredth of this; one that makes an expression backtrack takes for ever.
MOST_SECONDS = 2.0
MOST_SECONDS_ALTOGETHER = trials(30, full=900)


def _limit() -> None:
    limit = MOST_SECONDS_ALTOGETHER
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))


@pytest.mark.only_on("sqlite", because="no expression sees the database")
def test_no_expression_crawls(tmp_path: Path) -> None:
    """Hundred thousand characters that are nearly what is looked for are read in no time."""
    tried = subprocess.run(
        [sys.executable, "-m", "tests.hostile.expressions"],
        env=os.environ | {"INSTANCE_PATH": str(tmp_path)},
        preexec_fn=_limit,
        capture_output=True,
        text=True,
        check=False,
    )

    told = [json.loads(line) for line in tried.stdout.splitlines()]
    took = {each["place"]: each["seconds"] for each in told if "seconds" in each}
    tell("hostile", "regular expressions, fed with what nearly matches", {"in no time": len(took)})
    assert tried.returncode == 0, f"it died at {told[-1:]} {tried.stderr}"
    assert {place: took[place] for place in took if took[place] > MOST_SECONDS} == {}
    assert len(took) > 30


@pytest.mark.only_on("sqlite", because="no expression sees the database")
def test_expressions_can_be_read_from_the_code() -> None:
    """One put together while the program runs can't be tried; only the log's own is."""
    unread = {place.partition(":")[0] for place, expression, _ in written() if expression is None}

    assert unread == {"logs/redaction.py"}
