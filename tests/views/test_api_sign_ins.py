"""Where programs are signed in: what ends that, at once, and the list of it."""

from typing import Any

import pytest
from flask import Flask

from gallery.services import accounts
from tests.conftest import FixedClock, Person
from tests.views.programs import Program


@pytest.fixture
def program(alice: Person) -> Program:
    """A program of alice's, signed in."""
    return Program.of(alice)


class TestLosingAccess:
    """What ends access does so at once, and for both tokens."""

    @pytest.fixture
    def bobs(self, bob: Person) -> Program:
        return Program.of(bob)

    def test_changed_password(self, app: Flask, program: Program, bobs: Program) -> None:
        """Whoever was signed in with the old one is out; nobody else is."""
        with app.app_context():
            house = app.extensions["gallery"]
            accounts.set_password(program.email, "another password", now=house.now())

        assert (program.status(), program.refresh().status_code) == (401, 401)
        assert (bobs.status(), bobs.refresh().status_code) == (200, 200)

    def test_lowered_role(self, app: Flask, root: Person, secret_generation: str) -> None:
        """Who is an admin no longer sees no more than others do, and signs in anew."""
        program, path = Program.of(root), f"/api/images/{secret_generation}"
        before = program.request("GET", path).status_code

        with app.app_context():
            accounts.set_admin(root.email, is_admin=False, now=app.extensions["gallery"].now())

        assert (before, program.status(), program.refresh().status_code) == (200, 401, 401)
        program.sign_in()
        assert program.request("GET", path).status_code == 404

    def test_raised_role_counts_at_once(
        self, app: Flask, bob: Person, bobs: Program, secret_generation: str
    ) -> None:
        """The rank is read from the row, not from the token."""
        with app.app_context():
            accounts.set_admin(bob.email, is_admin=True, now=app.extensions["gallery"].now())

        assert bobs.request("GET", f"/api/images/{secret_generation}").status_code == 200

    def test_deleted_user(self, app: Flask, program: Program) -> None:
        """Nothing of a user who was removed opens anything."""
        with app.app_context():
            storages = app.extensions["gallery"].storages
            accounts.delete_user(program.email, storages=storages)

        assert (program.status(), program.refresh().status_code) == (401, 401)
        assert program.sign_in().status_code == 401


class TestSessions:
    """GET and DELETE /api/auth/sessions."""

    @pytest.mark.usefixtures("owner")
    def test_each_tells_what_it_is(
        self, alice: Person, program: Program, clock: FixedClock
    ) -> None:
        """A program sees its own sign-in, and the browser's."""
        program.http.headers["User-Agent"] = "tea-party/1.0"
        clock.move(minutes=1)
        newest = Program.of(alice)

        listed = newest.sessions()

        assert listed[0] == {
            "id": listed[0]["id"], "kind": "program", "current": True,
            "user_agent": "tea-party/1.0", "network": "127.0.0.1",
            "created_at": "2026-03-14T15:10:26Z", "last_used_at": "2026-03-14T15:10:26Z",
            "expires_at": "2026-04-13T15:10:26Z",
        }  # fmt: skip
        assert sorted(each["kind"] for each in listed) == ["browser", "program", "program"]
        assert [each["current"] for each in listed] == [True, False, False]

    def test_list_goes_on_page_by_page(self, alice: Person, clock: FixedClock) -> None:
        """`next` leads on, as in every list."""
        programs = []
        for _ in range(3):
            clock.move(minutes=1)
            programs.append(Program.of(alice))

        first = programs[-1].request("GET", "/api/auth/sessions?limit=2").json()
        second = (
            programs[-1].request("GET", f"/api/auth/sessions?limit=2&cursor={first['next']}").json()
        )

        assert (len(first["sessions"]), len(second["sessions"]), second["next"]) == (2, 1, None)

    def test_one_can_be_ended(self, alice: Person, program: Program) -> None:
        """It is gone from the list, and its tokens are worth nothing."""
        other = Program.of(alice)

        answer = program.request("DELETE", f"/api/auth/sessions/{other.session_id()}")

        assert answer.status_code == 204
        assert (other.status(), other.refresh().status_code) == (401, 401)
        assert len(program.sessions()) == 1

    @pytest.mark.parametrize("name", ["bob", "root"])
    def test_nobody_ends_anothers(
        self, request: pytest.FixtureRequest, program: Program, name: str
    ) -> None:
        """Another user's sign-in looks as if it did not exist, also to admins."""
        other = Program.of(request.getfixturevalue(name))

        answer = other.request("DELETE", f"/api/auth/sessions/{program.session_id()}")

        assert (answer.status_code, program.status()) == (404, 200)

    def test_ended_and_expired_ones_are_not_listed(
        self, alice: Person, program: Program, clock: FixedClock
    ) -> None:
        """The list holds what is signed in."""
        program.request("POST", "/api/auth/logout")
        Program.of(alice)
        clock.move(days=15)
        younger = Program.of(alice).session_id()
        clock.move(days=15)
        newest = Program.of(alice)

        listed = newest.sessions()

        assert [each["id"] for each in listed] == [newest.session_id(), younger]

    def test_browser_ends_one_with_its_csrf_token_alone(self, owner: Any, program: Program) -> None:
        """A page elsewhere can't end a sign-in through somebody's cookie."""
        path = f"/api/auth/sessions/{program.session_id()}"
        forged = owner.http.delete(path)

        answer = owner.http.delete(path, headers={"X-CSRFToken": owner.token()})

        assert (forged.status_code, answer.status_code) == (400, 204)
