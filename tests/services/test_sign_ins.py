"""Sign-ins as rows: what is kept of them, for how long, and what ends them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.errors import AlreadyExists, InvalidField, NotFound, SignInBusy, WrongCredentials
from gallery.extensions import House, db, writing
from gallery.models import Image, LoginSession, User
from gallery.services import accounts, catalog
from gallery.services.access import ANONYMOUS, Viewer
from gallery.services.accounts import Caller, passwords, sessions
from tests.conftest import PASSWORD, FixedClock
from tests.services.conftest import Easel, stored

EMAIL = "carol@gallery.example"
HOME = Caller(address="203.0.113.7", user_agent="curl/8.5")


@pytest.fixture
def carol(inside: Flask, clock: FixedClock) -> User:
    """She has a password."""
    return accounts.create_user(EMAIL, PASSWORD, now=clock())


@pytest.fixture
def viewer(carol: User) -> Viewer:
    return Viewer(user_id=carol.id, name=carol.name)


def begin(house: House, user: User, kind: str = "program", caller: Caller = HOME) -> str:
    """Begin a sign-in without its slow password, and return its secret."""
    with writing() as session:
        opened = sessions.open_session(
            session, user.id, kind, caller=caller, entrance=house.entrance, now=house.now()
        )
    return opened.secret


def rows() -> list[LoginSession]:
    db.session.expire_all()
    return list(db.session.scalars(select(LoginSession).order_by(LoginSession.id)))


def live() -> int:
    return sum(row.ended_at is None for row in rows())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "unknown"),
    ],
)
def test_network_is_kept_as_limits_count_it(
    house: House, carol: User, address: str, network: str
) -> None:
    """Of an IPv6 address the half that is the customer's."""
    begin(house, carol, caller=Caller(address=address))

    assert [row.network for row in rows()] == [network]


@pytest.mark.parametrize(
    ("agent", "kept"),
    [("curl/8.5", "curl/8.5"), ("a" * 300, "a" * 200), ("a\x00\r\n\ud800b", "ab"), ("", "")],
)
def test_agent_is_kept_as_text(house: House, carol: User, agent: str, kept: str) -> None:
    """What a program calls itself may be anything; at most 200 printable characters stay."""
    begin(house, carol, caller=replace(HOME, user_agent=agent))

    assert [row.user_agent for row in rows()] == [kept]


def test_what_is_over_is_forgotten_at_the_next_sign_in(
    house: House, carol: User, clock: FixedClock
) -> None:
    """The table doesn't grow with the years."""
    begin(house, carol)
    clock.move(days=30)

    begin(house, carol)

    assert [row.created_at for row in rows()] == [clock()]


def test_program_that_signs_in_for_everything_fills_nothing(
    house: House, carol: User, clock: FixedClock
) -> None:
    """Its oldest sign-ins go; the browser's stays."""
    cookie = begin(house, carol, "browser")
    oldest = begin(house, carol)
    for _ in range(sessions.MOST_OF_A_KIND):
        clock.move(seconds=1)
        newest = begin(house, carol)

    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 101
    assert accounts.viewer_with_cookie(cookie, now=clock()) is not None
    accounts.refresh(newest, entrance=house.entrance, now=clock())
    with pytest.raises(WrongCredentials):
        accounts.refresh(oldest, entrance=house.entrance, now=clock())


def test_reuse_is_told_in_the_log(
    house: House, carol: User, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator sees which sign-in ended, and no secret."""
    token = begin(house, carol)
    accounts.refresh(token, entrance=house.entrance, now=clock())

    with pytest.raises(WrongCredentials):
        accounts.refresh(token, entrance=house.entrance, now=clock())

    (record,) = caplog.records
    assert str(rows()[0].id) in record.getMessage()
    assert token[9:41] not in record.getMessage()


def test_worthless_tokens_are_no_news(
    house: House, carol: User, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What was signed out, expired or made up is refused without a warning."""
    token = begin(house, carol)
    accounts.sign_out(token, tokens=house.entrance.tokens, now=clock())

    for worthless in (token, "grefresh_" + "A" * 75):
        with pytest.raises(WrongCredentials):
            accounts.refresh(worthless, entrance=house.entrance, now=clock())

    assert caplog.records == []


def test_programs_secret_is_no_cookie(house: House, carol: User, clock: FixedClock) -> None:
    """What a program keeps opens no page by itself."""
    token = begin(house, carol)

    assert accounts.viewer_with_cookie(token[9:41], now=clock()) is None


def test_cookies_secret_is_no_refresh_token(house: House, carol: User, clock: FixedClock) -> None:
    """And the other way round."""
    cookie = begin(house, carol, "browser")

    with pytest.raises(WrongCredentials):
        accounts.refresh("grefresh_" + cookie + "A" * 43, entrance=house.entrance, now=clock())
    assert live() == 1


def test_password_changed_while_the_old_one_is_checked(
    house: House, carol: User, clock: FixedClock
) -> None:
    """Who was being let in with it is not signed in after everybody was signed out."""
    begun, answers = Event(), []

    def come() -> None:
        with house.studio.scope():
            begun.set()
            try:
                answers.append(
                    accounts.sign_in_program(
                        EMAIL, PASSWORD, caller=HOME, entrance=house.entrance, now=clock()
                    )
                )
            except WrongCredentials as error:
                answers.append(error)

    hashed = passwords.hash_password("a much better password")
    with passwords._HASHING:
        thread = Thread(target=come)
        thread.start()
        begun.wait()
        # It has read the old hash, and waits for its turn.
        while passwords._LINE._value == passwords.MOST_IN_LINE:
            pass
        db.session.get(User, carol.id).password_hash = hashed
        db.session.commit()
        saved = db.session.get(User, carol.id, populate_existing=True).password_hash
    thread.join()

    assert saved == hashed
    assert [type(answer) for answer in answers] == [WrongCredentials]
    assert rows() == []


def test_line_is_free_again_after_every_kind_of_end(inside: Flask) -> None:
    """Neither a refusal nor a fault takes a place away for good."""
    for _ in range(passwords.MOST_IN_LINE + 1):
        assert not passwords.is_password("x", "no hash at all")
        assert not passwords.is_password("\ud800", None)
        with pytest.raises(InvalidField):
            passwords.hash_password("short")

    assert passwords._LINE._value == passwords.MOST_IN_LINE


def test_creating_a_user_waits_in_the_same_line(inside: Flask, clock: FixedClock) -> None:
    """Making accounts is no way around it."""
    for _ in range(passwords.MOST_IN_LINE):
        passwords._LINE.acquire()
    try:
        with pytest.raises(SignInBusy):
            accounts.create_user(EMAIL, PASSWORD, now=clock())
    finally:
        for _ in range(passwords.MOST_IN_LINE):
            passwords._LINE.release()


class TestOperator:
    """What the command line does to users."""

    def test_new_password_ends_all_sign_ins(
        self, house: House, carol: User, clock: FixedClock
    ) -> None:
        """Also the browser's."""
        cookie, token = begin(house, carol, "browser"), begin(house, carol)

        accounts.set_password(EMAIL.upper(), "a much better password", now=clock())

        assert accounts.viewer_with_cookie(cookie, now=clock()) is None
        with pytest.raises(WrongCredentials):
            accounts.refresh(token, entrance=house.entrance, now=clock())
        with pytest.raises(WrongCredentials):
            accounts.sign_in(EMAIL, PASSWORD)
        assert accounts.sign_in(EMAIL, "a much better password").id == carol.id

    @pytest.mark.parametrize(("was", "becomes", "left"), [
        (True, False, 0), (True, True, 1), (False, True, 1), (False, False, 1),
    ])  # fmt: skip
    def test_lowered_role_ends_sign_ins_and_no_other_change_does(
        self, house: House, carol: User, clock: FixedClock, was: bool, becomes: bool, left: int
    ) -> None:
        """Who gains a rank, or keeps it, stays signed in."""
        accounts.set_admin(EMAIL, is_admin=was, now=clock())
        cookie = begin(house, carol, "browser")

        accounts.set_admin(EMAIL, is_admin=becomes, now=clock())

        assert live() == left
        if left:
            viewer = accounts.viewer_with_cookie(cookie, now=clock())
            assert viewer is not None
            assert viewer.is_admin is becomes

    def test_deleted_user_leaves_nothing(
        self, house: House, easel: Easel, alice: Viewer, bob: Viewer, folder: Path
    ) -> None:
        """Neither rows nor stored objects; what is another's stays."""
        easel.round()
        easel.generation()
        easel.viewer = bob
        kept = easel.generation()
        begin(house, db.session.get(User, alice.user_id))
        before = len(stored(folder))

        accounts.delete_user("alice@gallery.example", storages=house.storages)

        assert rows() == []
        assert list(db.session.scalars(select(Image.id))) == [kept.image_id]
        assert (before, len(stored(folder))) == (3, 1)
        assert db.session.get(User, alice.user_id, populate_existing=True) is None

    @pytest.mark.usefixtures("inside")
    def test_unknown_user_is_told(self, house: House, clock: FixedClock) -> None:
        """Nobody is changed by mistake."""
        for change in (
            lambda: accounts.set_password("x@y", PASSWORD, now=clock()),
            lambda: accounts.set_admin("x@y", is_admin=True, now=clock()),
            lambda: accounts.delete_user("x@y", storages=house.storages),
        ):
            with pytest.raises(NotFound, match="Nobody has the address x@y"):
                change()

    def test_short_password_changes_nothing(
        self, house: House, carol: User, clock: FixedClock
    ) -> None:
        """And ends nobody's sign-in."""
        begin(house, carol)

        with pytest.raises(InvalidField):
            accounts.set_password(EMAIL, "short", now=clock())

        assert live() == 1
        assert accounts.sign_in(EMAIL, PASSWORD).id == carol.id


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("viewer", [ANONYMOUS, Viewer(user_id=None, name="x")])
def test_lists_of_everybody_are_admins(viewer: Viewer, clock: FixedClock) -> None:
    """Users and their keys are the operator's to list."""
    for look in (
        lambda: catalog.list_users(viewer=viewer, now=clock()),
        lambda: catalog.list_all_keys(viewer=viewer),
    ):
        with pytest.raises(NotFound):
            look()


def test_two_who_register_one_address_at_once(house: House, carol: User, clock: FixedClock) -> None:
    """The database decides, and the second is told that it is taken."""
    entrance = replace(house.entrance, is_registration_open=True)

    with pytest.raises(AlreadyExists):
        accounts.register(EMAIL, PASSWORD, name="", caller=HOME, entrance=entrance, now=clock())

    assert rows() == []
    assert accounts.sign_in(EMAIL, PASSWORD).id == carol.id


def test_sign_in_lasts_as_long_as_the_setting_says(
    house: House, carol: User, clock: FixedClock
) -> None:
    """From the sign-in on, and no use makes it longer."""
    house = replace(house, entrance=replace(house.entrance, lasts=timedelta(days=2)))
    cookie = begin(house, carol, "browser")
    for _ in range(47):
        clock.move(hours=1)
        assert accounts.viewer_with_cookie(cookie, now=clock()) is not None
    clock.move(hours=1)

    assert accounts.viewer_with_cookie(cookie, now=clock()) is None
