"""Keyset pages: a cursor names the last row of a page, and the next begins after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select
from sqlalchemy.orm import InstrumentedAttribute

from gallery.errors import InvalidCursor
from gallery.extensions import current_session

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Some items, and the cursor of those that follow; None at the end."""

    items: Sequence[T]
    next_cursor: str | None


def read_page(
    query: Select[Any], by: InstrumentedAttribute[UUID], *, cursor: str | None, limit: int
) -> Page[Row[Any]]:
    """Run *query*, newest first, from *cursor* on.

    Raises:
        InvalidCursor: the cursor did not come from a page.
    """
    if cursor:
        query = query.where(by < _decode(cursor))
    # One row more than asked tells whether there is a next page, without counting.
    rows = current_session().execute(query.order_by(by.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    following = shown[-1].id.hex if len(rows) > limit else None
    return Page(items=shown, next_cursor=following)


def _decode(cursor: str) -> UUID:
    try:
        return UUID(hex=cursor)
    except ValueError:
        raise InvalidCursor("Take the cursor from `next` of the page before") from None
