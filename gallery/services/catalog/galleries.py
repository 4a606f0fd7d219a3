"""Galleries: lists of them with a few pictures each, and one with all of its own."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from gallery.errors import NotFound
from gallery.extensions import current_session
from gallery.models import Gallery, Image, Round
from gallery.services.access import Viewer, finds, may_see
from gallery.services.catalog.images import image_rows, rows_of
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page

PREVIEWS = 5
# What one page shows of a single gallery or round; more than any game or story has.
MOST_IN_GALLERY = 1000
_TYPE_ORDER = {"main": 0, "infographic_1": 1, "infographic_2": 2, "lifestyle": 3, "comparison": 4}


@dataclass(frozen=True, kw_only=True)
class GalleryCard:
    """A gallery in a list: its name, and its first pictures."""

    kind: str
    slug: str
    title: str
    visibility: str
    created_at: datetime
    image_count: int
    round_count: int
    previews: Sequence[Row[Any]]


@dataclass(frozen=True, kw_only=True)
class RoundCard:
    """A round in a list of a game's rounds."""

    number: int
    created_at: datetime
    image_count: int
    previews: Sequence[Row[Any]]


@dataclass(frozen=True, kw_only=True)
class RoundListing:
    """A round with all its pictures, and the numbers of the rounds beside it."""

    game: Gallery
    number: int
    images: Sequence[Row[Any]]
    previous_number: int | None
    next_number: int | None


def list_galleries(
    kind: str, *, viewer: Viewer, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[GalleryCard]:
    """List the galleries of *kind* that *viewer* finds, newest first.

    Raises:
        InvalidCursor: the cursor did not come from a page.
    """
    query = select(*Gallery.__table__.columns).where(Gallery.kind == kind, finds(viewer, Gallery))
    page = read_page(query, Gallery.id, cursor=cursor, limit=limit)
    ids = [row.id for row in page.items]
    previews = _previews(Image.gallery_id, ids)
    images = _counts(Image.gallery_id, ids)
    rounds = _counts(Round.gallery_id, ids) if kind == "game" else {}
    cards = [
        GalleryCard(
            kind=row.kind,
            slug=row.slug,
            title=row.title,
            visibility=row.visibility,
            created_at=row.created_at,
            image_count=images.get(row.id, 0),
            round_count=rounds.get(row.id, 0),
            previews=previews[row.id],
        )
        for row in page.items
    ]
    return Page(items=cards, next_cursor=page.next_cursor)


def show_gallery(kind: str, slug: str, *, viewer: Viewer) -> Gallery:
    """Return one gallery.

    Raises:
        NotFound: it isn't there, or isn't *viewer*'s to see.
    """
    return _one(viewer, Gallery.kind == kind, Gallery.slug == slug)


def show_gallery_by_id(gallery_id: UUID | None, *, viewer: Viewer) -> Gallery:
    """Return one gallery by its id; raises ``NotFound`` as ``show_gallery`` does."""
    return _one(viewer, Gallery.id == gallery_id)


def gallery_images(gallery: Gallery) -> Sequence[Row[Any]]:
    """Return the images of a gallery in the order in which one looks at them."""
    query = image_rows().where(Image.gallery_id == gallery.id).limit(MOST_IN_GALLERY)
    if gallery.kind == "story":
        return rows_of(query.order_by(Image.page_number, Image.id))
    rows = rows_of(query.order_by(Image.id))
    if gallery.kind == "session":
        return sorted(rows, key=lambda row: _TYPE_ORDER.get(row.image_type, len(_TYPE_ORDER)))
    return sorted(rows, key=lambda row: row.round_number or 0)


def list_rounds(game: Gallery) -> list[RoundCard]:
    """Return the rounds of a game in their order."""
    rounds = current_session().scalars(
        select(Round).where(Round.gallery_id == game.id).order_by(Round.number)
    )
    by_id = {round_.id: round_ for round_ in rounds}
    previews = _previews(Image.round_id, list(by_id))
    counts = _counts(Image.round_id, list(by_id))
    return [
        RoundCard(
            number=round_.number,
            created_at=round_.created_at,
            image_count=counts.get(round_.id, 0),
            previews=previews[round_.id],
        )
        for round_ in by_id.values()
    ]


def show_round(code: str, number: int, *, viewer: Viewer) -> RoundListing:
    """Return a round of a game with its pictures, in the order in which they came.

    Raises:
        NotFound: it isn't there, or isn't *viewer*'s to see.
    """
    game = show_gallery("game", code, viewer=viewer)
    session = current_session()
    own = Round.gallery_id == game.id
    round_id = session.scalar(select(Round.id).where(own, Round.number == number))
    if round_id is None:
        raise NotFound
    query = image_rows().where(Image.round_id == round_id).order_by(Image.id)
    return RoundListing(
        game=game,
        number=number,
        images=rows_of(query.limit(MOST_IN_GALLERY)),
        previous_number=session.scalar(
            select(func.max(Round.number)).where(own, Round.number < number)
        ),
        next_number=session.scalar(
            select(func.min(Round.number)).where(own, Round.number > number)
        ),
    )


def _one(viewer: Viewer, *conditions: ColumnElement[bool]) -> Gallery:
    query = select(Gallery).where(*conditions, may_see(viewer, Gallery))
    gallery = current_session().scalars(query).first()
    if gallery is None:
        raise NotFound
    return gallery


def _previews(column: Any, ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Return the first few images of each gallery or round, in one query."""
    place = func.row_number().over(partition_by=column, order_by=Image.id).label("place")
    ranked = select(Image.id, place).where(column.in_(ids), Image.status == "completed").subquery()
    query = (
        image_rows()
        .join(ranked, ranked.c.id == Image.id)
        .where(ranked.c.place <= PREVIEWS)
        .order_by(Image.id)
    )
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows_of(query):
        found[getattr(row, column.key)].append(row)
    return found


def _counts(column: Any, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many rows belong to each of *ids*: of one page's galleries, never of all."""
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return {row[0]: row[1] for row in current_session().execute(query)}
