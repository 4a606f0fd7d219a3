"""Stored bytes: by signed link, at the addresses older clients know, and as thumbnails."""

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template, request
from werkzeug.wrappers import Response

from gallery.errors import InvalidKey, NotFound
from gallery.extensions import current_house
from gallery.schemas.addresses import ShareAddresses
from gallery.services import catalog, links
from gallery.storage import check_key
from gallery.views.auth import current_viewer, settle_viewer
from gallery.views.delivery import (
    is_version_of,
    retrying,
    send_original,
    send_thumbnail,
    send_variant,
)

bp = Blueprint("downloads", __name__)


@bp.get("/d/<token>")
def download(token: str) -> Response:
    """Follow a signed link; only bytes that are really sent count as a use."""
    return retrying(lambda: _follow(token))


@bp.get("/s/<token>")
def shared_gallery(token: str) -> str:
    """Show a gallery to whoever has its link."""
    share = _open(token)
    if request.method == "GET":
        links.count_download(share.link_id, now=current_house().now())
    return render_template(
        "shares/show.html",
        gallery=share.gallery,
        groups=_groups(share.gallery),
        expires_at=share.expires_at,
        shared_by=share.shared_by,
        urls=ShareAddresses(token),
    )


@bp.get("/s/<token>/images/<uuid:image_id>")
def shared_image(token: str, image_id: UUID) -> Response:
    """Send an image of a shared gallery."""
    return retrying(lambda: send_original(_shared(token, image_id)))


@bp.get("/s/<token>/images/<uuid:image_id>/download")
def shared_download(token: str, image_id: UUID) -> Response:
    """Send an image of a shared gallery as a download."""
    return retrying(lambda: send_original(_shared(token, image_id), attachment=True))


@bp.get("/s/<token>/thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp")
def shared_thumbnail(token: str, image_id: UUID, width: int, version: str) -> Response:
    """Send a thumbnail of a shared gallery."""
    return retrying(lambda: _versioned(_shared(token, image_id), width, version))


@bp.get("/s/<token>/static/<path:filename>")
def shared_static(token: str, filename: str) -> Response:  # noqa: ARG001 - everybody's anyway
    """Send style and scripts, so that a proxy need let through only what lies below the link."""
    return current_app.send_static_file(filename)


@bp.get("/thumbnails/<uuid:image_id>/<number:width>-<slug:version>.webp")
def thumbnail(image_id: UUID, width: int, version: str) -> Response:
    """Send a thumbnail to who may see the image."""
    viewer = current_viewer()
    return retrying(
        lambda: _versioned(catalog.show_picture(image_id, viewer=viewer), width, version)
    )


@bp.get("/thumbnails/<number:width>/<path:key>.webp")
def handed_out_thumbnail(width: int, key: str) -> Response:
    """Send a thumbnail that nginx could not: not made yet, or the address is not right any more."""
    return retrying(lambda: send_thumbnail(_handed_out(key), width, is_versioned=True))


@bp.get("/storage/generated/<slug:session_id>/<slug:image_type>.png")
def session_file(session_id: str, image_type: str) -> Response:
    """Send a session's image."""
    viewer = current_viewer()
    return retrying(
        lambda: send_original(catalog.show_session_image(session_id, image_type, viewer=viewer))
    )


@bp.get("/generated-images/<slug:code>/<number:number>/<slug:player>.jpg")
def round_file(code: str, number: int, player: str) -> Response:
    """Send a player's image."""
    viewer = current_viewer()
    return retrying(
        lambda: send_original(catalog.show_round_image(code, number, player, viewer=viewer))
    )


@bp.get("/generated/<filename:filename>")
def story_file(filename: str) -> Response:
    """Send a story's illustration."""
    prefix = current_house().settings.GENERATED_IMAGE_DIR
    return _by_key(f"{prefix}/{filename}")


@bp.get("/outputs/images/generations/<path:rest>")
def generation_file(rest: str) -> Response:
    """Send a generation."""
    return _by_key(f"images/generations/{rest}")


def _by_key(key: str) -> Response:
    _check(key)
    viewer = current_viewer()
    return retrying(lambda: send_original(catalog.show_image_by_key(key, viewer=viewer)))


def _check(key: str) -> None:
    try:
        check_key(key)
    except InvalidKey:
        raise NotFound from None


def _handed_out(key: str) -> Any:
    """Return an image to whoever has the signed address of its thumbnail, or may see it anyway."""
    _check(key)
    house = current_house()
    is_signed = house.secure_links and house.secure_links.opens(
        request.path,
        until=request.args.get("until", ""),
        key=request.args.get("key", ""),
        now=house.now(),
    )
    if is_signed:
        return catalog.show_handed_out(key)
    return catalog.show_image_by_key(key, viewer=current_viewer())


def _versioned(image: Any, width: int, version: str) -> Response:
    return send_thumbnail(image, width, is_versioned=is_version_of(image, version))


def _follow(token: str) -> Response:
    house = current_house()
    settle_viewer()
    followed = links.read_download(
        token, signer=house.signer, now=house.now(), viewer=current_viewer()
    )
    attachment = followed.disposition == "attachment"
    left = followed.expires_at - house.now()
    response = send_variant(followed.image, followed.variant, attachment=attachment, lasts=left)
    response.headers["Cache-Control"] = "private, no-cache"
    if request.method == "GET" and response.status_code in (200, 206, 302):
        try:
            links.count_use(followed, tally=house.tally, now=house.now())
        except BaseException:
            response.close()
            raise
    return response


def _open(token: str) -> links.OpenedShare:
    house = current_house()
    return links.open_share(token, signer=house.signer, now=house.now())


def _shared(token: str, image_id: UUID) -> Any:
    return catalog.show_shared_image(image_id, gallery=_open(token).gallery)


def _groups(gallery: Any) -> list[dict[str, Any]]:
    """Return a game's pictures by round; other galleries hang as one group."""
    groups: dict[int | None, list[Any]] = {}
    for image in catalog.gallery_images(gallery):
        groups.setdefault(image.round_number, []).append(image)
    return [
        {"heading": f"Round {number}" if number else None, "images": images}
        for number, images in groups.items()
    ]
