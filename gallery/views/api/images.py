"""The catalogue of all images, and single generations."""

from typing import Any
from uuid import UUID

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.galleries import PageQuerySchema
from gallery.schemas.images import (
    ImageChangesSchema,
    ImageDetailSchema,
    ImageListSchema,
    ImageQuerySchema,
    ImageSchema,
    StoryFileSchema,
    image_detail_json,
    image_json,
)
from gallery.schemas.words import alt_text
from gallery.services import catalog, ingest, retention
from gallery.views.api.answers import absolute_addresses, answer_list, idempotent, link_next
from gallery.views.api.sessions import answer_saved
from gallery.views.api.stories import story_file_json
from gallery.views.api.uploads import read_upload, upload_body
from gallery.views.auth import current_viewer

bp = Blueprint("images", __name__, url_prefix="/api/images", description="Images of all kinds")


@bp.route("", methods=["GET"])
@bp.arguments(ImageQuerySchema, location="query")
@bp.response(200, ImageListSchema)
def index(query: dict[str, Any]) -> Response:
    """List the images that you find, newest first; `q` searches their words."""
    viewer, words = current_viewer(), query.pop("q", None)
    walk = {"cursor": query.pop("cursor", None), "limit": query.pop("limit")}
    only = catalog.ImageFilter(**query)
    if words is None:
        page = catalog.list_images(viewer=viewer, only=only, **walk)
    else:
        page = catalog.search_images(words, viewer=viewer, only=only, **walk)
    urls = absolute_addresses().expect(page.items)
    return answer_list("images", [image_json(row, urls, alt_text(row)) for row in page.items], page)


@bp.route("", methods=["POST"])
@bp.doc(requestBody=upload_body(visibility="private (the default), unlisted or public."))
@bp.response(201, ImageSchema)
@idempotent
def create() -> Response:
    """Save a single generation, byte for byte."""
    house, upload = current_house(), read_upload()
    saved = ingest.save_generation(
        upload.content,
        details=upload.details(),
        viewer=current_viewer(),
        intake=house.intake,
        now=house.now(),
        visibility=upload.text("visibility") or "private",
    )
    return answer_saved(saved)


@bp.route("/generated", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, StoryFileSchema(many=True))
def generated(query: dict[str, Any]) -> Response:
    """List the saved story illustrations, newest first; follow the `Link` header for more."""
    page = catalog.list_story_files(viewer=current_viewer(), **query)
    return link_next(jsonify([story_file_json(row) for row in page.items]), page)


@bp.route("/<uuid:image_id>", methods=["GET"])
@bp.response(200, ImageDetailSchema)
def show(image_id: UUID) -> Response:
    """Show one image and what its generator wrote into it."""
    return _detail(image_id)


@bp.route("/<uuid:image_id>", methods=["PATCH"])
@bp.arguments(ImageChangesSchema)
@bp.response(200, ImageDetailSchema)
def change(changes: dict[str, Any], image_id: UUID) -> Response:
    """Keep an image for good, let its time run again, or give it another category."""
    retention.change_image(image_id, changes, viewer=current_viewer())
    return _detail(image_id)


@bp.route("/<uuid:image_id>", methods=["DELETE"])
@bp.response(204)
def delete(image_id: UUID) -> Response:
    """Delete an image at once."""
    house = current_house()
    retention.delete_image(
        image_id, viewer=current_viewer(), storages=house.storages, now=house.now()
    )
    return Response(status=204)


def _detail(image_id: UUID) -> Response:
    image = catalog.show_image(image_id, viewer=current_viewer())
    embedded = catalog.show_embedded(image_id)
    return jsonify(image_detail_json(image, embedded, absolute_addresses(), alt_text(image)))
