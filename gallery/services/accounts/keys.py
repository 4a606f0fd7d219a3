"""API keys: what programs show that can't keep a password or renew tokens."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from gallery.errors import InvalidField, NotFound, SignInNeeded, WrongCredentials
from gallery.extensions import current_session, writing
from gallery.models import APIKey, User
from gallery.services.access import Viewer, require_owner, require_user
from gallery.services.accounts.digests import digest_of
from gallery.services.accounts.users import user_with
from gallery.services.identifiers import check_text, new_id

KEY_PREFIX = "gallery_"


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key that was just made, with the only copy of its secret."""

    key: APIKey
    secret: str


def create_key(name: str, *, owner: str, now: datetime) -> NewKey:
    """Create an API key that acts as the user with the address *owner*; for the operator.

    Raises:
        NotFound: nobody has this address.
        InvalidField: the name is empty or too long.
    """
    user = user_with(owner)
    if user is None:
        raise NotFound(f"Nobody has the address {owner}")
    return _create(name, user.id, now)


def create_own_key(name: str, *, viewer: Viewer, now: datetime) -> NewKey:
    """Create an API key that acts as *viewer*.

    A key can't make another: to revoke one that leaked is enough.

    Raises:
        SignInRequired: nobody is signed in.
        SignInNeeded: *viewer* asks by an API key.
        InvalidField: the name is empty or too long.
    """
    owner_id = require_user(viewer)
    if viewer.session_id is None:
        raise SignInNeeded("An API key can't make another; sign in with your password")
    return _create(name, owner_id, now)


def revoke_key(key_id: UUID, *, viewer: Viewer, now: datetime) -> APIKey:
    """End an API key at once; doing so twice changes nothing.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
    """
    with writing() as session:
        key = require_owner(viewer, session.get(APIKey, key_id, populate_existing=True))
        key.revoked_at = key.revoked_at or now
    return key


# Built once: each request of a program asks it.
_WITH_KEY = (
    select(User.id, User.name, User.is_admin)
    .join(APIKey, APIKey.owner_id == User.id)
    .where(APIKey.secret_sha256 == bindparam("digest"), APIKey.revoked_at.is_(None))
)


def viewer_with_key(secret: str) -> Viewer:
    """Return whom an API key acts as.

    Raises:
        WrongCredentials: no such key, or it was revoked.
    """
    connection = current_session().connection()
    row = connection.execute(_WITH_KEY, {"digest": digest_of(secret)}).first()
    if row is None:
        raise WrongCredentials("The API key is not right")
    return Viewer(user_id=row.id, name=row.name, is_admin=row.is_admin)


def _create(name: str, owner_id: UUID, now: datetime) -> NewKey:
    if not name.strip():
        raise InvalidField("The key needs a name that tells which program it is for")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = APIKey(
        id=new_id(now),
        owner_id=owner_id,
        name=check_text("name", name.strip(), most=100),
        secret_sha256=digest_of(secret),
        created_at=now,
    )
    with writing() as session:
        session.add(key)
    return NewKey(key=key, secret=secret)
