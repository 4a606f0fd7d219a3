"""The command line: ``gallery …``, a Click group on Flask's own; one module for each thing."""

from gallery.cli import demo, keys, links, serve, storage, sweep, users
from gallery.cli.group import cli

__all__ = ["cli", "demo", "keys", "links", "serve", "storage", "sweep", "users"]
