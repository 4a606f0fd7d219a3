"""Sessions, games and stories in JSON."""

from typing import Any

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import instant, text
from gallery.schemas.images import IllustrationSchema, ImageSchema
from gallery.services.access import VISIBILITIES


class GallerySchema(Schema):
    """A session, game or story."""

    id = text("Its name in addresses.")
    kind = text("What it is.", enum=["session", "game", "story"])
    title = fields.String()
    visibility = text("Who may see it.", enum=list(VISIBILITIES))
    url = text("Its page.")
    created_at = fields.DateTime()


class GalleryListSchema(Schema):
    """A page of a list of galleries."""

    galleries = fields.List(fields.Nested(GallerySchema))
    next = text("The cursor of the next page.", nullable=True)


class SessionSchema(GallerySchema):
    """A session with its images."""

    images = fields.List(fields.Nested(ImageSchema))


class RoundCardSchema(Schema):
    """A round of a game."""

    round = fields.Integer()
    hidden = fields.Boolean(
        metadata={"description": "Whether only the owner sees what is in it, until the reveal."}
    )
    image_count = fields.Integer()
    created_at = fields.DateTime()
    url = text("Its page.")
    images_url = text("Its pictures, as JSON.")


class GameSchema(GallerySchema):
    """A game with its rounds."""

    code = fields.String()
    rounds = fields.List(fields.Nested(RoundCardSchema))


class StorySchema(GallerySchema):
    """A story with its illustrations, in page order."""

    illustrations = fields.List(fields.Nested(IllustrationSchema))


class NewGallerySchema(Schema):
    """What a new session or story may be given."""

    title = fields.String(load_default="", validate=validate.Length(max=200))
    visibility = fields.String(validate=validate.OneOf(VISIBILITIES))


class GalleryChangesSchema(Schema):
    """What may be changed on a gallery."""

    title = fields.String(validate=validate.Length(max=200))
    visibility = fields.String(validate=validate.OneOf(VISIBILITIES))


class RoundChangesSchema(Schema):
    """What the host of a round decides."""

    hidden = fields.Boolean(
        metadata={"description": "true: nobody else sees what is in it; false: the reveal."}
    )
    players = fields.List(
        fields.String(), metadata={"description": "Those whose pictures are expected."}
    )


class RoundSettingsSchema(Schema):
    """What the host of a round decided."""

    game_code = fields.String()
    round = fields.Integer()
    hidden = fields.Boolean()
    players = fields.List(fields.String())


class PageQuerySchema(Schema):
    """Where in a list to go on."""

    cursor = fields.String(validate=validate.Length(max=64))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


def gallery_json(gallery: Any, url: str) -> dict[str, Any]:
    """Return a gallery, or its card in a list, as JSON."""
    return {
        "id": gallery.slug,
        "kind": gallery.kind,
        "title": gallery.title,
        "visibility": gallery.visibility,
        "url": url,
        "created_at": instant(gallery.created_at),
    }
