"""Read an upload: a multipart form with the field ``image``, or the bytes as the body."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.datastructures import MultiDict

from gallery.errors import InvalidField
from gallery.services.identifiers import MOST_COST, as_micros
from gallery.services.ingest import Details

TRUE_WORDS = ("1", "true", "yes", "on")
MOST_PARAMETERS = 65_536
DEEPEST_PARAMETERS = 32

DESCRIPTION = (
    "Send the picture as the multipart field `image` with the other fields beside it, or as the"
    " body with the other fields in the query."
)

PICTURE = (
    "PNG, JPEG or WebP of at most 25 MB, and of 50 megapixels; a WebP of 15, a progressive JPEG of"
    " 22 at full colour and 29 at the usual 4:2:0, and what has to be converted to another format"
    " of 24."
)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The bytes of a picture, and what was told with them."""

    content: bytes
    fields: MultiDict[str, str]

    def text(self, *names: str) -> str | None:
        """Return the first of *names* that was given, or None."""
        return next((self.fields[name] for name in names if self.fields.get(name)), None)

    def details(self) -> Details:
        """Return what was told of how the image came to be.

        Raises:
            InvalidField: a text isn't what it should be: ``parameters`` no JSON
                object, ``generated_at`` no time, ``lease_id`` no id, ``cost`` no amount.
        """
        return Details(
            prompt=self.text("prompt", "description") or "",
            negative_prompt=self.text("negative_prompt"),
            model=self.text("model"),
            service=self.text("service", "ai_service"),
            style=self.text("style", "art_style"),
            category=self.text("category"),
            parameters=_parameters(self.text("parameters")),
            generated_at=_instant(self.text("generated_at")),
            lease_id=_lease(self.text("lease_id")),
            cost_micros=_cost(self.text("cost")),
        ).checked()


def read_upload() -> Upload:
    """Return the upload of this request.

    Raises:
        InvalidField: there is no picture in it.
        RequestEntityTooLarge: it is larger than any image that is taken.
    """
    if request.mimetype == "multipart/form-data":
        file = request.files.get("image")
        if file is None:
            raise InvalidField("The form has no file in its field `image`")
        return Upload(content=file.read(), fields=request.form)
    if request.mimetype == "application/x-www-form-urlencoded":
        raise InvalidField("A picture can't be sent in this kind of form: use multipart/form-data")
    return Upload(content=request.get_data(cache=False), fields=request.args)


def is_true(text: str | None) -> bool:
    """Tell whether a form's text means yes."""
    return (text or "").strip().lower() in TRUE_WORDS


def upload_body(**more: str) -> dict[str, Any]:
    """Return the OpenAPI description of an upload; *more* are fields beside the usual ones."""
    told = {
        "prompt": "What was asked for.",
        "negative_prompt": "What was not wanted.",
        "model": "The model that made it.",
        "service": "The service that ran the model.",
        "style": "The style asked for.",
        "category": "A category of your choice.",
        "parameters": "A JSON object of your choice.",
        "generated_at": "When it was made (RFC 3339).",
        "lease_id": "The lease on its prompt, where one was taken.",
        "cost": "What it cost, in the currency of `COST_PER_IMAGE`, where that is known.",
        **more,
    }
    fields = {name: {"type": "string", "description": text} for name, text in told.items()}
    picture = {"type": "string", "format": "binary", "description": PICTURE}
    form = {"type": "object", "required": ["image"], "properties": {"image": picture} | fields}
    content = {"multipart/form-data": {"schema": form}}
    content |= {f"image/{name}": {"schema": {}} for name in ("png", "jpeg", "webp")}
    return {"required": True, "description": DESCRIPTION, "content": content}


def _parameters(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    if len(text) > MOST_PARAMETERS:
        raise InvalidField(f"parameters has more than {MOST_PARAMETERS:,} characters")
    try:
        value = json.loads(text)
        # What Python reads and nothing else carries: NaN, 1e999, half a surrogate pair.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        is_too_deep = _depth(value) > DEEPEST_PARAMETERS
    except (ValueError, RecursionError):
        raise InvalidField("parameters must be a JSON object") from None
    if is_too_deep:
        raise InvalidField(f"parameters is nested deeper than {DEEPEST_PARAMETERS} levels")
    if not isinstance(value, dict) or "\\u0000" in text:
        raise InvalidField("parameters must be a JSON object")
    return value


def _depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, parts), default=0) if isinstance(value, dict | list) else 0


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidField("generated_at must be a time such as 2026-11-20T14:02:00Z") from None
    if instant.tzinfo is None:
        raise InvalidField("generated_at needs an offset, such as Z")
    return instant


def _lease(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidField("lease_id must be what the look-up answered") from None


def _cost(text: str | None) -> int | None:
    """Return an amount in millionths."""
    if text is None:
        return None
    try:
        cost = as_micros(float(text))
    except ValueError:
        cost = None
    if cost is None:
        raise InvalidField(f"cost must be an amount from 0 to {MOST_COST:,}")
    return cost
