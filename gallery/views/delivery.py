"""Send stored bytes: conditional, by range, and harmless whatever they hold."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from gallery.errors import ObjectNotFound
from gallery.extensions import current_house, end_reading
from gallery.imaging.convert import EXTENSIONS, MEDIA_TYPES
from gallery.imaging.thumbnails import MEDIA_TYPE as THUMBNAIL_TYPE
from gallery.metrics import SENDS, SENT_BYTES
from gallery.schemas.words import alt_text
from gallery.services.thumbnails import open_thumbnail
from gallery.views.headers import FOREVER, IMAGE_POLICY

LONGEST_NAME = 80
# Long enough to begin a download with a slow connection.
PRESIGNED = timedelta(minutes=5)
REVALIDATE = "no-cache"
_NOT_IN_NAMES = set('\\/:*?"<>|')


def send_original(image: Any, *, attachment: bool = False) -> Response:
    """Send the stored bytes of an image; the ETag is their SHA-256."""
    storage = current_house().storages.named(image.storage_provider)
    response = _send(
        storage.open(image.storage_key),
        etag=image.sha256,
        media_type=MEDIA_TYPES[image.format],
        cache=f"{_scope(image)}, {REVALIDATE}",
    )
    _name(response, image, EXTENSIONS[image.format], attachment=attachment)
    _count(response, image, "original", attachment=attachment)
    return response


def send_thumbnail(
    image: Any, width: int, *, version: str | None = None, attachment: bool = False
) -> Response:
    """Send a thumbnail, for ever cacheable where *version* names this very picture."""
    storage = current_house().storages.named(image.storage_provider)
    # As long as in the addresses that are handed out: one letter fits many pictures.
    is_current = version == image.sha256[:12]
    response = _send(
        open_thumbnail(image.storage_key, width, storage=storage),
        etag=f"{image.sha256}-{width}",
        media_type=THUMBNAIL_TYPE,
        # For ever in the visitor's own browser: a shared cache would go on serving what was
        # made private.
        cache=f"private, {FOREVER if is_current else REVALIDATE}",
    )
    _name(response, image, "webp", attachment=attachment)
    _count(response, image, str(width), attachment=attachment)
    return response


def send_variant(image: Any, variant: str, *, attachment: bool) -> Response:
    """Send the original or a thumbnail, as a link names it."""
    if variant == "original":
        return send_original(image, attachment=attachment)
    return send_thumbnail(image, int(variant), attachment=attachment)


def lead_to_original(
    image: Any, variant: str, *, lasts: timedelta, attachment: bool = False
) -> Response | None:
    """Lead to where the storage serves the original itself, or return None.

    For *lasts* at the most: the storage knows nothing of links that end.
    What it answers has the type and the name that it has when sent from here.
    """
    if variant != "original":
        return None
    storage = current_house().storages.named(image.storage_provider)
    sent = Response()
    _name(sent, image, EXTENSIONS[image.format], attachment=attachment)
    url = storage.presigned_url(
        image.storage_key,
        expires_in=min(lasts, PRESIGNED),
        media_type=MEDIA_TYPES[image.format],
        disposition=sent.headers["Content-Disposition"],
    )
    if not url:
        return None
    SENDS.labels(image.kind, variant, "redirect").inc()
    return redirect(url, code=302)


def retrying(attempt: Callable[[], Response]) -> Response:
    """Look and send; look again if the object was replaced or moved just between the two."""
    try:
        return attempt()
    except ObjectNotFound:
        # In the snapshot that the row was read from, it is where it was.
        end_reading()
        return attempt()


def _send(stream: BinaryIO, *, etag: str, media_type: str, cache: str) -> Response:
    length = stream.seek(0, 2)
    stream.seek(0)
    response = Response(
        wrap_file(request.environ, stream), content_type=media_type, direct_passthrough=True
    )
    response.content_length = length
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache
    response.headers["Content-Security-Policy"] = IMAGE_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=length)
    except HTTPException:
        stream.close()
        raise
    if response.status_code == 304:
        stream.close()
    return response


def _count(response: Response, image: Any, variant: str, *, attachment: bool) -> None:
    """Count what is really sent: not what the asker has already, nor a look at the headers."""
    if request.method == "GET" and response.status_code in (200, 206):
        disposition = "attachment" if attachment else "inline"
        SENDS.labels(image.kind, variant, disposition).inc()
        SENT_BYTES.labels(variant).inc(response.content_length or 0)


def _scope(image: Any) -> str:
    """Shared caches may hold only what everybody may see."""
    return "public" if image.visibility == "public" and not image.is_hidden else "private"


def _name(response: Response, image: Any, extension: str, *, attachment: bool) -> None:
    """Name the file for who saves it (RFC 6266): ASCII for old clients, UTF-8 beside it."""
    name = _speaking_name(image)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # What looks like a slash has become one.
    plain = _without_separators(plain)
    # Nothing may be left, and a name that is only an extension would be a hidden file.
    names = {"filename": f"{plain.strip(' .') or image.id.hex}.{extension}"}
    if plain != name:
        names["filename*"] = f"UTF-8''{quote(f'{name}.{extension}', safe='')}"
    response.headers.set("Content-Disposition", "attachment" if attachment else "inline", **names)


def _speaking_name(image: Any) -> str:
    return _without_separators(alt_text(image))[:LONGEST_NAME].strip(" .") or image.id.hex


def _without_separators(text: str) -> str:
    letters = (c if c.isprintable() and c not in _NOT_IN_NAMES else " " for c in text)
    return " ".join("".join(letters).split())
