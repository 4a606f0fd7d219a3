"""Signed links in JSON."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import instant, text
from gallery.services.links import DISPOSITIONS, LONGEST, VARIANTS, SignedLink, is_live

# The first part of the path that a link of each purpose opens.
_DOORS = {"download": "d", "share": "s"}
_LIFETIME = validate.Range(min=1, max=int(LONGEST.total_seconds()))
_LIFETIME_TOLD = "How long it is good for, in seconds; as long as links last here."


class NewLinkSchema(Schema):
    """What a link to an image is to be."""

    expires_in = fields.Integer(
        strict=True, validate=_LIFETIME, metadata={"description": _LIFETIME_TOLD}
    )
    disposition = fields.String(
        load_default="attachment",
        validate=validate.OneOf(DISPOSITIONS),
        metadata={"description": "Whether a browser saves it or shows it."},
    )
    variant = fields.String(
        load_default="original",
        validate=validate.OneOf(VARIANTS),
        metadata={"description": "The stored bytes, or a WebP at most so many pixels wide."},
    )
    max_downloads = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=1, max=1_000_000),
        metadata={"description": "How often it may be used; null: without a limit."},
    )


class NewShareSchema(Schema):
    """How long a shared gallery is open."""

    expires_in = fields.Integer(
        strict=True, validate=_LIFETIME, metadata={"description": _LIFETIME_TOLD}
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


def signed_link_json(signed: SignedLink, base: str) -> dict[str, Any]:
    """Return a link that was just made as JSON; *base* begins its address."""
    link = signed.link
    return {
        "id": str(link.id),
        "url": f"{base}/{_DOORS[link.purpose]}/{signed.token}",
        "expires_at": instant(link.expires_at),
    }


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
