"""Sign in with address and password: a browser, a program, or somebody new."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gallery import metrics
from gallery.errors import RegistrationClosed, WrongCredentials
from gallery.extensions import current_session, end_reading, writing
from gallery.models import User
from gallery.services.access import Viewer, require_user
from gallery.services.accounts.entrance import Caller, Entrance
from gallery.services.accounts.passwords import hash_password, is_password
from gallery.services.accounts.sessions import (
    OpenedSession,
    Tokens,
    end_replaced,
    open_session,
    tokens_of,
)
from gallery.services.accounts.tokens import AccessClaim
from gallery.services.accounts.users import add_user, end_all, prepare_user, user_with

_REFUSAL = "The address or the password is not right"


@dataclass(frozen=True, kw_only=True)
class SignedInBrowser:
    """What a browser is to keep: the ``secret`` of its sign-in, and what it is known as."""

    viewer: Viewer
    secret: str
    device: str


def sign_in(email: str, password: str) -> User:
    """Return the user with this address and password; nothing is counted, and nothing begins.

    Takes the same time for addresses that nobody has.

    Raises:
        WrongCredentials: they don't fit; which of them is not told.
        SignInBusy: too many passwords wait to be checked.
    """
    user = user_with(email)
    end_reading()
    if not is_password(password, user.password_hash if user else None) or user is None:
        raise WrongCredentials(_REFUSAL)
    return user


def sign_in_browser(
    email: str,
    password: str,
    *,
    caller: Caller,
    entrance: Entrance,
    now: datetime,
    instead_of: UUID | None = None,
) -> SignedInBrowser:
    """Begin a sign-in in a browser, and end the one that it had, if there was one.

    Raises:
        WrongCredentials, TooManyRequests, SignInBusy: it does not.
    """
    user, opened = _begin(email, password, "browser", caller, entrance, now, instead_of)
    return _kept(user, opened, caller, entrance)


def sign_in_program(
    email: str, password: str, *, caller: Caller, entrance: Entrance, now: datetime
) -> Tokens:
    """Begin a sign-in of a program; raises as ``sign_in_browser`` does."""
    user, opened = _begin(email, password, "program", caller, entrance, now)
    return _tokens(user, opened, entrance, now)


def register(
    email: str, password: str, *, name: str, caller: Caller, entrance: Entrance, now: datetime
) -> Tokens:
    """Create a user where everybody may, and begin a sign-in of the program that asked.

    That an address is taken can't be hidden from who tries to take it, without
    mail that only its owner reads. But it costs the same tries and the same
    time as guessing a password.

    Raises:
        RegistrationClosed: only the operator makes users.
        AlreadyExists: the address is taken.
        InvalidField: no address, or a password of the wrong length.
        TooManyRequests, SignInBusy: not now.
    """
    if not entrance.is_registration_open:
        raise RegistrationClosed("Ask whoever runs this gallery for an account")
    entrance.count(caller, now=now)
    user = prepare_user(email, password, name=name, now=now)
    with writing() as session:
        add_user(session, user)
        opened = open_session(
            session, user.id, "program", caller=caller, entrance=entrance, now=now
        )
    return _tokens(user, opened, entrance, now)


def change_password(
    old: str, new: str, *, viewer: Viewer, caller: Caller, entrance: Entrance, now: datetime
) -> SignedInBrowser:
    """Change *viewer*'s password, end all their sign-ins, and begin a new one for this browser.

    This one is made anew as well, since its cookie may have been copied.
    API keys stay.

    Raises:
        SignInRequired: nobody is signed in.
        WrongCredentials: the *old* password is not right.
        InvalidField: the *new* one has the wrong length.
        TooManyRequests, SignInBusy: not now.
    """
    user = _user(require_user(viewer))
    end_reading()
    with entrance.attempt(user.email, caller, now=now):
        if not is_password(old, user.password_hash):
            raise WrongCredentials("The old password is not right")
    verified, hashed = user.password_hash, hash_password(new)
    with writing() as session:
        _lock_unchanged(session, user, verified)
        user.password_hash = hashed
        end_all(session, user.id, now=now)
        opened = open_session(
            session, user.id, "browser", caller=caller, entrance=entrance, now=now
        )
    return _kept(user, opened, caller, entrance)


def _begin(
    email: str,
    password: str,
    kind: str,
    caller: Caller,
    entrance: Entrance,
    now: datetime,
    instead_of: UUID | None = None,
) -> tuple[User, OpenedSession]:
    with metrics.sign_in(kind), entrance.attempt(email, caller, now=now):
        user = sign_in(email, password)
    verified = user.password_hash
    with writing() as session:
        _lock_unchanged(session, user, verified)
        end_replaced(session, instead_of, now=now)
        opened = open_session(session, user.id, kind, caller=caller, entrance=entrance, now=now)
    return user, opened


def _lock_unchanged(session: Session, user: User, verified: str) -> None:
    """Hold the user's row, if the password that was checked is theirs yet.

    Checking takes a while. Whoever's password was changed meanwhile must not be
    signed in after all other sign-ins were ended.
    """
    locked = session.get(User, user.id, populate_existing=True, with_for_update=True)
    if locked is None or locked.password_hash != verified:
        raise WrongCredentials(_REFUSAL)


def _kept(user: User, opened: OpenedSession, caller: Caller, entrance: Entrance) -> SignedInBrowser:
    device = entrance.devices.read(caller.device, email=user.email)
    viewer = Viewer(
        user_id=user.id, name=user.name, is_admin=user.is_admin, session_id=opened.session_id
    )
    return SignedInBrowser(
        viewer=viewer, secret=opened.secret, device=entrance.devices.sign(user.email, device)
    )


def _tokens(user: User, opened: OpenedSession, entrance: Entrance, now: datetime) -> Tokens:
    claim = AccessClaim(user_id=user.id, session_id=opened.session_id)
    return tokens_of(claim, opened.secret, tokens=entrance.tokens, now=now)


def _user(user_id: UUID) -> User:
    user = current_session().get(User, user_id, populate_existing=True)
    if user is None:
        raise WrongCredentials(_REFUSAL)
    return user
