"""Look after the stored objects."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from flask.cli import with_appcontext
from rich.table import Table
from sqlalchemy import Row

from gallery.cli.group import DAY, OPERATOR, as_json, cli, print_json, print_table, progress
from gallery.extensions import current_house
from gallery.schemas.images import KINDS
from gallery.services import belonging, holdings, integrity, migration
from gallery.services.catalog import ImageFilter

# What an operator does about each finding of the storage check.
ADVICE = {
    "missing": "Pictures without their object. Bring the files back from a backup:",
    "damaged": "Pictures whose bytes have changed. Bring the files back from a backup:",
    "wrong_size": "Pictures cut short, or grown. Bring the files back from a backup:",
    "orphaned": "Objects that no picture uses. They only take room; --repair puts them away:",
}
# What --repair did, by how much of it there was.
DONE = {
    "brought_back": "{} pictures have their bytes back.",
    "marked": "{} pictures are marked, so that pages tell what is wrong with them.",
    "unmarked": "{} pictures are whole again, and no longer marked.",
    "quarantined": "{} objects that no picture uses were put into quarantine.",
    "deleted": "{} objects were in quarantine for long enough, and deleted.",
    "thumbnails": "{} thumbnails were made.",
    "temporary": "{} unfinished files of dead processes were removed.",
}
of_kind = click.option("--kind", type=click.Choice(KINDS), help="Only images of this kind.")


@cli.group("storage")
def storage_group() -> None:
    """The stored objects."""


@storage_group.command("check")
@click.option("--quick", is_flag=True, help="Compare sizes, and don't read every byte.")
@click.option("--repair", is_flag=True, help="Mend what can be mended, and mark what can't.")
@click.option(
    "--grace",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=integrity.TOO_YOUNG_TO_TELL.total_seconds(),
    show_default=True,
    help="How old an object without a picture is before it is called an orphan, and a temporary"
    " file before it is left over. 0 takes them all, and is right only while nobody writes.",
)
@click.option(
    "--rate",
    type=click.IntRange(1),
    metavar="BYTES_PER_SECOND",
    help="How fast to read at the most.  [default: CHECK_BYTES_PER_SECOND]",
)
@as_json
@with_appcontext
def check_storage(quick: bool, repair: bool, grace: float, rate: int | None, as_json: bool) -> None:
    """Find pictures without their object or with another, and objects without a picture.

    With --repair, pictures get their bytes back where these lie in quarantine or in a copy, or
    are marked; orphans go to quarantine, and for good after QUARANTINE_DAYS; thumbnails are made
    anew. The exit code is 1 where something is wrong, and not mended.
    """
    house, done = current_house(), None
    how: dict[str, Any] = {
        "storages": house.storages,
        "now": house.now(),
        "is_quick": quick,
        "grace": timedelta(seconds=grace),
        "pace": integrity.Pace(rate or house.settings.CHECK_BYTES_PER_SECOND),
    }
    with progress("Checking the storage", quiet=as_json) as tell:
        if repair:
            kept_for = timedelta(days=house.settings.QUARANTINE_DAYS)
            checked, done = integrity.repair_objects(**how, kept_for=kept_for, tell=tell)
        else:
            checked = integrity.check_objects(**how, tell=tell)
    if as_json:
        repaired = {"repaired": done.as_json()} if done else {}
        print_json(checked.findings.as_json() | repaired)
    else:
        _print(checked, done)
    for provider in sorted(checked.unknown_providers):
        click.echo(f"Not checked: images kept by {provider}, which is not configured", err=True)
    if not (checked.is_sound if done is None else done.has_mended(checked)):
        raise click.exceptions.Exit(1)


@storage_group.command("migrate")
@click.option("--from", "source", required=True, metavar="PROVIDER", help="Where objects lie.")
@click.option("--to", "target", required=True, metavar="PROVIDER", help="Where they go.")
@of_kind
@click.option("--dry-run", is_flag=True, help="List what would move, and move nothing.")
@click.option(
    "--linger",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="How long a moved object stays at its source too, for who was sent there before."
    "  [default: as long as the source's own addresses last, else 1]",
)
@as_json
@with_appcontext
def migrate_storage(
    source: str, target: str, kind: str | None, dry_run: bool, linger: float | None, as_json: bool
) -> None:
    """Move stored objects from one provider to another, while the gallery goes on working.

    Each is read back at its target before its picture is served from there,
    and goes from its source only then. A run that was killed is finished by the next.
    """
    storages = current_house().storages
    way: dict[str, Any] = {"storages": storages, "source": source, "target": target, "kind": kind}
    if dry_run:
        result = migration.plan_migration(**way, name=(lambda _key: None) if as_json else print)
    else:
        stays = None if linger is None else timedelta(seconds=linger)
        with progress(f"Moving to {target}", quiet=as_json) as tell:
            result = migration.migrate_objects(**way, linger=stays, tell=tell)
    told = result.as_json()
    if as_json:
        print_json(told)
    else:
        verb = "would be moved" if dry_run else "moved"
        print(f"{result.moved:,} images {verb}, {result.bytes:,} bytes")
    for line in () if as_json else told["errors"]:
        click.echo(line, err=True)
    if storages.default.name == source:
        click.echo(f"New images still go to {source}: see IMAGE_STORAGE_TYPE", err=True)
    if result.errors:
        raise click.exceptions.Exit(1)


@storage_group.command("mark")
@click.option("--adopt", metavar="PROVIDER", help="Mark this storage as the one of this database.")
@as_json
@with_appcontext
def mark_storage(adopt: str | None, as_json: bool) -> None:
    """Tell of each storage whether it is the one of this database; exits 1 where one isn't.

    A storage that isn't ours is left alone: nothing is saved there, swept or moved. --adopt is for
    who knows better, such as after a folder was copied without its hidden files.
    """
    storages = current_house().storages
    if adopt is not None:
        belonging.adopt(storages.named(adopt), storages=storages)
    ours = {each.name: belonging.belongs(each, storages=storages) for each in storages}
    if as_json:
        print_json(ours)
    for name, is_ours in () if as_json else ours.items():
        print(f"{name} {'belongs' if is_ours else 'does not belong'} to this database")
    if not all(ours.values()):
        raise click.exceptions.Exit(1)


@storage_group.command("stats")
@as_json
@with_appcontext
def storage_stats(as_json: bool) -> None:
    """Show what each provider holds, by kind, and how much of the quota is used."""
    held, limit = holdings.gather_holdings(), current_house().settings.MAX_STORAGE_BYTES
    if as_json:
        times = ("oldest", "newest")
        print_json(
            {
                "holdings": [
                    {**asdict(each), **{name: getattr(each, name).isoformat() for name in times}}
                    for each in held.each
                ],
                "images": held.images,
                "bytes": held.bytes,
                "counted_bytes": held.counted_bytes,
                "most_bytes": limit,
            }
        )
        return
    print_table(_table(held))
    print(f"{held.images:,} images, {held.bytes:,} bytes")
    if limit is not None:
        share = held.counted_bytes / limit
        print(f"{held.counted_bytes:,} of {limit:,} bytes ({share:.1%}) of MAX_STORAGE_BYTES used")


@storage_group.command("list")
@click.option("--provider", metavar="PROVIDER", help="Only what this provider holds.")
@of_kind
@click.option("--from", "made_from", type=DAY, help="Only images made on this day (UTC) or later.")
@click.option("--to", "made_to", type=DAY, help="Only images made before this day (UTC).")
@click.option("--model", help="Only images of this model.")
@click.option("--category", help="Only images of this category.")
@as_json
@with_appcontext
def list_storage(
    provider: str | None,
    kind: str | None,
    made_from: datetime | None,
    made_to: datetime | None,
    model: str | None,
    category: str | None,
    as_json: bool,
) -> None:
    """List the images that are stored, newest first."""
    only = ImageFilter(
        provider=provider, kind=kind, made_from=made_from, made_to=made_to, model=model,
        category=category,
    )  # fmt: skip
    shown = _listed_json if as_json else _listed
    # There may be millions: they are printed as they are read.
    before = "[\n" if as_json else ""
    for row in holdings.walk_images(viewer=OPERATOR, only=only):
        print(f"{before}{shown(row)}", end="" if as_json else "\n")
        before = ",\n" if as_json else ""
    if as_json:
        print("[]" if before == "[\n" else "\n]")


def _listed(row: Row[Any]) -> str:
    made = f"{row.created_at:%Y-%m-%d %H:%M}"
    size = f"{row.size_bytes:>12,}"
    return f"{row.id}  {made}  {row.storage_provider:<6} {row.kind:<10} {size}  {row.storage_key}"


def _listed_json(row: Row[Any]) -> str:
    return json.dumps(
        {
            "id": str(row.id),
            "kind": row.kind,
            "provider": row.storage_provider,
            "key": row.storage_key,
            "bytes": row.size_bytes,
            "sha256": row.sha256,
            "model": row.model,
            "category": row.category,
            "created_at": row.created_at.isoformat(),
        }
    )


def _table(held: holdings.Holdings) -> Table:
    table = Table("provider", "kind", "images", "bytes", "kept", "copies", "oldest", "newest")
    for each in held.each:
        table.add_row(
            each.provider,
            each.kind,
            f"{each.images:,}",
            f"{each.bytes:,}",
            f"{each.kept:,}",
            f"{each.copies:,}",
            f"{each.oldest:%Y-%m-%d}",
            f"{each.newest:%Y-%m-%d}",
        )
    return table


def _print(checked: integrity.Checked, done: integrity.Repaired | None) -> None:
    for name, keys in checked.findings.as_json().items():
        for line in [ADVICE[name], *(f"  {key}" for key in keys)] if keys else ():
            print(line)
    if done is not None:
        _print_done(done)
    verdict = "nothing is wrong" if checked.is_sound else "see above"
    print(f"{checked.images:,} images and {checked.objects:,} objects checked: {verdict}.")


def _print_done(done: integrity.Repaired) -> None:
    for name, told in DONE.items():
        value = getattr(done, name)
        count = value if isinstance(value, int) else len(value)
        if count:
            print(f"Repaired: {told.format(f'{count:,}')}")
    for error in done.errors:
        click.echo(error, err=True)
