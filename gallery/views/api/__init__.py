"""The JSON endpoints, one module for each thing they speak of."""

import json
from importlib.metadata import version

from flask import Flask, request

from gallery.errors import InvalidRequest
from gallery.extensions import csrf
from gallery.schemas.openapi import GalleryAPI, openapi_settings
from gallery.services.access import require_user
from gallery.views.api import (
    auth,
    docs,
    events,
    galleries,
    games,
    health,
    images,
    links,
    products,
    prompts,
    sessions,
    sign_ins,
    stats,
    stories,
)
from gallery.views.auth import current_viewer, protect_cookie_writes

MOST_JSON = 64 * 1024
MODULES = (
    sessions, games, events, stories, images, prompts, galleries, products, links, stats, sign_ins
)  # fmt: skip
BLUEPRINTS = [module.bp for module in MODULES]


def refuse_nobodys_writes() -> None:
    """Ask who writes before a byte of the body is read."""
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        require_user(current_viewer())


def refuse_unreadable_json() -> None:
    """Refuse JSON that is too large, malformed, too deep, or holds a number that is too long.

    The last two aren't ``JSONDecodeError``, the only one that webargs expects.
    """
    if not request.is_json:
        return
    # A tiny part of what a picture may have: Python makes twenty times as much of it.
    request.max_content_length = MOST_JSON
    try:
        json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        raise InvalidRequest("The body can't be read as JSON") from None


for each in BLUEPRINTS:
    each.before_request(refuse_nobodys_writes)
    each.before_request(protect_cookie_writes)
    each.before_request(refuse_unreadable_json)
# Here nobody has to be known yet, and no cookie counts.
auth.bp.before_request(refuse_unreadable_json)
BLUEPRINTS.append(auth.bp)


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
