"""How often one asker may come: counted before anything that costs more.

Whoever is signed in, in whichever way, is counted under their own name, so
that people behind one address don't use up each other's share. Everybody
else is counted by the address they come from; so is a key or a token that
is not right. The counters are told in the header fields of the draft
"RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers).
"""

from dataclasses import dataclass

from flask import Flask, g, request
from werkzeug.wrappers import Response

from gallery.errors import TooManyRequests, WrongCredentials
from gallery.extensions import current_house, let_go
from gallery.metrics import CREDENTIALS_REFUSED
from gallery.schemas.openapi import API_PREFIX
from gallery.services.accounts import KEY_PREFIX
from gallery.services.limits import Decision, Rate, network_of
from gallery.views.auth import bearer_token, current_viewer

# Each page asks for a dozen of the first, and who watches over the server asks for the others.
FREE = ("static", "downloads.shared_static", "health.healthz", "health.readyz")
READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Share:
    """What is left to an asker after this request, under the name of the limit."""

    name: str
    rate: Rate
    decision: Decision


def init_app(app: Flask) -> None:
    """Count each request, before whatever else is registered later."""
    app.before_request(_count)
    app.after_request(_tell)


def _count() -> None:
    if request.endpoint in FREE:
        return
    house = current_house()
    name = "reads" if request.method in READS else "writes"
    rate = house.limits.rates[name]
    if rate is None:
        return
    decision = house.limits.hit(name, _asker(), now=house.now())
    g.share = Share(name, rate, decision)
    if not decision.is_allowed:
        raise TooManyRequests(retry_after_seconds=decision.resets_in_seconds)
    if name == "writes":
        # A body may take its time, and no connection to the database should wait for it.
        let_go()


def _asker() -> str:
    try:
        viewer = current_viewer()
    except WrongCredentials:
        # The view says so, in its own way; here it costs the address.
        _count_refused()
        return network_of(request.remote_addr)
    return f"user:{viewer.user_id}" if viewer.is_signed_in else network_of(request.remote_addr)


def _count_refused() -> None:
    # What Prometheus sends there is no key or token of anybody's.
    if request.endpoint != "metrics.metrics":
        is_key = (bearer_token() or "").startswith(KEY_PREFIX)
        CREDENTIALS_REFUSED.labels("key" if is_key else "token").inc()


def _tell(response: Response) -> Response:
    share: Share | None = g.get("share")
    is_told = response.status_code == 429 or request.path.startswith(f"{API_PREFIX}/")
    if share and is_told:
        left = share.decision
        response.headers["RateLimit-Policy"] = (
            f'"{share.name}";q={share.rate.most};w={share.rate.seconds}'
        )
        response.headers["RateLimit"] = (
            f'"{share.name}";r={left.remaining};t={left.resets_in_seconds}'
        )
    return response
