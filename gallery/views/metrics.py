"""What is counted and held, for Prometheus."""

import hmac
import platform
from collections.abc import Iterator
from importlib.metadata import version
from ipaddress import ip_address, ip_network

from flask import Blueprint, request
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from werkzeug.wrappers import Response

from gallery.errors import NotFound, WrongCredentials
from gallery.extensions import current_house
from gallery.metrics.exposition import expose
from gallery.services.census import Census
from gallery.views.auth import bearer_token, current_viewer

bp = Blueprint("metrics", __name__)
# The loopback, and what RFC 1918 and RFC 4193 leave to each network.
_NEAR = tuple(
    map(
        ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"),
    )
)
_BUILD = {"version": version("gallery"), "python": platform.python_version()}


@bp.get("/metrics")
def metrics() -> Response:
    """Tell what all processes of this server counted."""
    house = current_house()
    token = house.settings.METRICS_TOKEN
    if not (_may_look(token) if token else _is_near()):
        raise NotFound
    held = house.census.ask() or house.census.last_seen
    text, media_type = expose(_looked_up(held), accept=request.headers.get("Accept", ""))
    return Response(text, content_type=media_type)


def _is_near() -> bool:
    """Tell whether who asks is in our own network: the world learns nothing of private totals."""
    sent_from = request.remote_addr
    if not sent_from:
        # Over a Unix socket there is no address, and nobody from afar.
        return True
    try:
        address = ip_address(sent_from)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in _NEAR)


def _may_look(token: str) -> bool:
    if hmac.compare_digest((bearer_token() or "").encode(), token.encode()):
        return True
    try:
        return current_viewer().is_admin
    except WrongCredentials:
        return False


def _looked_up(held: Census | None) -> Iterator[Metric]:
    yield InfoMetricFamily("gallery_build", "What is running.", value=_BUILD)
    labels = ("kind", "provider")
    images = GaugeMetricFamily("gallery_images", "Images that are kept.", labels=labels)
    size = GaugeMetricFamily("gallery_images_bytes", "Bytes of those images.", labels=labels)
    swept = GaugeMetricFamily(
        "gallery_last_sweep_timestamp_seconds", "When the newest sweep ended, whoever ran it."
    )
    for part in held.holdings.each if held else ():
        images.add_metric([part.kind, part.provider], part.images)
        size.add_metric([part.kind, part.provider], part.bytes)
    if held and held.swept_at:
        swept.add_metric([], held.swept_at.timestamp())
    yield from (images, size, swept)
