"""The ledger of signed links."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import click
from flask.cli import with_appcontext
from rich.table import Table

from gallery.cli.group import OPERATOR, as_json, cli, print_json, print_table
from gallery.extensions import current_house
from gallery.schemas.fields import instant
from gallery.schemas.links import link_json
from gallery.services import links


@cli.group("links")
def link_group() -> None:
    """The ledger of signed links."""


@link_group.command("list")
@click.option("--live", is_flag=True, help="Only those that still open something.")
@as_json
@with_appcontext
def list_links(live: bool, as_json: bool) -> None:
    """List all links, newest first."""
    now = current_house().now()
    rows = [row for row in _all_links() if not live or links.is_live(row, now)]
    if as_json:
        print_json([link_json(row, now) for row in rows])
        return
    table = Table("id", "opens", "used", "expires", "state", box=None, pad_edge=False)
    for row in rows:
        used = f"{row.downloads}" + (f"/{row.max_downloads}" if row.max_downloads else "")
        state = "live" if links.is_live(row, now) else "revoked" if row.revoked_at else "ended"
        table.add_row(str(row.id), _target(row), used, instant(row.expires_at), state)
    print_table(table)


def _target(row: Any) -> str:
    targets = {"image": row.image_id, "gallery": row.gallery_id, "product": row.product_id}
    return next(f"{what} {target}" for what, target in targets.items() if target)


@link_group.command("revoke")
@click.argument("link_id", type=click.UUID)
@as_json
@with_appcontext
def revoke_link(link_id: UUID, as_json: bool) -> None:
    """End a link at once."""
    link = links.revoke_link(link_id, viewer=OPERATOR, now=current_house().now())
    if as_json:
        print_json({"id": str(link.id), "revoked_at": instant(link.revoked_at)})
    else:
        print(f"The link {link.id} is withdrawn.")


def _all_links() -> Iterable[Any]:
    cursor: str | None = None
    while True:
        page = links.list_links(viewer=OPERATOR, cursor=cursor, limit=200)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
