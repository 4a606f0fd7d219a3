"""Stories and their illustrations, in the spelling that story apps read."""

from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.errors import InvalidField
from gallery.extensions import current_house
from gallery.schemas.fields import instant
from gallery.schemas.galleries import (
    GalleryListSchema,
    NewGallerySchema,
    PageQuerySchema,
    StorySchema,
    gallery_json,
)
from gallery.schemas.images import (
    IllustrationSchema,
    illustration_json,
    unsaved_illustration_json,
)
from gallery.services import catalog, galleries, ingest
from gallery.views.addresses import gallery_path, stored_path
from gallery.views.api.answers import absolute_addresses, answer_galleries, idempotent
from gallery.views.api.uploads import is_true, read_upload, upload_body
from gallery.views.auth import current_viewer

bp = Blueprint("stories", __name__, url_prefix="/api/stories", description="Stories")


@bp.route("", methods=["POST"])
@bp.arguments(NewGallerySchema)
@bp.response(201, StorySchema)
@idempotent
def create(wanted: dict[str, Any]) -> Response:
    """Begin a story."""
    house = current_house()
    story = galleries.open_gallery("story", viewer=current_viewer(), now=house.now(), **wanted)
    response = jsonify(_story_json(story, []))
    response.status_code = 201
    response.headers["Location"] = f"{house.settings.PUBLIC_URL}/api/stories/{story.slug}"
    return response


@bp.route("", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, GalleryListSchema)
def index(query: dict[str, Any]) -> Response:
    """List the stories that you find."""
    return answer_galleries("story", **query)


@bp.route("/<story_id>", methods=["GET"])
@bp.response(200, StorySchema)
def show(story_id: str) -> Response:
    """Show a story and its illustrations, in page order."""
    story = catalog.show_gallery("story", story_id, viewer=current_viewer())
    return jsonify(_story_json(story, catalog.gallery_images(story)))


@bp.route("/<story_id>/illustrations", methods=["POST"])
@bp.doc(
    requestBody=upload_body(
        description="What was asked for.",
        pageNumber="The page, from 1.",
        characterReferenced="Whether a character reference was used.",
        method="How the page was made: story, consistent or gptimg.",
    )
)
@bp.response(201, IllustrationSchema)
@bp.alt_response(200, schema=IllustrationSchema, description="Nothing is kept here.")
@idempotent
def illustrate(story_id: str) -> Response:
    """Save an illustration of a page; where nothing is to be kept, `localUrl` is left out."""
    house, upload = current_house(), read_upload()
    details = upload.details()
    page_number = _page_number(upload.text("pageNumber", "page_number"))
    is_referenced = is_true(upload.text("characterReferenced", "character_referenced"))
    saved = ingest.save_story_image(
        story_id,
        page_number,
        upload.content,
        details=details,
        viewer=current_viewer(),
        intake=house.intake,
        now=house.now(),
        method=upload.text("method") or "story",
        is_character_referenced=is_referenced,
    )
    if saved is None:
        return jsonify(unsaved_illustration_json(details, page_number, is_referenced))
    image = catalog.show_image(saved.image_id, viewer=current_viewer())
    response = jsonify(_illustration(image))
    response.status_code = 201
    return response


def story_file_json(image: Any) -> dict[str, Any]:
    """Return a saved illustration as story apps list them."""
    return {
        "filename": image.storage_key.rpartition("/")[2],
        "url": absolute_addresses().original(image),
        "size": image.size_bytes,
        "createdAt": instant(image.created_at),
    }


def _page_number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise InvalidField("pageNumber must be a number from 1 on")
    return int(text)


def _illustration(image: Any) -> dict[str, Any]:
    return illustration_json(image, absolute_addresses(), stored_path(image))


def _story_json(story: Any, images: Any) -> dict[str, Any]:
    url = current_house().settings.PUBLIC_URL + gallery_path("story", story.slug)
    return gallery_json(story, url) | {"illustrations": [_illustration(row) for row in images]}
