"""Images: one, its neighbours, and lists of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, case, exists, func, not_, select

from gallery.errors import NotFound
from gallery.extensions import current_session
from gallery.models import EmbeddedText, Gallery, GenerationRequest, Image, Round
from gallery.services.access import Viewer, finds, may_see, sees
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page
from gallery.services.identifiers import first_id

FACETS_OF = 1000
# The order in which a session's images hang.
TYPE_ORDER = {"main": 0, "infographic_1": 1, "infographic_2": 2, "lifestyle": 3, "comparison": 4}
COLUMNS = (
    *Image.__table__.columns,
    Gallery.kind.label("gallery_kind"),
    Gallery.slug.label("gallery_slug"),
    Gallery.title.label("gallery_title"),
    Round.number.label("round_number"),
)


@dataclass(frozen=True, kw_only=True)
class ImageFilter:
    """What a list of images may be narrowed to; ``made_from`` and ``made_to`` are half-open.

    ``was_made`` leaves out the inputs of products, which nobody generated.
    """

    kind: str | None = None
    model: str | None = None
    category: str | None = None
    provider: str | None = None
    made_from: datetime | None = None
    made_to: datetime | None = None
    was_made: bool = False


def image_rows() -> Select[Any]:
    """Select images with the names of what they belong to; only those with a picture."""
    return all_image_rows().where(Image.status == "completed")


# Whether another picture is on its way; where one hangs already, it hangs until then.
IS_AWAITED = (
    exists().where(GenerationRequest.image_id == Image.id).correlate(Image).label("is_awaited")
)


def all_image_rows() -> Select[Any]:
    """Select images with the names of what they belong to, whether their pictures are there."""
    return (
        select(*COLUMNS)
        .outerjoin(Gallery, Image.gallery_id == Gallery.id)
        .outerjoin(Round, Image.round_id == Round.id)
    )


def list_images(
    *,
    viewer: Viewer,
    only: ImageFilter | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Row[Any]]:
    """List the images that *viewer* finds, newest first.

    Raises:
        InvalidCursor: the cursor did not come from a page.
    """
    query = narrowed(image_rows().where(finds(viewer, Image)), only or ImageFilter())
    return read_page(query, Image.id, cursor=cursor, limit=limit)


def narrowed(query: Select[Any], only: ImageFilter) -> Select[Any]:
    """Apply the filter to a query over images."""
    exact = {
        Image.kind: only.kind,
        Image.model: only.model,
        Image.category: only.category,
        Image.storage_provider: only.provider,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if only.was_made:
        query = query.where(Image.kind != "product")
    # Ids tell when they were made, and are what lists are ordered by: the times themselves would
    # be looked up in another index, and all that lie between them sorted.
    if only.made_from:
        query = query.where(Image.id >= first_id(only.made_from))
    if only.made_to:
        query = query.where(Image.id < first_id(only.made_to))
    return query


def facets(column: str, *, viewer: Viewer, kind: str) -> list[str]:
    """Return the values that *column* (``model``, ``category``) has among what *viewer* finds.

    Of the newest thousand images only: a list of filters must not cost a walk
    through all there are.
    """
    attribute = getattr(Image, column)
    newest = (
        select(attribute.label("value"))
        .where(finds(viewer, Image), Image.kind == kind)
        .order_by(Image.id.desc())
        .limit(FACETS_OF)
        .subquery()
    )
    query = select(newest.c.value).where(newest.c.value.is_not(None)).distinct()
    return sorted(current_session().scalars(query))


def show_image(image_id: UUID, *, viewer: Viewer) -> Row[Any]:
    """Return one image, whether its picture is there or still to come.

    Raises:
        NotFound: it isn't there, or isn't *viewer*'s to see.
    """
    return _seen(_by_id(), {"image_id": image_id}, viewer)


def show_picture(image_id: UUID, *, viewer: Viewer) -> Row[Any]:
    """Return one image whose picture is there; raises ``NotFound`` as ``show_image`` does."""
    image = show_image(image_id, viewer=viewer)
    if image.status != "completed":
        raise NotFound
    return image


def show_shared_image(image_id: UUID, *, gallery: Gallery) -> Row[Any]:
    """Return an image of a gallery whose share link was followed; raises ``NotFound``."""
    query = image_rows().where(
        Image.id == image_id, Image.gallery_id == gallery.id, not_(Image.is_hidden)
    )
    row = current_session().execute(query).first()
    if row is None:
        raise NotFound
    return row


def show_image_by_key(key: str, *, viewer: Viewer) -> Row[Any]:
    """Return the image whose object is stored at *key*; raises ``NotFound``."""
    return _one(image_rows().where(Image.storage_key == key), viewer)


def show_handed_out(key: str) -> Row[Any]:
    """Return the image whose object lies at *key*, for who proved to know it.

    Wherever it lies: it may have moved on since its address was handed out.

    Raises:
        NotFound: it isn't there.
    """
    row = current_session().execute(image_rows().where(Image.storage_key == key)).first()
    if row is None:
        raise NotFound
    return row


def show_session_image(session_id: str, image_type: str, *, viewer: Viewer) -> Row[Any]:
    """Return a session's image of one type; raises ``NotFound``."""
    query = image_rows().where(
        Gallery.kind == "session", Gallery.slug == session_id, Image.image_type == image_type
    )
    return _one(query, viewer)


def show_round_image(code: str, number: int, player: str, *, viewer: Viewer) -> Row[Any]:
    """Return a player's image of a round; raises ``NotFound``."""
    query = image_rows().where(
        Gallery.kind == "game",
        Gallery.slug == code,
        Round.number == number,
        Image.player == player,
    )
    return _one(query, viewer)


def show_embedded(image_id: UUID) -> EmbeddedText | None:
    """Return what the generator wrote into the file; for who may see the image."""
    return current_session().get(EmbeddedText, image_id)


def neighbours(image: Row[Any], *, viewer: Viewer) -> tuple[UUID | None, UUID | None]:
    """Return the ids before and after *image* where it hangs: its round, gallery or list."""
    query = select(Image.id).where(may_see(viewer, Image), Image.status == "completed")
    if image.round_id:
        query = query.where(Image.round_id == image.round_id)
    elif image.gallery_id:
        return _beside(image, query.where(Image.gallery_id == image.gallery_id))
    elif image.product_id:
        return _beside(image, query.where(Image.product_id == image.product_id))
    else:
        query = query.where(finds(viewer, Image), Image.kind == image.kind)
    session = current_session()
    before = session.scalar(query.where(Image.id < image.id).order_by(Image.id.desc()).limit(1))
    after = session.scalar(query.where(Image.id > image.id).order_by(Image.id).limit(1))
    return (before, after) if image.gallery_id else (after, before)


def _beside(image: Row[Any], query: Select[Any]) -> tuple[UUID | None, UUID | None]:
    """Return the ids before and after where pictures don't hang by their ids."""
    other = func.coalesce(Image.page_number, Image.position)
    place = case(TYPE_ORDER, value=Image.image_type, else_=other)
    hung = list(current_session().scalars(query.order_by(place, Image.id)))
    if image.id not in hung:
        return None, None
    here = hung.index(image.id)
    return (hung[here - 1] if here else None), (hung[here + 1] if hung[here + 1 :] else None)


def list_story_files(
    *, viewer: Viewer, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Row[Any]]:
    """List the saved illustrations of the stories that *viewer* finds, newest first."""
    return list_images(viewer=viewer, only=ImageFilter(kind="story"), cursor=cursor, limit=limit)


def rows_of(query: Select[Any]) -> Sequence[Row[Any]]:
    """Run a query over images to its end."""
    return current_session().execute(query).all()


@lru_cache(maxsize=1)
def _by_id() -> Any:
    """Return the query for one image; to put it together costs more than to run it."""
    rows = all_image_rows().add_columns(IS_AWAITED)
    return rows.where(Image.id == bindparam("image_id"))


def _seen(query: Select[Any], wanted: dict[str, Any], viewer: Viewer) -> Row[Any]:
    row = current_session().connection().execute(query, wanted).first()
    if row is None or not sees(viewer, row):
        raise NotFound
    return row


def _one(query: Select[Any], viewer: Viewer) -> Row[Any]:
    row = current_session().execute(query.where(may_see(viewer, Image))).first()
    if row is None:
        raise NotFound
    return row
