"""Who asks: by session cookie on pages, by API key for programs."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from gallery.errors import GalleryError, WrongCredentials
from gallery.extensions import csrf, login_manager
from gallery.services import accounts
from gallery.services.access import ANONYMOUS, Viewer

bp = Blueprint("auth", __name__)


class SignedIn(UserMixin):  # type: ignore[misc]
    """What the cookie stands for: a viewer, under the id that the cookie carries."""

    def __init__(self, viewer: Viewer) -> None:
        self.id = str(viewer.user_id)
        self.viewer = viewer


def current_viewer() -> Viewer:
    """Return who asks; a bearer token counts before a cookie.

    Raises:
        WrongCredentials: a token was sent, and isn't right.
    """
    if "viewer" not in g:
        g.viewer = _find_viewer()
    viewer: Viewer = g.viewer
    return viewer


def settle_viewer() -> None:
    """Take who can't be told for a visitor: an error page must not fail over its own header."""
    try:
        current_viewer()
    except (GalleryError, SQLAlchemyError):
        g.viewer = ANONYMOUS


def protect_cookie_writes() -> None:
    """Ask writes for a CSRF token if the asker is known by cookie; a key can't be forged."""
    if request.method in ("GET", "HEAD", "OPTIONS") or _bearer() is not None:
        return
    if current_viewer().is_signed_in:
        csrf.protect()


@bp.get("/login")
def show_login() -> str:
    """Show the form."""
    return render_template("login.html", next=_inside(request.args.get("next")), error=None)


@bp.post("/login")
def login() -> Response | tuple[str, int]:
    """Sign in."""
    target = _inside(request.form.get("next"))
    email = request.form.get("email", "")
    try:
        user = accounts.sign_in(email, request.form.get("password", ""))
    except WrongCredentials as error:
        page = render_template("login.html", next=target, error=error.detail, email=email)
        return page, 401
    viewer = Viewer(user_id=user.id, name=user.name, is_admin=user.is_admin)
    # Nothing of who used this browser before: no link that was shown to them, no CSRF token.
    session.clear()
    login_user(SignedIn(viewer))
    return redirect(target or "/", code=303)


@bp.post("/logout")
def logout() -> Response:
    """Sign out."""
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect("/", code=303)


def init_app(app: Flask) -> None:
    """Make Flask-Login load viewers."""
    # Templates are told of the viewer; `current_user` in them would look for one on error pages.
    login_manager.init_app(app, add_context_processor=False)

    @login_manager.user_loader
    def _load(user_id: str) -> SignedIn | None:
        viewer = accounts.viewer_with_id(UUID(user_id))
        return SignedIn(viewer) if viewer else None


def _find_viewer() -> Viewer:
    secret = _bearer()
    if secret is not None:
        return accounts.viewer_with_key(secret)
    signed_in: Any = current_user
    return signed_in.viewer if signed_in.is_authenticated else ANONYMOUS


def _bearer() -> str | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _inside(target: str | None) -> str:
    """Return *target* if it is a path of this site, else nothing.

    Browsers read ``//host`` and ``/\\host`` as other sites, and drop control
    characters before they look.
    """
    if not target or not target.startswith("/") or not target.isprintable() or "\\" in target:
        return ""
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target[1:2] != "/" else ""
