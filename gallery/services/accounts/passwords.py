"""Passwords: hashed slowly, and one at a time.

A hash takes 64 MB and a core for a tenth of a second. Guessers wait for
each other, and only a few of them: those who would wait longer are asked to
come back, so that they never take all threads of the server.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gallery.errors import InvalidField, SignInBusy
from gallery.services.identifiers import check_text

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
# The one that is being hashed, and those that wait for it: less than a second's work.
MOST_IN_LINE = 8
_hasher = PasswordHasher()
_HASHING = BoundedSemaphore(1)
_LINE = BoundedSemaphore(MOST_IN_LINE)


def hash_password(password: str) -> str:
    """Return the slow hash of a password.

    Raises:
        InvalidField: it is too short or too long, or no text.
        SignInBusy: too many passwords wait to be hashed.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidField(
            f"password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        )
    check_text("password", password)
    with _turn():
        return _hasher.hash(password)


def is_password(password: str, hashed: str | None) -> bool:
    """Tell whether *password* is the one that was *hashed*; without a hash it never is.

    Takes the same time either way.

    Raises:
        SignInBusy: too many passwords wait to be hashed.
    """
    try:
        with _turn():
            nobodys = _nobodys_hash()
            _hasher.verify(hashed or nobodys, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return hashed is not None


def new_password() -> str:
    """Return a password that nobody can guess, for an account made by a program."""
    return secrets.token_urlsafe(12)


@contextmanager
def _turn() -> Iterator[None]:
    if not _LINE.acquire(blocking=False):
        raise SignInBusy
    try:
        with _HASHING:
            yield
    finally:
        _LINE.release()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())
