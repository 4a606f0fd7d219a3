"""What images belong to: sessions, games with their rounds, stories."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base
from gallery.models.columns import PortableJSON


class Gallery(Base):
    """A session, a game or a story. ``slug`` is its name in addresses, one a kind."""

    __tablename__ = "galleries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200), default="")
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    visibility: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("kind", "slug"),
        CheckConstraint("kind IN ('session', 'game', 'story')", name="kind"),
        CheckConstraint("visibility IN ('public', 'unlisted', 'private')", name="visibility"),
        Index(None, "kind", "id"),
        Index(None, "owner_id", "kind", "id"),
    )


class Round(Base):
    """One round of a game, numbered from 1.

    ``players`` are those whose pictures are expected, as far as the host
    named them. While it ``is_hidden``, only its owner sees what is in it.
    """

    __tablename__ = "rounds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gallery_id: Mapped[UUID] = mapped_column(ForeignKey("galleries.id", ondelete="CASCADE"))
    number: Mapped[int]
    players: Mapped[list[str] | None] = mapped_column(PortableJSON)
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("gallery_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )
