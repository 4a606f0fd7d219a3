"""The group itself, and what its commands have in common."""

import errno
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import click
from flask.cli import FlaskGroup
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from gallery.errors import GalleryError
from gallery.logs.formatting import printable
from gallery.services.access import Viewer

# What somebody at the operator's prompt may do: everything.
OPERATOR = Viewer(user_id=UUID(int=0), name="operator", is_admin=True)
_WIDEST = 1_000
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class Day(click.ParamType[datetime]):
    """A day, or an instant; in UTC where nothing else is said."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        """Return the instant at which it begins, in UTC."""
        try:
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail("must be a date such as 2026-11-20", param, context)


DAY = Day()


def _create_app() -> Any:
    from gallery import create_app  # The package imports every door; a door can't import it first.

    try:
        return create_app()
    except GalleryError as error:
        _stop(error)


def program_home() -> Path:
    """Return where ``static/``, ``templates/`` and ``migrations/`` lie."""
    from gallery import HOME  # See _create_app.

    return HOME


class GalleryGroup(FlaskGroup):
    """Flask's group, which tells Gallery's errors as one line instead of a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except GalleryError as error:
            _stop(error)
        except (DBAPIError, sqlite3.Error) as error:
            # Snapshots and restores speak to SQLite without SQLAlchemy.
            raise click.ClickException(
                f"The database can't be used ({getattr(error, 'orig', error)});"
                " gallery db upgrade brings it up to date"
            ) from error
        except OSError as error:
            # Click knows what it means that nobody reads any more.
            if error.errno == errno.EPIPE:
                raise
            raise click.ClickException(f"A file can't be used: {error}") from error


def _stop(error: GalleryError) -> NoReturn:
    told = f"{error.title}: {error.detail}" if error.detail else error.title
    raise click.ClickException(printable(told))


@click.group(cls=GalleryGroup, create_app=_create_app, add_version_option=False)
@click.version_option(package_name="gallery", prog_name="gallery")
def cli() -> None:
    """Keep every picture that image generators make."""


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator[Callable[..., None]]:
    """Draw progress on the terminal; what is yielded takes how much is done, and of how much."""
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def tell(done: int, total: int | None = None) -> None:
            progress.update(task, completed=done, total=total)

        yield tell


def print_json(content: Any) -> None:
    """Print what a program reads."""
    print(json.dumps(content, indent=2))


def print_table(table: Table) -> None:
    """Print what a person reads."""
    # Ids are there to be copied, so no line is cut to the terminal's width. Names are
    # whatever somebody typed, and mean neither colours nor links.
    console = Console(soft_wrap=True, width=_WIDEST, markup=False, emoji=False)
    console.print(table, crop=False, no_wrap=True, width=console.measure(table).maximum)


def address(host: str, port: int) -> str:
    """Return the address that people open."""
    return f"http://{host}:{port}/"
