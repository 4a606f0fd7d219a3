"""How the endpoints answer: lists with a next page, conditional JSON, repeated requests."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import IO, Any
from urllib.parse import urlencode

from flask import jsonify, request
from werkzeug.wrappers import Response

from gallery.extensions import current_house
from gallery.schemas.addresses import Addresses, gallery_path
from gallery.schemas.galleries import gallery_json
from gallery.schemas.images import readiness
from gallery.services import catalog, generation, idempotency
from gallery.services.access import require_user
from gallery.services.catalog import Page
from gallery.storage import SpooledFile
from gallery.views.auth import current_viewer
from gallery.views.lingering import PLACES, preferred_wait

CHUNK_BYTES = 1024 * 1024
PREFER = {
    "in": "header",
    "name": "Prefer",
    "schema": {"type": "string", "example": "wait=10"},
    "description": "`wait=N`: rather wait up to N seconds (at most 30) than be told that it is"
    " pending.",
}


def absolute_addresses() -> Addresses:
    """Return addresses that a front end elsewhere can use."""
    house = current_house()
    return Addresses(house, base=house.settings.PUBLIC_URL)


def answer_list(name: str, items: list[Any], page: Page[Any]) -> Response:
    """Answer ``{name: items, next}``, with a ``Link`` header (RFC 8288) to the next page."""
    response = jsonify({name: items, "next": page.next_cursor})
    return link_next(response, page)


def answer_galleries(kind: str, *, limit: int, cursor: str | None = None) -> Response:
    """Answer with a page of the galleries of *kind* that the asker finds."""
    base = current_house().settings.PUBLIC_URL
    page = catalog.list_galleries(kind, viewer=current_viewer(), cursor=cursor, limit=limit)
    items = [gallery_json(card, base + gallery_path(kind, card.slug)) for card in page.items]
    return answer_list("galleries", items, page)


def link_next(response: Response, page: Page[Any]) -> Response:
    """Add the ``Link`` header to the next page, if there is one."""
    if page.next_cursor:
        query = request.args.to_dict() | {"cursor": page.next_cursor}
        base = current_house().settings.PUBLIC_URL
        response.headers["Link"] = f'<{base}{request.path}?{urlencode(query)}>; rel="next"'
    return response


@dataclass(frozen=True)
class JSONText:
    """JSON as it is sent, with the strong ETag that stands for exactly these bytes."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, content: Any) -> "JSONText":
        """Write *content* down."""
        body = json.dumps(content, separators=(",", ":")).encode()
        return cls(body, sha256(body).hexdigest()[:32])


def answer_conditionally(text: JSONText) -> Response:
    """Answer JSON with its ETag, or 304 to who has it already."""
    response = Response(text.body, content_type="application/json")
    response.set_etag(text.etag)
    return response.make_conditional(request.environ)


def answer_asked(asked: generation.Asked, as_json: Callable[[Any], dict[str, Any]]) -> Response:
    """Answer with an image that was asked for, once it is there or the asker has waited enough."""
    seconds = 0 if asked.is_finished else preferred_wait()
    is_staying = seconds > 0 and PLACES.acquire(blocking=False)
    if is_staying:
        try:
            generation.wait_for(asked.image_id, seconds=seconds)
        finally:
            PLACES.release()
    image = catalog.show_image(asked.image_id, viewer=current_viewer())
    response = jsonify(as_json(image))
    if readiness(image) == "pending":
        response.status_code = 202
        base = current_house().settings.PUBLIC_URL
        response.headers["Location"] = f"{base}/api/images/{image.id}"
    elif image.status == "completed" and not asked.replaced:
        response.status_code = 201
    if is_staying:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Do a POST with an ``Idempotency-Key`` once, and repeat its answer after that."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        owner_id = require_user(current_viewer())
        known = idempotency.begin_request(owner_id, key, _fingerprint(), now=current_house().now())
        if known:
            return _repeated(known)
        try:
            response = view(*args, **kwargs)
        except BaseException:
            idempotency.end_request(owner_id, key, None)
            raise
        answer = idempotency.Answer(
            status=response.status_code,
            content_type=response.content_type or "",
            location=response.headers.get("Location"),
            body=response.get_data(),
        )
        # "Come back later" is no answer to be repeated to who comes back.
        is_final = "Retry-After" not in response.headers
        idempotency.end_request(owner_id, key, answer if is_final else None)
        return response

    return answered


def _repeated(known: idempotency.Answer) -> Response:
    response = Response(known.body, known.status, content_type=known.content_type)
    if known.location:
        response.headers["Location"] = known.location
    return response


def _fingerprint() -> str:
    """Return what makes this request another one; a repeated form has a new boundary."""
    parts = [request.method.encode(), request.full_path.encode()]
    if request.mimetype != "multipart/form-data":
        return idempotency.fingerprint_of(*parts, request.get_data())
    for name, values in sorted(request.form.lists()):
        parts += [name.encode(), b"%d" % len(values), *(value.encode() for value in values)]
    parts.append(b"files")
    for name, files in sorted(request.files.lists()):
        parts += [name.encode(), b"%d" % len(files), *(_digest(file.stream) for file in files)]
    return idempotency.fingerprint_of(*parts)


def _digest(stream: IO[bytes]) -> bytes:
    """Return the SHA-256 of a file that came with the request; it is at its beginning again."""
    if isinstance(stream, SpooledFile):
        return bytes.fromhex(stream.sha256)
    digest = sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    stream.seek(0)
    return digest.digest()
