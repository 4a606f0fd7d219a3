"""One image is one row and one stored object.

The row of an image is kept narrow, since lists read many of them: what
the generator wrote into the file lies in ``EmbeddedText``, and what the
search looks through in ``SearchDocument``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base
from gallery.models.columns import PortableJSON


class Image(Base):
    """An image of any kind. Ids grow with time, so lists are ordered by them.

    ``visibility`` and ``owner_id`` repeat those of the gallery, and
    ``is_hidden`` that of the round, so that a list of images needs no join to
    know what its asker may see; whoever changes the gallery's or the round's
    changes both in one transaction. ``failure`` is why the last generation
    came to nothing, in words for people; ``cost_micros`` what the picture
    cost, in millionths of the currency, where its generator told. An image
    of a product has a ``position`` from 1 to 8 in it, of its own. ``fault`` is
    what the storage check found wrong with the object, until it is whole again.
    """

    __tablename__ = "images"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    visibility: Mapped[str] = mapped_column(String(16))
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())

    gallery_id: Mapped[UUID | None] = mapped_column(ForeignKey("galleries.id", ondelete="CASCADE"))
    image_type: Mapped[str | None] = mapped_column(String(32))
    round_id: Mapped[UUID | None] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    player: Mapped[str | None] = mapped_column(String(64))
    submission_id: Mapped[str | None] = mapped_column(String(128))
    completed_sentence: Mapped[str | None] = mapped_column(Text)
    cards: Mapped[list[str] | None] = mapped_column(PortableJSON)
    page_number: Mapped[int | None]
    is_character_referenced: Mapped[bool] = mapped_column(default=False)
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    position: Mapped[int | None]

    prompt: Mapped[str] = mapped_column(Text, default="")
    negative_prompt: Mapped[str | None] = mapped_column(Text)
    prompt_hash: Mapped[str] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(100))
    service: Mapped[str | None] = mapped_column(String(100))
    style: Mapped[str | None] = mapped_column(String(100))
    category: Mapped[str | None] = mapped_column(String(100))
    parameters: Mapped[dict[str, Any] | None] = mapped_column(PortableJSON)

    storage_provider: Mapped[str | None] = mapped_column(String(32))
    storage_key: Mapped[str | None] = mapped_column(String(512))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int | None]
    format: Mapped[str | None] = mapped_column(String(8))
    width: Mapped[int | None]
    height: Mapped[int | None]
    placeholder: Mapped[str | None] = mapped_column(String(64))

    fault: Mapped[str | None] = mapped_column(String(16))
    fault_found_at: Mapped[datetime | None]

    status: Mapped[str] = mapped_column(String(16))
    failure: Mapped[str | None] = mapped_column(Text)
    cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    is_cached: Mapped[bool] = mapped_column(default=False)
    is_kept: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    generated_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("storage_provider", "storage_key"),
        UniqueConstraint("gallery_id", "image_type"),
        UniqueConstraint("round_id", "player"),
        UniqueConstraint("product_id", "id"),
        UniqueConstraint("product_id", "position"),
        CheckConstraint(
            "kind IN ('session', 'round', 'story', 'generation', 'product')", name="kind"
        ),
        CheckConstraint("(kind = 'product') = (product_id IS NOT NULL)", name="product"),
        CheckConstraint(
            "CASE WHEN product_id IS NULL THEN position IS NULL"
            " ELSE coalesce(position, 0) BETWEEN 1 AND 8 END",
            name="position",
        ),
        # What a seller uploads is private, whole, and no larger than what is taken.
        CheckConstraint(
            "product_id IS NULL OR (visibility = 'private' AND status = 'completed'"
            " AND coalesce(size_bytes, 0) BETWEEN 1 AND 52428800"
            " AND coalesce(width, 0) >= 1 AND coalesce(height, 0) >= 1"
            " AND CAST(width AS BIGINT) * height <= 50000000)",
            name="product_input",
        ),
        CheckConstraint("visibility IN ('public', 'unlisted', 'private')", name="visibility"),
        CheckConstraint("fault IN ('missing', 'damaged', 'wrong_size')", name="fault"),
        CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed')", name="status"
        ),
        CheckConstraint(
            "status != 'completed' OR (storage_key IS NOT NULL AND sha256 IS NOT NULL"
            " AND size_bytes > 0 AND width > 0 AND height > 0)",
            name="completed_has_object",
        ),
        Index(None, "gallery_id", "id"),
        Index(None, "kind", "id"),
        Index(None, "owner_id", "id"),
        Index(None, "visibility", "id"),
        Index(None, "model", "id"),
        Index(None, "category", "id"),
        Index(None, "storage_provider", "id"),
        Index(None, "storage_key"),
        Index(None, "prompt_hash"),
        Index(None, "is_kept", "expires_at"),
        Index(None, "created_at"),
    )


class EmbeddedText(Base):
    """What a generator wrote into the file: ``read`` normalised, ``raw`` as found."""

    __tablename__ = "embedded_texts"

    image_id: Mapped[UUID] = mapped_column(
        ForeignKey("images.id", ondelete="CASCADE"), primary_key=True
    )
    read: Mapped[dict[str, Any]] = mapped_column(PortableJSON)
    raw: Mapped[dict[str, str]] = mapped_column(PortableJSON)


class SearchDocument(Base):
    """The words by which an image is found.

    An integer key of its own, since a full-text index of SQLite refers to
    rows by number. Triggers (see the migrations) keep the index in step.
    """

    __tablename__ = "search_documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[UUID] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), unique=True)
    body: Mapped[str] = mapped_column(Text)


class KeyVersion(Base):
    """How often a key was used: ``main.png`` at 2 means that ``main.v2.png`` was the last.

    It outlives the images, since a key that was freed must not come back
    with another picture: caches and backups go by the key.
    """

    __tablename__ = "key_versions"

    base_key: Mapped[str] = mapped_column(String(512), primary_key=True)
    version: Mapped[int]
