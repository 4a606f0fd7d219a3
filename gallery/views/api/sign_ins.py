"""Where the asker is signed in: listed, ended."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.accounts import LoginSessionListSchema, login_session_json
from gallery.schemas.galleries import PageQuerySchema
from gallery.services import accounts, catalog
from gallery.views.api.answers import answer_list
from gallery.views.auth import current_viewer

bp = Blueprint("sign_ins", __name__, url_prefix="/api/auth/sessions", description="Sign-ins")


@bp.route("", methods=["GET"])
@bp.arguments(PageQuerySchema, location="query")
@bp.response(200, LoginSessionListSchema)
def index(query: dict[str, Any]) -> Response:
    """List where you are signed in, newest first."""
    viewer = current_viewer()
    page = catalog.list_sessions(viewer=viewer, now=current_house().now(), **query)
    items = [login_session_json(row, current=viewer.session_id) for row in page.items]
    return answer_list("sessions", items, page)


@bp.route("/<uuid:session_id>", methods=["DELETE"])
@bp.response(204)
def end(session_id: UUID) -> Response:
    """End one of your sign-ins; its tokens are worth nothing at once."""
    accounts.end_session(session_id, viewer=current_viewer(), now=current_house().now())
    return Response(status=204)
