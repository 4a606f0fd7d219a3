"""Images in JSON: of the catalogue, of a round, of a story."""

from typing import Any, Protocol

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import check_instant, instant, text

KINDS = ("session", "round", "story", "generation", "product")
# What front ends are told of how far a picture is.
READINESS = {
    "pending": "pending",
    "processing": "pending",
    "completed": "ready",
    "failed": "failed",
}
THUMBNAIL_WIDTHS = (320, 640, 1280)


def readiness(image: Any) -> str:
    """Return how far a picture is; pending too where another is on its way to its place."""
    return "pending" if getattr(image, "is_awaited", False) else READINESS[image.status]


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
    product_id = fields.UUID(
        allow_none=True, metadata={"description": "The product that it is an input of."}
    )
    prompt = text("What was asked for.")
    negative_prompt = text("What was not wanted.", nullable=True)
    prompt_hash = text("SHA-256 of the canonical prompt, in hex.")
    model = text("The model that made it.", nullable=True)
    service = text("The service that ran the model.", nullable=True)
    style = text("The style asked for.", nullable=True)
    category = text("A category of your choice.", nullable=True)
    parameters = fields.Dict(allow_none=True)
    alt = text("A description for who can't see it.")
    error = text("Why its last generation came to nothing.", nullable=True)
    fault = text(
        "What is wrong with its file, which is then not sent: missing, damaged or wrong_size;"
        " null where nothing is.",
        nullable=True,
    )
    format = text("The format it is stored in: png, jpeg or webp.", nullable=True)
    width = fields.Integer(allow_none=True, metadata={"description": "In pixels, as it is shown."})
    height = fields.Integer(allow_none=True, metadata={"description": "In pixels, as it is shown."})
    size_bytes = fields.Integer(allow_none=True)
    sha256 = text("Of the stored bytes, in hex.", nullable=True)
    placeholder = text("BlurHash, to show while it loads.", nullable=True)
    provider = text("The storage provider that holds it.", nullable=True)
    key = text("Its key in the storage.", nullable=True)
    page_url = text("Its page.")
    image_url = text("Its bytes, for who may see it; null until they are there.", nullable=True)
    thumbnails = fields.Nested(ThumbnailsSchema, allow_none=True)
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

    download_url = text("A signed link that downloads it.", nullable=True)
    embedded = fields.Dict(
        allow_none=True, metadata={"description": "What the generator wrote into the file."}
    )


class ImageListSchema(Schema):
    """A page of a list of images."""

    images = fields.List(fields.Nested(ImageSchema))
    next = text("The cursor of the next page.", nullable=True)


class RoundImageSchema(Schema):
    """A player's place in a round. All but its status is null as long as it is hidden."""

    id = fields.UUID(allow_none=True, metadata={"description": "null: nothing came of them yet."})
    player_id = text("Whose picture it is.", nullable=True)
    submission_id = text("The front end's id of the submission.", nullable=True)
    completed_sentence = text("The sentence with its cards.", nullable=True)
    image_url = text("Its bytes, for who may see it.", nullable=True)
    download_url = text("A signed link that downloads it.", nullable=True)
    thumbnails = fields.Nested(ThumbnailsSchema, allow_none=True)
    width = fields.Integer(allow_none=True)
    height = fields.Integer(allow_none=True)
    placeholder = text("BlurHash.", nullable=True)
    alt = text("A description for who can't see it.", nullable=True)
    art_style = text("The style asked for.", nullable=True)
    ai_service = text("The service that made it.", nullable=True)
    cached = fields.Boolean(allow_none=True)
    generated_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)
    status = text(
        "How far it is. Where another picture is pending, the one before hangs until then.",
        enum=["pending", "ready", "failed", "hidden"],
    )
    error = text("Why its last generation came to nothing.", nullable=True)


class RoundSchema(Schema):
    """A round in one answer."""

    game_code = fields.String()
    round = fields.Integer()
    expires_at = fields.DateTime(
        allow_none=True, metadata={"description": "When the first of its pictures goes."}
    )
    images = fields.List(
        fields.Nested(RoundImageSchema),
        metadata={"description": "Of each player who is expected, whatever came of them."},
    )


class RoundImageRequestSchema(Schema):
    """What a player's picture is to show."""

    sentence = text("The sentence, with its cards in it or blanks (`___`) for them.")
    completed_sentence = text("The sentence with its cards, where `sentence` isn't it.")
    cards = fields.List(fields.String(), load_default=())
    art_style = text("The style wished for.", nullable=True)
    ai_service = text("The generator that is to draw it; the one that is set.", nullable=True)
    submission_id = text("The front end's id of the submission.", nullable=True)


class IllustrationRequestSchema(Schema):
    """What an illustration is to show, in the spelling of story apps."""

    scene = text("What is to be seen.", required=True)
    pageNumber = fields.Integer(  # noqa: N815
        strict=True, required=True, validate=validate.Range(min=1, max=10_000)
    )
    style = text("The style wished for.", nullable=True)
    service = text("The generator that is to draw it; the one that is set.", nullable=True)
    characterReferenced = fields.Boolean(  # noqa: N815
        load_default=False,
        metadata={"description": "Whether the story's first picture is the reference."},
    )
    referenceImageId = fields.UUID(  # noqa: N815
        allow_none=True, metadata={"description": "Another picture to go by."}
    )
    method = text("How the file is named; follows from the rest.", nullable=True)


class IllustrationSchema(Schema):
    """An illustration of a story's page; story apps read its members in this spelling."""

    id = fields.UUID()
    url = text("Its bytes, for who may see it; null where nothing was saved.", nullable=True)
    localUrl = text("The same as a path; left out where nothing was saved.")  # noqa: N815
    description = text("What was asked for.")
    pageNumber = fields.Integer()  # noqa: N815
    model = text("The model that made it.", nullable=True)
    characterReferenced = fields.Boolean()  # noqa: N815
    status = text("How far it is.", enum=["pending", "ready", "failed"])
    error = text("Why its last generation came to nothing.", nullable=True)


class StoryFileSchema(Schema):
    """A saved story illustration, in the spelling that story apps read."""

    filename = fields.String()
    url = fields.String()
    size = fields.Integer(metadata={"description": "In bytes."})
    createdAt = fields.DateTime()  # noqa: N815


class ImageQuerySchema(Schema):
    """How a list of images is narrowed."""

    kind = fields.String(
        validate=validate.OneOf(KINDS), metadata={"description": "What they belong to."}
    )
    model = fields.String(
        validate=validate.Length(max=100),
        metadata={"description": "The model that made them, by its whole name."},
    )
    category = fields.String(
        validate=validate.Length(max=100), metadata={"description": "Their category."}
    )
    provider = fields.String(
        validate=validate.Length(max=32),
        metadata={"description": "The storage provider that holds them."},
    )
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
    cursor = fields.String(
        validate=validate.Length(max=64),
        metadata={"description": "`next` of the page before, to go on after it."},
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "How many a page holds."},
    )


class ImageChangesSchema(Schema):
    """What may be changed on an image."""

    keep = fields.Boolean(metadata={"description": "Keep it for good."})
    category = fields.String(allow_none=True, validate=validate.Length(max=100))


def image_json(image: Any, urls: ImageAddresses, alt: str) -> dict[str, Any]:
    """Return an image of the catalogue as JSON."""
    is_there = image.status == "completed"
    return {
        "id": str(image.id),
        "kind": image.kind,
        "status": "pending" if getattr(image, "is_awaited", False) else image.status,
        "visibility": image.visibility,
        "gallery": image.gallery_slug,
        "round": image.round_number,
        "player_id": image.player,
        "submission_id": image.submission_id,
        "completed_sentence": image.completed_sentence,
        "cards": image.cards or [],
        "image_type": image.image_type,
        "page_number": image.page_number,
        "product_id": str(image.product_id) if image.product_id else None,
        "prompt": image.prompt,
        "negative_prompt": image.negative_prompt,
        "prompt_hash": image.prompt_hash,
        "model": image.model,
        "service": image.service,
        "style": image.style,
        "category": image.category,
        "parameters": image.parameters,
        "alt": alt,
        "error": image.failure,
        "fault": image.fault,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "size_bytes": image.size_bytes,
        "sha256": image.sha256,
        "placeholder": image.placeholder,
        "provider": image.storage_provider,
        "key": image.storage_key,
        "page_url": urls.page(image),
        "image_url": urls.original(image) if is_there else None,
        "thumbnails": urls.thumbnails(image) if is_there else None,
        "cached": image.is_cached,
        "keep": image.is_kept,
        "created_at": instant(image.created_at),
        "generated_at": instant(image.generated_at),
        "completed_at": instant(image.completed_at),
        "expires_at": expiry_json(image),
    }


def image_detail_json(image: Any, embedded: Any, urls: ImageAddresses, alt: str) -> dict[str, Any]:
    """Return an image with what its generator wrote into it, *embedded*, which may be None."""
    return image_json(image, urls, alt) | {
        "download_url": urls.download(image) if image.status == "completed" else None,
        "embedded": embedded and {**embedded.read, "raw": embedded.raw},
    }


def round_image_json(image: Any, urls: ImageAddresses, alt: str) -> dict[str, Any]:
    """Return a player's place in a round as JSON."""
    is_there = image.status == "completed"
    return {
        "id": str(image.id),
        "player_id": image.player,
        "submission_id": image.submission_id,
        "completed_sentence": image.completed_sentence,
        "image_url": urls.original(image) if is_there else None,
        "download_url": urls.download(image) if is_there else None,
        "thumbnails": urls.thumbnails(image) if is_there else None,
        "width": image.width,
        "height": image.height,
        "placeholder": image.placeholder,
        "alt": alt,
        "art_style": image.style,
        "ai_service": image.service,
        "cached": image.is_cached,
        "generated_at": instant(image.generated_at),
        "expires_at": expiry_json(image),
        "status": readiness(image),
        "error": image.failure,
    }


_NOTHING = dict.fromkeys(RoundImageSchema().fields)


def expected_json(player: str) -> dict[str, Any]:
    """Return the place of a player of whom nothing came yet."""
    return _NOTHING | {"player_id": player, "status": "pending"}


def hidden_json() -> dict[str, Any]:
    """Return a place in a round that is hidden: that it is there, and nothing else."""
    return _NOTHING | {"status": "hidden"}


def illustration_json(image: Any, urls: ImageAddresses, path: str | None) -> dict[str, Any]:
    """Return a story's illustration as JSON; *path* is None until its picture is there."""
    return {
        "id": str(image.id),
        "url": urls.original(image) if path else None,
        **({"localUrl": path} if path else {}),
        "description": image.prompt,
        "pageNumber": image.page_number,
        "model": image.model,
        "characterReferenced": image.is_character_referenced,
        "status": readiness(image),
        "error": image.failure,
    }


def unsaved_illustration_json(
    url: str | None,
    description: str,
    page_number: int,
    model: str | None,
    is_character_referenced: bool,
) -> dict[str, Any]:
    """Return an illustration that is not kept; *url* holds the picture itself, or is elsewhere."""
    return {
        "url": url,
        "description": description,
        "pageNumber": page_number,
        "model": model,
        "characterReferenced": is_character_referenced,
    }


def expiry_json(image: Any) -> str | None:
    """Return when the image goes; None where it is kept for good."""
    return None if image.is_kept else instant(image.expires_at)
