"""Explain what is wrong with a set-up: also with one that doesn't start."""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.helpers import get_debug_flag
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gallery.cli.group import as_json, cli, print_json, program_home
from gallery.config import read_settings
from gallery.services import doctor
from gallery.services.doctor import Finding, Severity

# Colours repeat what the words say.
_STYLES = {
    Severity.OK: "green",
    Severity.HINT: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "bold red",
}


# Without an application: one that could be made needs the doctor least.
@cli.command("doctor", with_appcontext=False)
@as_json
def examine(as_json: bool) -> None:
    """Look the set-up over; say what was found, and what to do. Exits 1 on errors."""
    instance = Path(os.environ.get("INSTANCE_PATH") or "instance").absolute()
    settings, errors = read_settings(instance, environ=os.environ)
    findings = doctor.examine(
        doctor.Setup(
            instance=instance,
            home=program_home(),
            folder=Path.cwd(),
            environ=os.environ,
            settings=settings,
            errors=errors,
            is_debug=get_debug_flag(),
            clock=lambda: datetime.now(UTC),
        )
    )
    counts = Counter(each.severity for each in findings)
    if as_json:
        print_json(
            {
                "findings": [each.as_json() for each in findings],
                **{f"{each.word}s": counts[each] for each in list(Severity)[1:]},
            }
        )
    else:
        _print(findings, counts)
    if counts[Severity.ERROR]:
        raise click.exceptions.Exit(1)


def _print(findings: list[Finding], counts: Counter[Severity]) -> None:
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    for each in findings:
        told = Text(each.found)
        if each.advice:
            told.append(f"\n→ {each.advice}", style="italic")
        word = Text(each.severity.word, style=_STYLES[each.severity])
        table.add_row(word, Text(each.check, style="bold"), told)
    console.print(table)
    worst_first = reversed(list(Severity)[1:])
    summary = ", ".join(_counted(each, counts[each]) for each in worst_first)
    console.print(f"\n{summary}; {counts[Severity.OK]} fine.")


def _counted(severity: Severity, count: int) -> str:
    return f"{count} {severity.word}{'' if count == 1 else 's'}"
