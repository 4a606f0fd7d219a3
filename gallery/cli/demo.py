"""Fill an empty gallery."""

from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console

from gallery.cli.group import address, as_json, cli, print_json, progress
from gallery.extensions import House, current_house
from gallery.services import accounts, demo
from gallery.services.access import Viewer
from gallery.services.demo_card import DemoCard, read_card, write_card


@cli.command("demo")
@click.option("--if-empty", is_flag=True, help="Do nothing where somebody has an account already.")
@as_json
@with_appcontext
def fill_demo(if_empty: bool, as_json: bool) -> None:
    """Fill an empty gallery with pictures, and print a sign-in and an API key."""
    house = current_house()
    if demo.is_empty():
        card = _make_demo(house, quiet=as_json)
    elif if_empty:
        found = read_card(_instance())
        if found is None:
            return
        card = found
    else:
        raise click.ClickException("This gallery is in use; the demo is for an empty one")
    if as_json:
        print_json(vars(card))
        return
    console = Console(highlight=False)
    console.print(f"\n  Address   {address(house.settings.HOST, house.settings.PORT)}")
    console.print(f"  Sign in   {card.email}  with  {card.password}")
    console.print(f"  API key   {card.key}\n", soft_wrap=True)


def _make_demo(house: House, *, quiet: bool) -> DemoCard:
    password = accounts.new_password()
    user = accounts.create_user(
        demo.EMAIL, password, name="Demo", is_admin=True, now=house.now() - timedelta(days=31)
    )
    key = accounts.create_key("demo", owner=demo.EMAIL, now=house.now())
    card = DemoCard(email=demo.EMAIL, password=password, key=key.secret)
    write_card(_instance(), card)
    viewer = Viewer(user_id=user.id, name=user.name, is_admin=True)
    steps = demo.fill(
        viewer=viewer,
        studio=house.studio,
        generator=house.studio.generator("demo"),
        now=house.now(),
    )
    with progress("Drawing the demo", quiet=quiet) as tell:
        for done, total in steps:
            tell(done, total)
    return card


def _instance() -> Path:
    return Path(current_app.instance_path)
