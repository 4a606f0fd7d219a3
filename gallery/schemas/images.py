"""Images in JSON: of the catalogue, of a round, of a story."""

from typing import Any, Protocol

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import check_instant, instant, text

KINDS = ("session", "round", "story", "generation")
THUMBNAIL_WIDTHS = (320, 640, 1280)


class ImageAddresses(Protocol):
    """Where a picture is found; pages and shares have different ones."""

    def page(self, image: Any) -> str: ...
    def original(self, image: Any) -> str: ...
    def thumbnails(self, image: Any) -> dict[str, str]: ...
    def download(self, image: Any) -> str: ...


class ThumbnailsSchema(Schema):
    """Addresses of the thumbnails by their width in pixels."""

    class Meta:
        include = {
            str(width): text(f"WebP, at most {width} pixels wide.") for width in THUMBNAIL_WIDTHS
        }


class ImageSchema(Schema):
    """An image of any kind."""

    id = fields.UUID(required=True)
    kind = text("What it belongs to.", enum=list(KINDS))
    status = text("How far it is.", enum=["pending", "processing", "completed", "failed"])
    visibility = text("Who may see it.", enum=["public", "unlisted", "private"])
    gallery = text("The session, game code or story it hangs in.", nullable=True)
    round = fields.Integer(allow_none=True)
    player_id = text("Whose picture it is, in a round.", nullable=True)
    submission_id = text("The front end's id of the submission.", nullable=True)
    completed_sentence = text("The sentence with its cards.", nullable=True)
    cards = fields.List(fields.String())
    image_type = text("Which of a session's five images it is.", nullable=True)
    page_number = fields.Integer(allow_none=True)
    prompt = text("What was asked for.")
    negative_prompt = text("What was not wanted.", nullable=True)
    prompt_hash = text("SHA-256 of the canonical prompt, in hex.")
    model = text("The model that made it.", nullable=True)
    service = text("The service that ran the model.", nullable=True)
    style = text("The style asked for.", nullable=True)
    category = text("A category of your choice.", nullable=True)
    parameters = fields.Dict(allow_none=True)
    alt = text("A description for who can't see it.")
    format = text("The format it is stored in.", enum=["png", "jpeg", "webp"])
    width = fields.Integer(metadata={"description": "In pixels, as it is shown."})
    height = fields.Integer(metadata={"description": "In pixels, as it is shown."})
    size_bytes = fields.Integer()
    sha256 = text("Of the stored bytes, in hex.")
    placeholder = text("BlurHash, to show while it loads.")
    provider = text("The storage provider that holds it.")
    key = text("Its key in the storage.")
    page_url = text("Its page.")
    image_url = text("Its bytes, for who may see it.")
    thumbnails = fields.Nested(ThumbnailsSchema)
    cached = fields.Boolean(metadata={"description": "Whether it came from the prompt cache."})
    keep = fields.Boolean(metadata={"description": "Whether it never expires."})
    created_at = fields.DateTime()
    generated_at = fields.DateTime(allow_none=True)
    completed_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(
        allow_none=True, metadata={"description": "When the next sweep removes it; null: never."}
    )


class ImageDetailSchema(ImageSchema):
    """An image with what only its own page tells."""

    download_url = text("A signed link that downloads it.")
    embedded = fields.Dict(
        allow_none=True, metadata={"description": "What the generator wrote into the file."}
    )


class ImageListSchema(Schema):
    """A page of a list of images."""

    images = fields.List(fields.Nested(ImageSchema))
    next = text("The cursor of the next page.", nullable=True)


class RoundImageSchema(Schema):
    """A player's picture in a round."""

    id = fields.UUID()
    player_id = text("Whose picture it is.")
    submission_id = text("The front end's id of the submission.", nullable=True)
    completed_sentence = text("The sentence with its cards.", nullable=True)
    image_url = text("Its bytes, for who may see it.")
    download_url = text("A signed link that downloads it.")
    thumbnails = fields.Nested(ThumbnailsSchema)
    width = fields.Integer()
    height = fields.Integer()
    placeholder = text("BlurHash.")
    alt = text("A description for who can't see it.")
    art_style = text("The style asked for.", nullable=True)
    ai_service = text("The service that made it.", nullable=True)
    cached = fields.Boolean()
    generated_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)


class RoundSchema(Schema):
    """A round in one answer."""

    game_code = fields.String()
    round = fields.Integer()
    expires_at = fields.DateTime(
        allow_none=True, metadata={"description": "When the first of its pictures goes."}
    )
    images = fields.List(fields.Nested(RoundImageSchema))


class IllustrationSchema(Schema):
    """An illustration of a story's page; story apps read its members in this spelling."""

    id = fields.UUID()
    url = text("Its bytes, for who may see it; null where nothing was saved.", nullable=True)
    localUrl = text("The same as a path; left out where nothing was saved.")  # noqa: N815
    description = text("What was asked for.")
    pageNumber = fields.Integer()  # noqa: N815
    model = text("The model that made it.", nullable=True)
    characterReferenced = fields.Boolean()  # noqa: N815


class StoryFileSchema(Schema):
    """A saved story illustration, in the spelling that story apps read."""

    filename = fields.String()
    url = fields.String()
    size = fields.Integer(metadata={"description": "In bytes."})
    createdAt = fields.DateTime()  # noqa: N815


class ImageQuerySchema(Schema):
    """How a list of images is narrowed."""

    kind = fields.String(validate=validate.OneOf(KINDS))
    model = fields.String(validate=validate.Length(max=100))
    category = fields.String(validate=validate.Length(max=100))
    provider = fields.String(validate=validate.Length(max=32))
    made_from = fields.AwareDateTime(
        data_key="from",
        default_timezone=None,
        validate=check_instant,
        metadata={"description": "Made at or after."},
    )
    made_to = fields.AwareDateTime(
        data_key="to",
        default_timezone=None,
        validate=check_instant,
        metadata={"description": "Made before."},
    )
    q = fields.String(
        validate=validate.Length(max=1000), metadata={"description": "Words to search for."}
    )
    cursor = fields.String(validate=validate.Length(max=64))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class ImageChangesSchema(Schema):
    """What may be changed on an image."""

    keep = fields.Boolean(metadata={"description": "Keep it for good."})
    category = fields.String(allow_none=True, validate=validate.Length(max=100))


def image_json(image: Any, urls: ImageAddresses, alt: str) -> dict[str, Any]:
    """Return an image of the catalogue as JSON."""
    return {
        "id": str(image.id),
        "kind": image.kind,
        "status": image.status,
        "visibility": image.visibility,
        "gallery": image.gallery_slug,
        "round": image.round_number,
        "player_id": image.player,
        "submission_id": image.submission_id,
        "completed_sentence": image.completed_sentence,
        "cards": image.cards or [],
        "image_type": image.image_type,
        "page_number": image.page_number,
        "prompt": image.prompt,
        "negative_prompt": image.negative_prompt,
        "prompt_hash": image.prompt_hash,
        "model": image.model,
        "service": image.service,
        "style": image.style,
        "category": image.category,
        "parameters": image.parameters,
        "alt": alt,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": image.sha256,
        "placeholder": image.placeholder,
        "provider": image.storage_provider,
        "key": image.storage_key,
        "page_url": urls.page(image),
        "image_url": urls.original(image),
        "thumbnails": urls.thumbnails(image),
        "cached": image.is_cached,
        "keep": image.is_kept,
        "created_at": instant(image.created_at),
        "generated_at": instant(image.generated_at),
        "completed_at": instant(image.completed_at),
        "expires_at": expiry_json(image),
    }


def round_image_json(image: Any, urls: ImageAddresses, alt: str) -> dict[str, Any]:
    """Return a player's picture as JSON."""
    return {
        "id": str(image.id),
        "player_id": image.player,
        "submission_id": image.submission_id,
        "completed_sentence": image.completed_sentence,
        "image_url": urls.original(image),
        "download_url": urls.download(image),
        "thumbnails": urls.thumbnails(image),
        "width": image.width,
        "height": image.height,
        "placeholder": image.placeholder,
        "alt": alt,
        "art_style": image.style,
        "ai_service": image.service,
        "cached": image.is_cached,
        "generated_at": instant(image.generated_at),
        "expires_at": expiry_json(image),
    }


def illustration_json(image: Any, urls: ImageAddresses, path: str) -> dict[str, Any]:
    """Return a story's illustration as JSON, in the spelling that story apps read."""
    return {
        "id": str(image.id),
        "url": urls.original(image),
        "localUrl": path,
        "description": image.prompt,
        "pageNumber": image.page_number,
        "model": image.model,
        "characterReferenced": image.is_character_referenced,
    }


def unsaved_illustration_json(
    details: Any, page_number: int, is_character_referenced: bool
) -> dict[str, Any]:
    """Return an illustration that was looked at and not kept."""
    return {
        "url": None,
        "description": details.prompt,
        "pageNumber": page_number,
        "model": details.model,
        "characterReferenced": is_character_referenced,
    }


def expiry_json(image: Any) -> str | None:
    """Return when the image goes; None where it is kept for good."""
    return None if image.is_kept else instant(image.expires_at)
