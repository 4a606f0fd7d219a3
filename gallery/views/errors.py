"""Turn exceptions into answers: problem+json for programs (RFC 9457), a page for people."""

import logging
from typing import Any

from flask import Flask, g, jsonify, render_template, request
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from gallery.errors import (
    GalleryError,
    LinkEnded,
    NotFound,
    PictureDamaged,
    PictureLost,
    TooManyRequests,
)
from gallery.extensions import current_house
from gallery.logs import current_request_id
from gallery.metrics import LINKS_ENDED
from gallery.schemas.openapi import API_PREFIX, PROBLEM_TYPE
from gallery.services.access import ANONYMOUS
from gallery.views.auth import settle_viewer

RETRY_AFTER_SECONDS = "5"
# Errors of the server whose details are meant for who asked.
TOLD = (502, 507)
# Away, locked, or on a line that was cut; of two that waited for each other, the one that was
# to give way; or all connections are in use.
DATABASE_TROUBLE = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,
    exc.TimeoutError,
)
ENDED_HEADINGS = {
    "expired": "This link has expired",
    "revoked": "This link was withdrawn",
    "used_up": "This link has been used as often as it allowed",
    "gone": "This picture is no longer kept",
}
log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(GalleryError, _gallery_error)
    app.register_error_handler(LinkEnded, _link_ended)
    app.register_error_handler(HTTPException, _http_error)
    for trouble in DATABASE_TROUBLE:
        app.register_error_handler(trouble, _database_error)
    app.register_error_handler(exc.DatabaseError, _unnamed_database_error)


def _gallery_error(error: GalleryError) -> Response:
    if error.status >= 500:
        log.error("%s: %s", error.code, error)
    # What is inside stays inside: a missing object's key is nobody's business but the log's.
    is_told = error.status < 500 or error.status in TOLD or isinstance(error, PictureDamaged)
    detail = error.detail if is_told else ""
    response = _answer(
        error.status, f"urn:gallery:{error.code}", error.title, detail, errors=error.errors
    )
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, PictureLost | PictureDamaged):
        # It may be brought back at any time; nobody knows when.
        response.headers["Cache-Control"] = "no-store"
    elif error.status in (503, 507):
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _link_ended(error: LinkEnded) -> Response:
    """Say when the link ended and whom to ask, and nothing of the picture."""
    LINKS_ENDED.labels(error.reason).inc()
    contact = current_house().settings.CONTACT
    settle_viewer()
    asked = [name for name in (error.shared_by, contact) if name]
    page = render_template(
        "links/ended.html",
        heading=ENDED_HEADINGS[error.reason],
        reason=error.reason,
        ended_at=error.ended_at,
        contact=", or ".join(asked) or "whoever sent it to you",
    )
    return Response(page, error.status, content_type="text/html; charset=utf-8")


def _http_error(error: HTTPException) -> Response:
    """Keep the headers that belong to the status, such as ``Allow`` of a 405."""
    original = error.get_response()
    if error.code is None or error.code < 400:
        return original
    if error.code == 404:
        return _gallery_error(NotFound())
    detail = "" if error.code >= 500 else error.description or ""
    fields = (getattr(error, "data", None) or {}).get("messages")
    response = _answer(
        error.code, "about:blank", error.name, "" if fields else detail, errors=fields
    )
    for name, value in original.headers:
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _database_error(error: exc.SQLAlchemyError) -> Response:
    """A database that is locked or restarting comes back; say so instead of failing for good."""
    log.error("the database did not answer: %s", getattr(error, "orig", error))
    # It would be asked who this is, and waited for once more.
    g.setdefault("viewer", ANONYMOUS)
    response = _answer(503, "urn:gallery:database-unavailable", "The database can't be reached", "")
    response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _unnamed_database_error(error: exc.DatabaseError) -> Response:
    """Take an error that SQLite has no class for as trouble: its search index tells so of any
    failure to read the disk. Those with a class of their own are mistakes of ours.
    """
    if type(error) is not exc.DatabaseError:
        raise error
    return _database_error(error)


def _answer(status: int, kind: str, title: str, detail: str, errors: Any = None) -> Response:
    # Whoever runs the gallery finds by it what happened.
    request_id = current_request_id() if status >= 500 else ""
    if not _is_for_programs():
        settle_viewer()
        page = render_template(
            "error.html", status=status, title=title, detail=detail, request_id=request_id
        )
        return Response(page, status, content_type="text/html; charset=utf-8")
    problem = {"type": kind, "title": title, "status": status}
    problem |= {"detail": detail} if detail else {}
    problem |= {"errors": errors} if errors else {}
    problem |= {"request_id": request_id} if request_id else {}
    response = jsonify(problem)
    response.status_code = status
    response.content_type = PROBLEM_TYPE
    return response


def _is_for_programs() -> bool:
    return request.path.startswith((f"{API_PREFIX}/", "/healthz", "/readyz"))
