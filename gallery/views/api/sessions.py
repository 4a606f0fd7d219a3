"""Generation sessions: five images to each."""

from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.addresses import gallery_path
from gallery.schemas.galleries import (
    GalleryListSchema,
    NewGallerySchema,
    PageQuerySchema,
    SessionSchema,
    gallery_json,
)
from gallery.schemas.images import ImageListSchema, ImageSchema, image_json
from gallery.schemas.words import alt_text
from gallery.services import catalog, galleries, ingest
from gallery.views.api.answers import absolute_addresses, answer_galleries, idempotent
from gallery.views.api.uploads import read_upload, upload_body
from gallery.views.auth import current_viewer

bp = Blueprint("sessions", __name__, url_prefix="/api/sessions", description="Sessions")


@bp.route("", methods=["POST"])
@bp.arguments(NewGallerySchema)
@bp.response(201, SessionSchema)
@idempotent
def create(wanted: dict[str, Any]) -> Response:
    """Open a session."""
    house = current_house()
    gallery = galleries.open_gallery("session", viewer=current_viewer(), now=house.now(), **wanted)
    response = jsonify(_session_json(gallery, []))
    response.status_code = 201
    response.headers["Location"] = f"{house.settings.PUBLIC_URL}/api/sessions/{gallery.slug}"
    return response


@bp.route("", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, GalleryListSchema)
def index(query: dict[str, Any]) -> Response:
    """List the sessions that you find."""
    return answer_galleries("session", **query)


@bp.route("/<session_id>", methods=["GET"])
@bp.response(200, SessionSchema)
def show(session_id: str) -> Response:
    """Show a session and its images."""
    gallery = catalog.show_gallery("session", session_id, viewer=current_viewer())
    return jsonify(_session_json(gallery, _images(gallery)))


@bp.route("/<session_id>/images", methods=["GET"])
@bp.response(200, ImageListSchema)
def images(session_id: str) -> Response:
    """List a session's images."""
    gallery = catalog.show_gallery("session", session_id, viewer=current_viewer())
    return jsonify({"images": _images(gallery), "next": None})


@bp.route("/<session_id>/images/<image_type>", methods=["PUT"])
@bp.doc(requestBody=upload_body())
@bp.response(201, ImageSchema)
@bp.alt_response(200, schema=ImageSchema, description="It took the place of another image.")
def save(session_id: str, image_type: str) -> Response:
    """Save one of a session's images, or replace it."""
    house, upload = current_house(), read_upload()
    saved = ingest.save_session_image(
        session_id,
        image_type,
        upload.content,
        details=upload.details(),
        viewer=current_viewer(),
        intake=house.intake,
        now=house.now(),
    )
    return answer_saved(saved)


def answer_saved(saved: ingest.Saved) -> Response:
    """Answer a save with the image, as the catalogue shows it."""
    image = catalog.show_image(saved.image_id, viewer=current_viewer())
    response = jsonify(image_json(image, absolute_addresses(), alt_text(image)))
    response.status_code = 200 if saved.replaced else 201
    return response


def _images(gallery: Any) -> list[dict[str, Any]]:
    urls = absolute_addresses()
    return [image_json(row, urls, alt_text(row)) for row in catalog.gallery_images(gallery)]


def _session_json(gallery: Any, shown: list[dict[str, Any]]) -> dict[str, Any]:
    url = current_house().settings.PUBLIC_URL + gallery_path("session", gallery.slug)
    return gallery_json(gallery, url) | {"images": shown}
