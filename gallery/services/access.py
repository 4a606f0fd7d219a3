"""Who asks, and what they may see, find and change.

``public`` is found by everybody, ``unlisted`` is seen by who has the
address, ``private`` by its owner. What hangs in a round that is hidden
until its reveal is its owner's as well. Admins see all. What is not the
asker's to see looks exactly like what does not exist.
"""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, not_, or_, true
from sqlalchemy.orm import Session

from gallery.errors import AdminRequired, NotFound, SignInRequired
from gallery.models import APIKey, Gallery, Image, Link, Product, User

Owned = TypeVar("Owned", APIKey, Gallery, Image, Link, Product)
VISIBILITIES = ("public", "unlisted", "private")


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who asks: nobody known, or a user, whether by cookie, access token or key.

    ``session_id`` is the sign-in that they ask through; with an API key there is none.
    """

    user_id: UUID | None = None
    name: str = ""
    is_admin: bool = False
    session_id: UUID | None = None

    @property
    def is_signed_in(self) -> bool:
        """Tell whether it is known who asks."""
        return self.user_id is not None


ANONYMOUS = Viewer()


def may_see(viewer: Viewer, table: type[Image] | type[Gallery]) -> ColumnElement[bool]:
    """Rows that *viewer* sees, given their address."""
    if viewer.is_admin:
        return true()
    visible = _is_shown(table, table.visibility != "private")
    if viewer.user_id is None:
        return visible
    return or_(visible, table.owner_id == viewer.user_id)


def sees(viewer: Viewer, row: Row[Any]) -> bool:
    """Tell of a row that was read what ``may_see`` asks of one that is yet to be found."""
    is_shown = row.visibility != "private" and not getattr(row, "is_hidden", False)
    return is_shown or may_write(viewer, row.owner_id)


def finds(viewer: Viewer, table: type[Image] | type[Gallery]) -> ColumnElement[bool]:
    """Rows that *viewer* meets in lists, searches and counts."""
    if viewer.is_admin:
        return true()
    is_public = _is_shown(table, table.visibility == "public")
    if viewer.user_id is None:
        return is_public
    # A plain OR tempts SQLite to collect both halves and sort them, which costs more with every
    # row there is. Turned round, it is a filter on rows read in the list's own order; and
    # PostgreSQL turns it back and knows how many it lets through, which of a CASE it doesn't.
    return not_(and_(table.owner_id != viewer.user_id, not_(is_public)))


def _is_shown(
    table: type[Image] | type[Gallery], visible: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Except, of images, what is hidden until its round is revealed."""
    is_hidden = getattr(table, "is_hidden", None)
    return visible if is_hidden is None else and_(visible, not_(is_hidden))


def require_user(viewer: Viewer) -> UUID:
    """Return the id of who asks.

    Raises:
        SignInRequired: nobody is signed in.
    """
    if viewer.user_id is None:
        raise SignInRequired("Sign in, or send an API key or access token as a bearer token")
    return viewer.user_id


def require_admin(viewer: Viewer) -> None:
    """Refuse everybody but admins what concerns the whole gallery.

    Raises:
        AdminRequired: *viewer* is none.
    """
    if not viewer.is_admin:
        raise AdminRequired


def check_is_there(session: Session, user_id: UUID) -> None:
    """Refuse a user who was deleted meanwhile; one who is there stays until the commit.

    Raises:
        SignInRequired: there is no such user any more.
    """
    lock = {"read": True, "key_share": True}
    if session.get(User, user_id, with_for_update=lock, populate_existing=True) is None:
        raise SignInRequired("This account is gone")


def may_write(viewer: Viewer, owner_id: UUID) -> bool:
    """Tell whether *viewer* may change what belongs to *owner_id*."""
    return viewer.is_admin or (viewer.user_id is not None and viewer.user_id == owner_id)


def require_owner(viewer: Viewer, row: Owned | None) -> Owned:
    """Return *row*, which is None where nothing was found, to its owner and to admins.

    Raises:
        SignInRequired: nobody is signed in.
        NotFound: it isn't there, or isn't theirs.
    """
    require_user(viewer)
    if row is None or not may_write(viewer, row.owner_id):
        raise NotFound
    return row
