"""Signed links in JSON."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import instant, text
from gallery.services.links import DISPOSITIONS, LONGEST, VARIANTS, is_live

_LIFETIME = validate.Range(min=1, max=int(LONGEST.total_seconds()))


class NewLinkSchema(Schema):
    """What a link to an image is to be."""

    expires_in = fields.Integer(
        strict=True, validate=_LIFETIME, metadata={"description": "In seconds."}
    )
    disposition = fields.String(load_default="attachment", validate=validate.OneOf(DISPOSITIONS))
    variant = fields.String(load_default="original", validate=validate.OneOf(VARIANTS))
    max_downloads = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=1_000_000)
    )


class NewShareSchema(Schema):
    """How long a shared gallery is open."""

    expires_in = fields.Integer(
        strict=True, validate=_LIFETIME, metadata={"description": "In seconds."}
    )


class SignedLinkSchema(Schema):
    """A link that was just made."""

    id = fields.UUID()
    url = text("Whoever has this address may use it.")
    expires_at = fields.DateTime()


class LinkSchema(Schema):
    """A link in the ledger."""

    id = fields.UUID()
    purpose = text("What it opens.", enum=["download", "share"])
    image_id = fields.UUID(allow_none=True)
    gallery_id = fields.UUID(allow_none=True)
    product_id = fields.UUID(allow_none=True)
    variant = fields.String()
    disposition = fields.String()
    standing = fields.Boolean(
        metadata={"description": "Whether a listing signs its downloads with it."}
    )
    live = fields.Boolean()
    downloads = fields.Integer()
    max_downloads = fields.Integer(allow_none=True)
    created_at = fields.DateTime()
    expires_at = fields.DateTime()
    revoked_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(allow_none=True)


class LinkListSchema(Schema):
    """The links that the asker may revoke, newest first."""

    links = fields.List(fields.Nested(LinkSchema))
    next = text("The cursor of the next page.", nullable=True)


def link_json(link: Any, now: datetime) -> dict[str, Any]:
    """Return a link of the ledger as JSON."""
    return {
        "id": str(link.id),
        "purpose": link.purpose,
        "image_id": str(link.image_id) if link.image_id else None,
        "gallery_id": str(link.gallery_id) if link.gallery_id else None,
        "product_id": str(link.product_id) if link.product_id else None,
        "variant": link.variant,
        "disposition": link.disposition,
        "standing": link.is_standing,
        "live": is_live(link, now),
        "downloads": link.downloads,
        "max_downloads": link.max_downloads,
        "created_at": instant(link.created_at),
        "expires_at": instant(link.expires_at),
        "revoked_at": instant(link.revoked_at),
        "last_used_at": instant(link.last_used_at),
    }
