"""Sign-ins: one row each, read at every request, so that what ended is over at once.

A program's refresh token has two parts: one that all tokens of a sign-in
share, and one that changes at each use. A token whose second part is not the
newest was used before, by its owner or by a thief; nobody can tell which, so
the sign-in ends for both (RFC 9700, section 4.14). That is also what becomes
of a program that never got the answer: it signs in anew.
"""

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, true, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gallery.errors import DatabaseUnwritable, NotFound, WrongCredentials
from gallery.extensions import current_session, writing
from gallery.models import LoginSession, User
from gallery.services.access import Viewer, require_user
from gallery.services.accounts.digests import digest_of
from gallery.services.accounts.entrance import Caller, Entrance
from gallery.services.accounts.tokens import LASTS, AccessClaim, AccessTokens
from gallery.services.identifiers import new_id

REFRESH_PREFIX = "grefresh_"
# A program that signs in for each thing it does must not fill the table: its oldest go.
MOST_OF_A_KIND = 100
# Between two notes of a sign-in's use; a write at each request would cost more than the request.
NOTED_AFTER = timedelta(minutes=5)
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a program gets for signing in, or for its last refresh token."""

    access_token: str
    refresh_token: str
    expires_in_seconds: int


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """A sign-in that just began. ``secret`` goes into a cookie, or is a refresh token."""

    session_id: UUID
    secret: str


def open_session(
    session: Session, user_id: UUID, kind: str, *, caller: Caller, entrance: Entrance, now: datetime
) -> OpenedSession:
    """Begin a sign-in, in the caller's transaction."""
    _make_room(session, user_id, kind, now)
    # As many characters as `_parts` cuts a refresh token into.
    secret, newest = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    row = LoginSession(
        id=new_id(now),
        user_id=user_id,
        kind=kind,
        secret_sha256=digest_of(secret),
        refresh_sha256=digest_of(newest) if kind == "program" else None,
        user_agent=caller.agent,
        network=caller.network,
        created_at=now,
        last_used_at=now,
        expires_at=now + entrance.lasts,
    )
    session.add(row)
    shown = REFRESH_PREFIX + secret + newest if kind == "program" else secret
    return OpenedSession(session_id=row.id, secret=shown)


def end_replaced(session: Session, session_id: UUID | None, *, now: datetime) -> None:
    """End the sign-in that a browser had before, in the caller's transaction."""
    if session_id is not None:
        _end(session, LoginSession.id == session_id, now)


def refresh(token: str, *, entrance: Entrance, now: datetime) -> Tokens:
    """Return new tokens for a refresh token, which is used up by that.

    Of two uses at once one wins, and the other ends the sign-in.

    Raises:
        WrongCredentials: the token is none, was used before, or its sign-in is over.
    """
    secret, newest = _parts(token)
    fresh = secrets.token_urlsafe(32)
    with writing() as session:
        row = session.execute(
            update(LoginSession)
            .where(_of_program(secret), LoginSession.refresh_sha256 == digest_of(newest))
            .where(LoginSession.ended_at.is_(None), LoginSession.expires_at > now)
            .values(refresh_sha256=digest_of(fresh), last_used_at=now)
            .returning(LoginSession.id, LoginSession.user_id)
            .execution_options(synchronize_session=False)
        ).first()
        if row is None:
            _end_reused(session, secret, now)
    if row is None:
        raise WrongCredentials("The refresh token is not right")
    claim = AccessClaim(user_id=row.user_id, session_id=row.id)
    return tokens_of(claim, REFRESH_PREFIX + secret + fresh, tokens=entrance.tokens, now=now)


def tokens_of(
    claim: AccessClaim, refresh_token: str, *, tokens: AccessTokens, now: datetime
) -> Tokens:
    """Return *refresh_token* with an access token of *claim*."""
    return Tokens(
        access_token=tokens.sign(claim, now=now),
        refresh_token=refresh_token,
        expires_in_seconds=int(LASTS.total_seconds()),
    )


def end_session(session_id: UUID, *, viewer: Viewer, now: datetime) -> None:
    """End one of *viewer*'s own sign-ins at once; doing so twice changes nothing.

    Raises:
        SignInRequired: nobody is signed in.
        NotFound: it isn't there, or isn't theirs. Not even admins' doing: they change passwords.
    """
    user_id = require_user(viewer)
    with writing() as session:
        row = session.get(LoginSession, session_id, populate_existing=True)
        if row is None or row.user_id != user_id:
            raise NotFound
        row.ended_at = row.ended_at or now


def end_other_sessions(*, viewer: Viewer, now: datetime) -> None:
    """End all sign-ins of *viewer* but the one that they ask through.

    Raises:
        SignInRequired: nobody is signed in.
    """
    user_id = require_user(viewer)
    mine = LoginSession.user_id == user_id
    others = true() if viewer.session_id is None else LoginSession.id != viewer.session_id
    with writing() as session:
        _end(session, and_(mine, others), now)


def sign_out(token: str, *, tokens: AccessTokens, now: datetime) -> None:
    """End the sign-in of a program by either of its tokens; one that is worth nothing is no error.

    Also an old refresh token will do: whoever shows one ends the sign-in in any case.
    """
    with suppress(WrongCredentials):
        if token.startswith(REFRESH_PREFIX):
            its_own = _of_program(_parts(token)[0])
        else:
            its_own = LoginSession.id == tokens.read(token, now=now).session_id
        with writing() as session:
            _end(session, its_own, now)


# Built once: each request of somebody who is signed in asks one of them.
_LIVE = (
    select(User.id, User.name, User.is_admin, LoginSession.id.label("session_id"))
    .add_columns(LoginSession.last_used_at)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(LoginSession.ended_at.is_(None), LoginSession.expires_at > bindparam("now"))
)
_WITH_COOKIE = _LIVE.where(
    LoginSession.secret_sha256 == bindparam("digest"), LoginSession.kind == "browser"
)
_WITH_TOKEN = _LIVE.where(
    LoginSession.id == bindparam("session_id"),
    LoginSession.user_id == bindparam("user_id"),
    LoginSession.kind == "program",
)


def viewer_with_cookie(secret: str, *, now: datetime) -> Viewer | None:
    """Return who is signed in in a browser, or None if the sign-in is over."""
    found = {"digest": digest_of(secret), "now": now}
    row = current_session().connection().execute(_WITH_COOKIE, found).first()
    if row is None:
        return None
    if now - row.last_used_at >= NOTED_AFTER:
        _note_use(row.session_id, now)
    return Viewer(user_id=row.id, name=row.name, is_admin=row.is_admin, session_id=row.session_id)


def viewer_with_token(token: str, *, tokens: AccessTokens, now: datetime) -> Viewer:
    """Return whom an access token stands for.

    Raises:
        WrongCredentials: it is none of ours, or has expired, or its sign-in is over.
    """
    claim = tokens.read(token, now=now)
    found = {"session_id": claim.session_id, "user_id": claim.user_id, "now": now}
    row = current_session().connection().execute(_WITH_TOKEN, found).first()
    if row is None:
        raise WrongCredentials("The access token is not right, or has expired")
    return Viewer(user_id=row.id, name=row.name, is_admin=row.is_admin, session_id=row.session_id)


def _parts(token: str) -> tuple[str, str]:
    """Return the two parts of a refresh token: what its sign-in shares, and what is its own."""
    text = token.removeprefix(REFRESH_PREFIX)
    if len(token) - len(text) != len(REFRESH_PREFIX) or len(text) != 75:
        raise WrongCredentials("The refresh token is not right")
    return text[:32], text[32:]


def _of_program(secret: str) -> ColumnElement[bool]:
    return and_(
        LoginSession.secret_sha256 == digest_of(secret),
        LoginSession.kind == "program",
    )


def _end_reused(session: Session, secret: str, now: datetime) -> None:
    for session_id in _end(session, and_(_of_program(secret), LoginSession.expires_at > now), now):
        log.warning("a refresh token was used twice; the sign-in %s has ended", session_id)


def _end(session: Session, condition: ColumnElement[bool], now: datetime) -> list[UUID]:
    ended = session.scalars(
        update(LoginSession)
        .where(condition, LoginSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(LoginSession.id)
        .execution_options(synchronize_session=False)
    )
    return list(ended)


def _note_use(session_id: UUID, now: datetime) -> None:
    # It is for the list of sign-ins alone: nobody's page may fail over it.
    with suppress(DatabaseUnwritable, SQLAlchemyError), writing() as session:
        session.execute(
            update(LoginSession)
            .where(LoginSession.id == session_id, LoginSession.last_used_at < now)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )


def _make_room(session: Session, user_id: UUID, kind: str, now: datetime) -> None:
    """Forget a user's sign-ins whose time is over, and the oldest where there are too many."""
    mine = LoginSession.user_id == user_id
    too_many = (
        select(LoginSession.id)
        .where(mine, LoginSession.kind == kind)
        .order_by(LoginSession.id.desc())
        # SQLite takes an offset only with a limit.
        .limit(2**62)
        .offset(MOST_OF_A_KIND - 1)
    )
    for condition in (LoginSession.expires_at <= now, LoginSession.id.in_(too_many)):
        session.execute(
            delete(LoginSession).where(mine, condition).execution_options(synchronize_session=False)
        )
