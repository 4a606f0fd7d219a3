"""Whether the process lives, and whether it can work."""

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from gallery.extensions import current_house

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer as long as the process lives."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
def readyz() -> Response:
    """Answer 200 if database and storages work, else 503 and which of them doesn't."""
    found = current_house().watchman.ask()
    storages = {name: _told(works) for name, works in found.storages.items()}
    answer = {
        "status": "stopping" if found.is_stopping else _told(found.is_ready),
        "checks": {
            "database": _told(found.database),
            "storage": _told(all(found.storages.values())),
        },
        "storages": storages,
    }
    response = jsonify(answer)
    response.status_code = 200 if found.is_ready else 503
    return response


def _told(works: bool) -> str:
    return "ok" if works else "unavailable"
