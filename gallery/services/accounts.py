"""Users, their passwords, and the keys of their programs."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import BoundedSemaphore
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, select

from gallery.errors import AlreadyExists, InvalidField, NotFound, WrongCredentials
from gallery.extensions import current_session, writing
from gallery.models import APIKey, User
from gallery.services.access import Viewer
from gallery.services.identifiers import check_text, new_id

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
KEY_PREFIX = "gallery_"
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_hasher = PasswordHasher()
# A hash takes 64 MB and a core for a tenth of a second: guessers wait for each other alone.
_HASHING = BoundedSemaphore(1)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key that was just made, with the only copy of its secret."""

    key: APIKey
    secret: str


def create_user(
    email: str, password: str, *, now: datetime, name: str = "", is_admin: bool = False
) -> User:
    """Create a user. Without *name*, the part of the address before the @ is shown.

    Raises:
        AlreadyExists: the address is taken.
        InvalidField: no address, or a password of the wrong length.
    """
    email = check_text("email", email.strip().lower(), most=254)
    if not _EMAIL.fullmatch(email):
        raise InvalidField("email must be an address such as name@example.org")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidField(
            f"password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        )
    check_text("password", password)
    user = User(
        id=new_id(now),
        email=email,
        name=check_text("name", name.strip() or email.partition("@")[0], most=100),
        password_hash=_hasher.hash(password),
        is_admin=is_admin,
        created_at=now,
    )
    with writing() as session:
        if session.scalar(select(User.id).where(User.email == email)):
            raise AlreadyExists("There is a user with this address already")
        session.add(user)
    return user


def sign_in(email: str, password: str) -> User:
    """Return the user with this address and password.

    Takes the same time for addresses that nobody has.

    Raises:
        WrongCredentials: they don't fit; which of them is not told.
    """
    user = _user_with(email.strip().lower())
    hashed = user.password_hash if user else _nobodys_hash()
    try:
        with _HASHING:
            _hasher.verify(hashed, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        user = None
    if user is None:
        raise WrongCredentials("The address or the password is not right")
    return user


def new_password() -> str:
    """Return a password that nobody can guess, for an account made by a program."""
    return secrets.token_urlsafe(12)


def create_key(name: str, *, owner: str, now: datetime) -> NewKey:
    """Create an API key that acts as the user with the address *owner*.

    Raises:
        NotFound: nobody has this address.
        InvalidField: the name is empty or too long.
    """
    user = _user_with(owner.strip().lower())
    if user is None:
        raise NotFound(f"Nobody has the address {owner}")
    if not name.strip():
        raise InvalidField("The key needs a name that tells which program it is for")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = APIKey(
        id=new_id(now),
        owner_id=user.id,
        name=check_text("name", name.strip(), most=100),
        secret_sha256=_digest(secret),
        created_at=now,
    )
    with writing() as session:
        session.add(key)
    return NewKey(key=key, secret=secret)


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
    row = connection.execute(_WITH_KEY, {"digest": _digest(secret)}).first()
    if row is None:
        raise WrongCredentials("The API key is not right")
    return Viewer(user_id=row.id, name=row.name, is_admin=row.is_admin)


def viewer_with_id(user_id: UUID) -> Viewer | None:
    """Return the user as a viewer, or None if there is no such user any more."""
    user = current_session().get(User, user_id)
    return Viewer(user_id=user.id, name=user.name, is_admin=user.is_admin) if user else None


def _user_with(email: str) -> User | None:
    try:
        check_text("email", email)
    except InvalidField:
        # No database can be asked for it.
        return None
    return current_session().scalar(select(User).where(User.email == email))


def _digest(secret: str) -> str:
    # The secret is random and long, so a fast hash is as good as a slow one.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())
