"""What all galleries have in common: who may see them, and links that open them."""

from datetime import timedelta
from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.errors import NotFound
from gallery.extensions import current_house
from gallery.schemas.addresses import GALLERY_PAGES, gallery_path
from gallery.schemas.galleries import GalleryChangesSchema, GallerySchema, gallery_json
from gallery.schemas.links import NewShareSchema, SignedLinkSchema, signed_link_json
from gallery.services import galleries, links
from gallery.views.api.answers import idempotent
from gallery.views.auth import current_viewer

bp = Blueprint("galleries", __name__, url_prefix="/api/galleries", description="Galleries")


@bp.route("/<kind>/<slug>", methods=["PATCH"])
@bp.arguments(GalleryChangesSchema)
@bp.response(200, GallerySchema)
def change(changes: dict[str, Any], kind: str, slug: str) -> Response:
    """Change a gallery's title, or who may see it."""
    house = current_house()
    gallery = galleries.change_gallery(
        _checked(kind), slug, viewer=current_viewer(), now=house.now(), **changes
    )
    url = house.settings.PUBLIC_URL + gallery_path(gallery.kind, slug)
    return jsonify(gallery_json(gallery, url))


@bp.route("/<kind>/<slug>/links", methods=["POST"])
@bp.arguments(NewShareSchema)
@bp.response(201, SignedLinkSchema)
@idempotent
def share(wanted: dict[str, Any], kind: str, slug: str) -> Response:
    """Make a link that opens a gallery to whoever has it."""
    house = current_house()
    days = timedelta(days=house.settings.DOWNLOAD_LINK_DAYS)
    signed = links.share_gallery(
        _checked(kind),
        slug,
        viewer=current_viewer(),
        signer=house.signer,
        now=house.now(),
        lasts=timedelta(seconds=wanted["expires_in"]) if "expires_in" in wanted else days,
    )
    return answer_signed(signed)


def answer_signed(signed: links.SignedLink) -> Response:
    """Answer with a link that was just made."""
    response = jsonify(signed_link_json(signed, current_house().settings.PUBLIC_URL))
    response.status_code = 201
    return response


def _checked(kind: str) -> str:
    """Take ``game`` as well as ``games``."""
    name = {"sessions": "session", "games": "game", "stories": "story"}.get(kind, kind)
    if name not in GALLERY_PAGES:
        raise NotFound
    return name
