"""The ledger of signed links."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base


class Link(Base):
    """One signed link, or the standing one that a gallery's listing signs downloads with.

    A ``download`` link of an image names it; the standing link of a gallery
    or a product names only that. A ``share`` link opens a whole gallery.
    """

    __tablename__ = "links"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    is_standing: Mapped[bool] = mapped_column(default=False)
    image_id: Mapped[UUID | None] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    gallery_id: Mapped[UUID | None] = mapped_column(ForeignKey("galleries.id", ondelete="CASCADE"))
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(String(16), default="original")
    disposition: Mapped[str] = mapped_column(String(16), default="attachment")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    max_downloads: Mapped[int | None]
    downloads: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('download', 'share')", name="purpose"),
        CheckConstraint(
            "image_id IS NOT NULL OR gallery_id IS NOT NULL OR product_id IS NOT NULL",
            name="target",
        ),
        Index(None, "image_id", "is_standing", "expires_at"),
        Index(None, "gallery_id", "is_standing", "expires_at"),
        Index(None, "product_id", "is_standing", "expires_at"),
        Index(None, "owner_id", "id"),
    )
