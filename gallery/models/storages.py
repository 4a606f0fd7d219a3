"""Which storages belong to this database."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from gallery.extensions import Base


class StorageMark(Base):
    """The mark that a provider's storage carries, so that another is not taken for it.

    It is written into the storage only after it stands here. Until it
    ``is_confirmed``, whoever was to write it may have died before.
    """

    __tablename__ = "storage_marks"

    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    is_confirmed: Mapped[bool] = mapped_column(default=False)
