"""Games: rounds, and in each a picture of every player."""

from functools import lru_cache
from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.errors import InvalidName
from gallery.extensions import current_house
from gallery.schemas.addresses import ListedAddresses, gallery_path, listed_addresses
from gallery.schemas.fields import instant
from gallery.schemas.galleries import (
    GalleryListSchema,
    GameSchema,
    PageQuerySchema,
    RoundChangesSchema,
    RoundSettingsSchema,
    gallery_json,
)
from gallery.schemas.images import (
    RoundImageRequestSchema,
    RoundImageSchema,
    RoundSchema,
    expected_json,
    hidden_json,
    round_image_json,
)
from gallery.schemas.words import alt_text
from gallery.services import catalog, galleries, generation, ingest
from gallery.services.identifiers import check_slug
from gallery.views.api.answers import (
    PREFER,
    JSONText,
    absolute_addresses,
    answer_asked,
    answer_conditionally,
    answer_galleries,
    idempotent,
)
from gallery.views.api.prompts import read_wish
from gallery.views.api.uploads import read_upload, upload_body
from gallery.views.auth import current_viewer

# 128 rounds of so many pictures are some 20 MB, and of the longest texts there are, 400.
MOST_KEPT_IMAGES = 60
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
            "hidden": round_.is_hidden,
            "image_count": round_.image_count,
            "created_at": instant(round_.created_at),
            "url": f"{base}/games/{code}/rounds/{round_.number}",
            "images_url": f"{base}/api/games/{code}/rounds/{round_.number}/images",
        }
        for round_ in catalog.list_rounds(game, viewer=current_viewer())
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
    return answer_conditionally(round_text(listing))


@bp.route("/<code>/rounds/<number>", methods=["PATCH"])
@bp.arguments(RoundChangesSchema)
@bp.response(200, RoundSettingsSchema)
def change(changes: dict[str, Any], code: str, number: str) -> Response:
    """Hide a round until its reveal, reveal it, or name the players who are expected.

    The round appears on first use, so it can be hidden before its first picture comes.
    """
    round_ = galleries.change_round(
        code,
        round_number(number),
        viewer=current_viewer(),
        now=current_house().now(),
        is_hidden=changes.get("hidden"),
        players=changes.get("players"),
    )
    return jsonify(
        {
            "game_code": code,
            "round": round_.number,
            "hidden": round_.is_hidden,
            "players": round_.players or [],
        }
    )


def round_text(listing: catalog.RoundListing) -> JSONText:
    """Return a round as it is sent."""
    house = current_house()
    urls = listed_addresses(house, listing.game, base=house.settings.PUBLIC_URL)
    write = _kept_round if len(listing.images) <= MOST_KEPT_IMAGES else _write_round
    return write(listing, urls)


def _write_round(listing: catalog.RoundListing, urls: ListedAddresses) -> JSONText:
    ends = [row.expires_at for row in listing.pictures if not row.is_kept and row.expires_at]
    return JSONText.of(
        {
            "game_code": listing.game.slug,
            "round": listing.number,
            "expires_at": instant(min(ends, default=None)),
            "images": [
                *(round_image_json(row, urls, alt_text(row)) for row in listing.images),
                *map(expected_json, listing.expected),
                *(hidden_json() for _ in range(listing.hidden_count)),
            ],
        }
    )


# Front ends ask for a round again and again while its players play. What they get follows from
# the rows and the addresses alone, so it is written once, until one of them changes.
_kept_round = lru_cache(maxsize=128)(_write_round)


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


@bp.route("/<code>/rounds/<number>/players/<player>/generate", methods=["POST"])
@bp.arguments(RoundImageRequestSchema())
@bp.doc(parameters=[PREFER])
@bp.response(201, RoundImageSchema)
@bp.alt_response(200, schema=RoundImageSchema, description="It took another's place, or failed.")
@bp.alt_response(202, schema=RoundImageSchema, description="It is being drawn.")
@idempotent
def generate(wanted: dict[str, Any], code: str, number: str, player: str) -> Response:
    """Have a player's picture made: out of the prompt cache, or by the generator.

    The answer comes at once; ask for the round's images, or listen to its events, to see it come.
    With `Prefer: wait=10` the answer waits for the picture, up to so many seconds.
    """
    house = current_house()
    asked = generation.ask_for_round_image(
        code,
        round_number(number),
        player,
        wish=read_wish(wanted),
        submission_id=wanted.get("submission_id") or None,
        completed_sentence=wanted.get("completed_sentence") or None,
        viewer=current_viewer(),
        studio=house.studio,
        now=house.now(),
    )
    return answer_asked(
        asked, lambda image: round_image_json(image, absolute_addresses(), alt_text(image))
    )


def round_number(text: str) -> int:
    """Return the number of a round.

    Raises:
        InvalidName: it is not written as a number from 1 to 9,999,999.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and text[0] != "0"):
        raise InvalidName("The round must be a number from 1 on")
    return int(text)
