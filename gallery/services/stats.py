"""Figures over the images that the asker finds, and what the prompt cache saved on them.

Everything is counted in one read transaction from rows that change in the
transaction of what they count: so the figures agree with each other,
whoever writes meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, and_, case, cast, exists, func, select, true
from sqlalchemy.orm import aliased

from gallery.extensions import current_session, read_one_moment
from gallery.models import Image, PromptDay, PromptEntry, Sweep
from gallery.services.access import Viewer, finds
from gallery.services.retention import last_sweep

DAYS = 30
SOON = timedelta(days=7)
MOST_PROMPTS = 10


@dataclass(frozen=True, kw_only=True)
class Day:
    """What one day (UTC) brought.

    ``images`` came and are still there, ``cached`` of them out of the prompt
    cache; ``hits`` were counted that day and ``originals`` paid for, whether
    they are still there or not. ``saved`` is in your currency.
    """

    day: date
    images: int = 0
    cached: int = 0
    bytes: int = 0
    originals: int = 0
    hits: int = 0
    saved: float = 0.0

    @property
    def average_bytes(self) -> float:
        """The mean size of that day's images; 0 where there is none."""
        return self.bytes / self.images if self.images else 0.0

    @property
    def hit_rate(self) -> float:
        """Which share of what was asked for cost nothing, from 0 to 1."""
        return _rate(self.hits, self.originals)


@dataclass(frozen=True, kw_only=True)
class ReusedPrompt:
    """A prompt that was asked for more than once; ``image_id`` is its picture, if it is there."""

    prompt: str
    hits: int
    saved: float
    last_hit_on: date
    image_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Counts and bytes. ``days`` are the last thirty in UTC, oldest first."""

    days: Sequence[Day]
    total_images: int
    total_bytes: int
    by_kind: Sequence[tuple[str, int, int]]
    by_provider: Sequence[tuple[str, int, int]]
    kept: int
    expiring_soon: int
    originals: int
    cache_hits: int
    cost_saved: float
    most_reused: Sequence[ReusedPrompt]
    last_sweep: Sweep | None

    @property
    def average_bytes(self) -> float:
        """Return the mean size of an image; 0 where there is none."""
        return self.total_bytes / self.total_images if self.total_images else 0.0

    @property
    def cache_hit_rate(self) -> float:
        """Return which share of what was asked for cost nothing, from 0 to 1."""
        return _rate(self.cache_hits, self.originals)


def gather_stats(*, viewer: Viewer, now: datetime) -> Stats:
    """Return the figures over what *viewer* finds; the last sweep is told to admins alone."""
    read_one_moment()
    total, cache = _totals(viewer, now), _cache_totals(viewer)
    return Stats(
        days=_days(viewer, now),
        total_images=total.images,
        total_bytes=total.bytes or 0,
        by_kind=_grouped(Image.kind, viewer),
        by_provider=_grouped(Image.storage_provider, viewer),
        kept=total.kept or 0,
        expiring_soon=total.expiring or 0,
        originals=cache.originals or 0,
        cache_hits=cache.hits or 0,
        cost_saved=_money(cache.saved),
        most_reused=_most_reused(viewer),
        last_sweep=last_sweep() if viewer.is_admin else None,
    )


def _rate(hits: int, originals: int) -> float:
    return hits / (hits + originals) if hits else 0.0


def _money(micros: int | None) -> float:
    # PostgreSQL adds large numbers up to a decimal, which JSON doesn't have.
    return round(int(micros or 0) / 1_000_000, 4)


def _totals(viewer: Viewer, now: datetime) -> Row[Any]:
    expiring = Image.is_kept.is_(False) & (Image.expires_at < now + SOON)
    query: Any = select(
        func.count().label("images"),
        func.sum(Image.size_bytes).label("bytes"),
        func.sum(cast(Image.is_kept, Integer)).label("kept"),
        func.sum(cast(expiring, Integer)).label("expiring"),
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


def _days(viewer: Viewer, now: datetime) -> list[Day]:
    first = now.date() - timedelta(days=DAYS - 1)
    images, cache = _images_by_day(viewer, first, now), _cache_by_day(viewer, first)
    days = [first + timedelta(days=offset) for offset in range(DAYS)]
    return [Day(day=day, **images.get(day, {}), **cache.get(day, {})) for day in days]


def _images_by_day(viewer: Viewer, first: date, now: datetime) -> dict[date, dict[str, Any]]:
    start = datetime(first.year, first.month, first.day, tzinfo=now.tzinfo)
    day = func.date(Image.created_at)
    query = (
        select(
            day,
            func.count().label("images"),
            func.sum(cast(Image.is_cached, Integer)).label("cached"),
            func.sum(Image.size_bytes).label("bytes"),
        )
        .where(finds(viewer, Image), Image.status == "completed", Image.created_at >= start)
        .group_by(day)
    )
    return {
        date.fromisoformat(str(row[0])): {
            "images": row.images,
            "cached": row.cached,
            "bytes": row.bytes or 0,
        }
        for row in current_session().execute(query)
    }


def _cache_by_day(viewer: Viewer, first: date) -> dict[date, dict[str, Any]]:
    query = (
        select(
            PromptDay.day,
            func.sum(PromptDay.originals).label("originals"),
            func.sum(PromptDay.hits).label("hits"),
            func.sum(PromptDay.saved_micros).label("saved"),
        )
        .where(PromptDay.day >= first, _told(viewer))
        .group_by(PromptDay.day)
    )
    return {
        row.day: {"originals": row.originals, "hits": row.hits, "saved": _money(row.saved)}
        for row in current_session().execute(query)
    }


def _cache_totals(viewer: Viewer) -> Any:
    query = select(
        func.sum(PromptDay.originals).label("originals"),
        func.sum(PromptDay.hits).label("hits"),
        func.sum(PromptDay.saved_micros).label("saved"),
    ).where(_told(viewer))
    return current_session().execute(query).one()


def _most_reused(viewer: Viewer) -> list[ReusedPrompt]:
    shown = case((finds(viewer, Image), Image.id))
    hits = func.sum(PromptDay.hits).label("hits")
    query = (
        select(
            PromptEntry.prompt,
            hits,
            func.sum(PromptDay.saved_micros).label("saved"),
            func.max(case((PromptDay.hits > 0, PromptDay.day))).label("last_hit_on"),
            shown.label("image_id"),
        )
        .join(
            PromptEntry,
            and_(
                PromptEntry.owner_id == PromptDay.owner_id,
                PromptEntry.prompt_hash == PromptDay.prompt_hash,
            ),
        )
        .outerjoin(Image, and_(Image.id == PromptEntry.image_id, Image.status == "completed"))
        .where(_told(viewer))
        .group_by(PromptEntry.owner_id, PromptEntry.prompt_hash, PromptEntry.prompt, shown)
        .having(hits > 0)
        .order_by(hits.desc(), PromptEntry.prompt_hash)
        .limit(MOST_PROMPTS)
    )
    return [
        ReusedPrompt(
            prompt=row.prompt,
            hits=row.hits,
            saved=_money(row.saved),
            last_hit_on=row.last_hit_on,
            image_id=row.image_id,
        )
        for row in current_session().execute(query)
    ]


def _told(viewer: Viewer) -> ColumnElement[bool]:
    """Days of the prompt cache that *viewer* may hear of.

    Their own; and of others what hung where everybody finds it, as long as
    the prompt's picture is one that the viewer finds: what somebody keeps to
    themselves is not counted to others.
    """
    if viewer.is_admin:
        return true()
    entry = PromptEntry.__table__.alias("entry_of_picture")
    picture = aliased(Image)
    is_found = exists().where(
        entry.c.owner_id == PromptDay.owner_id,
        entry.c.prompt_hash == PromptDay.prompt_hash,
        picture.id == entry.c.image_id,
        picture.prompt_hash == entry.c.prompt_hash,
        picture.status == "completed",
        finds(viewer, picture),
    )
    others = and_(PromptDay.is_public, is_found)
    if viewer.user_id is None:
        return others
    return case((PromptDay.owner_id == viewer.user_id, True), else_=others)
