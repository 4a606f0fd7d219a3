"""Who asks: by cookie on pages, by API key or access token for programs."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFError, ValidationError, validate_csrf
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from gallery.errors import GalleryError, SignInBusy, TooManyRequests, WrongCredentials
from gallery.extensions import csrf, current_house, login_manager
from gallery.services import accounts
from gallery.services.access import ANONYMOUS, Viewer, require_user

bp = Blueprint("auth", __name__)
# What a browser is known as when somebody signs in again; it opens nothing.
DEVICE_COOKIE = "gallery-device"
DEVICE_LASTS = timedelta(days=365)
SIGN_IN_REFUSALS = (WrongCredentials, TooManyRequests, SignInBusy)


class SignedIn(UserMixin):  # type: ignore[misc]
    """What the cookie stands for: a viewer, under the secret of the sign-in that it carries."""

    def __init__(self, secret: str, viewer: Viewer) -> None:
        self.id = secret
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
    if request.method in ("GET", "HEAD", "OPTIONS") or bearer_token() is not None:
        return
    if current_viewer().is_signed_in:
        csrf.protect()


def protect_upload() -> None:
    """Refuse a form with files before its body is read, where its headers tell enough.

    Flask-WTF looks for the token in the body first, which may be 50 MB here:
    views that ask this instead are exempt from it. Scripts send the token as a
    header; without scripts the browser says itself whose page sent the form,
    and the token is looked at when the body is there.

    Raises:
        SignInRequired: nobody is signed in.
        CSRFError: no page of ours sent it to who is signed in.
    """
    require_user(current_viewer())
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CSRFError("The form was sent by another site.")
    token = request.headers.get("X-CSRFToken")
    if token is None:
        csrf.protect()
        return
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from None


def current_caller() -> accounts.Caller:
    """Return where this request comes from, for limits and the list of sign-ins."""
    return accounts.Caller(
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
        device=request.cookies.get(DEVICE_COOKIE, ""),
    )


def bearer_token() -> str | None:
    """Return the API key or access token that was sent, right or not."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


@bp.get("/login")
def show_login() -> str:
    """Show the form."""
    return render_template("login.html", next=_inside(request.args.get("next")), error=None)


@bp.post("/login")
def login() -> Response:
    """Sign in."""
    house, target = current_house(), _inside(request.form.get("next"))
    email = request.form.get("email", "")
    try:
        signed_in = accounts.sign_in_browser(
            email,
            request.form.get("password", ""),
            caller=current_caller(),
            entrance=house.entrance,
            now=house.now(),
            instead_of=_cookie_session(),
        )
    except SIGN_IN_REFUSALS as error:
        told = refusal_text(error)
        page = render_template("login.html", next=target, error=told, email=email)
        return refused(error, page)
    return keep_signed_in(signed_in, redirect(target or "/", code=303))


@bp.post("/logout")
def logout() -> Response:
    """Sign out: what the cookie stands for ends, and with it every copy of the cookie."""
    signed_in: Any = current_user
    if signed_in.is_authenticated:
        viewer = signed_in.viewer
        accounts.end_session(viewer.session_id, viewer=viewer, now=current_house().now())
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect("/", code=303)


def keep_signed_in(signed_in: accounts.SignedInBrowser, response: Response) -> Response:
    """Give the browser the cookies of its new sign-in."""
    # Nothing of who used this browser before: no link that was shown to them, no CSRF token.
    session.clear()
    login_user(SignedIn(signed_in.secret, signed_in.viewer))
    house = current_house()
    response.set_cookie(
        DEVICE_COOKIE,
        signed_in.device,
        max_age=DEVICE_LASTS,
        secure=house.settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return response


def refused(error: GalleryError, page: str) -> Response:
    """Answer a form with *page*, which says why it was refused, and when to come back."""
    response = Response(page, error.status, content_type="text/html; charset=utf-8")
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, SignInBusy):
        response.headers["Retry-After"] = "2"
    return response


def refusal_text(error: GalleryError) -> str:
    """Return why somebody is not let in, in words for them."""
    if isinstance(error, TooManyRequests):
        minutes = -(-error.retry_after_seconds // 60)
        return (
            f"That was tried too often. Try again in {minutes} minute{'s' if minutes > 1 else ''},"
            " or in a browser in which you signed in before."
        )
    if isinstance(error, SignInBusy):
        return "Too many are signing in at this moment. Try again in a few seconds."
    return error.detail


def init_app(app: Flask) -> None:
    """Make Flask-Login load viewers."""
    # Templates are told of the viewer; `current_user` in them would look for one on error pages.
    login_manager.init_app(app, add_context_processor=False)

    @login_manager.user_loader
    def _load(secret: str) -> SignedIn | None:
        viewer = accounts.viewer_with_cookie(secret, now=current_house().now())
        return SignedIn(secret, viewer) if viewer else None


def _find_viewer() -> Viewer:
    secret = bearer_token()
    if secret is None:
        signed_in: Any = current_user
        return signed_in.viewer if signed_in.is_authenticated else ANONYMOUS
    if secret.startswith(accounts.KEY_PREFIX):
        return accounts.viewer_with_key(secret)
    house = current_house()
    return accounts.viewer_with_token(secret, tokens=house.entrance.tokens, now=house.now())


def _cookie_session() -> UUID | None:
    """Return the sign-in that this browser has already."""
    signed_in: Any = current_user
    return signed_in.viewer.session_id if signed_in.is_authenticated else None


def _inside(target: str | None) -> str:
    """Return *target* if it is a path of this site, else nothing.

    Browsers read ``//host`` and ``/\\host`` as other sites, and drop control
    characters before they look.
    """
    if not target or not target.startswith("/") or not target.isprintable() or "\\" in target:
        return ""
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target[1:2] != "/" else ""
