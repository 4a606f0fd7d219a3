"""Make backups, prove them, and bring a gallery back."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.table import Table

from gallery.cli.group import as_json, cli, print_json, print_table, progress
from gallery.extensions import current_house
from gallery.services import backup
from gallery.services.backup import Policy, Repository

_NEXT = {
    "missing": "Pictures whose object is not there (gallery storage check tells more):",
    "damaged": "Pictures whose object is not what was kept:",
}
_KEEPS = {
    "last": "Keep this many of the newest backups.",
    "daily": "Keep the newest backup of each of so many days.",
    "weekly": "Keep the newest backup of each of so many weeks.",
    "monthly": "Keep the newest backup of each of so many months.",
}
folder = click.argument("path", type=click.Path(file_okay=False, path_type=Path))


def keeping(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take how many backups to keep."""
    for name, told in reversed(_KEEPS.items()):
        command = click.option(f"--keep-{name}", type=click.IntRange(0), default=0, help=told)(
            command
        )
    return command


@cli.group("backup")
def backup_group() -> None:
    """Backups: rows and objects of one moment."""


@backup_group.command("create")
@folder
@keeping
@as_json
@with_appcontext
def create_backup(path: Path, as_json: bool, **keep: int) -> None:
    """Add a backup to those in PATH, while the gallery goes on working.

    Objects that an earlier backup has are not copied again. One that was
    interrupted counts for nothing, and the next goes on where it stopped.
    With --keep-…, old ones go afterwards, unless this one lacks something.
    """
    house = current_house()
    with progress("Backing up", quiet=as_json) as tell:
        created = backup.create_backup(
            repository=Repository(path), storages=house.storages, now=house.now(), tell=tell
        )
    manifest = created.manifest
    if as_json:
        print_json(
            {
                "backup": created.name,
                **backup.as_told(manifest),
                "copied": created.copied,
                "copied_bytes": created.copied_bytes,
                **{why: _keys(created, why) for why in ("missing", "damaged", "gone")},
            }
        )
    else:
        print(f"{created.name}: {manifest.images:,} images, {manifest.bytes:,} bytes")
        print(f"{created.copied:,} objects were new, {created.copied_bytes:,} bytes")
        _print_lacking({why: _keys(created, why) for why in _NEXT})
    if not manifest.is_complete:
        raise click.exceptions.Exit(1)
    policy = _policy(keep)
    if not policy.keeps_nothing:
        backup.prune_backups(repository=Repository(path), policy=policy, now=house.now())


@backup_group.command("prune")
@folder
@keeping
@as_json
@with_appcontext
def prune_backups(path: Path, as_json: bool, **keep: int) -> None:
    """Remove the backups in PATH that no --keep-… names, and what only they needed."""
    pruned = backup.prune_backups(
        repository=Repository(path), policy=_policy(keep), now=current_house().now()
    )
    if as_json:
        print_json(asdict(pruned))
        return
    for name in pruned.removed:
        print(f"Removed: {name}")
    print(f"{len(pruned.kept):,} backups kept, {len(pruned.removed):,} removed;", end=" ")
    print(f"{pruned.objects:,} objects of {pruned.bytes:,} bytes went with them.")


@backup_group.command("list")
@folder
@as_json
@with_appcontext
def list_backups(path: Path, as_json: bool) -> None:
    """List the backups in PATH, oldest first."""
    repository = Repository(path)
    repository.open_for_reading()
    told = {name: backup.as_told(repository.manifest(name)) for name in repository.names()}
    if as_json:
        print_json([{"backup": name, **facts} for name, facts in told.items()])
        return
    table = Table("backup", "images", "bytes", "database", "gallery", "is whole")
    for name, facts in told.items():
        whole = "yes" if facts["is_complete"] else "no"
        numbers = (f"{facts['images']:,}", f"{facts['bytes']:,}")
        table.add_row(name, *numbers, facts["database"], facts["gallery"], whole)
    print_table(table)


@backup_group.command("verify")
@folder
@click.option("--quick", is_flag=True, help="Compare sizes of objects, and don't read every byte.")
@as_json
@with_appcontext
def verify_backups(path: Path, quick: bool, as_json: bool) -> None:
    """Read all backups in PATH, and tell what is no longer what was written."""
    with progress("Reading backups", quiet=as_json) as tell:
        verified = backup.verify_backups(repository=Repository(path), is_quick=quick, tell=tell)
    if as_json:
        print_json(verified.as_json())
    else:
        for name, what in verified.broken:
            print(f"Broken: {name}: {what}")
        for kind in ("damaged", "missing"):
            for sha256 in getattr(verified, kind):
                print(f"{kind.capitalize()}: objects/{sha256[:2]}/{sha256}")
        verdict = "nothing is wrong" if verified.is_sound else "see above"
        count = f"{len(verified.backups):,} backups and {verified.objects:,} objects"
        print(f"{count} verified: {verdict}.")
    if not verified.is_sound:
        raise click.exceptions.Exit(1)


@backup_group.command("restore")
@folder
@click.option("--backup", "name", metavar="NAME", help="Which one.  [default: the newest]")
@click.option("--partial", is_flag=True, help="Restore also what lacks objects, without them.")
@click.option("--yes", is_flag=True, help="Replace what is there without asking.")
@as_json
@with_appcontext
def restore_backup(path: Path, name: str | None, partial: bool, yes: bool, as_json: bool) -> None:
    """Replace all rows by those of a backup in PATH, and bring its objects.

    Stop the servers first. Run it again where it was interrupted.
    """
    house = current_house()
    if not yes and backup.is_used():
        click.confirm(
            "This gallery is in use. Replace everybody and everything in it?", abort=True, err=True
        )
    with progress("Restoring", quiet=as_json) as tell:
        restored = backup.restore_backup(
            repository=Repository(path),
            storages=house.storages,
            workspace=Path(current_app.instance_path),
            now=house.now(),
            knows=_knows_revision,
            name=name,
            is_partial=partial,
            tell=tell,
        )
    _bring_up_to_date()
    backup.settle_restored(house.storages, lacking=restored.lacking)
    if as_json:
        print_json(_as_json(restored))
    else:
        _print_restored(restored)
    if restored.lacking:
        raise click.exceptions.Exit(1)


def _policy(keep: dict[str, int]) -> Policy:
    return Policy(**{name.removeprefix("keep_"): most for name, most in keep.items()})


def _knows_revision(revision: str) -> bool:
    """Tell whether this code has a migration of this name."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def _bring_up_to_date() -> None:
    """Bring rows of an earlier gallery to the newest migration."""
    from flask_migrate import upgrade

    upgrade()


def _as_json(restored: backup.Restored) -> dict[str, Any]:
    return {
        "backup": restored.name,
        "images": restored.images,
        "brought": restored.brought,
        "rekeyed": sorted(restored.rekeyed),
        "set_aside": sorted(restored.set_aside),
        "lacking": sorted(restored.lacking),
        "safety_copy": str(restored.safety_copy) if restored.safety_copy else None,
    }


def _print_restored(restored: backup.Restored) -> None:
    print(f"{restored.name} is restored: {restored.images:,} images.")
    print(f"{restored.brought:,} objects were brought, the others were there.")
    for key in restored.rekeyed:
        print(f"Another picture had its key by now, so it has the next: {key}")
    for key in restored.set_aside:
        print(f"Set aside, since it was nobody's or damaged: {key}")
    _print_lacking({"missing": restored.lacking})
    if restored.safety_copy:
        print(f"The rows that were there before: {restored.safety_copy}")
        print("Objects that only they name are orphans now: gallery storage check")


def _keys(created: backup.Created, why: str) -> list[str]:
    return [each.key for each in created.left_out if each.why == why]


def _print_lacking(keys_by_reason: dict[str, list[str]]) -> None:
    for why, keys in keys_by_reason.items():
        for line in [_NEXT[why], *(f"  {key}" for key in keys)] if keys else ():
            click.echo(line, err=True)
