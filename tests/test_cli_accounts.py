"""gallery users and gallery keys: what an operator does to accounts."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask

from gallery.cli import cli
from gallery.errors import WrongCredentials
from gallery.extensions import House, db
from gallery.models import User
from gallery.services import accounts
from gallery.services.accounts import Caller, SignedInBrowser
from tests.conftest import PASSWORD, FixedClock

EMAIL = "alice@gallery.example"
NEW_PASSWORD = "a much better password"
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in the application, as an operator would."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("GALLERY_PASSWORD", raising=False)

    def run(*arguments: str, **options: Any) -> Result:
        return app.test_cli_runner().invoke(cli, arguments, **options)

    return run


@pytest.fixture
def alice(inside: Flask, clock: FixedClock) -> User:
    return accounts.create_user(EMAIL, PASSWORD, now=clock())


@pytest.fixture
def cookie(alice: User, house: House) -> SignedInBrowser:
    """Alice is signed in in a browser."""
    return accounts.sign_in_browser(
        EMAIL, PASSWORD, caller=Caller(address="127.0.0.1"), entrance=house.entrance,
        now=house.now(),
    )  # fmt: skip


def is_live(cookie: SignedInBrowser, clock: FixedClock) -> bool:
    db.session.rollback()
    return accounts.viewer_with_cookie(cookie.secret, now=clock()) is not None


class TestUsers:
    """gallery users."""

    @pytest.mark.usefixtures("cookie")
    def test_list_for_programs(self, run: Run, alice: User) -> None:
        """Each with their role, and in how many places they are signed in."""
        run("users", "create", "root@gallery.example", "--admin", "--json",
            env={"GALLERY_PASSWORD": PASSWORD})  # fmt: skip

        answer = json.loads(run("users", "list", "--json").output)

        listed = sorted(answer, key=lambda each: each["email"])
        assert listed[0] == {
            "id": str(alice.id), "email": EMAIL, "admin": False, "name": "alice",
            "created_at": "2026-03-14T15:09:26Z", "sign_ins": 1,
        }  # fmt: skip
        assert [(each["admin"], each["sign_ins"]) for each in listed] == [(False, 1), (True, 0)]

    @pytest.mark.usefixtures("cookie")
    def test_list_for_people(self, run: Run) -> None:
        """A line for each."""
        lines = run("users", "list").output.splitlines()

        assert lines[1].split() == [EMAIL, "alice", "user", "2026-03-14T15:09:26Z", "1"]

    def test_new_password_signs_out_everywhere(
        self, run: Run, cookie: SignedInBrowser, clock: FixedClock
    ) -> None:
        """From the environment."""
        done = run("users", "set-password", EMAIL, env={"GALLERY_PASSWORD": NEW_PASSWORD})

        assert done.output == f"{EMAIL} has another password, and is signed out everywhere.\n"
        assert is_live(cookie, clock) is False
        assert accounts.sign_in(EMAIL, NEW_PASSWORD).email == EMAIL
        with pytest.raises(WrongCredentials):
            accounts.sign_in(EMAIL, PASSWORD)

    @pytest.mark.usefixtures("alice")
    def test_new_password_is_asked_for(self, run: Run) -> None:
        """Twice, and never shown."""
        done = run("users", "set-password", EMAIL, input=f"{NEW_PASSWORD}\n{NEW_PASSWORD}\n")

        assert NEW_PASSWORD not in done.output
        assert accounts.sign_in(EMAIL, NEW_PASSWORD).email == EMAIL

    def test_admin_and_no_longer(
        self, run: Run, alice: User, cookie: SignedInBrowser, clock: FixedClock
    ) -> None:
        """Being lowered signs out; being raised does not."""
        up = json.loads(run("users", "set-admin", EMAIL, "--json").output)
        after_up = is_live(cookie, clock)
        down = run("users", "set-admin", EMAIL, "--off")

        assert up == {"id": str(alice.id), "email": EMAIL, "admin": True}
        assert down.output == f"{EMAIL} is an admin no longer.\n"
        assert (after_up, is_live(cookie, clock)) == (True, False)

    @pytest.mark.parametrize(("said", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
    @pytest.mark.usefixtures("alice")
    def test_delete_asks_first(self, run: Run, said: str, left: int) -> None:
        """Nothing goes by a slip."""
        run("users", "delete", EMAIL, input=said)

        assert db.session.query(User).count() == left

    @pytest.mark.usefixtures("cookie")
    def test_delete_for_programs(self, run: Run, alice: User) -> None:
        """With --yes nothing is asked."""
        done = run("users", "delete", EMAIL, "--yes", "--json")

        assert json.loads(done.output)["id"] == str(alice.id)
        assert db.session.query(User).count() == 0

    @pytest.mark.usefixtures("inside")
    @pytest.mark.parametrize("command", ["set-password", "set-admin", "delete"])
    def test_unknown_user_is_told_in_a_line(self, run: Run, command: str) -> None:
        """An error is one line and exit code 1."""
        options = ["--yes"] if command == "delete" else []

        done = run("users", command, "x@y", *options, env={"GALLERY_PASSWORD": PASSWORD})

        assert done.exit_code == 1
        assert done.stderr == "Error: Not found: Nobody has the address x@y\n"


class TestKeys:
    """gallery keys list and revoke."""

    @pytest.mark.usefixtures("alice")
    def test_keys_are_listed(self, run: Run, clock: FixedClock) -> None:
        """Newest first, with whom they act as, and without their secrets."""
        made = [accounts.create_key(name, owner=EMAIL, now=clock()) for name in ("one", "two")]
        run("keys", "revoke", str(made[0].key.id))

        done = run("keys", "list", "--json")

        listed = {each["name"]: each for each in json.loads(done.output)}
        assert listed["one"] == {
            "id": str(made[0].key.id), "name": "one", "owner": EMAIL,
            "created_at": "2026-03-14T15:09:26Z", "revoked_at": "2026-03-14T15:09:26Z",
        }  # fmt: skip
        assert listed["two"]["revoked_at"] is None
        assert made[1].secret not in done.output
        lines = run("keys", "list").output.splitlines()
        assert {line.split()[-1] for line in lines[1:]} == {"live", "revoked"}
        # Whole, on however narrow a terminal: it is there to be copied.
        assert {line.split()[0] for line in lines[1:]} == {str(each.key.id) for each in made}

    @pytest.mark.parametrize("as_json", [True, False])
    @pytest.mark.usefixtures("alice")
    def test_key_is_revoked(self, run: Run, clock: FixedClock, as_json: bool) -> None:
        """It opens nothing any more."""
        made = accounts.create_key("one", owner=EMAIL, now=clock())

        done = run("keys", "revoke", str(made.key.id), *(["--json"] if as_json else []))

        db.session.rollback()
        with pytest.raises(WrongCredentials):
            accounts.viewer_with_key(made.secret)
        if as_json:
            assert json.loads(done.output) == {
                "id": str(made.key.id), "revoked_at": "2026-03-14T15:09:26Z",
            }  # fmt: skip
        else:
            assert done.output == "The key one opens nothing any more.\n"

    @pytest.mark.usefixtures("inside")
    @pytest.mark.parametrize(("key_id", "code"), [(str(UUID(int=9)), 1), ("no-id", 2)])
    def test_unknown_key_is_told(self, run: Run, key_id: str, code: int) -> None:
        """What is no key, or no id, is an error."""
        assert run("keys", "revoke", key_id).exit_code == code
