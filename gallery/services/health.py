"""Find out whether the parts that Gallery stands on work right now."""

import io
import logging
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import StorageError
from gallery.extensions import current_session
from gallery.models import User
from gallery.storage import Storages

log = logging.getLogger(__name__)


def check_database() -> bool:
    """Tell whether the database answers, and has its tables."""
    session = current_session()
    file = session.get_bind().engine.url.database or ""
    if session.get_bind().dialect.name == "sqlite" and not Path(file).exists():
        # A connection that is open still reads and writes a file that nobody will find again.
        log.error("the database file %s is gone", file)
        return False
    try:
        session.execute(select(User.id).limit(1))
    except SQLAlchemyError as error:
        log.error("the database is not ready: %s", error)
        return False
    return True


def check_storage(storages: Storages) -> bool:
    """Tell whether the storage takes, gives and drops an object."""
    key = f"health/{uuid4().hex}"
    try:
        storages.default.put(key, io.BytesIO(b"ready?"))
        storages.default.delete(key)
    except StorageError as error:
        log.error("the storage is not ready: %s", error)
        return False
    return True
