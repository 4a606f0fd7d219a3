"""What users call themselves and their keys is printed to an operator's terminal as letters."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from gallery.cli import cli
from gallery.services import accounts
from tests.attacks.siege import Siege
from tests.conftest import PASSWORD, FixedClock

ATTACK = "terminals of operators"
pytestmark = pytest.mark.only_on("sqlite", because="names are printed as they were read")
EMAIL = "eve@gallery.example"
NAMES = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31mroot",
    "[/] [bold]x[/bold] [/red]",
    "[link=http://evil.example]x[/link] :skull:",
    "root\radmin",
    "root\nadmin@gallery.example  admin",
    "\u202enimda\u202c",
    "\x9b31m\x08\x08",
    "a\u2028b\x85c",
)
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, siege: Siege) -> Run:
    """Run a command in the application, as an operator would."""

    def run(*arguments: str, **options: Any) -> Result:
        result = app.test_cli_runner().invoke(cli, arguments, **options)
        assert result.exit_code == 0, result.output
        return result

    return run


def printed(result: Result, rows: int) -> str:
    """Return what was printed, which is so many lines of letters and a heading."""
    lines = result.stdout.split("\n")[:-1]
    assert len(lines) == rows
    assert all(line.isprintable() for line in lines), lines
    return result.stdout


@pytest.mark.parametrize("name", NAMES)
def test_users_and_keys_are_listed_in_letters(
    inside: Flask, clock: FixedClock, run: Run, name: str
) -> None:
    """No name clears a screen, begins a line, is a colour or fails the command."""
    accounts.create_user(EMAIL, PASSWORD, name=name, now=clock())
    key = accounts.create_key(name, owner=EMAIL, now=clock()).key.id

    users = printed(run("users", "list"), 2)
    keys = printed(run("keys", "list"), 2)
    revoked = printed(run("keys", "revoke", str(key)), 1)

    assert all("[/" in told for told in (users, keys, revoked) if "[/" in name)
    assert all(":skull:" in told for told in (users, keys, revoked) if ":skull:" in name)
    assert json.loads(run("users", "list", "--json").stdout)[0]["name"] == name.strip()
    assert json.loads(run("keys", "list", "--json").stdout)[0]["name"] == name.strip()
