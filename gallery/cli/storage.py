"""Look after the stored objects."""

import click
from flask.cli import with_appcontext

from gallery.cli.group import as_json, cli, print_json, progress
from gallery.extensions import current_house
from gallery.services import integrity

# What an operator does about each finding of the storage check.
ADVICE = {
    "missing": "Pictures without their object. Bring the files back from a backup:",
    "damaged": "Pictures whose bytes have changed. Bring the files back from a backup:",
    "wrong_size": "Pictures cut short, or grown. Bring the files back from a backup:",
    "orphaned": "Objects that no picture uses. They only take room; delete them at leisure:",
}


@cli.group("storage")
def storage_group() -> None:
    """The stored objects."""


@storage_group.command("check")
@click.option("--quick", is_flag=True, help="Compare sizes, and don't read every byte.")
@as_json
@with_appcontext
def check_storage(quick: bool, as_json: bool) -> None:
    """Find pictures without their object or with another, and objects without a picture."""
    house = current_house()
    with progress("Checking the storage", quiet=as_json) as tell:
        checked = integrity.check_objects(
            storages=house.storages, now=house.now(), is_quick=quick, tell=tell
        )
    if as_json:
        print_json(checked.findings.as_json())
    else:
        _print(checked)
    for provider in sorted(checked.unknown_providers):
        click.echo(f"Not checked: images kept by {provider}, which is not configured", err=True)
    if not checked.is_sound:
        raise click.exceptions.Exit(1)


def _print(checked: integrity.Checked) -> None:
    for name, keys in checked.findings.as_json().items():
        for line in [ADVICE[name], *(f"  {key}" for key in keys)] if keys else ():
            print(line)
    verdict = "nothing is wrong" if checked.is_sound else "see above"
    print(f"{checked.images:,} images and {checked.objects:,} objects checked: {verdict}.")
