"""Flask's development server, which is not to be debugged where others reach it."""

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

import click
from flask.cli import run_command
from flask.helpers import get_debug_flag

from gallery.cli.group import cli
from gallery.config import is_loopback


def _guarded(serve: Any) -> Callable[..., Any]:
    @wraps(serve)
    def run(*arguments: Any, host: str, debugger: bool | None, **options: Any) -> Any:
        is_debugged = get_debug_flag() if debugger is None else debugger
        if is_debugged and not is_loopback(host):
            raise click.ClickException(
                f"Debug mode lets whoever reaches {host} run what they like here:"
                " leave --debug out, or --host"
            )
        return serve(*arguments, host=host, debugger=debugger, **options)

    return run


# A copy: Flask's own command belongs to all who import it.
guarded = copy(run_command)
guarded.callback = _guarded(run_command.callback)
cli.add_command(guarded)
