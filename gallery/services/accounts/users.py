"""Users: made, changed and removed. What takes something from them ends their sign-ins."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gallery.errors import AlreadyExists, InvalidField, NotFound
from gallery.extensions import current_session, writing
from gallery.models import LoginSession, User
from gallery.services import retention
from gallery.services.accounts.passwords import hash_password
from gallery.services.identifiers import check_text, new_id
from gallery.storage import Storages

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def create_user(
    email: str, password: str, *, now: datetime, name: str = "", is_admin: bool = False
) -> User:
    """Create a user. Without *name*, the part of the address before the @ is shown.

    Raises:
        AlreadyExists: the address is taken.
        InvalidField: no address, or a password of the wrong length.
        SignInBusy: too many passwords wait to be hashed.
    """
    user = prepare_user(email, password, now=now, name=name, is_admin=is_admin)
    with writing() as session:
        add_user(session, user)
    return user


def prepare_user(
    email: str, password: str, *, now: datetime, name: str = "", is_admin: bool = False
) -> User:
    """Return a user who is not in the database yet; raises as ``create_user`` does."""
    email = check_text("email", as_address(email), most=254)
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidField("email must be an address such as name@example.org")
    name = check_text("name", name.strip() or email.partition("@")[0], most=100)
    return User(
        id=new_id(now),
        email=email,
        name=name,
        password_hash=hash_password(password),
        is_admin=is_admin,
        created_at=now,
    )


def add_user(session: Session, user: User) -> None:
    """Add a prepared user, in the caller's transaction.

    Raises:
        AlreadyExists: the address is taken.
    """
    try:
        session.add(user)
        session.flush()
    except IntegrityError:
        raise AlreadyExists("There is a user with this address already") from None


def set_password(email: str, password: str, *, now: datetime) -> User:
    """Give a user another password, and end all their sign-ins.

    Raises:
        NotFound: nobody has this address.
        InvalidField: a password of the wrong length.
    """
    hashed = hash_password(password)
    with writing() as session:
        user = user_to_change(session, email)
        user.password_hash = hashed
        end_all(session, user.id, now=now)
    return user


def set_admin(email: str, *, is_admin: bool, now: datetime) -> User:
    """Make a user an admin, or no longer one; whoever is lowered has to sign in again.

    Raises:
        NotFound: nobody has this address.
    """
    with writing() as session:
        user = user_to_change(session, email)
        if user.is_admin and not is_admin:
            end_all(session, user.id, now=now)
        user.is_admin = is_admin
    return user


def delete_user(email: str, *, storages: Storages) -> User:
    """Remove a user with everything that is theirs: pictures, galleries, links, keys, sign-ins.

    Raises:
        NotFound: nobody has this address.
    """
    user = user_with(email)
    if user is None:
        raise NotFound(f"Nobody has the address {email}")
    retention.delete_owner(user.id, storages=storages)
    return user


def as_address(email: str) -> str:
    """Return an address the way it is stored and compared."""
    return email.strip().lower()


def user_with(email: str) -> User | None:
    """Return the user who has this address."""
    email = as_address(email)
    try:
        check_text("email", email)
    except InvalidField:
        # No database can be asked for it.
        return None
    return current_session().scalar(
        select(User).where(User.email == email).execution_options(populate_existing=True)
    )


def user_to_change(session: Session, email: str) -> User:
    """Return the user who has this address, for a change in *session*'s transaction.

    Raises:
        NotFound: nobody has it.
    """
    user = user_with(email)
    if user is None:
        raise NotFound(f"Nobody has the address {email}")
    session.refresh(user, with_for_update=True)
    return user


def end_all(session: Session, user_id: UUID, *, now: datetime) -> None:
    """End all sign-ins of a user, in the caller's transaction."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
