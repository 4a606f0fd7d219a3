"""Send stored bytes: conditional, by range, and harmless whatever they hold."""

import logging
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import redirect, request
from werkzeug.datastructures import Range
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header, is_resource_modified, parse_range_header
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from gallery.errors import ObjectNotFound, PictureLost
from gallery.extensions import current_house, end_reading
from gallery.imaging.convert import EXTENSIONS, MEDIA_TYPES
from gallery.imaging.thumbnails import MEDIA_TYPE as THUMBNAIL_TYPE
from gallery.metrics import SENDS, SENT_BYTES
from gallery.schemas.words import alt_text
from gallery.services.thumbnails import open_thumbnail, prepare_thumbnail, thumbnail_key
from gallery.services.wholeness import require_unmarked, require_whole
from gallery.storage import LocalStorage, Storage
from gallery.views.headers import FOREVER, IMAGE_POLICY

log = logging.getLogger(__name__)
LONGEST_NAME = 80
# Long enough to begin a download with a slow connection.
PRESIGNED = timedelta(minutes=5)
# What a browser remembers of where a thumbnail is must still open when it goes there.
LEAST_LEFT = timedelta(minutes=1)
# nginx sends what lies here, and only where an answer of ours tells it to.
OBJECTS = "/_objects/"
REVALIDATE = "no-cache"
_CONDITIONS = {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}
_NOT_IN_NAMES = set('\\/:*?"<>|')


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What is sent of an image: which bytes, and what is said of them.

    ``is_versioned`` tells that the address names these very bytes.
    """

    key: str
    etag: str
    media_type: str
    cache: str
    disposition: str
    is_versioned: bool = False


def send_original(
    image: Any, *, attachment: bool = False, lasts: timedelta = PRESIGNED
) -> Response:
    """Send the stored bytes of an image; the ETag is their SHA-256.

    Where the storage serves by itself, lead there, for *lasts* at the most.

    Raises:
        PictureLost, PictureDamaged: they aren't what was kept.
    """
    sent = Sent(
        key=image.storage_key,
        etag=image.sha256,
        media_type=MEDIA_TYPES[image.format],
        cache=f"{_scope(image)}, {REVALIDATE}",
        disposition=_disposition(image, EXTENSIONS[image.format], attachment=attachment),
    )
    require_unmarked(image)
    storage = _storage_of(image)
    _require_whole(image, storage)
    response = _deliver(sent, storage, lasts=lasts)
    return _counted(response, image, "original", attachment=attachment)


def send_thumbnail(
    image: Any,
    width: int,
    *,
    is_versioned: bool,
    attachment: bool = False,
    lasts: timedelta = PRESIGNED,
) -> Response:
    """Send a thumbnail, for ever cacheable where its address names this very picture."""
    require_unmarked(image)
    storage = _storage_of(image)
    sent = Sent(
        key=thumbnail_key(image.storage_key, width),
        etag=f"{image.sha256}-{width}",
        media_type=THUMBNAIL_TYPE,
        # For ever in the visitor's own browser: a shared cache would go on serving what was
        # made private.
        cache=f"private, {FOREVER if is_versioned else REVALIDATE}",
        disposition=_disposition(image, "webp", attachment=attachment),
        is_versioned=is_versioned,
    )
    response = _deliver_thumbnail(sent, storage, image, width, lasts=lasts)
    return _counted(response, image, str(width), attachment=attachment)


def is_version_of(image: Any, version: str) -> bool:
    """Tell whether *version* names this very picture."""
    # As long as in the addresses that are handed out: one letter fits many pictures.
    return bool(version == image.sha256[:12])


def send_variant(image: Any, variant: str, *, attachment: bool, lasts: timedelta) -> Response:
    """Send the original or a thumbnail, as a link names it that ends after *lasts*."""
    if variant == "original":
        return send_original(image, attachment=attachment, lasts=lasts)
    return send_thumbnail(
        image, int(variant), is_versioned=False, attachment=attachment, lasts=lasts
    )


def retrying(attempt: Callable[[], Response]) -> Response:
    """Look and send; look again whenever the object was replaced or moved just between the two.

    Raises:
        PictureLost: it is not where its row says, and no row says otherwise.
    """
    missed = None
    while True:
        try:
            return attempt()
        except ObjectNotFound as error:
            # It may be replaced and then deleted; but one that is missed twice is not there.
            if error.detail == missed:
                log.error("%s: %s", error.code, error.detail)
                raise PictureLost from error
            missed = error.detail
            # In the snapshot that the row was read from, it is where it was.
            end_reading()


def _storage_of(image: Any) -> Storage:
    return current_house().storages.named(image.storage_provider)


def _is_sent_by_nginx(storage: Storage) -> bool:
    return storage.name == LocalStorage.name and current_house().secure_links is not None


def _leaves_elsewhere(storage: Storage) -> bool:
    """Tell whether it is not this process that sends what *storage* keeps."""
    return storage.origin is not None or _is_sent_by_nginx(storage)


def _deliver(sent: Sent, storage: Storage, *, lasts: timedelta) -> Response:
    """Let the storage or nginx send an object, or send it from here."""
    # A storage may take its time, and others need the connection to the database meanwhile.
    end_reading()
    if storage.origin is not None:
        # A presigned URL is good for one method, and whoever has the bytes needs none.
        if request.method == "HEAD" or _CONDITIONS & {name for name, _ in request.headers}:
            described = _describe(sent, storage)
            if request.method == "HEAD" or described.status_code != 200:
                return described
        return _lead_to(sent, storage, lasts=min(lasts, PRESIGNED))
    # With an ETag that nginx can't know before it has begun to answer, it would get these wrong.
    is_misjudged = "If-Match" in request.headers or "If-Unmodified-Since" in request.headers
    if _is_sent_by_nginx(storage) and not is_misjudged:
        return _hand_over(sent, storage)
    return _send(sent, storage.open(sent.key))


def _require_whole(image: Any, storage: Storage) -> None:
    # To read it may take its time, and others need the connection to the database meanwhile.
    end_reading()
    require_whole(image, storage=storage, seen=current_house().seen_objects)


def _deliver_thumbnail(
    sent: Sent, storage: Storage, image: Any, width: int, *, lasts: timedelta
) -> Response:
    end_reading()
    key, confirm = image.storage_key, partial(_require_whole, image, storage)
    if not _leaves_elsewhere(storage):
        return _send(sent, open_thumbnail(key, width, storage=storage, confirm=confirm))
    known = current_house().kept_thumbnails if storage.origin else None
    unkept = prepare_thumbnail(key, width, storage=storage, known=known, confirm=confirm)
    return _send(sent, unkept) if unkept else _deliver(sent, storage, lasts=lasts)


def _lead_to(sent: Sent, storage: Storage, *, lasts: timedelta) -> Response:
    """Lead to where the storage serves the object itself: it knows nothing of who may see it."""
    url = storage.presigned_url(
        sent.key, expires_in=lasts, media_type=sent.media_type, disposition=sent.disposition
    )
    if url is None:
        return _send(sent, storage.open(sent.key))
    response = redirect(url, code=302)
    kept_seconds = int((lasts - LEAST_LEFT).total_seconds())
    is_kept = sent.is_versioned and kept_seconds > 0
    response.headers["Cache-Control"] = (
        f"private, max-age={kept_seconds}" if is_kept else f"private, {REVALIDATE}"
    )
    return response


def _hand_over(sent: Sent, storage: Storage) -> Response:
    """Let nginx send the object, in parts where these are asked for."""
    response = _describe(sent, storage)
    if response.status_code == 200:
        _refuse_outside(sent, response.content_length or 0)
        response.headers["X-Accel-Redirect"] = OBJECTS + sent.key
        # That of the answer itself, which has no body.
        response.content_length = 0
    return response


def _describe(sent: Sent, storage: Storage) -> Response:
    """Answer with all but the bytes, or 304 or 412 as the request's conditions say."""
    response = Response(content_type=sent.media_type)
    response.content_length = storage.stat(sent.key).size_bytes
    _add_headers(response, sent)
    response.make_conditional(request.environ)
    return response


def _refuse_outside(sent: Sent, size_bytes: int) -> None:
    """Refuse ranges of which none is inside, before it counts as a download."""
    header = request.headers.get("Range", "")
    if not header.lower().startswith("bytes=") or request.method != "GET":
        return
    has_other = "If-Range" in request.headers and is_resource_modified(
        request.environ, etag=f'"{sent.etag}"', ignore_if_range=False
    )
    wanted = parse_range_header(header)
    parts = [Range("bytes", [each]) for each in wanted.ranges] if wanted else []
    if not has_other and not any(part.range_for_length(size_bytes) for part in parts):
        raise RequestedRangeNotSatisfiable(size_bytes)


def _send(sent: Sent, stream: BinaryIO) -> Response:
    length = stream.seek(0, 2)
    stream.seek(0)
    response = Response(
        wrap_file(request.environ, stream), content_type=sent.media_type, direct_passthrough=True
    )
    response.content_length = length
    _add_headers(response, sent)
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=length)
    except HTTPException:
        stream.close()
        raise
    if response.status_code == 304:
        stream.close()
    return response


def _add_headers(response: Response, sent: Sent) -> None:
    response.set_etag(sent.etag)
    response.headers["Cache-Control"] = sent.cache
    response.headers["Content-Disposition"] = sent.disposition
    response.headers["Content-Security-Policy"] = IMAGE_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def _counted(response: Response, image: Any, variant: str, *, attachment: bool) -> Response:
    """Count what is really sent: not what the asker has already, nor a look at the headers."""
    if request.method == "GET" and response.status_code in (200, 206, 302):
        disposition = "attachment" if attachment else "inline"
        is_led_on = response.status_code == 302
        SENDS.labels(image.kind, variant, "redirect" if is_led_on else disposition).inc()
        if not is_led_on:
            SENT_BYTES.labels(variant).inc(response.content_length or 0)
    return response


def _scope(image: Any) -> str:
    """Shared caches may hold only what everybody may see."""
    return "public" if image.visibility == "public" and not image.is_hidden else "private"


def _disposition(image: Any, extension: str, *, attachment: bool) -> str:
    """Name the file for who saves it (RFC 6266): ASCII for old clients, UTF-8 beside it."""
    kind = "attachment" if attachment else "inline"
    return _named(kind, _speaking_name(image), image.id.hex, extension)


# It is the same for each of the thousand downloads of a picture.
@lru_cache(maxsize=1024)
def _named(kind: str, name: str, otherwise: str, extension: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # What looks like a slash has become one.
    plain = _without_separators(plain)
    # Nothing may be left, and a name that is only an extension would be a hidden file.
    names = {"filename": f"{plain.strip(' .') or otherwise}.{extension}"}
    if plain != name:
        names["filename*"] = f"UTF-8''{quote(f'{name}.{extension}', safe='')}"
    return dump_options_header(kind, names)


def _speaking_name(image: Any) -> str:
    return _without_separators(alt_text(image))[:LONGEST_NAME].strip(" .") or image.id.hex


def _without_separators(text: str) -> str:
    letters = (c if c.isprintable() and c not in _NOT_IN_NAMES else " " for c in text)
    return " ".join("".join(letters).split())
