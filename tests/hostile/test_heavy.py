"""The heaviest files that are taken, and those that are heavier: under two seconds and 256 MB."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.databases import Databases
from tests.hostile.heavy import HEAVY
from tests.reliability import SEED, tell, trials

PATIENCE_SECONDS = 600


@pytest.mark.only_on("sqlite", because="it is about what decodes, not about what keeps rows")
def test_heavy_file_is_taken_or_refused_in_time(tmp_path: Path, databases: Databases) -> None:
    """As every kind of image, its thumbnail too; see ``heavy.py`` for what they are."""
    names = Random(SEED).sample(list(HEAVY), trials(3, full=len(HEAVY)))
    with databases.migrated(tmp_path / "victim") as folder:
        call = [sys.executable, "-m", "tests.hostile.heavy", str(folder), *names]
        fed = subprocess.run(call, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=True)

    told = [json.loads(line) for line in fed.stdout.splitlines()]
    became = Counter("kept" if each["status"] < 300 else "refused" for each in told)
    tell("hostile", "files of 15 to 50 megapixels, or of millions of parts", became)
    assert [each for each in told if each["troubles"]] == []
    assert len(told) == 5 * len(names)
