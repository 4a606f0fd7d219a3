"""``gallery mcp``: serve the tools to one program that started it, or to many over HTTP."""

import os
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

KEY_VARIABLE = "GALLERY_KEY"


@click.command("mcp")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Read the API key from this file, not from {KEY_VARIABLE}.",
)
@click.option(
    "--http",
    metavar="HOST:PORT",
    help="Serve over HTTP at /mcp (a port alone: on the loopback); each request brings its key.",
)
@with_appcontext
def serve_tools(key_file: Path | None, http: str | None) -> None:
    """Serve tools to assistants (MCP), which may do what the owner of an API key may.

    Speaks over standard input and output unless told otherwise.
    """
    try:
        from gallery.mcp_tools import serving
    except ImportError as error:
        raise click.ClickException(
            f"The MCP tools need the extra gallery[mcp] ({error.name} is not installed)"
        ) from None
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if http is not None:
        host, port = _listening_address(http)
        serving.serve_http(app, host=host, port=port)
        return
    key = key_file.read_text(encoding="utf-8").strip() if key_file else _key_from_environment()
    serving.serve_stdio(app, key=key)


def _key_from_environment() -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise click.ClickException(
            f"No API key: put one into {KEY_VARIABLE}, or name a file with --key-file"
            " (gallery keys create NAME --owner EMAIL makes one)"
        )
    return key


def _listening_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.BadParameter("must be HOST:PORT, such as 127.0.0.1:8001", param_hint="--http")
    return host.strip("[]") or "127.0.0.1", int(port)
