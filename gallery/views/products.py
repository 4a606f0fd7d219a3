"""The pages of products: what a seller sent, how far it has come, and the forms to change it.

All of it belongs to somebody. A visitor is asked to sign in where a list of
theirs would be, and finds nothing elsewhere. A form that is refused is shown
again with what was typed, and each complaint beside the field it is about.
"""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from gallery.errors import GalleryError, NotFound, SignInRequired
from gallery.extensions import csrf, current_house
from gallery.schemas.addresses import product_path
from gallery.services import catalog, products
from gallery.services.access import require_user
from gallery.views.auth import current_viewer, protect_upload
from gallery.views.complaints import NOTHING_WRONG, Complaints, complaints_about
from gallery.views.spooling import arriving_files, takes_files
from gallery.views.words import sign_in_url

PER_PAGE = 24
bp = Blueprint("product_pages", __name__, url_prefix="/products")
Answer = Response | tuple[str, int]


@bp.get("/")
def index() -> str | Response:
    """List the products of who is signed in; an admin's list has everybody's."""
    if not current_viewer().is_signed_in:
        return redirect(sign_in_url())
    status = request.args.get("status") or None
    page = catalog.list_products(
        viewer=current_viewer(),
        status=status,
        cursor=request.args.get("cursor"),
        limit=PER_PAGE,
    )
    return render_template(
        "products/list.html",
        products=page.items,
        current=status,
        statuses=products.STATUSES,
        next_url=_next_url(page.next_cursor, status),
    )


@bp.get("/new")
def new() -> str | Response:
    """Show the form for a new product."""
    if not current_viewer().is_signed_in:
        return redirect(sign_in_url())
    return _form(NOTHING_WRONG)


@bp.post("/")
@csrf.exempt
@takes_files
def create() -> Answer:
    """Keep a new product, or show its form again with what is wrong."""
    house, typed = current_house(), ""
    try:
        protect_upload()
        typed = request.form.get("prompt_text", "")
        product = products.create_product(
            typed,
            arriving_files(),
            primary=_place(request.form.get("primary")),
            viewer=current_viewer(),
            intake=house.intake,
            now=house.now(),
        )
    except (GalleryError, RequestEntityTooLarge) as error:
        wrong = complaints_about(error)
        return _form(wrong, typed), wrong.status
    return redirect(product_path(product.id), code=303)


@bp.get("/<uuid:product_id>")
def show(product_id: UUID) -> str:
    """Show one product, its photos and its way."""
    return _page(product_id, NOTHING_WRONG)


@bp.post("/<uuid:product_id>/images")
@csrf.exempt
@takes_files
def add_images(product_id: UUID) -> Answer:
    """Add photos to a product."""
    house, viewer = current_house(), current_viewer()
    # Who may do this can be told before the photos are read.
    require_user(viewer)
    catalog.show_product(product_id, viewer=viewer)

    def add() -> None:
        protect_upload()
        products.add_product_images(
            product_id, arriving_files(), viewer=viewer, intake=house.intake, now=house.now()
        )

    return _done(product_id, add)


@bp.post("/<uuid:product_id>/images/<uuid:image_id>/delete")
def remove_image(product_id: UUID, image_id: UUID) -> Answer:
    """Remove one of a product's photos."""
    house = current_house()
    return _done(
        product_id,
        lambda: products.remove_product_image(
            product_id,
            image_id,
            viewer=current_viewer(),
            storages=house.storages,
            now=house.now(),
        ),
        told="The photo is removed.",
    )


@bp.post("/<uuid:product_id>/primary")
def choose_primary(product_id: UUID) -> Answer:
    """Make another photo the main one."""
    image_id = _id(request.form.get("image_id"))
    return _done(
        product_id,
        lambda: products.choose_primary(
            product_id, image_id, viewer=current_viewer(), now=current_house().now()
        ),
        told="This is the main photo now.",
    )


@bp.post("/<uuid:product_id>/status")
def move(product_id: UUID) -> Answer:
    """Move a product on."""
    return _done(
        product_id,
        lambda: products.move_product(
            product_id,
            request.form.get("status", ""),
            error=request.form.get("error"),
            viewer=current_viewer(),
            now=current_house().now(),
        ),
    )


@bp.post("/<uuid:product_id>/text")
def edit(product_id: UUID) -> Answer:
    """Change a product's text."""
    typed = request.form.get("prompt_text", "")
    return _done(
        product_id,
        lambda: products.edit_product(
            product_id, prompt_text=typed, viewer=current_viewer(), now=current_house().now()
        ),
        told="The text is saved.",
        typed=typed,
    )


@bp.post("/<uuid:product_id>/delete")
def delete(product_id: UUID) -> Response:
    """Delete a product and all its photos."""
    storages = current_house().storages
    products.delete_product(product_id, viewer=current_viewer(), storages=storages)
    flash("The product and its photos are deleted.")
    return redirect("/products/", code=303)


def _done(
    product_id: UUID, change: Callable[[], object], *, told: str = "", typed: str | None = None
) -> Answer:
    """Make a change and go back to the product; what is refused is told on its page."""
    try:
        change()
    except (NotFound, SignInRequired):
        raise
    except (GalleryError, RequestEntityTooLarge) as error:
        wrong = complaints_about(error)
        return _page(product_id, wrong, typed=typed), wrong.status
    if told:
        flash(told)
    return redirect(product_path(product_id), code=303)


def _form(wrong: Complaints, typed: str = "") -> str:
    limits = _limits(products.MOST_IMAGES, products.MOST_BYTES)
    return render_template("products/new.html", errors=wrong, text=typed, limits=limits)


def _page(product_id: UUID, wrong: Complaints, *, typed: str | None = None) -> str:
    shown = catalog.show_product(product_id, viewer=current_viewer())
    left = products.MOST_BYTES - sum(image.size_bytes for image in shown.images)
    return render_template(
        "products/show.html",
        product=shown.product,
        url=product_path(product_id),
        images=shown.images,
        primary=shown.primary,
        moves=shown.moves,
        next_statuses=shown.next_statuses,
        is_changeable=shown.is_changeable,
        errors=wrong,
        text=shown.product.prompt_text if typed is None else typed,
        limits=_limits(products.MOST_IMAGES - len(shown.images), left),
    )


def _limits(photos: int, size_bytes: int) -> dict[str, int]:
    return {
        "photos": photos,
        "bytes": size_bytes,
        "least_text": products.SHORTEST_TEXT,
        "most_text": products.LONGEST_TEXT,
    }


def _place(text: str | None) -> int:
    """Return the place of the photo that was chosen; the first, where none was."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise NotFound from None


def _next_url(cursor: str | None, status: str | None) -> str | None:
    if cursor is None:
        return None
    query = {"status": status} if status else {}
    return f"/products/?{urlencode(query | {'cursor': cursor})}"
