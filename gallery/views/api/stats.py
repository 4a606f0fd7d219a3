"""Statistics as JSON."""

from flask import jsonify
from flask_smorest import Blueprint
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.stats import StatsSchema, stats_json
from gallery.services.stats import gather_stats
from gallery.views.auth import current_viewer

bp = Blueprint("stats", __name__, url_prefix="/api/stats", description="Statistics")


@bp.route("", methods=["GET"])
@bp.response(200, StatsSchema)
def show() -> Response:
    """Show figures over the images that you find."""
    stats = gather_stats(viewer=current_viewer(), now=current_house().now())
    return jsonify(stats_json(stats))
