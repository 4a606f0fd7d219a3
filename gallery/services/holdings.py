"""What the storages hold, as the rows tell: by provider and kind, and against the quota."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, case, cast, func, select

from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.services.access import Viewer
from gallery.services.catalog import MOST_LIMIT, ImageFilter, list_images
from gallery.services.retention import SWEPT_KINDS


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The images of one kind at one provider.

    ``kept`` of them stay for good. ``copies`` came out of the prompt cache;
    on a local disk ``copied_bytes`` took no room of their own, since a copy
    is a link there for as long as it isn't moved.
    """

    provider: str
    kind: str
    images: int
    bytes: int
    kept: int
    copies: int
    copied_bytes: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """All of them, ordered by provider and kind."""

    each: Sequence[Holding]

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(holding.images for holding in self.each)

    @property
    def bytes(self) -> int:
        """How many bytes they have."""
        return sum(holding.bytes for holding in self.each)

    @property
    def counted_bytes(self) -> int:
        """How many of them count for ``MAX_STORAGE_BYTES``: all but those of products."""
        return sum(holding.bytes for holding in self.each if holding.kind in SWEPT_KINDS)


def gather_holdings() -> Holdings:
    """Return what all storages hold, whoever's it is."""
    copied_bytes = case((Image.is_cached, Image.size_bytes), else_=0)
    query = (
        select(
            Image.storage_provider.label("provider"),
            Image.kind,
            func.count().label("images"),
            func.sum(Image.size_bytes).label("bytes"),
            func.sum(cast(Image.is_kept, Integer)).label("kept"),
            func.sum(cast(Image.is_cached, Integer)).label("copies"),
            func.sum(copied_bytes).label("copied_bytes"),
            func.min(Image.created_at).label("oldest"),
            func.max(Image.created_at).label("newest"),
        )
        .where(Image.storage_key.is_not(None))
        .group_by(Image.storage_provider, Image.kind)
        .order_by(Image.storage_provider, Image.kind)
    )
    rows = current_session().execute(query)
    # PostgreSQL sums whole numbers to decimal ones.
    counts = ("images", "bytes", "kept", "copies", "copied_bytes")
    return Holdings(
        each=[
            Holding(**{**row._mapping, **{name: int(row._mapping[name]) for name in counts}})
            for row in rows
        ]
    )


def walk_images(
    *, viewer: Viewer, only: ImageFilter, limit: int = MOST_LIMIT
) -> Iterator[Row[Any]]:
    """Yield every image that *viewer* finds, newest first, holding *limit* at a time."""
    cursor: str | None = None
    while True:
        page = list_images(viewer=viewer, only=only, cursor=cursor, limit=limit)
        end_reading()
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
