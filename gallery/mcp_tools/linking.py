"""Tools that hand out addresses which open something to whoever has them, and end those."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from gallery.mcp_tools.tool import ADDS, ENDS, Answer, Call, tool
from gallery.schemas.addresses import GALLERY_PAGES
from gallery.schemas.fields import text
from gallery.schemas.links import (
    LinkSchema,
    NewLinkSchema,
    NewShareSchema,
    SignedLinkSchema,
    link_json,
    signed_link_json,
)
from gallery.services import links
from gallery.services.links import SignedLink


class SignLinkSchema(NewLinkSchema):
    """A link to one image."""

    image_id = fields.UUID(required=True, metadata={"description": "`id` of the image."})


class ShareGallerySchema(NewShareSchema):
    """A link to a whole gallery."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(list(GALLERY_PAGES)),
        metadata={"description": "What the gallery is."},
    )
    gallery = text("The id of the session or story, or the game's code.", required=True)


class LinkIdSchema(Schema):
    """One link."""

    link_id = fields.UUID(
        required=True, metadata={"description": "`id` of the link, as it was answered."}
    )


@tool("Sign a link", takes=SignLinkSchema, answers=SignedLinkSchema, effect=ADDS)
def sign_link(
    call: Call, *, image_id: UUID, expires_in: int | None = None, **wanted: Any
) -> Answer:
    """Make a link to one of your images, for whoever has it. Its address is absolute where the
    gallery knows its own (PUBLIC_URL), else a path. Keep the `id` to revoke it.
    """
    return _signed(call, partial(links.sign_download, image_id, **wanted), expires_in)


@tool("Share a gallery", takes=ShareGallerySchema, answers=SignedLinkSchema, effect=ADDS)
def share_gallery(call: Call, *, kind: str, gallery: str, expires_in: int | None = None) -> Answer:
    """Make a link that opens a whole session, game or story of yours to whoever has it."""
    return _signed(call, partial(links.share_gallery, kind, gallery), expires_in)


@tool("Revoke a link", takes=LinkIdSchema, answers=LinkSchema, effect=ENDS)
def revoke_link(call: Call, *, link_id: UUID) -> Answer:
    """End a link of yours at once, for everybody who has it; that can't be undone."""
    now = call.house.now()
    return link_json(links.revoke_link(link_id, viewer=call.viewer, now=now), now)


def _signed(call: Call, sign: Callable[..., SignedLink], expires_in: int | None) -> Answer:
    """Have *sign* make a link that lasts so many seconds, or as long as links do here."""
    house = call.house
    days = timedelta(days=house.settings.DOWNLOAD_LINK_DAYS)
    signed = sign(
        viewer=call.viewer,
        signer=house.signer,
        now=house.now(),
        lasts=days if expires_in is None else timedelta(seconds=expires_in),
    )
    return signed_link_json(signed, house.settings.PUBLIC_URL)
