"""Server-sent events of a round: what changes, as it changes.

A stream looks at the database, so it tells what other processes and
machines did as well. It lasts a minute; browsers come back by themselves
and say what they heard last. Where too many listen already, a front end
asks for the round's images with their ETag instead, which is as good.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Response, request, stream_with_context
from flask_smorest import Blueprint

from gallery.errors import GalleryError, TooManyListeners
from gallery.extensions import STOPPING, let_go
from gallery.services import catalog
from gallery.services.access import Viewer
from gallery.services.identifiers import check_slug
from gallery.views.api.games import round_number, round_text
from gallery.views.auth import current_viewer
from gallery.views.lingering import PLACES

LOOKS_EVERY_SECONDS = 0.5
LASTS_SECONDS = 60
# Long enough not to be a burden, short enough for proxies that close what is silent.
BREATHES_EVERY_SECONDS = 10
bp = Blueprint("events", __name__, url_prefix="/api/games", description="Rounds as they happen")
Places = dict[str, dict[str, Any]]


@bp.route("/<code>/rounds/<number>/events", methods=["GET"])
@bp.doc(
    responses={
        "200": {
            "description": "`image` events carry a place of the round as `GET …/images` has it;"
            " `removed` that it is gone; `hidden` and `revealed` tell that the round was. Each"
            " event's id is the ETag of the round: send it as `Last-Event-ID`, and as long as"
            " nothing has changed since, nothing is told; else the round is told anew.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    parameters=[
        {
            "in": "header",
            "name": "Last-Event-ID",
            "schema": {"type": "string"},
            "description": "The id of the last event that was heard.",
        }
    ],
)
def listen(code: str, number: str) -> Response:
    """Hear of each change of a round (server-sent events)."""
    viewer, place = current_viewer(), (check_slug("game code", code), round_number(number))
    catalog.list_round(*place, viewer=viewer)
    if not PLACES.acquire(blocking=False):
        raise TooManyListeners("Ask for the round's images with their ETag, or come back later")
    heard = request.headers.get("Last-Event-ID", "")
    response = Response(
        stream_with_context(_events(*place, viewer, heard)), content_type="text/event-stream"
    )
    response.call_on_close(PLACES.release)
    response.headers["Cache-Control"] = "no-store"
    # A proxy that gathers an answer before it sends it would send these events too late.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _events(code: str, number: int, viewer: Viewer, heard: str) -> Iterator[str]:
    """Yield an event for each change, and a comment now and then; *heard* is the last id."""
    yield "retry: 2000\n\n"
    known: Places = {}
    was_hidden: bool | None = None
    breathed = time.monotonic()
    until = breathed + LASTS_SECONDS
    while time.monotonic() < until:
        try:
            listing = catalog.list_round(code, number, viewer=viewer)
        except GalleryError:
            # It is no longer this listener's to see.
            return
        text = round_text(listing)
        let_go()
        if text.etag != heard:
            if was_hidden not in (None, listing.is_hidden):
                yield _event("hidden" if listing.is_hidden else "revealed", {"round": number}, "")
                # Behind a curtain, or before it, everything is told anew.
                known = {}
            found = _places(text.body)
            for name in known.keys() - found.keys():
                yield _event("removed", {"player_id": known[name]["player_id"]}, text.etag)
            for place in _changed(known, found):
                yield _event("image", place, text.etag)
            known = found
        elif not known:
            known = _places(text.body)
        heard, was_hidden = text.etag, listing.is_hidden
        if time.monotonic() - breathed > BREATHES_EVERY_SECONDS:
            breathed = time.monotonic()
            yield ": still here\n\n"
        if STOPPING.wait(LOOKS_EVERY_SECONDS):
            return


def _places(body: bytes) -> Places:
    images = json.loads(body)["images"]
    return {image["player_id"] or f"hidden {n}": image for n, image in enumerate(images)}


def _changed(known: Places, found: Places) -> list[dict[str, Any]]:
    return [image for name, image in found.items() if known.get(name) != image]


def _event(name: str, content: dict[str, Any], event_id: str) -> str:
    identified = f"id: {event_id}\n" if event_id else ""
    return f"event: {name}\n{identified}data: {json.dumps(content)}\n\n"
