"""Remove rows of images, and after the commit their objects."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete
from sqlalchemy.orm import Session

from gallery.errors import StorageError, StorageUnavailable
from gallery.models import Image
from gallery.services import thumbnails
from gallery.storage import Storages

_MOST_FAILURES = 3
log = logging.getLogger(__name__)


def delete_rows(session: Session, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Delete the rows of images, and return what ``delete_objects`` needs of them."""
    deletion: Any = (
        delete(Image)
        .where(condition)
        .returning(Image.id, Image.size_bytes, Image.storage_provider, Image.storage_key)
        .execution_options(synchronize_session=False)
    )
    return session.execute(deletion).all()


def delete_objects(
    rows: Sequence[Row[Any]], storages: Storages, failures: Counter[str] | None = None
) -> list[str]:
    """Delete objects and their thumbnails; return what went wrong.

    A provider that fails several times in a row is asked no more, so that
    who waits for each answer in vain comes to an end. *failures* remembers
    that over several calls.
    """
    failures = Counter() if failures is None else failures
    errors: list[str] = []
    for row in rows:
        if row.storage_key is None:
            continue
        try:
            if failures[row.storage_provider] >= _MOST_FAILURES:
                raise StorageUnavailable(f"{row.storage_provider} does not answer")
            storage = storages.named(row.storage_provider)
            storage.delete(row.storage_key)
            thumbnails.forget(row.storage_key, storage=storage)
            failures.pop(row.storage_provider, None)
        except StorageError as error:
            failures[row.storage_provider] += 1
            log.warning("the object %s could not be deleted: %s", row.storage_key, error)
            errors.append(f"{row.storage_key}: {error}")
    return errors
