"""The web door: each view reads the request, calls one service, and renders."""

from flask import Flask

from gallery.views import api, auth, browse, converters, curate, downloads, errors, headers, words


def init_app(app: Flask) -> None:
    """Hang all pages, routes and handlers on *app*."""
    converters.init_app(app)
    auth.init_app(app)
    errors.init_app(app)
    headers.init_app(app)
    words.init_app(app)
    for module in (auth, browse, curate, downloads):
        app.register_blueprint(module.bp)
    api.init_app(app)
