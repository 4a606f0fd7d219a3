"""Products in JSON."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import instant, text
from gallery.schemas.galleries import PageQuerySchema
from gallery.schemas.images import ImageAddresses, ThumbnailsSchema
from gallery.services.catalog import ProductCard, ProductPage
from gallery.services.products import LONGEST_ERROR, LONGEST_TEXT, SHORTEST_TEXT, STATUSES

_TEXT = validate.Length(min=SHORTEST_TEXT, max=LONGEST_TEXT)


class NewProductSchema(Schema):
    """A product that was just made."""

    id = fields.UUID(required=True)
    status = text("How far it is.", enum=list(STATUSES))
    prompt_text = text("What is asked for, in 10 to 500 characters.")
    image_count = fields.Integer()
    created_at = fields.DateTime()
    estimated_processing_time_seconds = fields.Integer(
        metadata={"description": "The median of your last products; 60 as long as there are none."}
    )


class ProductImageSchema(Schema):
    """An image of a product."""

    id = fields.UUID(required=True)
    position = fields.Integer(metadata={"description": "Its place, from 1."})
    primary = fields.Boolean()
    format = text("The format it came in, and is stored in: png, jpeg or webp.")
    width = fields.Integer(metadata={"description": "In pixels, as it is shown."})
    height = fields.Integer(metadata={"description": "In pixels, as it is shown."})
    size_bytes = fields.Integer()
    sha256 = text("Of the file, in hex.")
    placeholder = text("BlurHash, to show while it loads.")
    page_url = text("Its page, for its owner.")
    image_url = text("A signed link to the file, for some minutes.")
    download_url = text("The same as a download.")
    thumbnails = fields.Nested(ThumbnailsSchema)


class ProductCardSchema(NewProductSchema):
    """A product in a list."""

    updated_at = fields.DateTime()
    processing_started_at = fields.DateTime(allow_none=True)
    processing_completed_at = fields.DateTime(allow_none=True)
    processing_error = text("Why it failed.", nullable=True)
    page_url = text("Its page.")
    primary_image = fields.Nested(ProductImageSchema)


class ProductMoveSchema(Schema):
    """One step of a product."""

    from_status = fields.String(
        data_key="from", allow_none=True, metadata={"description": "null: it was new."}
    )
    to_status = fields.String(data_key="to")
    at = fields.DateTime()
    actor = text("Who moved it; null: that account is gone.", nullable=True)
    note = text("Why it failed.", nullable=True)


class ProductSchema(ProductCardSchema):
    """A product with all that belongs to it."""

    images = fields.List(fields.Nested(ProductImageSchema))
    moves = fields.List(fields.Nested(ProductMoveSchema))
    next_statuses = fields.List(
        fields.String(), metadata={"description": "Where it may go from here."}
    )


class ProductListSchema(Schema):
    """A page of a list of products."""

    products = fields.List(fields.Nested(ProductCardSchema))
    next = text("The cursor of the next page.", nullable=True)


class ProductQuerySchema(PageQuerySchema):
    """How a list of products is narrowed."""

    status = fields.String(validate=validate.OneOf(STATUSES))


class ProductChangesSchema(Schema):
    """What may be changed on a product."""

    prompt_text = fields.String(required=True, validate=_TEXT)


class PrimarySchema(Schema):
    """Which image is to be the primary one."""

    image_id = fields.UUID(required=True)


class StatusSchema(Schema):
    """Where a product is to go."""

    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    error = fields.String(
        allow_none=True,
        validate=validate.Length(max=LONGEST_ERROR),
        metadata={"description": "Why it failed, with `failed`."},
    )


def new_product_json(product: Any, image_count: int, estimate: timedelta) -> dict[str, Any]:
    """Return a product that was just made as JSON."""
    return {
        "id": str(product.id),
        "status": product.status,
        "prompt_text": product.prompt_text,
        "image_count": image_count,
        "created_at": instant(product.created_at),
        "estimated_processing_time_seconds": round(estimate.total_seconds()),
    }


def product_card_json(
    product: Any,
    card: ProductCard | ProductPage,
    estimate: timedelta,
    url: str,
    urls: ImageAddresses,
) -> dict[str, Any]:
    """Return a product as a list tells of it."""
    return new_product_json(product, len(card.images), estimate) | {
        "updated_at": instant(product.updated_at),
        "processing_started_at": instant(product.processing_started_at),
        "processing_completed_at": instant(product.processing_completed_at),
        "processing_error": product.processing_error,
        "page_url": url,
        "primary_image": _image_json(card.primary, product, urls),
    }


def product_json(
    page: ProductPage, estimate: timedelta, url: str, urls: ImageAddresses
) -> dict[str, Any]:
    """Return a product with all that belongs to it."""
    return product_card_json(page.product, page, estimate, url, urls) | {
        "images": [_image_json(image, page.product, urls) for image in page.images],
        "moves": [
            {
                "from": move.from_status,
                "to": move.to_status,
                "at": instant(move.at),
                "actor": move.actor_name,
                "note": move.note,
            }
            for move in page.moves
        ],
        "next_statuses": list(page.next_statuses),
    }


def _image_json(image: Any, product: Any, urls: ImageAddresses) -> dict[str, Any]:
    return {
        "id": str(image.id),
        "position": image.position,
        "primary": image.id == product.primary_image_id,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": image.sha256,
        "placeholder": image.placeholder,
        "page_url": urls.page(image),
        "image_url": urls.original(image),
        "download_url": urls.download(image),
        "thumbnails": urls.thumbnails(image),
    }
