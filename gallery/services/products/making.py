"""Make products of files that arrived, add to them, change them, delete them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.errors import InvalidField, NotFound
from gallery.extensions import current_session, writing
from gallery.metrics import refusals
from gallery.models import Image, Product
from gallery.services.access import Viewer, check_is_there, require_owner, require_user
from gallery.services.identifiers import new_id
from gallery.services.ingest.rows import write_search
from gallery.services.ingest.several import Spooled, inspect_all, keep_several
from gallery.services.ingest.told import Intake
from gallery.services.products.inputs import (
    MOST_BYTES,
    add_rows,
    check_files,
    check_prompt_text,
    close_up,
    image_keys,
    images_of,
    leave_product,
    new_ids,
    usage_of,
)
from gallery.services.products.moving import remember_move
from gallery.services.products.states import FIRST, check_changeable
from gallery.services.removal import delete_objects, delete_rows
from gallery.storage import Storages, StoredObject


@refusals("product")
def create_product(
    prompt_text: str,
    files: Sequence[Spooled],
    *,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
    primary: int = 0,
) -> Product:
    """Make a product of *files*, in their order; *primary* is the place of the main one, from 0.

    All or nothing: no row and no object is left where any of it fails. It is
    ``uploading`` until whoever works on it moves it on.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidField: the text, the number of files or *primary* is out of bounds.
        FilesTooLarge: more than 50 MB together.
        FilesRejected: some files are not taken; it tells which, and why.
        StorageError: nothing was kept.
    """
    owner_id = require_user(viewer)
    prompt_text = check_prompt_text(prompt_text)
    check_files(files)
    if not 0 <= primary < len(files):
        raise InvalidField(f"primary must be from 0 to {len(files) - 1}")
    inspected = inspect_all(files, most_bytes=MOST_BYTES)
    image_ids = new_ids(len(files), now)
    product = _new_product(prompt_text, owner_id, primary=image_ids[primary], now=now)

    def write(session: Session, stored: Sequence[StoredObject]) -> Product:
        # The files took their time; whoever sends them may be gone by now.
        check_is_there(session, owner_id)
        session.add(product)
        session.flush()
        remember_move(session, product.id, None, FIRST, actor_id=owner_id, at=now)
        add_rows(
            session, product, image_ids, inspected, stored,
            after=0, provider=intake.storage.name, now=now,
        )  # fmt: skip
        return product

    keys = image_keys(product.id, image_ids, inspected)
    return keep_several(inspected, keys, write, intake=intake)


def _new_product(prompt_text: str, owner_id: UUID, *, primary: UUID, now: datetime) -> Product:
    return Product(
        id=new_id(now),
        owner_id=owner_id,
        prompt_text=prompt_text,
        status=FIRST,
        primary_image_id=primary,
        created_at=now,
        updated_at=now,
    )


@refusals("product")
def add_product_images(
    product_id: UUID,
    files: Sequence[Spooled],
    *,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
) -> Product:
    """Add *files* behind the images that a product has; all of them, or none.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        ProductAtWork: somebody works on it.
        InvalidField, FilesTooLarge: too many with those that it has.
        FilesRejected, StorageError: as for ``create_product``.
    """
    session = current_session()
    product = require_owner(viewer, session.get(Product, product_id, populate_existing=True))
    check_changeable(product.status)
    count, size_bytes = usage_of(session, product_id)
    check_files(files, count=count, size_bytes=size_bytes)
    inspected = inspect_all(files, most_bytes=MOST_BYTES)
    image_ids = new_ids(len(files), now)

    def write(session: Session, stored: Sequence[StoredObject]) -> Product:
        # Others may have added or moved it meanwhile.
        found = changeable(session, product_id, viewer)
        count, size_bytes = usage_of(session, product_id)
        check_files(files, count=count, size_bytes=size_bytes)
        add_rows(
            session, found, image_ids, inspected, stored,
            after=count, provider=intake.storage.name, now=now,
        )  # fmt: skip
        found.updated_at = now
        return found

    keys = image_keys(product_id, image_ids, inspected)
    return keep_several(inspected, keys, write, intake=intake)


def edit_product(product_id: UUID, *, prompt_text: str, viewer: Viewer, now: datetime) -> Product:
    """Change a product's text, and with it the words that its images are found by.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: not 10 to 500 characters.
        ProductAtWork: somebody works on it.
    """
    with writing() as session:
        product = changeable(session, product_id, viewer)
        product.prompt_text = check_prompt_text(prompt_text)
        product.updated_at = now
        for image in images_of(session, product_id):
            image.prompt = product.prompt_text
            write_search(session, image)
    return product


def choose_primary(product_id: UUID, image_id: UUID, *, viewer: Viewer, now: datetime) -> Product:
    """Make one of a product's images the primary one.

    Raises:
        SignInRequired, NotFound: not the owner's doing, or no image of this product.
        ProductAtWork: somebody works on it.
    """
    with writing() as session:
        product = changeable(session, product_id, viewer)
        _image_of(session, product_id, image_id)
        product.primary_image_id = image_id
        product.updated_at = now
    return product


def remove_product_image(
    product_id: UUID, image_id: UUID, *, viewer: Viewer, storages: Storages, now: datetime
) -> None:
    """Remove one of a product's images; where it was primary, the next one is.

    Raises:
        SignInRequired, NotFound: not the owner's doing, or no image of this product.
        LastImage: it has no other.
        ProductAtWork: somebody works on it.
    """
    with writing() as session:
        changeable(session, product_id, viewer)
        leave_product(session, _image_of(session, product_id, image_id), now=now)
        removed = delete_rows(session, Image.id == image_id)
        close_up(session, product_id)
    delete_objects(removed, storages)


def delete_product(product_id: UUID, *, viewer: Viewer, storages: Storages) -> None:
    """Delete a product with its images, their objects and links, in whatever state it is.

    Who owns pictures may always take them away. Whoever works on the product
    is told with their next move: it isn't there any more.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
    """
    with writing() as session:
        product = locked(session, product_id, viewer)
        removed = delete_rows(session, Image.product_id == product_id)
        session.delete(product)
    delete_objects(removed, storages)


def locked(session: Session, product_id: UUID, viewer: Viewer) -> Product:
    """Return a product that nobody else changes before this transaction is over.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
    """
    found = session.get(Product, product_id, with_for_update=True, populate_existing=True)
    return require_owner(viewer, found)


def changeable(session: Session, product_id: UUID, viewer: Viewer) -> Product:
    """Return a product to be changed; raises as ``locked`` does, and ``ProductAtWork``."""
    product = locked(session, product_id, viewer)
    check_changeable(product.status)
    return product


def _image_of(session: Session, product_id: UUID, image_id: UUID) -> Image:
    image = session.scalar(
        select(Image).where(Image.id == image_id, Image.product_id == product_id)
    )
    if image is None:
        raise NotFound
    return image
