"""Move products from state to state, and tell how long their processing takes."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from gallery.errors import IllegalMove, NotFound
from gallery.extensions import current_session, writing
from gallery.models import Product, ProductMove
from gallery.services.access import Viewer, may_write, require_user
from gallery.services.identifiers import check_text
from gallery.services.products.states import check_move

LONGEST_ERROR = 1000
# Failures that nobody explained.
UNKNOWN_ERROR = "No reason was given"
# What a seller is told as long as nothing of theirs was ever finished.
USUAL_PROCESSING = timedelta(seconds=60)
ESTIMATED_FROM = 20


def move_product(
    product_id: UUID, status: str, *, viewer: Viewer, now: datetime, error: str | None = None
) -> Product:
    """Move a product to *status*; *error* tells why it failed, and is told of nothing else.

    Of two moves at once, one wins: the status that was seen and the new one
    are in one statement. Each is remembered with its time and actor.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidField: no such status, or too long an error.
        IllegalMove: the table of moves has no way from where it is; nothing changes.
    """
    actor_id = require_user(viewer)
    check_text("error", error or "", most=LONGEST_ERROR)
    with writing() as session:
        seen = session.execute(
            select(Product.owner_id, Product.status).where(Product.id == product_id)
        ).first()
        if seen is None or not may_write(viewer, seen.owner_id):
            raise NotFound
        check_move(seen.status, status)
        values = _changes(status, error, now)
        if not _take(session, product_id, seen.status, values):
            raise IllegalMove(f"Somebody else moved it on from {seen.status} just now")
        note = values.get("processing_error")
        remember_move(
            session, product_id, seen.status, status, actor_id=actor_id, at=now, note=note
        )
        return session.get_one(Product, product_id, populate_existing=True)


def remember_move(
    session: Session,
    product_id: UUID,
    from_status: str | None,
    to_status: str,
    *,
    actor_id: UUID,
    at: datetime,
    note: str | None = None,
) -> None:
    """Write down one step, behind those that were before."""
    last = (
        select(func.coalesce(func.max(ProductMove.number), 0) + 1)
        .where(ProductMove.product_id == product_id)
        .scalar_subquery()
    )
    step = {"product_id": product_id, "from_status": from_status, "to_status": to_status}
    who = {"actor_id": actor_id, "at": at, "note": note}
    session.execute(insert(ProductMove).values(number=last, **step, **who))


def estimated_processing(owner_id: UUID) -> timedelta:
    """Return how long the processing of an owner's product will take, from their last twenty.

    Their median; a minute where there are none. Only their own count, since
    how long others' take is nobody else's business.
    """
    began, ended = Product.processing_started_at, Product.processing_completed_at
    finished = (
        select(began, ended)
        .where(Product.owner_id == owner_id, began.is_not(None), ended.is_not(None))
        .order_by(Product.id.desc())
        .limit(ESTIMATED_FROM)
    )
    rows: Any = current_session().execute(finished)
    took = [(ended - began).total_seconds() for began, ended in rows]
    return timedelta(seconds=median(took)) if took else USUAL_PROCESSING


def _changes(status: str, error: str | None, now: datetime) -> dict[str, Any]:
    """Return what a product's row has after its move to *status*."""
    changes: dict[str, Any] = {"status": status, "updated_at": now}
    if status == "processing":
        started = {"processing_started_at": now, "processing_completed_at": None}
        changes |= started | {"processing_error": None}
    elif status == "ready":
        changes["processing_completed_at"] = now
    elif status == "failed":
        changes["processing_error"] = (error or "").strip() or UNKNOWN_ERROR
    return changes


def _take(session: Session, product_id: UUID, seen: str, values: dict[str, Any]) -> bool:
    """Change the product if its status is still what was seen; tell whether it was."""
    moved = session.execute(
        update(Product)
        .where(Product.id == product_id, Product.status == seen)
        .values(**values)
        .returning(Product.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None
