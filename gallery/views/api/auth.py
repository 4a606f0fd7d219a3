"""Accounts for programs: sign up, sign in, renew, sign out. No cookie is read here."""

from dataclasses import replace
from typing import Any

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.accounts import (
    CredentialsSchema,
    RefreshSchema,
    RegistrationSchema,
    SignOutSchema,
    TokensSchema,
    tokens_json,
)
from gallery.services import accounts
from gallery.views.auth import bearer_token, current_caller

bp = Blueprint("accounts", __name__, url_prefix="/api/auth", description="Accounts")


@bp.route("/register", methods=["POST"])
@bp.arguments(RegistrationSchema)
@bp.response(201, TokensSchema)
def register(wanted: dict[str, Any]) -> Response:
    """Make an account and sign in; where `REGISTRATION` is `open`."""
    house = current_house()
    tokens = accounts.register(
        wanted["email"],
        wanted["password"],
        name=wanted["name"],
        caller=_caller(),
        entrance=house.entrance,
        now=house.now(),
    )
    return _answer(tokens, 201)


@bp.route("/login", methods=["POST"])
@bp.arguments(CredentialsSchema)
@bp.response(200, TokensSchema)
def login(wanted: dict[str, Any]) -> Response:
    """Sign in."""
    house = current_house()
    tokens = accounts.sign_in_program(
        wanted["email"],
        wanted["password"],
        caller=_caller(),
        entrance=house.entrance,
        now=house.now(),
    )
    return _answer(tokens)


@bp.route("/refresh", methods=["POST"])
@bp.arguments(RefreshSchema)
@bp.response(200, TokensSchema)
def refresh(wanted: dict[str, Any]) -> Response:
    """Get new tokens for a refresh token, which works once; used twice, it ends the sign-in."""
    house = current_house()
    tokens = accounts.refresh(wanted["refresh_token"], entrance=house.entrance, now=house.now())
    return _answer(tokens)


@bp.route("/logout", methods=["POST"])
@bp.arguments(SignOutSchema, required=False)
@bp.response(204)
def logout(wanted: dict[str, Any]) -> Response:
    """Sign out: both tokens are worth nothing at once. Doing so twice is no error."""
    house = current_house()
    token = wanted.get("refresh_token") or bearer_token() or ""
    accounts.sign_out(token, tokens=house.entrance.tokens, now=house.now())
    return Response(status=204)


def _caller() -> accounts.Caller:
    # Without the browser's cookie: a page elsewhere can make a browser send it.
    return replace(current_caller(), device="")


def _answer(tokens: accounts.Tokens, status: int = 200) -> Response:
    response = jsonify(tokens_json(tokens))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
