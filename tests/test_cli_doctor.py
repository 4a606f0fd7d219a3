"""``gallery doctor``: what it prints for people and programs, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gallery import HOME
from gallery.cli import cli
from tests.conftest import SECRET

Run = Callable[..., Result]


@pytest.fixture
def run(instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the doctor over a gallery that has its tables, with these settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSTANCE_PATH", str(instance))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("FLASK_DEBUG", "0")

    def run(*arguments: str, **environ: str) -> Result:
        environ = {"SECRET_KEY": SECRET} | environ
        return CliRunner(env=environ).invoke(cli, ["doctor", *arguments])

    return run


def test_good_set_up(run: Run) -> None:
    """It ends well, and says so in words, line by line."""
    ran = run()

    assert ran.exit_code == 0
    assert "ok    settings" in ran.output
    assert ran.output.splitlines()[-1].startswith("0 errors, 0 warnings, ")
    assert "\x1b" not in ran.output


def test_set_up_that_does_not_start(run: Run) -> None:
    """It explains instead of failing in the same way, and says what to do."""
    ran = run(SECRET_KEY="dev", IMAGE_STORAGE_BASE_DIR=str(HOME / "static"))

    assert ran.exit_code == 1
    assert "error    settings     SECRET_KEY needs at least 32 characters" in ran.output
    assert "→ Change it where it is set" in ran.output
    assert "error    folders      IMAGE_STORAGE_BASE_DIR is" in ran.output
    assert ran.output.splitlines()[-1].startswith("2 errors, ")
    assert not (HOME / "static" / ".tmp").exists()


def test_programs_read_it(run: Run) -> None:
    """Each finding has the same four members, and errors are counted."""
    ran = run("--json", PORT="http")

    told = json.loads(ran.stdout)
    assert ran.exit_code == told["errors"] == 1
    assert all(set(each) == {"check", "severity", "found", "advice"} for each in told["findings"])
    assert [each for each in told["findings"] if each["severity"] == "error"] == [
        {
            "check": "settings",
            "severity": "error",
            "found": "PORT must be a whole number",
            "advice": "Change it where it is set: in the environment, in .env, or in config.py of"
            " the instance folder. README.md lists all settings.",
        }
    ]


def test_warnings_are_no_failure(run: Run) -> None:
    """Cron and start scripts stop at errors alone."""
    ran = run("--json", PUBLIC_URL="http://gallery.example")

    assert json.loads(ran.stdout)["warnings"] > 0
    assert ran.exit_code == 0


def test_config_file_that_does_not_run(run: Run, instance: Path) -> None:
    """A slip in config.py is explained too."""
    with (instance / "config.py").open("a") as file:
        file.write("\nPORT = nowhere\n")

    ran = run("--json")

    assert ran.exit_code == 1
    assert "NameError" in ran.stdout
