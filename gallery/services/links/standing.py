"""The links that listings sign with.

Listings sign a download for each picture they show. Those share one
*standing* link of the gallery in the ledger, renewed daily: so a listing
writes nothing in general, its addresses repeat (which keeps its ETag),
and its owner can still revoke what it handed out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from gallery.errors import NotFound
from gallery.extensions import current_session, writing
from gallery.models import Gallery, Image, Link
from gallery.services.identifiers import new_id
from gallery.services.links.ledger import claim_of
from gallery.services.links.signer import LinkSigner


def standing_link(row: Row[Any] | Gallery, *, now: datetime, lasts: timedelta) -> Row[Any]:
    """Return the row of the link that listings sign downloads of *row*'s gallery with.

    A single generation has one of its own. It lives *lasts* at the least,
    up to the midnight after, and is replaced when less than *lasts* is left.

    Raises:
        NotFound: who may see it has changed since *row* was read.
    """
    column, target = _standing_target(row)
    fresh = _fresh_standing(column.key)
    wanted = {"target": target, "least": now + lasts}
    found = current_session().connection().execute(fresh, wanted).first()
    if found is not None:
        return found
    with writing() as session:
        _hold_unchanged(session, column, row, target)
        # Another worker may have been faster.
        if session.execute(fresh, wanted).first() is None:
            midnight = (now + lasts).replace(hour=0, minute=0, second=0, microsecond=0)
            session.add(
                Link(
                    id=new_id(now),
                    purpose="download",
                    is_standing=True,
                    owner_id=row.owner_id,
                    created_at=now,
                    expires_at=midnight + timedelta(days=1),
                    **{column.key: target},
                )
            )
    return current_session().execute(fresh, wanted).one()


def _hold_unchanged(session: Session, column: Any, row: Row[Any] | Gallery, target: UUID) -> None:
    """Refuse to sign what was public a moment ago and is private now; keep it as it is till then.

    Making a gallery private revokes its standing link. One made just after,
    for somebody who looked just before, would escape that. And of many who
    hold it, one after another, the first makes the link.
    """
    table = Gallery if column.key == "gallery_id" else Image
    query = select(table.visibility).where(table.id == target).with_for_update(key_share=True)
    if session.scalar(query) != row.visibility:
        raise NotFound


def download_tokens(standing: Row[Any], *, signer: LinkSigner) -> Callable[[UUID | str], str]:
    """Return what makes the tokens for downloading images under a standing link, by their ids."""
    return signer.sign_for(claim_of(standing, standing.id))


def _standing_target(row: Row[Any] | Gallery) -> tuple[Any, UUID]:
    """Return the column and id that a standing link has: *row* is a gallery or an image."""
    if isinstance(row, Gallery) or "gallery_id" not in row._fields:
        return Link.gallery_id, row.id
    if row.gallery_id:
        return Link.gallery_id, row.gallery_id
    return Link.image_id, row.id


@lru_cache(maxsize=2)
def _fresh_standing(column: str) -> Any:
    """Return the query for a standing link by its target; building it costs more than running."""
    return (
        select(Link.id, Link.purpose, Link.variant, Link.disposition, Link.expires_at)
        .where(
            getattr(Link, column) == bindparam("target"),
            Link.is_standing,
            Link.expires_at >= bindparam("least"),
            Link.revoked_at.is_(None),
        )
        .order_by(Link.expires_at.desc(), Link.id)
        .limit(1)
    )
