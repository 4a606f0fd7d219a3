"""The command line: ``gallery …``, a Click group on Flask's own."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import click
from flask import current_app
from flask.cli import FlaskGroup, with_appcontext
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gallery.errors import GalleryError
from gallery.extensions import House, current_house
from gallery.schemas.fields import instant
from gallery.schemas.images import KINDS
from gallery.schemas.links import link_json
from gallery.services import accounts, demo, integrity, links, retention
from gallery.services.access import Viewer
from gallery.services.demo_card import DemoCard, read_card, write_card

# What somebody at the operator's prompt may do: everything.
OPERATOR = Viewer(user_id=UUID(int=0), name="operator", is_admin=True)
# What an operator does about each finding of the storage check.
ADVICE = {
    "missing": "Pictures without their object. Bring the files back from a backup:",
    "damaged": "Pictures whose bytes have changed. Bring the files back from a backup:",
    "wrong_size": "Pictures cut short, or grown. Bring the files back from a backup:",
    "orphaned": "Objects that no picture uses. They only take room; delete them at leisure:",
}
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def _create_app() -> Any:
    from gallery import create_app  # The package imports every door; a door can't import it first.

    try:
        return create_app()
    except GalleryError as error:
        _stop(error)


class GalleryGroup(FlaskGroup):
    """Flask's group, which tells Gallery's errors as one line instead of a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except GalleryError as error:
            _stop(error)


def _stop(error: GalleryError) -> NoReturn:
    raise click.ClickException(f"{error.title}: {error.detail}" if error.detail else error.title)


@click.group(cls=GalleryGroup, create_app=_create_app, add_version_option=False)
@click.version_option(package_name="gallery", prog_name="gallery")
def cli() -> None:
    """Keep every picture that image generators make."""


@cli.command("serve")
@with_appcontext
def serve() -> None:
    """Serve through the production server, after bringing the database up to date."""
    from flask_migrate import upgrade

    upgrade()
    settings = current_house().settings
    arguments = [
        sys.executable, "-m", "gunicorn", "gallery:create_app(run_jobs=True)",
        "--config", "python:gallery.serving",
        "--bind", f"{settings.HOST}:{settings.PORT}",
        "--worker-class", "gthread",
        "--workers", str(settings.WEB_CONCURRENCY),
        # A thread costs little; those that listen to a round or wait for a picture only wait.
        "--threads", "24",
        "--timeout", "60",
        "--no-control-socket",
        # Which proxies are believed is TRUSTED_PROXIES' to say, not the server's.
        "--forwarded-allow-ips", "",
        "--forwarder-headers", "",
        "--log-level", "warning",
    ]  # fmt: skip
    _refuse_taken_port(settings.HOST, settings.PORT)
    print(f"Gallery is at {_address(settings.HOST, settings.PORT)}", flush=True)
    os.execv(sys.executable, arguments)  # noqa: S606 - our own interpreter, no shell wanted


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
        _print_json(vars(card))
        return
    console = Console(highlight=False)
    console.print(f"\n  Address   {_address(house.settings.HOST, house.settings.PORT)}")
    console.print(f"  Sign in   {card.email}  with  {card.password}")
    console.print(f"  API key   {card.key}\n", soft_wrap=True)


@cli.command("sweep")
@click.option("--dry-run", is_flag=True, help="List what would go, and delete nothing.")
@click.option("--older-than", metavar="DATE", help="Also images made before this day (UTC).")
@click.option("--keep-count", type=click.IntRange(0), help="Also all but the newest so many.")
@click.option("--kind", type=click.Choice(KINDS), help="Only images of this kind.")
@as_json
@with_appcontext
def sweep(
    dry_run: bool, older_than: str | None, keep_count: int | None, kind: str | None, as_json: bool
) -> None:
    """Delete the images whose keeping time is over."""
    house = current_house()
    rule = retention.SweepRule(
        kind=kind,
        older_than=_day(older_than),
        keep_count=keep_count,
        most_bytes=house.settings.MAX_STORAGE_BYTES,
    )
    result = retention.doomed_images(now=house.now(), rule=rule)
    if not dry_run:
        with _progress("Sweeping", quiet=as_json) as tell:
            tell(0, len(result.deleted))
            result = retention.expire_images(
                storages=house.storages, now=house.now(), rule=rule, tell=tell
            )
    if as_json:
        ids = [str(image_id) for image_id in result.deleted]
        _print_json({"deleted": ids, "bytes": result.bytes, "errors": result.errors})
    else:
        for image_id in result.deleted if dry_run else ():
            print(image_id)
        verb = "would be deleted" if dry_run else "deleted"
        print(f"{len(result.deleted)} images {verb}, {result.bytes:,} bytes")
        for error in result.errors:
            click.echo(error, err=True)
    if result.errors:
        raise click.exceptions.Exit(1)


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
    with _progress("Checking the storage", quiet=as_json) as tell:
        checked = integrity.check_objects(
            storages=house.storages, now=house.now(), is_quick=quick, tell=tell
        )
    findings = checked.findings.as_json()
    if as_json:
        _print_json(findings)
    else:
        for name, keys in findings.items():
            for line in [ADVICE[name], *(f"  {key}" for key in keys)] if keys else ():
                print(line)
        verdict = "nothing is wrong" if checked.is_sound else "see above"
        print(f"{checked.images:,} images and {checked.objects:,} objects checked: {verdict}.")
    for provider in sorted(checked.unknown_providers):
        click.echo(f"Not checked: images kept by {provider}, which is not configured", err=True)
    if not checked.is_sound:
        raise click.exceptions.Exit(1)


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
    password = os.environ.get("GALLERY_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    user = accounts.create_user(
        email, password, name=name, is_admin=admin, now=current_house().now()
    )
    if as_json:
        _print_json({"id": str(user.id), "email": user.email, "admin": user.is_admin})
    else:
        print(f"{user.email} may sign in now.")


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
        _print_json({"key": made.secret, "id": str(made.key.id), "name": made.key.name})
    else:
        print(made.secret)


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
        _print_json([link_json(row, now) for row in rows])
        return
    table = Table("id", "opens", "used", "expires", "state", box=None, pad_edge=False)
    for row in rows:
        used = f"{row.downloads}" + (f"/{row.max_downloads}" if row.max_downloads else "")
        state = "live" if links.is_live(row, now) else "revoked" if row.revoked_at else "ended"
        opens = f"image {row.image_id}" if row.image_id else f"gallery {row.gallery_id}"
        table.add_row(str(row.id), opens, used, instant(row.expires_at), state)
    # Ids are there to be copied, so no line is cut to the terminal's width.
    console = Console(soft_wrap=True)
    console.print(table, crop=False, no_wrap=True, width=console.measure(table).maximum)


@link_group.command("revoke")
@click.argument("link_id", type=click.UUID)
@as_json
@with_appcontext
def revoke_link(link_id: UUID, as_json: bool) -> None:
    """End a link at once."""
    link = links.revoke_link(link_id, viewer=OPERATOR, now=current_house().now())
    if as_json:
        _print_json({"id": str(link.id), "revoked_at": instant(link.revoked_at)})
    else:
        print(f"The link {link.id} is withdrawn.")


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
    with _progress("Drawing the demo", quiet=quiet) as tell:
        for done, total in steps:
            tell(done, total)
    return card


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[Callable[..., None]]:
    """Draw progress on the terminal; what is yielded takes how much is done, and of how much."""
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def tell(done: int, total: int | None = None) -> None:
            progress.update(task, completed=done, total=total)

        yield tell


def _instance() -> Path:
    return Path(current_app.instance_path)


def _all_links() -> Iterable[Any]:
    cursor: str | None = None
    while True:
        page = links.list_links(viewer=OPERATOR, cursor=cursor, limit=200)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("must be a date such as 2026-11-20", param_hint="DATE") from None
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def _refuse_taken_port(host: str, port: int) -> None:
    """Say it in one line before the server says it in ten."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise click.ClickException(
            f"{host}:{port} can't be listened on ({why}); PORT names another port"
        ) from None


def _address(host: str, port: int) -> str:
    return f"http://{host}:{port}/"


def _print_json(content: Any) -> None:
    print(json.dumps(content, indent=2))
