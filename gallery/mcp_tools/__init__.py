"""The Model Context Protocol: what assistants may ask of the gallery, and do in it.

A door like the others: parse, call a service, answer. Whoever comes in shows
an API key and may do what its owner may; shapes and limits are those of the
JSON endpoints. The official SDK speaks the protocol, by its low-level
server: its other one derives shapes from signatures, and ours exist.

The SDK is an extra, so nothing of it is imported before ``gallery mcp`` runs.
"""

from flask import Flask

from gallery.mcp_tools.command import serve_tools


def init_app(app: Flask) -> None:
    """Add ``gallery mcp`` to the command line."""
    app.cli.add_command(serve_tools)
