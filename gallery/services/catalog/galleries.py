"""Galleries: lists of them with a few pictures each, and one with all of its own."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    String,
    Uuid,
    bindparam,
    cast,
    func,
    not_,
    select,
    type_coerce,
)

from gallery.errors import NotFound
from gallery.extensions import current_session
from gallery.models import Gallery, Image, Round
from gallery.services.access import Viewer, finds, may_see, may_write, sees
from gallery.services.catalog.images import (
    IS_AWAITED,
    TYPE_ORDER,
    all_image_rows,
    image_rows,
    rows_of,
)
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page

PREVIEWS = 5
# What one page shows of a single gallery or round; more than any game or story has.
MOST_IN_GALLERY = 1000
# Built once: to put a query together costs more than to run it.
_ROUND_IMAGES = (
    all_image_rows()
    .where(Image.round_id == bindparam("wanted"))
    .order_by(Image.id)
    .limit(MOST_IN_GALLERY)
)
_ROUND_OF_GAME: Any = (
    select(
        *Gallery.__table__.columns,
        Round.id.label("round_id"),
        Round.is_hidden.label("is_hidden_round"),
        # As text: what was read of a round is to be a key, and a list can't be.
        cast(Round.players, String).label("players"),
    )
    .join(Round, Round.gallery_id == Gallery.id)
    .where(
        Gallery.kind == "game",
        Gallery.slug == bindparam("code"),
        Round.number == bindparam("number"),
    )
)
# Each column costs its conversion, fifty times an answer.
_ROUND_BRIEFLY: Any = (
    select(
        type_coerce(Image.id, Uuid(as_uuid=False)).label("id"),
        Image.kind,
        bindparam("code", type_=String).label("gallery_slug"),
        bindparam("number", type_=Integer).label("round_number"),
        Image.player,
        Image.submission_id,
        Image.completed_sentence,
        Image.prompt,
        Image.sha256,
        Image.storage_provider,
        Image.storage_key,
        Image.visibility,
        type_coerce(Image.is_hidden, Integer).label("is_hidden"),
        Image.width,
        Image.height,
        Image.placeholder,
        Image.style,
        Image.service,
        Image.status,
        Image.failure,
        IS_AWAITED,
        Image.is_cached,
        Image.is_kept,
        # Without the zone, which is UTC in any case.
        type_coerce(Image.generated_at, DateTime).label("generated_at"),
        type_coerce(Image.expires_at, DateTime).label("expires_at"),
    )
    .where(Image.round_id == bindparam("wanted"))
    .order_by(Image.id)
    .limit(MOST_IN_GALLERY)
)
_PLAYERS_OF_ROUND = (
    select(Image.player).where(Image.round_id == bindparam("wanted")).limit(MOST_IN_GALLERY)
)


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
    is_hidden: bool
    created_at: datetime
    image_count: int
    previews: Sequence[Row[Any]]


@dataclass(frozen=True, kw_only=True)
class RoundListing:
    """A round with all its images, whether their pictures are there or still to come.

    ``game`` is its gallery's row; ``expected`` are players of whom nothing
    came yet. Where the round is hidden from who asks, there are neither,
    and ``hidden_count`` tells how many there would be. As read by
    ``list_round`` it can be a key: it holds values alone.
    """

    game: Row[Any]
    number: int
    images: tuple[Row[Any], ...] = ()
    expected: tuple[str, ...] = ()
    hidden_count: int = 0

    @property
    def is_hidden(self) -> bool:
        """Tell whether only the owner sees what is in it."""
        return bool(self.game.is_hidden_round)

    @property
    def pictures(self) -> list[Row[Any]]:
        """The images whose pictures are there."""
        return [image for image in self.images if image.status == "completed"]


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
    previews = _previews(Image.gallery_id, ids, viewer)
    images = _counts(Image.gallery_id, ids, *_seen_pictures(viewer))
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
    """Return the pictures of a gallery in the order in which one looks at them.

    Those of rounds that are hidden until their reveal are left out, for
    everybody.
    """
    of_gallery = (Image.gallery_id == gallery.id, not_(Image.is_hidden))
    query = image_rows().where(*of_gallery).limit(MOST_IN_GALLERY)
    if gallery.kind == "story":
        return rows_of(query.order_by(Image.page_number, Image.id))
    rows = rows_of(query.order_by(Image.id))
    if gallery.kind == "session":
        return sorted(rows, key=lambda row: TYPE_ORDER.get(row.image_type, len(TYPE_ORDER)))
    return sorted(rows, key=lambda row: row.round_number or 0)


def first_illustration(gallery_id: UUID) -> Row[Any] | None:
    """Return the picture on a story's first page."""
    query = image_rows().where(Image.gallery_id == gallery_id)
    return current_session().execute(query.order_by(Image.page_number, Image.id).limit(1)).first()


def unfinished_images(gallery: Gallery) -> Sequence[Row[Any]]:
    """Return the images of a gallery whose pictures are still to come, or failed."""
    query = all_image_rows().where(Image.gallery_id == gallery.id, Image.status != "completed")
    return rows_of(query.order_by(Image.id).limit(MOST_IN_GALLERY))


def list_rounds(game: Gallery, *, viewer: Viewer) -> list[RoundCard]:
    """Return the rounds of a game in their order, with the pictures that *viewer* sees."""
    rounds = current_session().scalars(
        select(Round).where(Round.gallery_id == game.id).order_by(Round.number)
    )
    by_id = {round_.id: round_ for round_ in rounds}
    previews = _previews(Image.round_id, list(by_id), viewer)
    counts = _counts(Image.round_id, list(by_id), *_seen_pictures(viewer))
    return [
        RoundCard(
            number=round_.number,
            is_hidden=round_.is_hidden,
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
    return _listed_round(_ROUND_IMAGES, code, number, viewer)


def list_round(code: str, number: int, *, viewer: Viewer) -> RoundListing:
    """Return what a front end needs of a round: ``show_round`` with fewer columns."""
    return _listed_round(_ROUND_BRIEFLY, code, number, viewer)


def neighbouring_rounds(game: Row[Any], number: int) -> tuple[int | None, int | None]:
    """Return the numbers of the rounds before and after."""
    own = Round.gallery_id == game.id
    before = select(func.max(Round.number)).where(own, Round.number < number)
    after = select(func.min(Round.number)).where(own, Round.number > number)
    session = current_session()
    return session.scalar(before), session.scalar(after)


def _listed_round(query: Select[Any], code: str, number: int, viewer: Viewer) -> RoundListing:
    # Straight to the connection: rows need nothing of what the session adds.
    connection = current_session().connection()
    game = connection.execute(_ROUND_OF_GAME, {"code": code, "number": number}).first()
    if game is None or not sees(viewer, game):
        raise NotFound
    wanted = {"wanted": game.round_id, "code": code, "number": number}
    expected = dict.fromkeys(json.loads(game.players or "null") or ())
    if game.is_hidden_round and not may_write(viewer, game.owner_id):
        there = connection.execute(_PLAYERS_OF_ROUND, wanted).scalars()
        return RoundListing(game=game, number=number, hidden_count=len({*there, *expected}))
    rows = connection.execute(query, wanted).all()
    for row in rows:
        expected.pop(row.player, None)
    return RoundListing(game=game, number=number, images=tuple(rows), expected=tuple(expected))


def _one(viewer: Viewer, *conditions: ColumnElement[bool]) -> Gallery:
    query = select(Gallery).where(*conditions, may_see(viewer, Gallery))
    gallery = current_session().scalars(query).first()
    if gallery is None:
        raise NotFound
    return gallery


def _seen_pictures(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    return Image.status == "completed", may_see(viewer, Image)


def _previews(column: Any, ids: Sequence[UUID], viewer: Viewer) -> dict[UUID, list[Row[Any]]]:
    """Return the first few pictures of each gallery or round, in one query."""
    place = func.row_number().over(partition_by=column, order_by=Image.id).label("place")
    ranked = select(Image.id, place).where(column.in_(ids), *_seen_pictures(viewer)).subquery()
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


def _counts(column: Any, ids: Sequence[UUID], *conditions: ColumnElement[bool]) -> dict[UUID, int]:
    """Return how many rows belong to each of *ids*: of one page's galleries, never of all."""
    query = select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
    return {row[0]: row[1] for row in current_session().execute(query)}
