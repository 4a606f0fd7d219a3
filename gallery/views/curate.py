"""The forms of who owns a picture or a gallery: keep, delete, share, revoke."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, request, session
from werkzeug.wrappers import Response

from gallery.errors import InvalidField, NotFound
from gallery.extensions import current_house
from gallery.models import Link
from gallery.schemas.addresses import GALLERY_PAGES, gallery_path, product_path
from gallery.services import catalog, galleries, links, retention
from gallery.services.access import require_user
from gallery.views.auth import current_viewer

bp = Blueprint("curate", __name__)


@bp.post("/images/<uuid:image_id>/keep")
def keep(image_id: UUID) -> Response:
    """Keep an image for good, or let its time run again."""
    kept = request.form.get("keep") == "1"
    retention.change_image(image_id, {"keep": kept}, viewer=current_viewer())
    flash("This picture is kept now." if kept else "This picture's time runs again.")
    return redirect(f"/images/{image_id}", code=303)


@bp.post("/images/<uuid:image_id>/delete")
def delete(image_id: UUID) -> Response:
    """Delete an image, and go to where it hung."""
    viewer, house = current_viewer(), current_house()
    require_user(viewer)
    image = catalog.show_image(image_id, viewer=viewer)
    retention.delete_image(image_id, viewer=viewer, storages=house.storages, now=house.now())
    flash("The picture is deleted.")
    if image.product_id:
        return redirect(product_path(image.product_id), code=303)
    if image.gallery_slug is None:
        return redirect("/generations/", code=303)
    return redirect(gallery_path(image.gallery_kind, image.gallery_slug), code=303)


@bp.post("/images/<uuid:image_id>/links")
def sign(image_id: UUID) -> Response:
    """Make a link to an image; its page shows it once."""
    house = current_house()
    signed = links.sign_download(
        image_id,
        viewer=current_viewer(),
        signer=house.signer,
        now=house.now(),
        lasts=_lifetime(),
        variant=request.form.get("variant", "original"),
        disposition=request.form.get("disposition", "attachment"),
        max_downloads=_number("max_downloads"),
    )
    _show_once(signed, "d", target=f"/images/{image_id}")
    return redirect(f"/images/{image_id}", code=303)


@bp.post("/galleries/<kind>/<slug:slug>/links")
def share(kind: str, slug: str) -> Response:
    """Make a link that opens a gallery; its page shows it once."""
    house = current_house()
    signed = links.share_gallery(
        _checked(kind),
        slug,
        viewer=current_viewer(),
        signer=house.signer,
        now=house.now(),
        lasts=_lifetime(),
    )
    _show_once(signed, "s", target=gallery_path(kind, slug))
    return redirect(gallery_path(kind, slug), code=303)


@bp.post("/galleries/<kind>/<slug:slug>/visibility")
def change_visibility(kind: str, slug: str) -> Response:
    """Change who may see a gallery."""
    galleries.change_gallery(
        _checked(kind),
        slug,
        viewer=current_viewer(),
        now=current_house().now(),
        visibility=request.form.get("visibility", ""),
    )
    flash("Saved: who may see this has changed.")
    return redirect(gallery_path(kind, slug), code=303)


@bp.post("/games/<slug:code>/rounds/<number:number>/reveal")
def reveal(code: str, number: int) -> Response:
    """Show a hidden round to everybody, beginning with the reveal."""
    _set_hidden(code, number, is_hidden=False)
    flash("The round is revealed: everybody sees it now.")
    return redirect(f"/games/{code}/rounds/{number}", code=303)


@bp.post("/games/<slug:code>/rounds/<number:number>/hide")
def hide(code: str, number: int) -> Response:
    """Hide a round until its reveal."""
    _set_hidden(code, number, is_hidden=True)
    flash("The round is hidden: only you see it until the reveal.")
    return redirect(f"/games/{code}/rounds/{number}", code=303)


@bp.post("/links/<uuid:link_id>/revoke")
def revoke(link_id: UUID) -> Response:
    """Revoke a link, and go back to what it opened."""
    viewer = current_viewer()
    link = links.revoke_link(link_id, viewer=viewer, now=current_house().now())
    flash("The link is withdrawn.")
    return redirect(_target_of(link), code=303)


def _set_hidden(code: str, number: int, *, is_hidden: bool) -> None:
    viewer = current_viewer()
    require_user(viewer)
    # A form belongs to a page; here no round appears on first use.
    catalog.show_round(code, number, viewer=viewer)
    galleries.change_round(
        code, number, viewer=viewer, now=current_house().now(), is_hidden=is_hidden
    )


def _show_once(signed: links.SignedLink, door: str, *, target: str) -> None:
    """Let the page at *target*, and no other, show the link the next time it is opened."""
    url = f"{current_house().settings.PUBLIC_URL}/{door}/{signed.token}"
    expires_at = signed.link.expires_at
    session["new_link"] = {"target": target, "url": url, "expires_at": expires_at}


def _target_of(link: Link) -> str:
    if link.image_id:
        return f"/images/{link.image_id}"
    if link.product_id:
        return product_path(link.product_id)
    gallery = catalog.show_gallery_by_id(link.gallery_id, viewer=current_viewer())
    return gallery_path(gallery.kind, gallery.slug)


def _checked(kind: str) -> str:
    if kind not in GALLERY_PAGES:
        raise NotFound
    return kind


def _lifetime() -> timedelta:
    seconds = _number("expires_in")
    if seconds is None:
        return timedelta(days=current_house().settings.DOWNLOAD_LINK_DAYS)
    return timedelta(seconds=min(seconds, 10**10))


def _number(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise InvalidField(f"{name} must be a whole number")
    return int(text)
