"""The prompt cache, for front ends that generate on their own."""

from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.images import image_json
from gallery.schemas.prompts import (
    LookupSchema,
    WishSchema,
    hit_json,
    lease_json,
    pending_json,
)
from gallery.schemas.words import alt_text
from gallery.services import prompt_cache
from gallery.views.api.answers import absolute_addresses, idempotent
from gallery.views.auth import current_viewer

bp = Blueprint("prompts", __name__, url_prefix="/api/prompts", description="The prompt cache")


@bp.route("/lookup", methods=["POST"])
@bp.arguments(WishSchema())
@bp.response(200, LookupSchema)
@bp.alt_response(201, schema=LookupSchema, description="A lease: it is yours to make.")
@bp.alt_response(202, schema=LookupSchema, description="Somebody else makes it; ask again.")
@idempotent
def look_up(wanted: dict[str, Any]) -> Response:
    """Ask for a prompt's picture, or for the lease to make it where there is none."""
    house = current_house()
    wish = read_wish(wanted)
    answer = prompt_cache.look_up(
        wish, viewer=current_viewer(), rules=house.prompts, now=house.now()
    )
    if isinstance(answer, prompt_cache.Hit):
        image = image_json(answer.image, absolute_addresses(), alt_text(answer.image))
        return jsonify(hit_json(wish.hash, image))
    if isinstance(answer, prompt_cache.Lease):
        response = jsonify(lease_json(wish.hash, answer))
        response.status_code = 201
        return response
    response = jsonify(pending_json(wish.hash))
    response.status_code = 202
    response.headers["Retry-After"] = str(int(answer.retry_after.total_seconds()))
    return response


def read_wish(wanted: dict[str, Any]) -> prompt_cache.Wish:
    """Return what a request wishes for."""
    return prompt_cache.Wish(
        sentence=wanted.get("sentence") or wanted.get("completed_sentence") or "",
        cards=tuple(wanted["cards"]),
        style=wanted.get("art_style") or None,
        service=wanted.get("ai_service") or None,
    )
