"""Signed links: made, listed, revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.galleries import PageQuerySchema
from gallery.schemas.links import LinkListSchema, NewLinkSchema, SignedLinkSchema, link_json
from gallery.services import links
from gallery.views.api.answers import answer_list, idempotent
from gallery.views.api.galleries import answer_signed
from gallery.views.auth import current_viewer

bp = Blueprint("links", __name__, url_prefix="/api", description="Signed links")


@bp.route("/images/<uuid:image_id>/links", methods=["POST"])
@bp.arguments(NewLinkSchema)
@bp.response(201, SignedLinkSchema)
@idempotent
def sign(wanted: dict[str, Any], image_id: UUID) -> Response:
    """Make a link to one image, for whoever has it."""
    house = current_house()
    days = timedelta(days=house.settings.DOWNLOAD_LINK_DAYS)
    seconds = wanted.pop("expires_in", None)
    signed = links.sign_download(
        image_id,
        viewer=current_viewer(),
        signer=house.signer,
        now=house.now(),
        lasts=days if seconds is None else timedelta(seconds=seconds),
        **wanted,
    )
    return answer_signed(signed)


@bp.route("/links", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, LinkListSchema)
def index(query: dict[str, Any]) -> Response:
    """List the links that you may revoke, newest first."""
    page = links.list_links(viewer=current_viewer(), tally=current_house().tally, **query)
    now = current_house().now()
    return answer_list("links", [link_json(link, now) for link in page.items], page)


@bp.route("/links/<uuid:link_id>", methods=["DELETE"])
@bp.response(204)
def revoke(link_id: UUID) -> Response:
    """Revoke a link; it ends at once."""
    links.revoke_link(link_id, viewer=current_viewer(), now=current_house().now())
    return Response(status=204)
