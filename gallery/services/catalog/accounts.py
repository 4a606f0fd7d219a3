"""Users, their sign-ins and their keys, listed. An account is nobody's but its owner's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from gallery.errors import NotFound
from gallery.extensions import current_session
from gallery.models import APIKey, LoginSession, User
from gallery.services.access import Viewer, require_user
from gallery.services.catalog.paging import DEFAULT_LIMIT, Page, read_page

Columns = tuple[Any, ...]
_PERSON: Columns = (User.id, User.email, User.name, User.is_admin, User.created_at)
_SIGN_IN: Columns = (
    LoginSession.id,
    LoginSession.kind,
    LoginSession.user_agent,
    LoginSession.network,
    LoginSession.created_at,
    LoginSession.last_used_at,
    LoginSession.expires_at,
)
_KEY: Columns = (
    APIKey.id,
    APIKey.name,
    APIKey.created_at,
    APIKey.revoked_at,
    User.email.label("owner"),
)


def show_account(*, viewer: Viewer) -> Row[Any]:
    """Return the address, name and rank of who asks.

    Raises:
        SignInRequired: nobody is signed in.
    """
    query: Any = select(*_PERSON).where(User.id == require_user(viewer))
    row: Row[Any] = current_session().execute(query).one()
    return row


def list_sessions(
    *, viewer: Viewer, now: datetime, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Row[Any]]:
    """List where *viewer* is signed in, newest first.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidCursor: the cursor did not come from a page.
    """
    query = select(*_SIGN_IN).where(
        LoginSession.user_id == require_user(viewer),
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > now,
    )
    return read_page(query, LoginSession.id, cursor=cursor, limit=limit)


def list_own_keys(*, viewer: Viewer) -> Sequence[Row[Any]]:
    """List the API keys that act as *viewer*, newest first.

    Raises:
        SignInRequired: nobody is signed in.
    """
    mine = _keys().where(APIKey.owner_id == require_user(viewer), APIKey.revoked_at.is_(None))
    return current_session().execute(mine).all()


def list_all_keys(*, viewer: Viewer) -> Sequence[Row[Any]]:
    """List everybody's API keys, also revoked ones, newest first; for admins.

    Raises:
        NotFound: *viewer* is none.
    """
    _require_admin(viewer)
    return current_session().execute(_keys()).all()


def list_users(*, viewer: Viewer, now: datetime) -> Sequence[Row[Any]]:
    """List all users and how many live sign-ins each has, in the order they came; for admins.

    Raises:
        NotFound: *viewer* is none.
    """
    _require_admin(viewer)
    live = (
        select(func.count())
        .where(
            LoginSession.user_id == User.id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
        )
        .scalar_subquery()
    )
    query: Any = select(*_PERSON, live.label("sign_ins")).order_by(User.id)
    return current_session().execute(query).all()


def _keys() -> Select[Any]:
    return select(*_KEY).join(User).order_by(APIKey.id.desc())


def _require_admin(viewer: Viewer) -> None:
    if not viewer.is_admin:
        raise NotFound
