"""People, where they are signed in, and the keys of their programs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base


class User(Base):
    """Somebody who owns galleries. ``email`` is stored in lower case."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class APIKey(Base):
    """A program's key, which acts as its owner; only the secret's SHA-256 is kept."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class LoginSession(Base):
    """One sign-in, of a browser or a program, until it ends.

    ``secret_sha256`` finds it: of what a browser's cookie carries, or of what
    all refresh tokens of a program have in common. ``refresh_sha256`` is of
    what only the newest of them has. ``network`` is where it was signed in
    from, as limits count addresses; ``last_used_at`` is a few minutes coarse.
    """

    __tablename__ = "login_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(7))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    refresh_sha256: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(200))
    network: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('browser', 'program')", name="kind"),
        CheckConstraint(
            "(kind = 'program') = (refresh_sha256 IS NOT NULL)", name="programs_refresh"
        ),
        Index(None, "user_id", "id"),
    )
