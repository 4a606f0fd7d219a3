"""Games: rounds, and in each a picture of every player."""

import json
from functools import lru_cache
from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from sqlalchemy import Row
from werkzeug.wrappers import Response

from gallery.errors import InvalidName
from gallery.extensions import current_house
from gallery.schemas.fields import instant
from gallery.schemas.galleries import GalleryListSchema, GameSchema, PageQuerySchema, gallery_json
from gallery.schemas.images import RoundImageSchema, RoundSchema, round_image_json
from gallery.services import catalog, ingest
from gallery.services.identifiers import check_slug
from gallery.views.addresses import ListedAddresses, gallery_path, listed_addresses
from gallery.views.api.answers import absolute_addresses, answer_conditionally, answer_galleries
from gallery.views.api.uploads import read_upload, upload_body
from gallery.views.auth import current_viewer
from gallery.views.words import alt_text

# Of 4,096 pictures kept, each with its row: some 20 MB at the most.
LONGEST_KEPT_TEXT = 1000
bp = Blueprint("games", __name__, url_prefix="/api/games", description="Games and rounds")


@bp.route("", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, GalleryListSchema)
def index(query: dict[str, Any]) -> Response:
    """List the games that you find."""
    return answer_galleries("game", **query)


@bp.route("/<code>", methods=["GET"])
@bp.response(200, GameSchema)
def show(code: str) -> Response:
    """Show a game and its rounds."""
    game = catalog.show_gallery("game", check_slug("game code", code), viewer=current_viewer())
    base = current_house().settings.PUBLIC_URL
    rounds = [
        {
            "round": round_.number,
            "image_count": round_.image_count,
            "created_at": instant(round_.created_at),
            "url": f"{base}/games/{code}/rounds/{round_.number}",
            "images_url": f"{base}/api/games/{code}/rounds/{round_.number}/images",
        }
        for round_ in catalog.list_rounds(game)
    ]
    about = gallery_json(game, base + gallery_path("game", code))
    return jsonify(about | {"code": code, "rounds": rounds})


@bp.route("/<code>/rounds/<number>/images", methods=["GET"])
@bp.response(200, RoundSchema)
def images(code: str, number: str) -> Response:
    """Show a round in one answer; send the ETag again to hear whether it changed."""
    listing = catalog.list_round(
        check_slug("game code", code), round_number(number), viewer=current_viewer()
    )
    house = current_house()
    urls = listed_addresses(house, listing.game, base=house.settings.PUBLIC_URL)
    ends = [row.expires_at for row in listing.images if not row.is_kept and row.expires_at]
    about = {
        "game_code": code,
        "round": listing.number,
        "expires_at": instant(min(ends, default=None)),
    }
    shown = ",".join([_image_text(row, urls) for row in listing.images])
    return answer_conditionally(f'{json.dumps(about)[:-1]}, "images": [{shown}]}}')


def _image_text(row: Row[Any], urls: ListedAddresses) -> str:
    """Return a player's picture as JSON text.

    Front ends ask for a round again and again while its players play. What
    they get of a picture follows from its row and the addresses alone, so
    it is put together once, until one of them changes.
    """
    is_short = len(row.prompt) + len(row.completed_sentence or "") < LONGEST_KEPT_TEXT
    return _kept_image_text(row, urls) if is_short else _new_image_text(row, urls)


@lru_cache(maxsize=4096)
def _kept_image_text(row: Row[Any], urls: ListedAddresses) -> str:
    return _new_image_text(row, urls)


def _new_image_text(row: Row[Any], urls: ListedAddresses) -> str:
    return json.dumps(round_image_json(row, urls, alt_text(row)), separators=(",", ":"))


@bp.route("/<code>/rounds/<number>/players/<player>/image", methods=["PUT"])
@bp.doc(
    requestBody=upload_body(
        submission_id="The front end's id of the submission.",
        completed_sentence="The sentence with its cards.",
        cards="A card; repeat the field for each.",
        art_style="The style asked for.",
        ai_service="The service that made it.",
    )
)
@bp.response(201, RoundImageSchema)
@bp.alt_response(200, schema=RoundImageSchema, description="It took the place of another image.")
def save(code: str, number: str, player: str) -> Response:
    """Save a player's picture, or replace it; game, round and player appear on first use."""
    house, upload = current_house(), read_upload()
    saved = ingest.save_round_image(
        code,
        round_number(number),
        player,
        upload.content,
        submission=ingest.Submission(
            submission_id=upload.text("submission_id"),
            completed_sentence=upload.text("completed_sentence"),
            cards=upload.fields.getlist("cards"),
        ),
        details=upload.details(),
        viewer=current_viewer(),
        intake=house.intake,
        now=house.now(),
    )
    image = catalog.show_image(saved.image_id, viewer=current_viewer())
    response = jsonify(round_image_json(image, absolute_addresses(), alt_text(image)))
    response.status_code = 200 if saved.replaced else 201
    return response


def round_number(text: str) -> int:
    """Return the number of a round.

    Raises:
        InvalidName: it is not written as a number from 1 to 9,999,999.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and text[0] != "0"):
        raise InvalidName("The round must be a number from 1 on")
    return int(text)
