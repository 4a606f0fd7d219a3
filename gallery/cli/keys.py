"""API keys of programs."""

from typing import Any
from uuid import UUID

import click
from flask.cli import with_appcontext
from rich.table import Table

from gallery.cli.group import OPERATOR, as_json, cli, print_json, print_table
from gallery.extensions import current_house
from gallery.logs.formatting import printable
from gallery.schemas.fields import instant
from gallery.services import accounts, catalog


@cli.group("keys")
def keys() -> None:
    """API keys of programs."""


@keys.command("create")
@click.argument("name")
@click.option("--owner", required=True, metavar="EMAIL", help="The user that it acts as.")
@as_json
@with_appcontext
def create_key(name: str, owner: str, as_json: bool) -> None:
    """Create an API key; it is printed once, and only now."""
    made = accounts.create_key(name, owner=owner, now=current_house().now())
    if as_json:
        print_json({"key": made.secret, "id": str(made.key.id), "name": made.key.name})
    else:
        print(made.secret)


@keys.command("list")
@as_json
@with_appcontext
def list_keys(as_json: bool) -> None:
    """List everybody's keys, newest first; their secrets are kept nowhere."""
    rows = catalog.list_all_keys(viewer=OPERATOR)
    if as_json:
        print_json([_key_json(row) for row in rows])
        return
    table = Table("id", "name", "acts as", "made", "state", box=None, pad_edge=False)
    for row in rows:
        state = "revoked" if row.revoked_at else "live"
        table.add_row(str(row.id), printable(row.name), row.owner, instant(row.created_at), state)
    print_table(table)


@keys.command("revoke")
@click.argument("key_id", type=click.UUID)
@as_json
@with_appcontext
def revoke_key(key_id: UUID, as_json: bool) -> None:
    """End an API key at once."""
    key = accounts.revoke_key(key_id, viewer=OPERATOR, now=current_house().now())
    if as_json:
        print_json({"id": str(key.id), "revoked_at": instant(key.revoked_at)})
    else:
        print(f"The key {printable(key.name)} opens nothing any more.")


def _key_json(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "owner": row.owner,
        "created_at": instant(row.created_at),
        "revoked_at": instant(row.revoked_at),
    }
