"""Products: one with its images and its history, and lists of them; nobody's but the owner's."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, true

from gallery.errors import NotFound
from gallery.extensions import current_session
from gallery.models import Image, Product, ProductMove, User
from gallery.services.access import Viewer, require_user
from gallery.services.catalog.images import image_rows, rows_of
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page
from gallery.services.products.states import AT_WORK, MOVES, check_status

# Each time anew somebody must have changed it just between two queries.
MOST_READS = 5


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """A product with all that belongs to it: ``images`` in their order, ``moves`` the oldest first.

    A move's row has ``number``, ``from_status``, ``to_status``, ``at``,
    ``note``, ``actor_id`` and ``actor_name``.
    """

    product: Row[Any]
    images: Sequence[Row[Any]]
    moves: Sequence[Row[Any]]

    @property
    def primary(self) -> Row[Any]:
        """The primary image."""
        return next(each for each in self.images if each.id == self.product.primary_image_id)

    @property
    def next_statuses(self) -> tuple[str, ...]:
        """Where it may go from here."""
        return MOVES[self.product.status]

    @property
    def is_changeable(self) -> bool:
        """Tell whether its images and its text may be changed now."""
        return self.product.status not in AT_WORK


@dataclass(frozen=True, kw_only=True)
class ProductCard:
    """A product in a list, with its images in their order."""

    id: UUID
    owner_id: UUID
    status: str
    prompt_text: str
    created_at: datetime
    updated_at: datetime
    processing_started_at: datetime | None
    processing_completed_at: datetime | None
    processing_error: str | None
    primary_image_id: UUID
    images: Sequence[Row[Any]]

    @property
    def primary(self) -> Row[Any]:
        """The primary image."""
        return next(each for each in self.images if each.id == self.primary_image_id)

    @property
    def image_count(self) -> int:
        """How many images it has."""
        return len(self.images)


def show_product(product_id: UUID, *, viewer: Viewer) -> ProductPage:
    """Return one product with its images and its moves.

    Raises:
        NotFound: it isn't there, or isn't *viewer*'s.
    """
    session = current_session()
    query = select(*Product.__table__.columns).where(Product.id == product_id, _is_of(viewer))
    product, images = _settled(query)
    moves: Any = (
        select(*ProductMove.__table__.columns, User.name.label("actor_name"))
        .outerjoin(User, User.id == ProductMove.actor_id)
        .where(ProductMove.product_id == product_id)
        .order_by(ProductMove.number)
    )
    return ProductPage(product=product, images=images, moves=session.execute(moves).all())


def list_products(
    *,
    viewer: Viewer,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[ProductCard]:
    """List *viewer*'s products, newest first; an admin's list has everybody's.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidField: there is no such status.
        InvalidCursor: the cursor did not come from a page.
    """
    require_user(viewer)
    query = select(*Product.__table__.columns).where(_is_of(viewer))
    if status is not None:
        query = query.where(Product.status == check_status(status))
    page = read_page(query, Product.id, cursor=cursor, limit=limit)
    images = _images([row.id for row in page.items])
    cards = [
        ProductCard(images=images[row.id], **row._mapping)
        for row in page.items
        if _has_primary(row, images[row.id])
    ]
    return Page(items=cards, next_cursor=page.next_cursor)


def _settled(query: Select[Any]) -> tuple[Row[Any], list[Row[Any]]]:
    """Return the product that *query* finds, and its images, from one moment.

    With PostgreSQL each query sees what is there when it begins: between two
    of them the primary image may have gone.

    Raises:
        NotFound: it finds none.
    """
    for _attempt in range(MOST_READS):
        product = current_session().execute(query).first()
        if product is None:
            break
        images = _images([product.id])[product.id]
        if _has_primary(product, images):
            return product, images
    raise NotFound


def _has_primary(product: Row[Any], images: Sequence[Row[Any]]) -> bool:
    return any(image.id == product.primary_image_id for image in images)


def _is_of(viewer: Viewer) -> ColumnElement[bool]:
    """Products that *viewer* may see: those of their own, or all."""
    return true() if viewer.is_admin else Product.owner_id == viewer.user_id


def _images(product_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Return the images of each product in their order, in one query."""
    query = image_rows().where(Image.product_id.in_(product_ids))
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows_of(query.order_by(Image.product_id, Image.position)):
        found[row.product_id].append(row)
    return found
