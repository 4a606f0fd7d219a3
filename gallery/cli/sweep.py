"""Delete what is over."""

from datetime import datetime

import click
from flask.cli import with_appcontext

from gallery.cli.group import DAY, as_json, cli, print_json, progress
from gallery.extensions import current_house
from gallery.services import retention


@cli.command("sweep")
@click.option("--dry-run", is_flag=True, help="List what would go, and delete nothing.")
@click.option("--older-than", type=DAY, help="Also images made before this day (UTC).")
@click.option("--keep-count", type=click.IntRange(0), help="Also all but the newest so many.")
@click.option("--kind", type=click.Choice(retention.SWEPT_KINDS), help="Only images of this kind.")
@click.option("--force", is_flag=True, help="Also where that is most of what there is.")
@as_json
@with_appcontext
def sweep(
    dry_run: bool,
    older_than: datetime | None,
    keep_count: int | None,
    kind: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Delete the images whose keeping time is over.

    A sweep that would delete more than SWEEP_MOST_SHARE of all images deletes none, unless with
    --force.
    """
    house = current_house()
    rule = retention.SweepRule(
        kind=kind,
        older_than=older_than,
        keep_count=keep_count,
        most_bytes=house.settings.MAX_STORAGE_BYTES,
    )
    most_share = 1.0 if force else house.settings.SWEEP_MOST_SHARE
    result = retention.doomed_images(now=house.now(), rule=rule)
    if dry_run:
        stops = retention.too_much(len(result.deleted), most_share=most_share)
        if stops:
            click.echo(f"The sweep itself would stop. {stops.detail}", err=True)
    else:
        with progress("Sweeping", quiet=as_json) as tell:
            tell(0, len(result.deleted))
            result = retention.expire_images(
                storages=house.storages,
                now=house.now(),
                rule=rule,
                most_share=most_share,
                tell=tell,
            )
    if as_json:
        ids = [str(image_id) for image_id in result.deleted]
        print_json({"deleted": ids, "bytes": result.bytes, "errors": result.errors})
    else:
        for image_id in result.deleted if dry_run else ():
            print(image_id)
        verb = "would be deleted" if dry_run else "deleted"
        print(f"{len(result.deleted)} images {verb}, {result.bytes:,} bytes")
        for error in result.errors:
            click.echo(error, err=True)
    if result.errors:
        raise click.exceptions.Exit(1)
