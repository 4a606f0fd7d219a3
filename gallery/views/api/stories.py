"""Stories and their illustrations, in the spelling that story apps read."""

import base64
from typing import Any

from flask import jsonify, request
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.errors import InvalidField
from gallery.extensions import current_house
from gallery.generators.base import GeneratedImage
from gallery.schemas.addresses import gallery_path, stored_path
from gallery.schemas.fields import instant
from gallery.schemas.galleries import (
    GalleryListSchema,
    NewGallerySchema,
    PageQuerySchema,
    StorySchema,
    gallery_json,
)
from gallery.schemas.images import (
    IllustrationRequestSchema,
    IllustrationSchema,
    illustration_json,
    unsaved_illustration_json,
)
from gallery.services import catalog, galleries, generation, ingest, prompt_cache
from gallery.views.api.answers import (
    PREFER,
    absolute_addresses,
    answer_asked,
    answer_galleries,
    idempotent,
)
from gallery.views.api.uploads import is_true, read_upload, upload_body
from gallery.views.auth import current_viewer

bp = Blueprint("stories", __name__, url_prefix="/api/stories", description="Stories")


def _illustration_body() -> dict[str, Any]:
    body = upload_body(
        description="What was asked for.",
        pageNumber="The page, from 1.",
        characterReferenced="Whether a character reference was used.",
        method="How the page was made: story, consistent or gptimg.",
    )
    scene = {"application/json": {"schema": IllustrationRequestSchema}}
    return body | {"content": scene | body["content"]}


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
@bp.doc(requestBody=_illustration_body(), parameters=[PREFER])
@bp.response(201, IllustrationSchema)
@bp.alt_response(200, schema=IllustrationSchema, description="Nothing is kept here, or it failed.")
@bp.alt_response(202, schema=IllustrationSchema, description="It is being drawn.")
@idempotent
def illustrate(story_id: str) -> Response:
    """Save an illustration of a page, or have a scene drawn.

    A picture is sent as a form or as the body; a scene as JSON, and the answer comes at once
    unless `Prefer: wait=N` asks to wait. Where nothing is to be kept, `localUrl` is left out.
    """
    if request.is_json:
        wanted = bp.ARGUMENTS_PARSER.parse(IllustrationRequestSchema, request, location="json")
        return _draw(story_id, wanted)
    return _save(story_id)


def _draw(story_id: str, wanted: dict[str, Any]) -> Response:
    house, viewer = current_house(), current_viewer()
    scene = generation.Scene(
        wish=prompt_cache.Wish(
            sentence=wanted["scene"],
            style=wanted.get("style") or None,
            service=wanted.get("service") or None,
        ),
        page_number=wanted["pageNumber"],
        reference_id=wanted.get("referenceImageId"),
        is_character_referenced=wanted["characterReferenced"],
        method=wanted.get("method") or None,
    )
    if not house.intake.saves_stories:
        made, is_referenced = generation.draw_illustration(
            story_id, scene, viewer=viewer, studio=house.studio
        )
        # A server of one's own may answer with an address that means nothing elsewhere.
        is_public = (made.url or "").startswith("https://")
        url = made.url if is_public else _as_url(made)
        return jsonify(
            unsaved_illustration_json(
                url, wanted["scene"], scene.page_number, made.model, is_referenced
            )
        )
    asked = generation.ask_for_illustration(
        story_id, scene, viewer=viewer, studio=house.studio, now=house.now()
    )
    return answer_asked(asked, _illustration)


def _save(story_id: str) -> Response:
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
        told = (details.prompt, page_number, details.model, is_referenced)
        return jsonify(unsaved_illustration_json(None, *told))
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
    path = stored_path(image) if image.status == "completed" else None
    return illustration_json(image, absolute_addresses(), path)


def _as_url(made: GeneratedImage) -> str:
    """Return a picture that is kept nowhere as the address that holds it whole (RFC 2397)."""
    return f"data:image/{made.format};base64,{base64.b64encode(made.content).decode()}"


def _story_json(story: Any, images: Any) -> dict[str, Any]:
    url = current_house().settings.PUBLIC_URL + gallery_path("story", story.slug)
    waiting = catalog.unfinished_images(story)
    shown = sorted([*images, *waiting], key=lambda row: (row.page_number or 0, row.id))
    return gallery_json(story, url) | {"illustrations": [_illustration(row) for row in shown]}
