"""What ran by itself, and what it did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base
from gallery.models.columns import PortableJSON


class JobRun(Base):
    """A slot of a job: the instant it was due at, and the worker's that inserted it first.

    One that was claimed long ago and never finished had a worker that died.
    """

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(String(50), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    claimed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Sweep(Base):
    """One sweep: why it ran, what it removed, and what went wrong.

    ``stopped_at`` is how many images it was about to remove, where that was so
    large a share of all that it removed none.
    """

    __tablename__ = "sweeps"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    rule: Mapped[dict[str, Any]] = mapped_column(PortableJSON)
    deleted: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    errors: Mapped[int] = mapped_column(default=0)
    stopped_at: Mapped[int | None]

    __table_args__ = (Index(None, "started_at"),)
