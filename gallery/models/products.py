"""Products: what a seller uploaded, and every step on its way to being published."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base


class Product(Base):
    """A text and one to eight images, one of them primary; nobody's but its owner's.

    The primary image is a column, so there is exactly one; its foreign key
    holds both ids, so it is one of this product's. The two tables refer to
    each other, which is why that key is looked at only when a transaction
    ends. The rules of its status are in ``services/products/states.py``.
    """

    __tablename__ = "products"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    prompt_text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    primary_image_id: Mapped[UUID]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    processing_started_at: Mapped[datetime | None]
    processing_completed_at: Mapped[datetime | None]
    processing_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "primary_image_id"],
            ["images.product_id", "images.id"],
            name="fk_products_primary_image_id_images",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        CheckConstraint("length(prompt_text) BETWEEN 10 AND 500", name="prompt_text"),
        CheckConstraint(
            "status IN ('uploading', 'processing', 'ready', 'publishing', 'published', 'failed')",
            name="status",
        ),
        CheckConstraint("status != 'failed' OR processing_error IS NOT NULL", name="failed_why"),
        Index(None, "owner_id", "id"),
    )


class ProductMove(Base):
    """One step of a product from a status to another: when, and by whom.

    Numbered from 1; the first has no status before it. ``actor_id`` is empty
    once that user is gone; ``note`` is why it failed.
    """

    __tablename__ = "product_moves"

    product_id: Mapped[UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)
