"""Serve the gallery."""

import os
import socket
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from gallery import logs
from gallery.cli.group import address, cli
from gallery.config import Settings, secrets_of
from gallery.extensions import current_house
from gallery.metrics import exposition


@cli.command("serve")
@with_appcontext
def serve() -> None:
    """Serve through the production server, after bringing the database up to date."""
    from flask_migrate import upgrade

    settings = current_house().settings
    chosen = logs.choose_format(settings.LOG_FORMAT, serves=True)
    logs.set_up(format=chosen, level=settings.LOG_LEVEL, secrets=secrets_of(settings))
    upgrade()
    _tell_of_own_secret(settings, Path(current_app.instance_path))
    arguments = [
        sys.executable, "-m", "gunicorn", "gallery:create_app(run_jobs=True)",
        "--config", "python:gallery.serving",
        "--bind", f"{settings.HOST}:{settings.PORT}",
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
    os.environ |= {
        # The process that watches over the workers has no settings of its own.
        "LOG_FORMAT": chosen,
        "LOG_LEVEL": settings.LOG_LEVEL,
        exposition.FOLDER: str(exposition.open_folder()),
    }
    print(f"Gallery is at {address(settings.HOST, settings.PORT)}", flush=True)
    os.execv(sys.executable, arguments)  # noqa: S606 - our own interpreter, no shell wanted


def _tell_of_own_secret(settings: Settings, instance: Path) -> None:
    """Say that nobody else reads what this machine signs, where others may share its database."""
    kept = instance / "secret_key"
    is_shared = not settings.DATABASE_URL.startswith("sqlite")
    if is_shared and kept.exists() and (kept.read_text().strip(),) == settings.SECRET_KEY:
        click.echo(
            f"SECRET_KEY is not set, so this machine has one of its own in {kept}: other machines"
            " over this database can't read the links and sign-ins that it signs",
            err=True,
        )


def _refuse_taken_port(host: str, port: int) -> None:
    """Say it in one line before the server says it in ten."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise click.ClickException(
            f"{host}:{port} can't be listened on ({why}); PORT names another port"
        ) from None
