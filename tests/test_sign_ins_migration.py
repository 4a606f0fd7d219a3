"""0003: sign-ins, on a database that is in use."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from gallery import create_app
from gallery.extensions import db
from tests.conftest import FixedClock
from tests.databases import SECRET, Databases

USER = UUID(int=1).hex
NOW = "2026-03-14 15:09:26"


@pytest.fixture
def in_use(tmp_path: Path, databases: Databases, clock: FixedClock) -> Iterator[Flask]:
    """A gallery of the version before, with a user and what is theirs."""
    with databases.empty(tmp_path / "old") as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
        with app.app_context():
            upgrade(revision="0002")
            add(
                "users",
                id=USER, email="a@b", name="a", password_hash="-", is_admin=False, created_at=NOW,
            )  # fmt: skip
            add("api_keys", id=USER, owner_id=USER, name="k", secret_sha256="-", created_at=NOW)
            yield app
            db.session.remove()
            db.engine.dispose()


def add(table: str, **values: object) -> None:
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    db.session.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)
    db.session.commit()


def add_sign_in(**values: object) -> None:
    fields = {
        "id": UUID(int=2).hex, "user_id": USER, "kind": "browser", "secret_sha256": "-",
        "user_agent": "", "network": "", "created_at": NOW, "last_used_at": NOW, "expires_at": NOW,
    }  # fmt: skip
    add("login_sessions", **(fields | values))


def count(table: str) -> int:
    db.session.rollback()
    return db.session.scalar(text(f"SELECT count(*) FROM {table}"))


@pytest.mark.usefixtures("in_use")
def test_upgrade_keeps_users_and_keys() -> None:
    """Nobody loses an account; everybody signs in once more."""
    upgrade()

    assert (count("users"), count("api_keys"), count("login_sessions")) == (1, 1, 0)


@pytest.mark.usefixtures("in_use")
def test_downgrade_takes_sign_ins_alone() -> None:
    """Users and keys stay, and the way up is open again."""
    upgrade()
    add_sign_in()

    downgrade(revision="0002")

    assert (count("users"), count("api_keys")) == (1, 1)
    assert "login_sessions" not in inspect(db.engine).get_table_names()
    upgrade()
    assert count("login_sessions") == 0


@pytest.mark.usefixtures("in_use")
@pytest.mark.parametrize(
    "values",
    [
        {"kind": "robot"},
        {"kind": "program"},
        {"kind": "browser", "refresh_sha256": "-"},
        {"user_id": UUID(int=9).hex},
    ],
)
def test_rows_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    """A program has a refresh token, a browser has none, and both have a user."""
    upgrade()

    with pytest.raises(IntegrityError):
        add_sign_in(**values)


@pytest.mark.usefixtures("in_use")
def test_secret_is_one_sign_ins() -> None:
    """No two sign-ins can be found by the same secret."""
    upgrade()
    add_sign_in()

    with pytest.raises(IntegrityError):
        add_sign_in(id=UUID(int=3).hex)


@pytest.mark.usefixtures("in_use")
def test_sign_ins_go_with_their_user() -> None:
    """The database itself ends what a deleted user began."""
    upgrade()
    add_sign_in()

    db.session.execute(text("DELETE FROM users"))
    db.session.commit()

    assert count("login_sessions") == 0
