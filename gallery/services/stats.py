"""Figures over the images that the asker finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, cast, func, select

from gallery.extensions import current_session
from gallery.models import Image, Sweep
from gallery.services.access import Viewer, finds
from gallery.services.retention import last_sweep

DAYS = 30
SOON = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Counts and bytes. ``days`` are the last thirty in UTC, oldest first."""

    days: Sequence[tuple[date, int]]
    total_images: int
    total_bytes: int
    by_kind: Sequence[tuple[str, int, int]]
    by_provider: Sequence[tuple[str, int, int]]
    kept: int
    expiring_soon: int
    cache_hits: int
    cost_saved: float
    last_sweep: Sweep | None

    @property
    def average_bytes(self) -> float:
        """Return the mean size of an image; 0 where there is none."""
        return self.total_bytes / self.total_images if self.total_images else 0.0

    @property
    def cache_hit_rate(self) -> float:
        """Return which share of the images cost nothing, from 0 to 1."""
        return self.cache_hits / self.total_images if self.total_images else 0.0


def gather_stats(*, viewer: Viewer, now: datetime, cost_per_image: float) -> Stats:
    """Return the figures over what *viewer* finds; the last sweep is told to admins alone."""
    total = _totals(viewer, now)
    return Stats(
        days=_days(viewer, now),
        total_images=total.images,
        total_bytes=total.bytes or 0,
        by_kind=_grouped(Image.kind, viewer),
        by_provider=_grouped(Image.storage_provider, viewer),
        kept=total.kept or 0,
        expiring_soon=total.expiring or 0,
        cache_hits=total.cached or 0,
        cost_saved=round((total.cached or 0) * cost_per_image, 2),
        last_sweep=last_sweep() if viewer.is_admin else None,
    )


def _totals(viewer: Viewer, now: datetime) -> Row[Any]:
    expiring = Image.is_kept.is_(False) & (Image.expires_at < now + SOON)
    query: Any = select(
        func.count().label("images"),
        func.sum(Image.size_bytes).label("bytes"),
        func.sum(cast(Image.is_kept, Integer)).label("kept"),
        func.sum(cast(expiring, Integer)).label("expiring"),
        func.sum(cast(Image.is_cached, Integer)).label("cached"),
    ).where(finds(viewer, Image), Image.status == "completed")
    totals: Row[Any] = current_session().execute(query).one()
    return totals


def _grouped(column: Any, viewer: Viewer) -> list[tuple[str, int, int]]:
    query = (
        select(column, func.count(), func.sum(Image.size_bytes))
        .where(finds(viewer, Image), Image.status == "completed")
        .group_by(column)
        .order_by(column)
    )
    return [(row[0], row[1], row[2] or 0) for row in current_session().execute(query)]


def _days(viewer: Viewer, now: datetime) -> list[tuple[date, int]]:
    first = now.date() - timedelta(days=DAYS - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=now.tzinfo)
    day = func.date(Image.created_at)
    query = (
        select(day, func.count())
        .where(finds(viewer, Image), Image.status == "completed", Image.created_at >= start)
        .group_by(day)
    )
    counted = {str(row[0]): row[1] for row in current_session().execute(query)}
    days = [first + timedelta(days=offset) for offset in range(DAYS)]
    return [(each, counted.get(each.isoformat(), 0)) for each in days]
