"""Accounts of programs in JSON."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from gallery.schemas.fields import instant, text
from gallery.services.accounts import Tokens


class CredentialsSchema(Schema):
    """What somebody signs in with."""

    email = fields.String(required=True)
    password = fields.String(required=True)


class RegistrationSchema(CredentialsSchema):
    """Who somebody new is."""

    name = fields.String(load_default="", metadata={"description": "How they are called on pages."})


class RefreshSchema(Schema):
    """What tokens are renewed with."""

    refresh_token = fields.String(required=True)


class SignOutSchema(Schema):
    """What is to end."""

    refresh_token = text("Any of the sign-in's; without it, the bearer token's sign-in ends.")


class TokensSchema(Schema):
    """What a program keeps while it is signed in."""

    access_token = text("Send it as a bearer token.")
    refresh_token = text("Good for one use: each answer holds the next one.")
    expires_in = fields.Integer(metadata={"description": "Of the access token, in seconds."})
    token_type = text("How the access token is sent.", enum=["Bearer"])


class LoginSessionSchema(Schema):
    """A place where somebody is signed in."""

    id = fields.UUID()
    kind = text("What signed in.", enum=["browser", "program"])
    current = fields.Boolean(metadata={"description": "Whether you ask through it."})
    user_agent = text("What it calls itself.")
    network = text("The address it signed in from; of IPv6, the /64.")
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(metadata={"description": "A few minutes coarse."})
    expires_at = fields.DateTime()


class LoginSessionListSchema(Schema):
    """Where the asker is signed in, newest first."""

    sessions = fields.List(fields.Nested(LoginSessionSchema))
    next = text("The cursor of the next page.", nullable=True)


def tokens_json(tokens: Tokens) -> dict[str, Any]:
    """Return what a program is to keep, as OAuth writes it (RFC 6749, section 5.1)."""
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_in": tokens.expires_in_seconds,
        "token_type": "Bearer",
    }


def login_session_json(row: Any, *, current: UUID | None) -> dict[str, Any]:
    """Return a sign-in as JSON; *current* is the one that the asker asks through."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "current": row.id == current,
        "user_agent": row.user_agent,
        "network": row.network,
        "created_at": instant(row.created_at),
        "last_used_at": instant(row.last_used_at),
        "expires_at": instant(row.expires_at),
    }
