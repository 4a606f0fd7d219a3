"""Users, passwords and the keys of programs."""

import hashlib

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.errors import AlreadyExists, InvalidField, NotFound, WrongCredentials
from gallery.extensions import db
from gallery.models import APIKey, User
from gallery.services import accounts
from tests.conftest import PASSWORD, FixedClock

EMAIL = "carol@gallery.example"


@pytest.fixture
def carol(inside: Flask, clock: FixedClock) -> User:
    """She has a password."""
    return accounts.create_user(EMAIL, PASSWORD, now=clock())


def test_user_signs_in_with_address_and_password(carol: User) -> None:
    """The case of the address and spaces around it don't matter."""
    signed_in = accounts.sign_in(" Carol@Gallery.Example ", PASSWORD)

    assert signed_in.id == carol.id
    assert (carol.email, carol.name, carol.is_admin) == (EMAIL, "carol", False)


def test_password_is_kept_as_a_slow_hash(carol: User) -> None:
    """The password itself is nowhere."""
    assert carol.password_hash.startswith("$argon2id$")
    assert PASSWORD not in carol.password_hash


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong horse battery"), (EMAIL, ""), (EMAIL, PASSWORD + " "),
        (EMAIL, PASSWORD.upper()), (EMAIL, "p" * 100_000), (EMAIL, "\ud800" * 10),
        ("nobody@gallery.example", PASSWORD), ("", PASSWORD), ("a\x00b", PASSWORD),
        ("\ud800@gallery.example", PASSWORD), ("%", PASSWORD),
    ],
    ids=range(11),
)  # fmt: skip
def test_wrong_credentials_are_all_told_alike(carol: User, email: str, password: str) -> None:
    """Whether the address or the password was wrong is not told."""
    with pytest.raises(WrongCredentials, match=r"^The address or the password is not right$"):
        accounts.sign_in(email, password)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", PASSWORD), ("carol", PASSWORD), ("@", PASSWORD), ("a@", PASSWORD),
        ("@b", PASSWORD), ("a@b@c", PASSWORD), ("a b@c", PASSWORD),
        ("a@" + "b" * 255, PASSWORD), ("a\x00@b", PASSWORD), ("\ud800@b", PASSWORD),
        ("\u202ea@b", PASSWORD), ("a\x07@b", PASSWORD),
        (EMAIL, "short"), (EMAIL, "p" * 9), (EMAIL, "p" * 201), (EMAIL, "\ud800" * 10),
    ],
    ids=range(16),
)  # fmt: skip
def test_user_out_of_bounds_is_refused(
    inside: Flask, clock: FixedClock, email: str, password: str
) -> None:
    """An address needs its two halves, a password 10 to 200 characters."""
    with pytest.raises(InvalidField):
        accounts.create_user(email, password, now=clock())

    assert db.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("length", [10, 200])
def test_shortest_and_longest_password(inside: Flask, clock: FixedClock, length: int) -> None:
    """Both ends of the range sign in."""
    created = accounts.create_user(EMAIL, "p" * length, now=clock())

    assert accounts.sign_in(EMAIL, "p" * length).id == created.id


def test_password_beyond_the_longest_is_not_cut(inside: Flask, clock: FixedClock) -> None:
    """More than 200 characters never pass for the first 200."""
    accounts.create_user(EMAIL, "p" * 200, now=clock())

    with pytest.raises(WrongCredentials):
        accounts.sign_in(EMAIL, "p" * 201)


def test_address_is_one_users(carol: User, clock: FixedClock) -> None:
    """The same address in capitals is taken."""
    with pytest.raises(AlreadyExists):
        accounts.create_user(EMAIL.upper(), PASSWORD, now=clock())


def test_name_and_rank_are_kept(inside: Flask, clock: FixedClock) -> None:
    """A user may have a name, and be an admin."""
    made = accounts.create_user(EMAIL, PASSWORD, name=" Carol C. ", is_admin=True, now=clock())

    kept = accounts.sign_in(EMAIL, PASSWORD)
    assert (kept.id, kept.name, kept.is_admin) == (made.id, "Carol C.", True)


def test_key_acts_as_its_owner(carol: User, clock: FixedClock) -> None:
    """Only its digest is kept; the secret is told once."""
    made = accounts.create_key(" party game ", owner=" CAROL@gallery.example", now=clock())

    viewer = accounts.viewer_with_key(made.secret)

    assert (viewer.user_id, viewer.name, viewer.is_admin) == (carol.id, "carol", False)
    assert (made.key.name, made.key.owner_id) == ("party game", carol.id)
    assert made.key.secret_sha256 == hashlib.sha256(made.secret.encode()).hexdigest()
    assert made.secret.startswith("gallery_")
    assert len(made.secret) == 51


@pytest.mark.parametrize("secret", ["", "gallery_", "gallery_x", "é", "\ud800", "x" * 100_000])
def test_unknown_key_is_refused(carol: User, clock: FixedClock, secret: str) -> None:
    """No other text is a key."""
    accounts.create_key("k", owner=EMAIL, now=clock())

    with pytest.raises(WrongCredentials):
        accounts.viewer_with_key(secret)


def test_revoked_key_is_refused(carol: User, clock: FixedClock) -> None:
    """A key that was withdrawn acts as nobody."""
    made = accounts.create_key("k", owner=EMAIL, now=clock())
    db.session.get(APIKey, made.key.id).revoked_at = clock()
    db.session.commit()

    with pytest.raises(WrongCredentials):
        accounts.viewer_with_key(made.secret)


@pytest.mark.parametrize("owner", ["nobody@gallery.example", "", "\x00", "\udcff@b"])
def test_key_needs_an_owner(carol: User, clock: FixedClock, owner: str) -> None:
    """A key for nobody is not made."""
    with pytest.raises(NotFound):
        accounts.create_key("k", owner=owner, now=clock())


@pytest.mark.parametrize("name", ["", " ", "n" * 101, "a\x00b"])
def test_key_needs_a_name(carol: User, clock: FixedClock, name: str) -> None:
    """A key tells which program it is for."""
    with pytest.raises(InvalidField):
        accounts.create_key(name, owner=EMAIL, now=clock())


def test_made_passwords_are_long_and_differ() -> None:
    """A password for a program's account can't be guessed."""
    one, other = accounts.new_password(), accounts.new_password()

    assert one != other
    assert len(one) == 16
