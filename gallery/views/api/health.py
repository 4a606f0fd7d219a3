"""Whether the process lives, and whether it can work."""

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.services.health import check_database, check_storage

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer as long as the process lives."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
def readyz() -> Response:
    """Answer 200 if database and storage work, else 503 and which of them doesn't."""
    checks = {"database": check_database(), "storage": check_storage(current_house().storages)}
    is_ready = all(checks.values())
    told = {name: "ok" if works else "unavailable" for name, works in checks.items()}
    response = jsonify({"status": "ok" if is_ready else "unavailable", "checks": told})
    response.status_code = 200 if is_ready else 503
    return response
