"""Which storages belong to this database."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base


class StorageMark(Base):
    """The mark that a provider's storage carries, so that another is not taken for it.

    It is written into the storage only after it stands here, and
    ``confirmed_at`` is when it was seen there: without that, whoever was to
    write it may have died of it.
    """

    __tablename__ = "storage_marks"

    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
