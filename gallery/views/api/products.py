"""Products: uploaded, changed, moved from state to state."""

from typing import Any
from uuid import UUID

from flask import jsonify, request
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.errors import InvalidField
from gallery.extensions import current_house
from gallery.schemas.addresses import product_path
from gallery.schemas.products import (
    NewProductSchema,
    PrimarySchema,
    ProductChangesSchema,
    ProductListSchema,
    ProductQuerySchema,
    ProductSchema,
    StatusSchema,
    new_product_json,
    product_card_json,
    product_json,
)
from gallery.services import catalog, products
from gallery.views.api.answers import (
    JSONText,
    absolute_addresses,
    answer_conditionally,
    answer_list,
    idempotent,
)
from gallery.views.auth import current_viewer
from gallery.views.spooling import arriving_files, takes_files

_FILES = {
    "type": "array",
    "minItems": 1,
    "maxItems": products.MOST_IMAGES,
    "items": {"type": "string", "format": "binary"},
    "description": "JPEG, PNG or WebP; up to 8 in all, with 50 MB together.",
}
_NUMBER = {
    "type": "integer",
    "minimum": 0,
    "maximum": products.MOST_IMAGES - 1,
    "default": 0,
    "description": "The place of the primary image among the files, from 0.",
}
_PROMPT = {
    "type": "string",
    "minLength": products.SHORTEST_TEXT,
    "maxLength": products.LONGEST_TEXT,
    "description": "What is asked for.",
}
bp = Blueprint("products_api", __name__, url_prefix="/api/products", description="Products")


def _form(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of a form with files."""
    required = [name for name in fields if name != "primary"]
    form = {"type": "object", "required": required, "properties": fields}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


@bp.route("", methods=["POST"])
@bp.doc(requestBody=_form(**{"prompt_text": _PROMPT, "images[]": _FILES, "primary": _NUMBER}))
@bp.response(201, NewProductSchema)
@takes_files
@idempotent
def create() -> Response:
    """Make a product of a text and 1 to 8 files: all of them, or nothing."""
    house, viewer = current_house(), current_viewer()
    files = arriving_files()
    product = products.create_product(
        request.form.get("prompt_text", ""),
        files,
        primary=_place(request.form.get("primary")),
        viewer=viewer,
        intake=house.intake,
        now=house.now(),
    )
    estimate = products.estimated_processing(product.owner_id)
    response = jsonify(new_product_json(product, len(files), estimate))
    response.status_code = 201
    response.headers["Location"] = f"{house.settings.PUBLIC_URL}/api/products/{product.id}"
    return response


@bp.route("", methods=["GET"])
@bp.arguments(ProductQuerySchema, location="query")
@bp.response(200, ProductListSchema)
def index(query: dict[str, Any]) -> Response:
    """List your products, newest first."""
    page = catalog.list_products(viewer=current_viewer(), **query)
    urls = absolute_addresses().expect(card.primary for card in page.items)
    owners = {card.owner_id for card in page.items}
    estimates = {owner_id: products.estimated_processing(owner_id) for owner_id in owners}
    items = [
        product_card_json(card, card, estimates[card.owner_id], _page_url(card.id), urls)
        for card in page.items
    ]
    return answer_list("products", items, page)


@bp.route("/<uuid:product_id>", methods=["GET"])
@bp.response(200, ProductSchema)
def show(product_id: UUID) -> Response:
    """Show a product with its images and its history."""
    return answer_conditionally(JSONText.of(_detail(product_id)))


@bp.route("/<uuid:product_id>", methods=["PATCH"])
@bp.arguments(ProductChangesSchema)
@bp.response(200, ProductSchema)
def change(changes: dict[str, Any], product_id: UUID) -> Response:
    """Change a product's text."""
    now = current_house().now()
    products.edit_product(product_id, viewer=current_viewer(), now=now, **changes)
    return jsonify(_detail(product_id))


@bp.route("/<uuid:product_id>", methods=["DELETE"])
@bp.response(204)
def delete(product_id: UUID) -> Response:
    """Delete a product with its images, whatever its status is."""
    storages = current_house().storages
    products.delete_product(product_id, viewer=current_viewer(), storages=storages)
    return Response(status=204)


@bp.route("/<uuid:product_id>/images", methods=["POST"])
@bp.doc(requestBody=_form(**{"images[]": _FILES}))
@bp.response(201, ProductSchema)
@takes_files
@idempotent
def add_images(product_id: UUID) -> Response:
    """Add images to a product: all of them, or none."""
    house, viewer = current_house(), current_viewer()
    products.add_product_images(
        product_id, arriving_files(), viewer=viewer, intake=house.intake, now=house.now()
    )
    response = jsonify(_detail(product_id))
    response.status_code = 201
    return response


@bp.route("/<uuid:product_id>/images/<uuid:image_id>", methods=["DELETE"])
@bp.response(204)
def remove_image(product_id: UUID, image_id: UUID) -> Response:
    """Remove an image of a product; where it was primary, the next one is."""
    house = current_house()
    products.remove_product_image(
        product_id, image_id, viewer=current_viewer(), storages=house.storages, now=house.now()
    )
    return Response(status=204)


@bp.route("/<uuid:product_id>/primary", methods=["PUT"])
@bp.arguments(PrimarySchema)
@bp.response(200, ProductSchema)
def choose_primary(wanted: dict[str, Any], product_id: UUID) -> Response:
    """Choose the primary image."""
    now = current_house().now()
    products.choose_primary(product_id, viewer=current_viewer(), now=now, **wanted)
    return jsonify(_detail(product_id))


@bp.route("/<uuid:product_id>/status", methods=["POST"])
@bp.arguments(StatusSchema)
@bp.response(200, ProductSchema)
@idempotent
def move(wanted: dict[str, Any], product_id: UUID) -> Response:
    """Move a product to another status; 409 where there is no way to it."""
    now = current_house().now()
    products.move_product(product_id, viewer=current_viewer(), now=now, **wanted)
    return jsonify(_detail(product_id))


def _detail(product_id: UUID) -> dict[str, Any]:
    page = catalog.show_product(product_id, viewer=current_viewer())
    estimate = products.estimated_processing(page.product.owner_id)
    urls = absolute_addresses().expect(page.images)
    return product_json(page, estimate, _page_url(product_id), urls)


def _page_url(product_id: UUID) -> str:
    return current_house().settings.PUBLIC_URL + product_path(product_id)


def _place(text: str | None) -> int:
    """Return the place of the primary file, from 0, as a form tells it."""
    if text is None or text == "":
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise InvalidField("primary must be the place of a file, from 0")
    return int(text)
