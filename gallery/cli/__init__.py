"""The command line: ``gallery …``, a Click group on Flask's own; one module for each thing."""

from gallery.cli import backup, database, demo, keys, links, serve, storage, sweep, users
from gallery.cli.group import cli

__all__ = [
    "backup",
    "cli",
    "database",
    "demo",
    "keys",
    "links",
    "serve",
    "storage",
    "sweep",
    "users",
]
