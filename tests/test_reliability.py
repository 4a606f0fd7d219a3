"""docs/reliability.md: what runs told, and nothing else."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import reliability
from tests.reliability import PAGE, PARTS, page, sign, tell, trials

HOME = Path(__file__).parents[1]
SIGNATURE = "Seed 1, 2026-03-14, Python 3.11.9, SQLite 3.45.1, Linux, 2 cores."
TOLD = [
    {"part": "races", "what": "two sweeps", "happened": {"clean": 3}},
    {"part": "faults", "what": "save, killed", "happened": {"whole": 1_200, "503": 34}},
    {"part": "races", "what": "a sweep and a save", "happened": {"clean": 7, "refused": 0}},
    {"part": "races", "what": "two sweeps", "happened": {"slow": 7, "clean": 4}},
    {"part": "zeppelins", "what": "a|b\nc", "happened": {"landed": 1}},
]


def lines() -> list[str]:
    return [json.dumps(each) for each in TOLD]


class TestPage:
    """What lines become."""

    def test_counts_of_one_name_are_added_up(self) -> None:
        """However many tests told of it."""
        made = page(lines(), signature=SIGNATURE)

        assert "| two sweeps | 14 | clean: 7, slow: 7 |" in made
        assert "| save, killed | 1,234 | whole: 1,200, 503: 34 |" in made

    def test_what_never_happened_is_told_too(self) -> None:
        """A nought that was counted is a finding."""
        made = page(lines(), signature=SIGNATURE)

        assert "| a sweep and a save | 7 | clean: 7, refused: 0 |" in made

    def test_parts_come_in_their_order(self) -> None:
        """The known ones as they are listed, and what nobody expected at the end."""
        made = page(lines(), signature=SIGNATURE)

        headings = [PARTS["faults"].title, PARTS["races"].title, "zeppelins"]
        assert re.findall(r"^## (.*)$", made, re.MULTILINE)[:3] == headings

    def test_order_of_lines_is_nothing(self) -> None:
        """Tests run beside each other, and tell when they are done."""
        backwards = reversed(lines())

        assert page(backwards, signature=SIGNATURE) == page(lines(), signature=SIGNATURE)

    def test_signs_of_a_table_are_text(self) -> None:
        """What was tried may be written with any letters."""
        assert "| a\\|b c | 1 |" in page(lines(), signature=SIGNATURE)

    def test_signature_is_the_last_line(self) -> None:
        """It says when, where and with which seed."""
        signature = sign(datetime(2026, 3, 14, tzinfo=UTC))

        assert page(lines(), signature=signature).splitlines()[-1] == signature
        assert signature.startswith(f"Seed {reliability.SEED}, 2026-03-14, Python 3.")


class TestTelling:
    """What tests tell, and when."""

    def test_lines_are_added(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each is whole, and none replaces another."""
        monkeypatch.setenv("GALLERY_RELIABILITY", str(tmp_path / "told"))

        tell("races", "two sweeps", {"clean": 3})
        tell("races", "two sweeps", {"clean": 4})

        told = map(json.loads, (tmp_path / "told").read_text().splitlines())
        assert [each["happened"] for each in told] == [{"clean": 3}, {"clean": 4}]

    def test_nobody_listens(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """In most runs nothing is written anywhere."""
        monkeypatch.delenv("GALLERY_RELIABILITY", raising=False)
        monkeypatch.chdir(tmp_path)

        tell("races", "two sweeps", {"clean": 3})

        assert list(tmp_path.iterdir()) == []

    def test_all_trials_only_where_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A sample with the tests, and the whole for the page."""
        monkeypatch.delenv("GALLERY_ALL_TRIALS", raising=False)
        assert trials(3, full=1_000) == 3

        monkeypatch.setenv("GALLERY_ALL_TRIALS", "1")
        assert trials(3, full=1_000) == 1_000

    def test_so_many_of_each_will_do_where_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Never more than there are."""
        monkeypatch.setenv("GALLERY_ALL_TRIALS", "1")
        monkeypatch.setenv("GALLERY_MOST_TRIALS", "50")

        assert (trials(3, full=1_000), trials(3, full=20)) == (50, 20)


def test_each_part_has_its_folder() -> None:
    """`make reliability` runs the tests of each part that the page has a heading for."""
    makefile = (HOME / "Makefile").read_text()
    listed = set(
        re.findall(r"tests/(\w+)", makefile.partition("TROUBLE :=")[2].partition("\n\n")[0])
    )

    assert listed >= {"faults", "hostile", "attacks", "races", "weather"}


@pytest.mark.skipif(not PAGE.exists(), reason="no run has written the page yet")
def test_page_is_as_a_run_wrote_it() -> None:
    """Taken apart and put together again, the page is the same: nobody edited a line of it."""
    written = PAGE.read_text(encoding="utf-8")

    assert page(taken_apart(written), signature=written.splitlines()[-1]) == written


def test_taking_apart_notices_an_edit() -> None:
    """A figure that was typed does not add up."""
    edited = page(lines(), signature=SIGNATURE).replace("| 1,234 |", "| 9,234 |")

    assert page(taken_apart(edited), signature=SIGNATURE) != edited


def taken_apart(written: str) -> list[str]:
    """Return the lines that make *written*, as far as its rows tell."""
    names = {part.title: name for name, part in PARTS.items()}
    told, part = [], ""
    for line in written.splitlines():
        if line.startswith("## "):
            part = names.get(line[3:], line[3:])
        elif line.startswith("| ") and not line.startswith("| what"):
            what, _, happened = re.split(r"(?<!\\) \| ", line[2:-2])
            counts = (each.rpartition(": ") for each in re.split(r"(?<=\d), ", happened))
            told.append(
                {
                    "part": part,
                    "what": what.replace("\\|", "|"),
                    "happened": {name: int(count.replace(",", "")) for name, _, count in counts},
                }
            )
    return [json.dumps(each) for each in told]


def test_page_is_written_by_the_command(tmp_path: Path) -> None:
    """What `make reliability` runs at its end, over a copy of the module."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "reliability.py").write_text(Path(reliability.__file__).read_text())
    (tmp_path / "told.jsonl").write_text("\n".join(lines()))

    subprocess.run(
        [sys.executable, "-m", "tests.reliability", "told.jsonl"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )

    written = (tmp_path / "docs" / "reliability.md").read_text()
    assert written == page(lines(), signature=written.splitlines()[-1])
