"""Short links to the inputs of products.

What a product's listing signs ends within minutes. Behind it stands one
link of the product in the ledger, renewed daily like a gallery's: whoever
revokes that, or deletes the product or its owner, ends all that was signed
with it at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from gallery.errors import NotFound
from gallery.extensions import current_session, writing
from gallery.models import Link, Product
from gallery.services.identifiers import new_id
from gallery.services.links.ledger import claim_of
from gallery.services.links.signer import LinkSigner

# A standing link has at least this left when something is signed with it.
LEAST_LEFT = timedelta(days=1)
# Addresses change only so often in the life of one, which keeps ETags and caches.
STEPS = 3
Token = Callable[[UUID | str], str]


@dataclass(frozen=True)
class InputTokens:
    """What makes the tokens for one product's images, by their ids: to look at, and to save."""

    inline: Token
    attachment: Token


def input_tokens(
    product_ids: Iterable[UUID], *, signer: LinkSigner, now: datetime, lasts: timedelta
) -> dict[UUID, InputTokens]:
    """Return what signs the images of each of *product_ids*, for who was shown the products.

    What it signs ends after *lasts* at the latest, and after two thirds of
    that at the earliest; in between it is the same again and again.

    Raises:
        NotFound: one of the products is gone.
    """
    wanted, expires_at = set(product_ids), _rounded_end(now, lasts)
    found = _standing_links(wanted, now)
    if wanted - found.keys():
        with writing() as session:
            _add_missing(session, wanted, now)
        found = _standing_links(wanted, now)
    if wanted - found.keys():
        raise NotFound
    return {
        product_id: InputTokens(
            *(
                signer.sign_for(
                    replace(claim_of(link, link.id), disposition=disposition, expires_at=expires_at)
                )
                for disposition in ("inline", "attachment")
            )
        )
        for product_id, link in found.items()
    }


def _rounded_end(now: datetime, lasts: timedelta) -> datetime:
    step = lasts.total_seconds() / STEPS
    return datetime.fromtimestamp((now + lasts).timestamp() // step * step, UTC)


def _standing_links(product_ids: set[UUID], now: datetime) -> dict[UUID, Row[Any]]:
    """Return the standing link of each product that has one; of several, the longest."""
    query = (
        select(*Link.__table__.columns)
        .where(
            Link.product_id.in_(product_ids),
            Link.is_standing,
            Link.expires_at >= now + LEAST_LEFT,
            Link.revoked_at.is_(None),
        )
        .order_by(Link.expires_at, Link.id.desc())
    )
    return {row.product_id: row for row in current_session().execute(query)}


def _add_missing(session: Session, product_ids: set[UUID], now: datetime) -> None:
    """Add a standing link to each product without one; of those that are there."""
    missing = product_ids - _standing_links(product_ids, now).keys()
    owners = select(Product.id, Product.owner_id).where(Product.id.in_(missing))
    # Nobody deletes one before its link is written.
    owners = owners.order_by(Product.id).with_for_update(read=True, key_share=True)
    midnight = (now + LEAST_LEFT).replace(hour=0, minute=0, second=0, microsecond=0)
    for product in session.execute(owners).all():
        session.add(
            Link(
                id=new_id(now),
                purpose="download",
                is_standing=True,
                product_id=product.id,
                owner_id=product.owner_id,
                created_at=now,
                expires_at=midnight + timedelta(days=1),
            )
        )
