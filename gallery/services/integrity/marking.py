"""Note in an image's row what is wrong with its object, and take the note off again."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, update

from gallery.extensions import writing
from gallery.models import Image
from gallery.services.integrity.batches import batches


def mark_faults(faults: Mapping[Row[Any], str], *, now: datetime) -> list[str]:
    """Mark images whose objects are at fault; return the keys of those that weren't yet.

    An image that has another object by now is left alone.
    """
    news = {row: fault for row, fault in faults.items() if row.fault != fault}
    return _change({row: {"fault": fault, "fault_found_at": now} for row, fault in news.items()})


def unmark(rows: Iterable[Row[Any]]) -> list[str]:
    """Take the marks off images whose objects are whole; return the keys of those that had one."""
    return _change({row: {"fault": None, "fault_found_at": None} for row in rows if row.fault})


def _change(changes: Mapping[Row[Any], dict[str, Any]]) -> list[str]:
    changed: list[str] = []
    for rows in batches(changes):
        with writing() as session:
            changed.extend(
                row.storage_key
                for row in rows
                if session.scalar(_changed(row, **changes[row])) is not None
            )
    return changed


def _changed(row: Row[Any], **values: Any) -> Any:
    """Return the change of the image's row, unless its object is no longer that of *row*."""
    return (
        update(Image)
        .where(
            Image.id == row.id,
            Image.storage_provider == row.storage_provider,
            Image.storage_key == row.storage_key,
            Image.sha256 == row.sha256,
        )
        .values(**values)
        .returning(Image.id)
        .execution_options(synchronize_session=False)
    )
