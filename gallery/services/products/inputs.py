"""The images of a product: how many, of which size, in which order, and which is primary."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.errors import FilesTooLarge, InvalidField, LastImage, NotFound
from gallery.imaging.convert import EXTENSIONS
from gallery.models import Image, Product
from gallery.services.identifiers import check_text, new_id
from gallery.services.ingest.rows import Slot, stored_values, write_row
from gallery.services.ingest.several import Inspected, Spooled
from gallery.services.products.states import check_changeable
from gallery.storage import StoredObject

MOST_IMAGES = 8
# Of all images of a product together, and so of any one of them.
MOST_BYTES = 50 * 1024 * 1024
SHORTEST_TEXT, LONGEST_TEXT = 10, 500


def check_prompt_text(text: str) -> str:
    """Return *text* without blanks around it, if a product can have it.

    Raises:
        InvalidField: not 10 to 500 characters, or no text.
    """
    # Forms send line breaks as two characters, which nobody typed.
    text = check_text("prompt_text", text.replace("\r\n", "\n").strip(), most=LONGEST_TEXT)
    if len(text) < SHORTEST_TEXT:
        raise InvalidField(
            f"prompt_text has {len(text)} characters; at least {SHORTEST_TEXT} are needed"
        )
    return text


def check_files(files: Sequence[Spooled], *, count: int = 0, size_bytes: int = 0) -> None:
    """Refuse files that are too many or too large, beside *count* images of *size_bytes*.

    Raises:
        InvalidField: none, or more than eight.
        FilesTooLarge: more than 50 MB together.
    """
    if not files:
        raise InvalidField("Send at least one file in the field images[]")
    if count + len(files) > MOST_IMAGES:
        there = f"; it has {count} already" if count else ""
        raise InvalidField(
            f"{len(files)} files were sent; a product has at most {MOST_IMAGES} images{there}"
        )
    check_size(size_bytes + sum(each.file.size_bytes for each in files))


def check_size(size_bytes: int) -> None:
    """Refuse files that are too large together; raises ``FilesTooLarge``."""
    if size_bytes > MOST_BYTES:
        raise FilesTooLarge(f"A product's files may have {MOST_BYTES:,} bytes (50 MB) together")


def images_of(session: Session, product_id: UUID) -> list[Image]:
    """Return a product's images in their order, to be changed."""
    query = select(Image).where(Image.product_id == product_id).order_by(Image.position)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def usage_of(session: Session, product_id: UUID) -> tuple[int, int]:
    """Return how many images a product has, and their bytes."""
    query = select(func.count(), func.sum(Image.size_bytes))
    count, size_bytes = session.execute(query.where(Image.product_id == product_id)).one()
    return count, size_bytes or 0


def image_keys(
    product_id: UUID, image_ids: Sequence[UUID], inspected: Sequence[Inspected]
) -> list[str]:
    """Return the keys of inputs; their ids never come back, so they never do."""
    return [
        f"products/{product_id}/{image_id}.{EXTENSIONS[each.format]}"
        for image_id, each in zip(image_ids, inspected, strict=True)
    ]


def add_rows(
    session: Session,
    product: Product,
    image_ids: Sequence[UUID],
    inspected: Sequence[Inspected],
    stored: Sequence[StoredObject],
    *,
    after: int,
    provider: str,
    now: datetime,
) -> None:
    """Write the rows of images that stand behind the first *after* ones.

    No prompt made them, so they have no prompt's hash, and the prompt cache
    never takes one of them for an answer.
    """
    for place, (image_id, each, kept) in enumerate(
        zip(image_ids, inspected, stored, strict=True), after + 1
    ):
        where = {
            "id": image_id,
            "kind": "product",
            "owner_id": product.owner_id,
            "visibility": "private",
            "product_id": product.id,
            "position": place,
        }
        told = {"prompt": product.prompt_text, "prompt_hash": "", "completed_at": now}
        values = told | stored_values(each, kept, provider)
        write_row(session, Slot(values=where), values, each, now)


def new_ids(count: int, now: datetime) -> list[UUID]:
    """Return ids that sort in the order in which they stand."""
    return sorted(new_id(now) for _ in range(count))


def leave_product(session: Session, image: Image, *, now: datetime) -> None:
    """Prepare a product for losing *image*: where that is primary, the next one will be.

    Raises:
        NotFound: somebody else removed it just now, or its product.
        LastImage: it has no other.
        ProductAtWork: somebody works on it.
    """
    product_id = image.product_id
    product = session.get(Product, product_id, with_for_update=True, populate_existing=True)
    # Read behind the lock: with PostgreSQL others may have waited for it, too.
    images = images_of(session, product.id) if product else []
    if product is None or image not in images:
        raise NotFound
    check_changeable(product.status)
    if len(images) == 1:
        raise LastImage("Delete the product, or add another image first")
    place = images.index(image)
    if product.primary_image_id == image.id:
        product.primary_image_id = (images[place + 1 :] or images)[0].id
    product.updated_at = now
    session.flush()


def close_up(session: Session, product_id: UUID) -> None:
    """Let the images of a product stand in places from 1 on again.

    One after another: two never stand in one place, not even for a moment.
    """
    for place, image in enumerate(images_of(session, product_id), 1):
        if image.position != place:
            image.position = place
            session.flush()
