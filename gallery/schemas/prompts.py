"""The prompt cache in JSON."""

from typing import Any

from marshmallow import Schema, fields

from gallery.schemas.fields import instant, text
from gallery.schemas.images import ImageSchema
from gallery.services.prompt_cache import Lease


class WishSchema(Schema):
    """A prompt to look up."""

    sentence = text("The sentence, with its cards in it or blanks (`___`) for them.", required=True)
    cards = fields.List(fields.String(), load_default=())
    art_style = text("The style wished for.", nullable=True)
    ai_service = text("The service that would make it.", nullable=True)


class LookupSchema(Schema):
    """What is there of a prompt."""

    status = text("Which of the three it is.", enum=["hit", "lease", "pending"])
    prompt_hash = text("SHA-256 of the canonical prompt, in hex.")
    image = fields.Nested(ImageSchema)
    lease_id = fields.UUID(metadata={"description": "Send it along when saving the picture."})
    expires_at = fields.DateTime(metadata={"description": "Until then nobody else gets the lease."})


def hit_json(prompt_hash: str, image: dict[str, Any]) -> dict[str, Any]:
    """Return a picture that is there."""
    return {"status": "hit", "prompt_hash": prompt_hash, "image": image}


def lease_json(prompt_hash: str, lease: Lease) -> dict[str, Any]:
    """Return a lease that was just taken."""
    return {
        "status": "lease",
        "prompt_hash": prompt_hash,
        "lease_id": str(lease.lease_id),
        "expires_at": instant(lease.expires_at),
    }


def pending_json(prompt_hash: str) -> dict[str, Any]:
    """Return that somebody else makes the picture."""
    return {"status": "pending", "prompt_hash": prompt_hash}
