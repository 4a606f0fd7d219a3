"""The JSON endpoints, one module for each thing they speak of."""

from importlib.metadata import version

from flask import Flask

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
for each in BLUEPRINTS:
    each.before_request(protect_cookie_writes)


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
