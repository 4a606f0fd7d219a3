"""Forget images whose keeping time is over, and keep those that are to stay.

Rows go first and objects after the commit: a crash may leave a stray
object but never a page without its picture. What is doomed is decided by
one query, which the dry run reads and each batch deletes by, in the same
transaction: an image that was kept or replaced a moment ago is safe.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
)

from gallery import metrics
from gallery.errors import SweepStopped
from gallery.extensions import current_session, writing
from gallery.models import Gallery, Image, Round, Sweep, User
from gallery.services.access import Viewer, require_owner
from gallery.services.belonging import require_all_belong
from gallery.services.identifiers import check_text, new_id
from gallery.services.ingest import SHORTEST_SESSION, write_search
from gallery.services.products.inputs import close_up, leave_product
from gallery.services.prompt_cache import forget_prompts
from gallery.services.removal import delete_objects, delete_rows
from gallery.storage import Storages

# What may expire; the inputs of a product stay until somebody deletes them.
SWEPT_KINDS = ("session", "round", "story", "generation")
BATCH = 500
# Of so few images all may go at once: any of them is a large share.
FEW = 100
# Unlinking waits for the disk; four at once are half as fast again as one.
_DELETERS = 4
# A replaced image keeps its row, and is as old as its newest picture.
_saved_at = func.coalesce(Image.completed_at, Image.created_at)
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SweepRule:
    """What a sweep removes besides expired images; all of it only where given.

    ``older_than``: images made before. ``keep_count``: all but the newest so
    many. ``most_bytes``: the oldest, until no more than this is stored.
    ``kind`` narrows the whole sweep. Kept images, sessions under seven days,
    and what belongs to a product are never removed.
    """

    kind: str | None = None
    older_than: datetime | None = None
    keep_count: int | None = None
    most_bytes: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what was given, for the record of the sweep."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if self.older_than:
            given["older_than"] = self.older_than.isoformat()
        return given


@dataclass(kw_only=True)
class SweepResult:
    """What a sweep removed, or would remove: ids, their bytes, and the errors it met."""

    deleted: list[UUID] = field(default_factory=list)
    bytes: int = 0
    errors: list[str] = field(default_factory=list)


def expire_images(
    *,
    storages: Storages,
    now: datetime,
    rule: SweepRule | None = None,
    most_share: float = 1.0,
    batch: int = BATCH,
    tell: Callable[[int], object] = lambda _deleted: None,
) -> SweepResult:
    """Remove all images that *rule* dooms, batch by batch; *tell* hears how many went so far.

    Safe to run again after a crash, and twice at once. An object that can't
    be deleted is logged and left for the storage check.

    Raises:
        SweepStopped: that is more than *most_share* of all images, of which there are not
            only a few; nothing was removed.
        StorageNotOurs: a storage isn't the one of this database; nothing was removed.
    """
    with metrics.sweep():
        require_all_belong(storages)
        _require_share(rule or SweepRule(), most_share, now)
        result = _sweep(rule or SweepRule(), storages, now, batch, tell)
    metrics.SWEPT_IMAGES.inc(len(result.deleted))
    metrics.SWEPT_BYTES.inc(result.bytes)
    metrics.SWEEP_ERRORS.inc(len(result.errors))
    log.info(
        "sweep removed %d images, %d bytes, %d errors",
        len(result.deleted),
        result.bytes,
        len(result.errors),
    )
    return result


def _sweep(
    rule: SweepRule, storages: Storages, now: datetime, batch: int, tell: Callable[[int], object]
) -> SweepResult:
    result = SweepResult()
    sweep_id = _begin_record(rule, now)
    # While one batch's objects are unlinked, the next batch's rows are deleted.
    with ThreadPoolExecutor(_DELETERS) as pool:
        unlinked: list[Future[list[str]]] = []
        failures: Counter[str] = Counter()
        while removed := _remove_batch(rule, now, batch):
            result.deleted.extend(row.id for row in removed)
            result.bytes += sum(row.size_bytes or 0 for row in removed)
            tell(len(result.deleted))
            parts = (removed[part::_DELETERS] for part in range(_DELETERS))
            unlinked.extend(pool.submit(delete_objects, part, storages, failures) for part in parts)
        for errors in unlinked:
            result.errors.extend(errors.result())
    if rule.kind is None:
        _remove_empty_galleries(now)
        forget_prompts(now=now)
    _end_record(sweep_id, result, now)
    return result


def doomed_images(*, now: datetime, rule: SweepRule | None = None) -> SweepResult:
    """Return exactly what ``expire_images`` would remove now, and remove nothing."""
    query = select(Image.id, Image.size_bytes).where(
        Image.id.in_(_doomed(rule or SweepRule(), now))
    )
    rows = current_session().execute(query.order_by(Image.id)).all()
    return SweepResult(
        deleted=[row.id for row in rows], bytes=sum(row.size_bytes or 0 for row in rows)
    )


def too_much(doomed: int, *, most_share: float) -> SweepStopped | None:
    """Return why a sweep of so many *doomed* images would stop, or None if it wouldn't."""
    images = current_session().scalar(select(func.count()).select_from(Image)) or 0
    is_too_much = images > FEW and doomed > most_share * images
    return SweepStopped(doomed=doomed, images=images) if is_too_much else None


def change_image(image_id: UUID, changes: Mapping[str, Any], *, viewer: Viewer) -> None:
    """Change an image: ``keep`` it for good or let its time run again; its ``category``.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: the category is too long.
    """
    with writing() as session:
        found = session.get(Image, image_id, with_for_update=True, populate_existing=True)
        image = require_owner(viewer, found)
        if "keep" in changes:
            image.is_kept = bool(changes["keep"])
        if "category" in changes:
            image.category = check_text("category", changes["category"] or "", most=100) or None
            write_search(session, image)


def delete_image(image_id: UUID, *, viewer: Viewer, storages: Storages, now: datetime) -> None:
    """Delete an image at once, with its thumbnails and links.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        LastImage, ProductAtWork: its product can't do without it, now or at all.
    """
    with writing() as session:
        image = require_owner(viewer, session.get(Image, image_id, populate_existing=True))
        if image.product_id:
            leave_product(session, image, now=now)
        removed = delete_rows(session, Image.id == image_id)
        if image.product_id:
            close_up(session, image.product_id)
    delete_objects(removed, storages)


def delete_owner(user_id: UUID, *, storages: Storages) -> None:
    """Delete a user with all that is theirs, at once; for ``accounts.delete_user``.

    Raises:
        StorageNotOurs: their pictures would stay, for nobody to find.
    """
    require_all_belong(storages)
    with writing() as session:
        # First of all: what they are sending just now waits, and then finds nobody.
        session.get(User, user_id, with_for_update=True, populate_existing=True)
        removed = delete_rows(session, Image.owner_id == user_id)
        session.execute(
            delete(User).where(User.id == user_id).execution_options(synchronize_session=False)
        )
    delete_objects(removed, storages)


def last_sweep() -> Sweep | None:
    """Return the record of the newest finished sweep; one that stopped has done nothing."""
    return current_session().scalar(
        select(Sweep)
        .where(Sweep.finished_at.is_not(None), Sweep.stopped_at.is_(None))
        .order_by(Sweep.started_at.desc())
        .limit(1)
    )


def _doomed(rule: SweepRule, now: datetime) -> Select[Any]:
    """Select the ids of all images that *rule* removes.

    The rules go one after another, each over what the ones before leave:
    so it makes no difference how many go at once, and in which order.
    """
    may_go = and_(_sweepable(now), Image.kind == rule.kind if rule.kind else true())
    over = and_(Image.expires_at.is_not(None), Image.expires_at <= now)
    if rule.older_than:
        over = or_(over, _saved_at < rule.older_than)
    doomed = and_(may_go, over)
    if rule.keep_count is not None:
        surplus = Image.id.in_(_surplus(rule.keep_count, rule.kind, staying=not_(doomed)))
        doomed = or_(doomed, and_(may_go, surplus))
    if rule.most_bytes is None:
        return select(Image.id).where(doomed).order_by(Image.id)
    too_much = Image.id.in_(_over_quota(rule.most_bytes, may_go=may_go, staying=not_(doomed)))
    return select(Image.id).where(or_(doomed, too_much)).order_by(Image.id)


def _sweepable(now: datetime) -> ColumnElement[bool]:
    young = and_(Image.kind == "session", _saved_at > now - SHORTEST_SESSION)
    return and_(Image.is_kept.is_(False), not_(young), Image.kind.in_(SWEPT_KINDS))


def _surplus(keep_count: int, kind: str | None, *, staying: ColumnElement[bool]) -> Select[Any]:
    newest_first = (
        select(Image.id)
        .where(Image.is_kept.is_(False), Image.kind.in_(SWEPT_KINDS), staying)
        .order_by(Image.id.desc())
    )
    if kind:
        newest_first = newest_first.where(Image.kind == kind)
    # SQLite takes an offset only with a limit; no table has more rows than this.
    return newest_first.limit(2**62).offset(keep_count)


def _over_quota(
    most_bytes: int, *, may_go: ColumnElement[bool], staying: ColumnElement[bool]
) -> Select[Any]:
    """Select the oldest images whose going brings the storage down to *most_bytes*."""
    # Products never go, so they don't count: what some sell must not push out what others made.
    counted = and_(staying, Image.kind.in_(SWEPT_KINDS))
    total = select(func.coalesce(func.sum(Image.size_bytes), 0)).where(counted).scalar_subquery()
    older = func.sum(Image.size_bytes).over(order_by=Image.id, rows=(None, 0))
    freed = (
        select(Image.id, (older - Image.size_bytes).label("freed_before"))
        .where(may_go, staying, Image.status == "completed")
        .subquery()
    )
    return select(freed.c.id).where(freed.c.freed_before < total - most_bytes)


def _remove_batch(rule: SweepRule, now: datetime, batch: int) -> Sequence[Row[Any]]:
    # Two sweeps at once wait for each other in the same order, and take what the other left.
    doomed = _doomed(rule, now).limit(batch).with_for_update()
    with writing() as session:
        return delete_rows(session, Image.id.in_(doomed))


def _remove_empty_galleries(now: datetime) -> None:
    """Forget rounds and galleries whose last image is gone, once they are a week old.

    A hidden round stays: made anew by its first picture, it would be open.
    """
    old = now - SHORTEST_SESSION
    hides = exists().where(Round.gallery_id == Gallery.id, Round.is_hidden)
    with writing() as session:
        for table, column, is_hidden in (
            (Round, Image.round_id, Round.is_hidden),
            (Gallery, Image.gallery_id, hides),
        ):
            used = exists().where(column == table.id)
            session.execute(
                delete(table)
                .where(table.created_at < old, not_(used), not_(is_hidden))
                .execution_options(synchronize_session=False)
            )


def _require_share(rule: SweepRule, most_share: float, now: datetime) -> None:
    """Stop a sweep that would remove too much, and note that it stopped.

    A clock that is wrong, or a setting that was changed in a hurry, looks
    like this; so does a gallery that nobody has used for a month.
    """
    if most_share >= 1:
        return
    doomed = select(func.count()).select_from(_doomed(rule, now).order_by(None).subquery())
    stopped = too_much(current_session().scalar(doomed) or 0, most_share=most_share)
    if stopped is None:
        return
    record = Sweep(
        id=new_id(now),
        started_at=now,
        finished_at=now,
        rule=rule.as_json(),
        stopped_at=stopped.doomed,
    )
    with writing() as session:
        session.add(record)
    raise stopped


def _begin_record(rule: SweepRule, now: datetime) -> UUID:
    with writing() as session:
        sweep = Sweep(id=new_id(now), started_at=now, rule=rule.as_json())
        session.add(sweep)
    return sweep.id


def _end_record(sweep_id: UUID, result: SweepResult, now: datetime) -> None:
    with writing() as session:
        sweep = session.get(Sweep, sweep_id)
        if sweep is not None:
            sweep.finished_at = now
            sweep.deleted, sweep.bytes = len(result.deleted), result.bytes
            sweep.errors = len(result.errors)
