"""How the JSON writes times, and the parts that several shapes share."""

from datetime import UTC, datetime

from marshmallow import Schema, ValidationError, fields


def instant(value: datetime | None) -> str | None:
    """Return an instant of UTC as RFC 3339, such as ``2026-11-20T14:02:00Z``."""
    # What stands behind the seconds is a fraction that nobody needs, and the offset of UTC.
    return value.isoformat()[:19] + "Z" if value else None


def check_instant(value: datetime) -> None:
    """Refuse an instant that UTC's calendar has no place for."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValidationError("Not a valid instant.") from None


def text(
    description: str, *, nullable: bool = False, required: bool = False, **options: object
) -> fields.String:
    """Declare a text with its description."""
    told = {"description": description, **options}
    return fields.String(allow_none=nullable, required=required, metadata=told)


class ProblemSchema(Schema):
    """An error, as RFC 9457 has it."""

    type = text("What kind of problem this is: a URN that never changes.")
    title = text("The same for every problem of this type.")
    status = fields.Integer(metadata={"description": "The HTTP status."})
    detail = text("What was wrong this time.")
    errors = fields.Dict(metadata={"description": "What was wrong with each field."})
    request_id = text("Tell it to whoever runs the gallery; for errors that are the server's.")
