"""People who may sign in."""

import os
from typing import Any

import click
from flask.cli import with_appcontext
from rich.table import Table

from gallery.cli.group import OPERATOR, as_json, cli, print_json, print_table
from gallery.extensions import current_house
from gallery.logs.formatting import printable
from gallery.models import User
from gallery.schemas.fields import instant
from gallery.services import accounts, catalog


@cli.group("users")
def users() -> None:
    """People who may sign in."""


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="How they are called on pages.")
@click.option("--admin", is_flag=True, help="They may see and change everything.")
@as_json
@with_appcontext
def create_user(email: str, name: str, admin: bool, as_json: bool) -> None:
    """Create a user; the password comes from GALLERY_PASSWORD or is asked for."""
    user = accounts.create_user(
        email, _password(), name=name, is_admin=admin, now=current_house().now()
    )
    if as_json:
        print_json(_brief_json(user))
    else:
        print(f"{user.email} may sign in now.")


@users.command("list")
@as_json
@with_appcontext
def list_users(as_json: bool) -> None:
    """List all users, and in how many places each is signed in."""
    rows = catalog.list_users(viewer=OPERATOR, now=current_house().now())
    if as_json:
        print_json(
            [
                _brief_json(row)
                | {"name": row.name, "created_at": instant(row.created_at)}
                | {"sign_ins": row.sign_ins}
                for row in rows
            ]
        )
        return
    table = Table("email", "name", "role", "since", "signed in", box=None, pad_edge=False)
    for row in rows:
        role = "admin" if row.is_admin else "user"
        since = instant(row.created_at)
        table.add_row(row.email, printable(row.name), role, since, str(row.sign_ins))
    print_table(table)


@users.command("set-password")
@click.argument("email")
@as_json
@with_appcontext
def set_password(email: str, as_json: bool) -> None:
    """Change a password, from GALLERY_PASSWORD or asked for; the user is signed out everywhere."""
    user = accounts.set_password(email, _password(), now=current_house().now())
    _tell(user, "has another password, and is signed out everywhere.", as_json=as_json)


@users.command("set-admin")
@click.argument("email")
@click.option("--off", is_flag=True, help="No longer; they are signed out everywhere.")
@as_json
@with_appcontext
def set_admin(email: str, off: bool, as_json: bool) -> None:
    """Let a user see and change everything."""
    user = accounts.set_admin(email, is_admin=not off, now=current_house().now())
    _tell(user, "is an admin no longer." if off else "is an admin.", as_json=as_json)


@users.command("delete")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Don't ask first.")
@as_json
@with_appcontext
def delete_user(email: str, yes: bool, as_json: bool) -> None:
    """Remove a user, and every picture, gallery, link and key that is theirs."""
    if not yes:
        click.confirm(f"Remove {email} with all that is theirs?", abort=True, err=True)
    user = accounts.delete_user(email, storages=current_house().storages)
    _tell(user, "is removed, with all that was theirs.", as_json=as_json)


def _password() -> str:
    return os.environ.get("GALLERY_PASSWORD") or str(
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )


def _tell(user: User, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_brief_json(user))
    else:
        print(f"{user.email} {what}")


def _brief_json(user: Any) -> dict[str, Any]:
    return {"id": str(user.id), "email": user.email, "admin": user.is_admin}
