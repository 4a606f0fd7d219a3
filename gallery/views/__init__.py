"""The web door: each view reads the request, calls one service, and renders."""

from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from gallery.views import (
    account,
    api,
    archives,
    auth,
    browse,
    converters,
    curate,
    downloads,
    errors,
    headers,
    limiting,
    metrics,
    products,
    spooling,
    watching,
    words,
)

__all__ = ("CookieSessions", "init_app", "limiting", "watching")


class CookieSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, with a serializer that is made once instead of for each request."""

    _serializer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """Return the serializer of *app*."""
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer


def init_app(app: Flask) -> None:
    """Hang all pages, routes and handlers on *app*."""
    converters.init_app(app)
    spooling.init_app(app)
    auth.init_app(app)
    errors.init_app(app)
    headers.init_app(app)
    words.init_app(app)
    for module in (auth, account, browse, curate, products, downloads, archives, metrics):
        app.register_blueprint(module.bp)
    api.init_app(app)
