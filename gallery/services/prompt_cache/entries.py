"""The entries of the cache: hits, and the lease for who makes what is missing.

An entry belongs to one owner. It is a hit as long as its picture is
there, is still of this prompt, and is the owner's own or one that
everybody finds. Everything that decides between two askers is one
statement on the entry's row, so that of many at once, in whatever
process, one gets the lease.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from gallery.errors import LeaseNotHeld
from gallery.extensions import (
    UTCDateTime,
    current_session,
    dialect_of,
    insert_into,
    writing,
)
from gallery.metrics import PROMPT_LOOKUPS, PROMPT_SAVED
from gallery.models import GenerationRequest, Image, PromptDay, PromptEntry
from gallery.services.access import Viewer, require_user
from gallery.services.catalog.images import image_rows
from gallery.services.prompt_cache.wishes import Wish

# How soon somebody who waits for another's picture should ask again.
RETRY_AFTER = timedelta(seconds=1)
DAYS_REMEMBERED = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class PromptRules:
    """How long a lease lasts, and what a picture costs where its generator doesn't tell."""

    lease_lasts: timedelta
    cost_micros: int


@dataclass(frozen=True, kw_only=True)
class Hit:
    """The picture is there."""

    image: Row[Any]


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The asker, and nobody else, is to make the picture until ``expires_at``."""

    lease_id: UUID
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Somebody else makes the picture; ask again after a while."""

    retry_after: timedelta = RETRY_AFTER


def look_up(
    wish: Wish, *, viewer: Viewer, rules: PromptRules, now: datetime
) -> Hit | Lease | Pending:
    """Return the picture of *wish*, or the lease to make it, or that somebody else is at it.

    A hit is counted, with what it saved.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidField: the wish asks for nothing, or for too much.
    """
    owner_id = require_user(viewer)
    prompt_hash = wish.checked().hash
    image = find_hit(owner_id, prompt_hash, now=now)
    if image is None and _is_asked_for(owner_id, prompt_hash):
        PROMPT_LOOKUPS.labels("pending").inc()
        return Pending()
    if image is None:
        answer = take_lease(owner_id, wish, lasts=rules.lease_lasts, now=now)
        if not isinstance(answer, Hit):
            PROMPT_LOOKUPS.labels("lease" if isinstance(answer, Lease) else "pending").inc()
            return answer
        image = answer.image
    with writing() as session:
        count_hit(session, owner_id, wish, image, rules=rules, now=now)
    measure_hit(image, rules=rules)
    PROMPT_LOOKUPS.labels("hit").inc()
    return Hit(image=image)


def find_hit(owner_id: UUID, prompt_hash: str, *, now: datetime) -> Row[Any] | None:
    """Return the picture that *owner_id* may use for this prompt, their own first."""
    wanted = {"owner": owner_id, "hash": prompt_hash, "now": now}
    return current_session().connection().execute(_hit(), wanted).first()


def take_lease(
    owner_id: UUID, wish: Wish, *, lasts: timedelta, now: datetime
) -> Hit | Lease | Pending:
    """Claim the prompt for *owner_id*, unless its picture came meanwhile or another has it."""
    lease = Lease(lease_id=uuid4(), expires_at=now + lasts)
    with writing() as session:
        if not _claim(session, owner_id, wish, lease, now):
            return Pending()
        # Only now: before the claim, a picture might have come just after the look.
        image = find_hit(owner_id, wish.hash, now=now)
        if image is None:
            return lease
        _end_lease(session, owner_id, wish.hash, lease.lease_id)
    return Hit(image=image)


def is_leased(owner_id: UUID, prompt_hash: str, *, now: datetime) -> bool:
    """Tell whether somebody is making the picture of this prompt right now."""
    held = select(PromptEntry.lease_id).where(
        PromptEntry.owner_id == owner_id,
        PromptEntry.prompt_hash == prompt_hash,
        PromptEntry.lease_expires_at > now,
    )
    return current_session().execute(held).first() is not None


def release_lease(owner_id: UUID, prompt_hash: str, lease_id: UUID) -> None:
    """Give a lease back: nothing came of it."""
    with writing() as session:
        _end_lease(session, owner_id, prompt_hash, lease_id)


def require_lease(prompt_hash: str, lease_id: UUID) -> None:
    """Refuse a lease that can't be redeemed, before its picture is looked at.

    Raises:
        LeaseNotHeld: see ``redeem_lease``, which decides.
    """
    held = select(PromptEntry.owner_id).where(
        PromptEntry.prompt_hash == prompt_hash, PromptEntry.lease_id == lease_id
    )
    if current_session().execute(held).first() is None:
        raise LeaseNotHeld


def redeem_lease(session: Session, owner_id: UUID, prompt_hash: str, lease_id: UUID) -> None:
    """End a lease with the picture that it was taken for.

    One that has expired is good as long as nobody else took over.

    Raises:
        LeaseNotHeld: it was used, belongs to somebody else or to another
            prompt, or has gone to another since it expired.
    """
    if not _end_lease(session, owner_id, prompt_hash, lease_id):
        raise LeaseNotHeld


def count_hit(
    session: Session, owner_id: UUID, wish: Wish, image: Row[Any], *, rules: PromptRules,
    now: datetime, is_public: bool = False,
) -> None:  # fmt: skip
    """Count that *image* was used instead of paying for a new one.

    *is_public* tells whether it was used where everybody finds it.
    """
    cost = _cost_micros(image, rules)
    hit = {"owner_id": owner_id, "prompt_hash": wish.hash, "hits": 1, "saved_micros": cost}
    entry = {
        "prompt": wish.completed_sentence,
        "image_id": image.id,
        "last_hit_at": now,
        "created_at": now,
    }
    day = {"day": now.date(), "is_public": is_public, "originals": 0}
    statements = _statements(dialect_of(session))
    connection = session.connection()
    connection.execute(statements.count_entry, hit | entry)
    connection.execute(statements.count_day, hit | day)


def measure_hit(image: Row[Any], *, rules: PromptRules) -> None:
    """Measure what a hit saved; for after the commit of the transaction that counted it."""
    PROMPT_SAVED.inc(_cost_micros(image, rules) / 1_000_000)


def register(session: Session, image: Image, *, now: datetime) -> None:
    """Let *image* be the picture of its prompt, unless its owner has one already."""
    if not image.prompt.split():
        return
    key = {"owner_id": image.owner_id, "prompt_hash": image.prompt_hash}
    nothing_saved = {"hits": 0, "saved_micros": 0}
    picture = {"image_id": image.id, "prompt": image.prompt}
    statements = _statements(dialect_of(session))
    connection = session.connection()
    connection.execute(statements.add_entry, key | nothing_saved | picture | {"created_at": now})
    connection.execute(
        statements.take_place,
        {f"its_{name}": value for name, value in (key | picture).items()} | {"now": now},
    )
    if not image.is_cached:
        is_public = image.visibility == "public" and not image.is_hidden
        day = {"day": now.date(), "is_public": is_public, "originals": 1}
        connection.execute(statements.count_day, key | nothing_saved | day)


def give_way(session: Session, image: Image) -> None:
    """Let another picture of the same prompt take over from *image*, which is to be replaced.

    A deleted one has no such heir: who deletes a picture and asks again
    wants another.
    """
    heir = (
        select(Image.id)
        .where(
            Image.owner_id == image.owner_id,
            Image.prompt_hash == image.prompt_hash,
            Image.status == "completed",
            Image.fault.is_(None),
            Image.id != image.id,
        )
        .order_by(Image.id)
        .limit(1)
    )
    session.execute(
        update(PromptEntry)
        .where(
            PromptEntry.owner_id == image.owner_id,
            PromptEntry.prompt_hash == image.prompt_hash,
            PromptEntry.image_id == image.id,
        )
        .values(image_id=heir.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def forget_prompts(*, now: datetime) -> None:
    """Forget entries that have no picture and never saved anything, and days long past."""
    with writing() as session:
        session.execute(
            delete(PromptEntry)
            .where(
                PromptEntry.image_id.is_(None),
                PromptEntry.hits == 0,
                or_(PromptEntry.lease_expires_at.is_(None), PromptEntry.lease_expires_at <= now),
            )
            .execution_options(synchronize_session=False)
        )
        session.execute(
            delete(PromptDay)
            .where(PromptDay.day < (now - DAYS_REMEMBERED).date())
            .execution_options(synchronize_session=False)
        )


def _cost_micros(image: Row[Any], rules: PromptRules) -> int:
    return int(rules.cost_micros if image.cost_micros is None else image.cost_micros)


def _is_asked_for(owner_id: UUID, prompt_hash: str) -> bool:
    """Tell whether Gallery itself was asked for the picture, and will come to it."""
    asked = select(GenerationRequest.image_id).where(
        GenerationRequest.owner_id == owner_id, GenerationRequest.prompt_hash == prompt_hash
    )
    return current_session().execute(asked.limit(1)).first() is not None


def _claim(session: Session, owner_id: UUID, wish: Wish, lease: Lease, now: datetime) -> bool:
    claimed = session.connection().execute(
        _statements(dialect_of(session)).claim,
        {
            "owner_id": owner_id,
            "prompt_hash": wish.hash,
            "prompt": wish.completed_sentence,
            "hits": 0,
            "saved_micros": 0,
            "lease_id": lease.lease_id,
            "lease_expires_at": lease.expires_at,
            "created_at": now,
        },
    )
    return claimed.first() is not None


def _end_lease(session: Session, owner_id: UUID, prompt_hash: str, lease_id: UUID) -> bool:
    ended = session.execute(
        update(PromptEntry)
        .where(
            PromptEntry.owner_id == owner_id,
            PromptEntry.prompt_hash == prompt_hash,
            PromptEntry.lease_id == lease_id,
        )
        .values(lease_id=None, lease_expires_at=None)
        .returning(PromptEntry.prompt_hash)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


def _is_picture_of_entry(now: Any) -> tuple[ColumnElement[bool], ...]:
    """The image is there, whole, is to stay, and is still of the entry's prompt."""
    return (
        Image.prompt_hash == PromptEntry.prompt_hash,
        Image.status == "completed",
        Image.fault.is_(None),
        or_(Image.is_kept, Image.expires_at > now),
    )


@dataclass(frozen=True, kw_only=True)
class _Statements:
    add_entry: Any
    take_place: Any
    count_entry: Any
    count_day: Any
    claim: Any


@lru_cache(maxsize=2)
def _statements(dialect: str) -> _Statements:
    """Return what is executed again and again; to put it together costs more than to run it."""
    entry, day = insert_into(PromptEntry, dialect), insert_into(PromptDay, dialect)
    key = ["owner_id", "prompt_hash"]
    is_free = or_(
        PromptEntry.lease_expires_at.is_(None),
        PromptEntry.lease_expires_at <= entry.excluded.created_at,
    )
    claimed = {name: entry.excluded[name] for name in ("lease_id", "lease_expires_at")}
    return _Statements(
        add_entry=entry.on_conflict_do_nothing(),
        take_place=_take_place(),
        count_entry=entry.on_conflict_do_update(
            index_elements=key,
            set_=_added(PromptEntry, entry, "hits", "saved_micros")
            | {"last_hit_at": entry.excluded.last_hit_at},
        ),
        count_day=day.on_conflict_do_update(
            index_elements=[*key, "day", "is_public"],
            set_=_added(PromptDay, day, "originals", "hits", "saved_micros"),
        ),
        claim=entry.on_conflict_do_update(
            index_elements=key, set_=claimed, where=is_free
        ).returning(PromptEntry.lease_id),
    )


def _added(table: Any, row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(table, name) + row.excluded[name] for name in names}


def _take_place() -> Any:
    """Return what gives an entry another picture, if its owner has none of the prompt."""
    has_one = exists().where(
        Image.id == PromptEntry.image_id,
        Image.owner_id == PromptEntry.owner_id,
        *_is_picture_of_entry(bindparam("now", type_=UTCDateTime)),
    )
    entries: Any = PromptEntry.__table__
    return (
        update(entries)
        .where(
            PromptEntry.owner_id == bindparam("its_owner_id", type_=Uuid),
            PromptEntry.prompt_hash == bindparam("its_prompt_hash", type_=String),
            not_(has_one),
        )
        .values(image_id=bindparam("its_image_id"), prompt=bindparam("its_prompt"))
    )


@lru_cache(maxsize=1)
def _hit() -> Any:
    """Return the query for a hit; to put it together costs more than to run it."""
    owner = bindparam("owner", type_=Uuid)
    everybody_finds = and_(Image.visibility == "public", not_(Image.is_hidden))
    return (
        image_rows()
        .join(PromptEntry, PromptEntry.image_id == Image.id)
        .where(
            PromptEntry.prompt_hash == bindparam("hash", type_=String),
            *_is_picture_of_entry(bindparam("now", type_=UTCDateTime)),
            or_(Image.owner_id == owner, everybody_finds),
        )
        .order_by((PromptEntry.owner_id == owner).desc(), Image.id)
        .limit(1)
    )
