"""The account page: the password, where somebody is signed in, and the keys of their programs."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from gallery.errors import InvalidField
from gallery.extensions import current_house
from gallery.services import accounts, catalog
from gallery.views.auth import (
    SIGN_IN_REFUSALS,
    current_caller,
    current_viewer,
    keep_signed_in,
    refusal_text,
    refused,
)

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> Response:
    """Show the account of who asks."""
    return _page()


@bp.post("/password")
def change_password() -> Response:
    """Change the password, and sign out everywhere else."""
    house = current_house()
    try:
        signed_in = accounts.change_password(
            request.form.get("old_password", ""),
            request.form.get("new_password", ""),
            viewer=current_viewer(),
            caller=current_caller(),
            entrance=house.entrance,
            now=house.now(),
        )
    except (*SIGN_IN_REFUSALS, InvalidField) as error:
        return refused(error, _page(password_error=refusal_text(error)).get_data(as_text=True))
    response = keep_signed_in(signed_in, redirect("/account", code=303))
    flash("The password is changed. Everywhere else you are signed out; your keys stay.")
    return response


@bp.post("/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> Response:
    """End one sign-in."""
    accounts.end_session(session_id, viewer=current_viewer(), now=current_house().now())
    flash("That sign-in is ended.")
    return redirect("/account", code=303)


@bp.post("/sessions/end-others")
def end_other_sessions() -> Response:
    """End all sign-ins but this one."""
    accounts.end_other_sessions(viewer=current_viewer(), now=current_house().now())
    flash("You are signed out everywhere else.")
    return redirect("/account", code=303)


@bp.post("/keys")
def create_key() -> Response:
    """Make an API key, and show it: no cookie is to hold it for the page after this one."""
    viewer, name = current_viewer(), request.form.get("name", "")
    try:
        made = accounts.create_own_key(name, viewer=viewer, now=current_house().now())
    except InvalidField as error:
        return refused(error, _page(key_error=error.detail).get_data(as_text=True))
    return _page(new_key=made.secret)


@bp.post("/keys/<uuid:key_id>/revoke")
def revoke_key(key_id: UUID) -> Response:
    """Revoke an API key."""
    key = accounts.revoke_key(key_id, viewer=current_viewer(), now=current_house().now())
    flash(f"The key “{key.name}” opens nothing any more.")
    return redirect("/account", code=303)


def _page(**told: Any) -> Response:
    viewer, now = current_viewer(), current_house().now()
    page = render_template(
        "account.html",
        account=catalog.show_account(viewer=viewer),
        sessions=catalog.list_sessions(viewer=viewer, now=now, limit=catalog.MOST_LIMIT).items,
        keys=catalog.list_own_keys(viewer=viewer),
        shortest_password=accounts.SHORTEST_PASSWORD,
        longest_password=accounts.LONGEST_PASSWORD,
        **told,
    )
    response = make_response(page)
    # Neither a key nor a list of places belongs into what a browser keeps on the disk.
    response.headers["Cache-Control"] = "no-store"
    return response
