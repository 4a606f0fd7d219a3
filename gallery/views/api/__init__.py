"""The JSON endpoints, one module for each thing they speak of."""

import json
from importlib.metadata import version

from flask import Flask, request

from gallery.errors import InvalidRequest
from gallery.extensions import csrf
from gallery.schemas.openapi import GalleryAPI, openapi_settings
from gallery.views.api import (
    docs,
    galleries,
    games,
    health,
    images,
    links,
    sessions,
    stats,
    stories,
)
from gallery.views.auth import protect_cookie_writes

BLUEPRINTS = [module.bp for module in (sessions, games, stories, images, galleries, links, stats)]


def refuse_unreadable_json() -> None:
    """Refuse JSON that is malformed, too deep, or holds a number that is too long.

    The latter two aren't ``JSONDecodeError``, the only one that webargs expects.
    """
    if not request.is_json:
        return
    try:
        json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        raise InvalidRequest("The body can't be read as JSON") from None


for each in BLUEPRINTS:
    each.before_request(protect_cookie_writes)
    each.before_request(refuse_unreadable_json)


def init_app(app: Flask) -> None:
    """Register the endpoints, and the document that describes them."""
    app.config.update(openapi_settings(version("gallery")))
    api = GalleryAPI(app)
    for bp in BLUEPRINTS:
        csrf.exempt(bp)
        api.register_blueprint(bp)
    app.extensions["gallery_api"] = api
    app.register_blueprint(docs.bp)
    app.register_blueprint(health.bp)
