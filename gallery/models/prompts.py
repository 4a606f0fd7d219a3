"""The prompt cache, and the pictures that somebody waits for."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base
from gallery.models.columns import PortableJSON


class PromptEntry(Base):
    """What one owner has of one prompt: its picture, or the lease to make it.

    Each owner has an entry of their own, so that nobody learns from the
    cache what somebody else keeps to themselves. The picture may be another
    owner's as long as everybody may see it.
    """

    __tablename__ = "prompt_entries"

    owner_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    prompt_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    prompt: Mapped[str] = mapped_column(Text)
    image_id: Mapped[UUID | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    hits: Mapped[int] = mapped_column(default=0)
    last_hit_at: Mapped[datetime | None]
    saved_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    lease_id: Mapped[UUID | None]
    lease_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index(None, "prompt_hash"),
        # The database looks here for each image that is deleted.
        Index(None, "image_id"),
        Index(None, "hits"),
    )


class PromptDay(Base):
    """What one day brought for one prompt: pictures that were paid for, and those that weren't.

    Those that hung for everybody to find are counted apart, since nobody
    else is to hear of the others.
    """

    __tablename__ = "prompt_days"

    owner_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    prompt_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_public: Mapped[bool] = mapped_column(primary_key=True)
    originals: Mapped[int] = mapped_column(default=0)
    hits: Mapped[int] = mapped_column(default=0)
    saved_micros: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (Index(None, "day"),)


class GenerationRequest(Base):
    """An image that waits for its picture, and what is wanted.

    It outlives the process: whoever finds it with nobody at work on its
    prompt begins anew, ``attempts`` times at most.
    """

    __tablename__ = "generation_requests"

    image_id: Mapped[UUID] = mapped_column(
        ForeignKey("images.id", ondelete="CASCADE"), primary_key=True
    )
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    prompt_hash: Mapped[str] = mapped_column(String(64))
    wish: Mapped[dict[str, Any]] = mapped_column(PortableJSON)
    attempts: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[datetime]

    __table_args__ = (Index(None, "owner_id", "prompt_hash"), Index(None, "requested_at"))
