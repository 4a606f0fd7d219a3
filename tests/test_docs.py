"""What there is, is documented: routes, settings and commands."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from gallery.cli import cli
from gallery.config import describe_settings
from gallery.mcp_tools.calls import TOOLS

HOME = Path(__file__).parents[1]
# Flask's own and Flask-Migrate's, which their documentation explains.
FOREIGN = {"run", "shell", "routes", "db"}


@pytest.fixture(scope="module")
def manual() -> str:
    """Everything that an operator or a front end's author is given to read."""
    pages = [HOME / "README.md", *sorted((HOME / "docs").glob("**/*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def commands(group: click.Group, name: str = "gallery") -> Iterator[str]:
    """Return the full names of all commands that are the gallery's own."""
    for each, command in group.commands.items():
        if each in FOREIGN:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {each}")
        else:
            yield f"{name} {each}"


def test_every_route_is_documented(app: Flask, manual: str) -> None:
    """A path of the URL map is in the manual, or in the OpenAPI document."""
    documented = set(app.extensions["gallery_api"].spec.to_dict()["paths"])

    missing = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if plain(rule.rule) not in manual and braced(rule.rule) not in documented
    ]

    assert missing == []


def plain(rule: str) -> str:
    """Return a path as people write it: ``/images/<image_id>``."""
    return "".join(
        part if place % 2 == 0 else f"<{part.rpartition(':')[2]}>"
        for place, part in enumerate(rule.replace("<", ">").split(">"))
    )


def braced(rule: str) -> str:
    """Return a path as OpenAPI writes it: ``/images/{image_id}``."""
    return plain(rule).replace("<", "{").replace(">", "}")


@pytest.mark.parametrize("name", [name for name, _, _ in describe_settings()])
def test_every_setting_is_documented(manual: str, name: str) -> None:
    """A setting is in the manual by its variable's name."""
    assert f"`{name}`" in manual


@pytest.mark.parametrize("name", sorted(commands(cli)))
def test_every_command_is_documented(manual: str, name: str) -> None:
    """A command is in the manual as one types it."""
    assert name in manual


def test_every_command_says_what_it_does() -> None:
    """Each command has a line of help, and each option too."""
    silent = [
        f"{context} {getattr(parameter, 'name', '')}"
        for context, command in leaves(cli)
        for parameter in [command, *command.params]
        if not isinstance(parameter, click.Argument) and not parameter.help
    ]

    assert silent == []


def leaves(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command)
        elif name not in FOREIGN:
            yield name, command


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_tool_is_documented(manual: str, name: str) -> None:
    """A tool for assistants is in the manual by its name."""
    assert f"`{name}`" in manual
