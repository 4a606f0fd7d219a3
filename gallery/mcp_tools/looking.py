"""Tools that look: lists of images, one image, figures."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from gallery.mcp_tools.tool import LOOKS, Answer, Call, tool
from gallery.schemas.addresses import Addresses
from gallery.schemas.images import (
    ImageDetailSchema,
    ImageListSchema,
    ImageQuerySchema,
    image_detail_json,
    image_json,
)
from gallery.schemas.stats import StatsSchema, stats_json
from gallery.schemas.words import alt_text
from gallery.services import catalog
from gallery.services.stats import gather_stats


class ListImagesSchema(ImageQuerySchema):
    """As the JSON endpoint is asked, by smaller pages: an assistant reads every word of them."""

    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "How many a page holds; one takes about 2 kB."},
    )


class ImageIdSchema(Schema):
    """One image."""

    image_id = fields.UUID(required=True, metadata={"description": "`id` of the image."})


class NothingSchema(Schema):
    """Nothing."""


@tool("List images", takes=ListImagesSchema, answers=ImageListSchema, effect=LOOKS)
def list_images(call: Call, *, limit: int, q: str | None = None, **wanted: Any) -> Answer:
    """List the images that you find, newest first: yours, and what is public.

    Narrow them by kind, model, category, provider and when they were made; `q` keeps those
    whose prompts and names hold all of its words. `next` of the answer, sent as `cursor`,
    leads to the next page; null means that this was the last.
    """
    walk = {"viewer": call.viewer, "cursor": wanted.pop("cursor", None), "limit": limit}
    only = catalog.ImageFilter(**wanted)
    if q is None:
        page = catalog.list_images(only=only, **walk)
    else:
        page = catalog.search_images(q, only=only, **walk)
    urls = _addresses(call).expect(page.items)
    images = [image_json(row, urls, alt_text(row)) for row in page.items]
    return {"images": images, "next": page.next_cursor}


@tool("Image details", takes=ImageIdSchema, answers=ImageDetailSchema, effect=LOOKS)
def image_details(call: Call, *, image_id: UUID) -> Answer:
    """Show one image: prompt, model, sizes, times, addresses, and what its generator wrote
    into the file. `download_url` is signed: whoever has it may download the image until it
    ends. The other addresses open for you alone where the image is private.
    """
    image = catalog.show_image(image_id, viewer=call.viewer)
    embedded = catalog.show_embedded(image_id)
    return image_detail_json(image, embedded, _addresses(call), alt_text(image))


@tool("Statistics", takes=NothingSchema, answers=StatsSchema, effect=LOOKS)
def statistics(call: Call) -> Answer:
    """Show figures over the images that you find: images, sizes and cache hits of the last 30
    days (UTC), storage by kind and provider, what expires within a week, and what the prompt
    cache saved.
    """
    return stats_json(gather_stats(viewer=call.viewer, now=call.house.now()))


def _addresses(call: Call) -> Addresses:
    return Addresses(call.house, base=call.house.settings.PUBLIC_URL)
