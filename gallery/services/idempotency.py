"""Answer a repeated POST with the first answer instead of doing it twice.

A client that lost the answer sends the request again with the same
``Idempotency-Key`` (the IETF's draft of that name). The key belongs to its
user; the same key with another request is refused.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete

from gallery.errors import IdempotencyKeyReused, InvalidRequest, RequestInProgress
from gallery.extensions import dialect_of, insert_into, writing
from gallery.models import AnsweredRequest
from gallery.services.access import check_is_there

REMEMBERED = timedelta(hours=24)
# A worker that died while answering must not block the key for a day.
LONGEST_ANSWERING = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered, to be sent again as it was."""

    status: int
    content_type: str
    location: str | None
    body: bytes


def begin_request(owner_id: UUID, key: str, fingerprint: str, *, now: datetime) -> Answer | None:
    """Claim *key* for a request, or return the answer that it got before.

    Raises:
        InvalidRequest: the key is empty or longer than 255 characters.
        RequestInProgress: the first request is still being answered.
        IdempotencyKeyReused: the key belongs to another request.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidRequest("Idempotency-Key must be 1 to 255 printable characters")
    with writing() as session:
        check_is_there(session, owner_id)
        session.execute(
            delete(AnsweredRequest).where(AnsweredRequest.created_at < now - REMEMBERED)
        )
        known = session.get(AnsweredRequest, (owner_id, key), populate_existing=True)
        if known and known.status is None and known.created_at < now - LONGEST_ANSWERING:
            session.delete(known)
            session.flush()
            known = None
        if known is None:
            claim = insert_into(AnsweredRequest, dialect_of(session)).values(
                owner_id=owner_id, key=key, fingerprint=fingerprint, created_at=now
            )
            claimed = session.execute(claim.on_conflict_do_nothing().returning(AnsweredRequest.key))
            if claimed.first() is not None:
                return None
            # Somebody else was faster, by less than this transaction.
            known = session.get_one(AnsweredRequest, (owner_id, key), populate_existing=True)
    if known.fingerprint != fingerprint:
        raise IdempotencyKeyReused("Use a new key for a new request")
    if known.status is None:
        raise RequestInProgress("Ask again in a moment")
    return Answer(
        status=known.status,
        content_type=known.content_type or "",
        location=known.location,
        body=known.body or b"",
    )


def end_request(owner_id: UUID, key: str, answer: Answer | None) -> None:
    """Remember the answer to a claimed request; None frees the key, as after a failure."""
    with writing() as session:
        known = session.get(AnsweredRequest, (owner_id, key), populate_existing=True)
        if known is None:
            return
        if answer is None:
            session.delete(known)
            return
        known.status, known.content_type = answer.status, answer.content_type
        known.location, known.body = answer.location, answer.body


def fingerprint_of(*parts: bytes) -> str:
    """Return what tells one request from another: the SHA-256 over its parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
