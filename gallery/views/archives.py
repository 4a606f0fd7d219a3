"""Galleries, rounds and shared galleries as one file to download."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request, stream_with_context
from werkzeug.wrappers import Response

from gallery.errors import NotFound
from gallery.extensions import current_house, end_reading
from gallery.schemas.addresses import GALLERY_PAGES
from gallery.services import catalog, links
from gallery.services.archives import MEDIA_TYPE, pack
from gallery.views.auth import current_viewer
from gallery.views.delivery import retrying

bp = Blueprint("archives", __name__)


@bp.get("/galleries/<kind>/<slug:slug>/images.zip")
def gallery_archive(kind: str, slug: str) -> Response:
    """Send all pictures of a gallery."""
    if kind not in GALLERY_PAGES:
        raise NotFound
    viewer = current_viewer()
    return retrying(
        lambda: _send(catalog.gallery_images(catalog.show_gallery(kind, slug, viewer=viewer)), slug)
    )


@bp.get("/games/<slug:code>/rounds/<number:number>/images.zip")
def round_archive(code: str, number: int) -> Response:
    """Send all pictures of a round."""
    viewer = current_viewer()
    return retrying(
        lambda: _send(
            catalog.show_round(code, number, viewer=viewer).pictures, f"{code}-round-{number}"
        )
    )


@bp.get("/s/<token>/images.zip")
def shared_archive(token: str) -> Response:
    """Send all pictures of a shared gallery."""
    return retrying(lambda: _send_shared(token))


def _send_shared(token: str) -> Response:
    house = current_house()
    share = links.open_share(token, signer=house.signer, now=house.now())
    response = _send(catalog.gallery_images(share.gallery), share.gallery.slug)
    if request.method == "GET":
        links.count_download(share.link_id, now=house.now())
    return response


def _send(images: Sequence[Any], name: str) -> Response:
    archive = pack(images, storages=current_house().storages)
    # Others need the connection to the database, for as long as this may take.
    end_reading()
    # Where an object has moved, its row is asked for again while it is being sent.
    response = Response(stream_with_context(archive.pieces), content_type=MEDIA_TYPE)
    response.content_length = archive.size_bytes
    # The name is a slug: it needs no quotes, and can't end the header.
    response.headers["Content-Disposition"] = f"attachment; filename={name}.zip"
    response.headers["Cache-Control"] = "private, no-store"
    return response
