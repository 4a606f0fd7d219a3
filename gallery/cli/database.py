"""Move to another database; the rest of ``gallery db`` is Flask-Migrate's."""

from typing import Any

import click
from flask.cli import with_appcontext
from flask_migrate.cli import db as migrations
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ArgumentError

from gallery.cli.group import as_json, print_json, progress
from gallery.extensions import db, prepare_engine
from gallery.services import relocation

TARGET_VARIABLE = "TARGET_DATABASE_URL"


def _target(_context: click.Context, _parameter: click.Parameter, url: str) -> Engine:
    try:
        engine = create_engine(url)
    except (ArgumentError, ImportError) as error:
        raise click.BadParameter(f"must be the address of a database ({error})") from None
    prepare_engine(engine)
    return engine


@click.command("copy")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="URL",
    envvar=TARGET_VARIABLE,
    callback=_target,
    help=f"The other database, migrated and empty; from {TARGET_VARIABLE} where left out.",
)
@as_json
@with_appcontext
def copy_database(target: Any, as_json: bool) -> None:
    """Copy all rows into another database, all or nothing; stop the servers first."""
    try:
        with progress("Copying rows", quiet=as_json) as tell:
            copied = relocation.copy_database(source=db.engine, target=target, tell=tell)
    finally:
        target.dispose()
    if as_json:
        print_json({"copied": copied})
        return
    rows, tables = sum(copied.values()), sum(1 for count in copied.values() if count)
    print(f"{rows:,} rows of {tables} tables copied, read back and found the same.")
    print("Set DATABASE_URL to the other database, and start the servers again.")


migrations.add_command(copy_database)
