"""What pages say of a picture, and the filters and globals of the templates."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from gallery.extensions import current_house
from gallery.imaging.placeholder import draw_placeholder
from gallery.schemas.addresses import PageAddresses
from gallery.schemas.words import alt_text
from gallery.views.auth import current_viewer

# In this order: each also names those that come after it.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("CrOS", "a Chromebook"),
    ("Linux", "Linux"),
)


def retention(image: Any) -> str:
    """Return when and why an image will go."""
    if image.status == "failed":
        return "It could not be drawn."
    if image.status != "completed":
        return "It is still being drawn."
    if image.kind == "product":
        return "Yours alone; it stays until you delete it."
    if image.is_kept or image.expires_at is None:
        return "Kept for good: it does not expire."
    day = _day(image.expires_at)
    if image.expires_at <= current_house().now():
        return f"Its time was over on {day}; the next sweep removes it."
    days = (image.expires_at - image.completed_at).days
    return f"Goes on {day}, {days} days after it was made, unless somebody keeps it."


def first_to_go(images: Sequence[Any]) -> str:
    """Return when the first of *images* goes, or nothing where all of them stay."""
    ends = [image.expires_at for image in images if not image.is_kept and image.expires_at]
    if not ends:
        return ""
    return f"{'The first of them goes' if len(images) > 1 else 'It goes'} on {_day(min(ends))}."


def when(value: datetime | None) -> Markup | str:
    """Return an instant as a ``time`` element, in UTC."""
    if value is None:
        return ""
    shown = f"{value.day} {value:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), shown
    )


def _day(value: datetime) -> str:
    return f"{value.day} {value:%B %Y}"


def filesize(value: float | None) -> str:
    """Return a number of bytes as people write it: ``1.2 MB``."""
    amount = float(value or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def agent_name(user_agent: str) -> str:
    """Return what signed in, from what it calls itself: ``Firefox on Linux``, ``curl``."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    if browser is None:
        return user_agent.partition("/")[0].strip()[:40] or "Something without a name"
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    return f"{browser} on {system}" if system else browser


def sign_in_url() -> str:
    """Return the sign-in page that leads back to this one."""
    if request.method != "GET" or request.path in ("/", "/login"):
        return "/login"
    here = request.full_path if request.query_string else request.path
    return f"/login?next={quote(here, safe='/')}"


def placeholder_uri(image: Any) -> str:
    """Return the blurred impression of an image as a ``data:`` URI, or nothing."""
    return draw_placeholder(image.placeholder) if image.placeholder else ""


def init_app(app: Flask) -> None:
    """Give the templates their filters and globals."""
    folder = Path(app.static_folder or "")

    @lru_cache(maxsize=256)
    def digest_of(filename: str) -> str:
        return hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:10]

    @pass_context
    def static_url(context: Context, filename: str) -> str:
        # The address changes with the content, so that it can be cached for ever.
        base = context["urls"].static_base
        return f"{base}/{escape(filename)}?v={digest_of(filename)}"

    app.add_template_filter(when)
    app.add_template_filter(filesize)
    app.add_template_filter(agent_name)
    app.add_template_global(alt_text)
    app.add_template_global(retention)
    app.add_template_global(first_to_go)
    app.add_template_global(placeholder_uri)
    app.add_template_global(sign_in_url)
    app.add_template_global(static_url)

    @app.context_processor
    def _shared() -> dict[str, Any]:
        return {"viewer": current_viewer(), "urls": PageAddresses(current_house())}
