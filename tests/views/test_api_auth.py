"""Programs sign up, sign in, renew their tokens and sign out."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from flask import Flask

from gallery.extensions import db
from gallery.models import LoginSession, User
from tests.conftest import PASSWORD, FixedClock, Person
from tests.views.programs import Program

NEW = "carol@gallery.example"
CALLS = ("register", "login", "refresh", "logout")


@pytest.fixture
def program(alice: Person) -> Program:
    """A program of alice's, signed in."""
    return Program.of(alice)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:gallery:")


class TestSigningIn:
    """POST /api/auth/login."""

    def test_answer_is_what_oauth_clients_expect(self, alice: Person) -> None:
        """Both tokens, and how long the first one is good for; no cache keeps them."""
        answer = Program(alice.http, alice.email).sign_in()

        told = answer.json()
        assert (told["expires_in"], told["token_type"]) == (900, "Bearer")
        assert told["access_token"].count(".") == 2
        assert told["refresh_token"].startswith("grefresh_")
        assert answer.headers["Cache-Control"] == "no-store"

    def test_access_token_acts_as_its_owner(self, program: Program, secret_generation: str) -> None:
        """With it a program sees what is private, and saves what is its owner's."""
        seen = program.request("GET", f"/api/images/{secret_generation}")
        made = program.request("POST", "/api/sessions", json={})

        assert (seen.status_code, made.status_code) == (200, 201)

    @pytest.mark.parametrize(
        ("email", "password"),
        [("alice@gallery.example", "wrong horse"), ("nobody@gallery.example", PASSWORD), ("", "")],
    )
    @pytest.mark.usefixtures("alice")
    def test_wrong_credentials_get_one_answer(
        self, visitor: Person, email: str, password: str
    ) -> None:
        """A wrong password and an unknown address are told apart by nothing."""
        answer = Program(visitor.http, email).sign_in(password)

        assert problem(answer) == (401, "wrong-credentials")
        assert answer.json()["detail"] == "The address or the password is not right"

    def test_cookie_does_not_matter(self, alice: Person, owner: Any) -> None:
        """A page elsewhere that sends a browser here gets nothing for its cookie."""
        answer = Program(owner.http, alice.email).sign_in("wrong horse")

        assert problem(answer) == (401, "wrong-credentials")

    def test_worthless_bearer_token_does_not_matter(self, alice: Person) -> None:
        """A program may show an access token that has expired while it signs in."""
        answer = Program(alice.http, alice.email).sign_in(headers={"Authorization": "Bearer a.b.c"})

        assert answer.status_code == 200

    @pytest.mark.parametrize("wanted", [{}, {"email": "x"}, {"email": 1, "password": []}])
    def test_missing_fields_are_named(self, visitor: Person, wanted: dict[str, Any]) -> None:
        """A request without both halves is told which is missing or wrong."""
        answer = visitor.post("/api/auth/login", json=wanted)

        assert answer.status_code == 422
        assert "password" in answer.json()["errors"]["json"]

    def test_form_is_not_taken(self, alice: Person) -> None:
        """Only JSON signs in, which a page elsewhere can't make a browser send."""
        answer = alice.http.post(
            "/api/auth/login", data={"email": alice.email, "password": PASSWORD}
        )

        assert answer.status_code == 422


class TestRegistering:
    """POST /api/auth/register."""

    def test_closed_unless_the_operator_opens_it(self, visitor: Person) -> None:
        """By default only the operator makes accounts."""
        assert problem(Program(visitor.http, NEW).register()) == (403, "registration-closed")

    class TestOpen:
        """REGISTRATION=open."""

        @pytest.fixture
        def settings(self) -> dict[str, Any]:
            return {"REGISTRATION": "open"}

        def test_somebody_new_is_signed_in(self, visitor: Person) -> None:
            """The account is made, no admin's, and its first program has its tokens."""
            program = Program(visitor.http, NEW)

            answer = program.register(name="Carol")

            assert answer.status_code == 201
            assert program.status() == 200
            assert Program(visitor.http, NEW).sign_in().status_code == 200

        def test_nobody_registers_as_an_admin(self, app: Flask, visitor: Person) -> None:
            """A rank in the request is refused with all of it."""
            answer = Program(visitor.http, NEW).register(is_admin=True)

            with app.app_context():
                assert (answer.status_code, db.session.query(User).count()) == (422, 0)

        def test_taken_address_is_refused(self, alice: Person) -> None:
            """Nobody gets into an account by registering it again."""
            answer = Program(alice.http, "ALICE@gallery.example").register("another password")

            assert problem(answer) == (409, "already-exists")
            assert Program(alice.http, alice.email).sign_in().status_code == 200

        def test_probing_for_addresses_is_limited(self, alice: Person) -> None:
            """Asking who is here costs the same tries as guessing a password."""
            program = Program(alice.http, alice.email)

            answers = [program.register().status_code for _ in range(11)]

            assert answers == [409] * 10 + [429]

        @pytest.mark.parametrize(("email", "password"), [("carol", PASSWORD), (NEW, "short")])
        def test_values_out_of_bounds_are_refused(
            self, visitor: Person, email: str, password: str
        ) -> None:
            """An address needs its two halves, a password its ten characters."""
            answer = Program(visitor.http, email).register(password)

            assert problem(answer) == (422, "invalid-field")


class TestRefreshing:
    """POST /api/auth/refresh."""

    def test_new_tokens_for_an_old_one(self, program: Program, clock: FixedClock) -> None:
        """When the access token is over, the refresh token brings the next pair."""
        clock.move(minutes=15)
        before = program.status()

        answer = program.refresh()

        assert (before, answer.status_code, program.status()) == (401, 200, 200)
        assert answer.headers["Cache-Control"] == "no-store"

    def test_rotation_can_go_on_and_on(self, program: Program, clock: FixedClock) -> None:
        """Each answer holds the token for the next time, and no two are alike."""
        seen = {program.refresh_token}
        for _ in range(4):
            clock.move(minutes=14)
            assert program.refresh().status_code == 200
            seen.add(program.refresh_token)

        assert len(seen) == 5

    @pytest.mark.parametrize("age", [1, 2, 3])
    def test_reuse_of_any_old_token_ends_the_family(self, program: Program, age: int) -> None:
        """Whoever stole a token and whoever lost it are both out, at once."""
        tokens = [program.refresh_token]
        for _ in range(3):
            program.refresh()
            tokens.append(program.refresh_token)

        reused = Program(program.http, "").refresh(tokens[-1 - age])

        assert problem(reused) == (401, "wrong-credentials")
        assert program.status() == 401
        assert program.refresh().status_code == 401

    def test_other_sign_ins_survive_a_reuse(self, alice: Person, program: Program) -> None:
        """A family is one sign-in; the user's others are not touched."""
        other, old = Program.of(alice), program.refresh_token
        program.refresh()

        program.refresh(old)

        assert (other.status(), other.refresh().status_code) == (200, 200)

    def test_of_two_uses_at_once_one_wins(self, program: Program) -> None:
        """Two programs with one token never both get new ones, and the family ends."""
        token = program.refresh_token
        twins = [Program(program.http, "") for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda twin: twin.refresh(token).status_code, twins))

        assert sorted(answers) == [200, 401, 401, 401]
        (winner,) = [twin for twin in twins if twin.access_token]
        assert winner.status() == 401
        assert winner.refresh().status_code == 401

    @pytest.mark.parametrize("part", [0, 1])
    def test_guess_of_half_a_token_is_worth_nothing(self, program: Program, part: int) -> None:
        """A made-up first half touches nobody's sign-in, a made-up second half renews nothing."""
        text = program.refresh_token.removeprefix("grefresh_")
        guess = "A" * 32 + text[32:] if part == 0 else text[:32] + "A" * 43

        answer = Program(program.http, "").refresh("grefresh_" + guess)

        assert problem(answer) == (401, "wrong-credentials")
        assert program.status() == (200 if part == 0 else 401)

    @pytest.mark.parametrize(
        "sent", ["", "x", "grefresh_", "grefresh_" + "é" * 75, "\ud800", "a\0"]
    )
    def test_nonsense_is_refused(self, program: Program, sent: str) -> None:
        """What is no refresh token is not right."""
        answer = program.http.post(
            "/api/auth/refresh",
            content=json.dumps({"refresh_token": sent}),
            headers={"Content-Type": "application/json"},
        )

        assert problem(answer) == (401, "wrong-credentials")
        assert program.status() == 200

    def test_access_token_renews_nothing(self, program: Program) -> None:
        """An access token sent in the place of a refresh token is not right."""
        assert program.refresh(program.access_token).status_code == 401

    def test_sign_in_ends_after_thirty_days(self, program: Program, clock: FixedClock) -> None:
        """However often it renews its tokens, a program asks for the password once a month."""
        clock.move(days=29)
        before = program.refresh().status_code
        clock.move(days=1)

        assert (before, program.refresh().status_code) == (200, 401)

    def test_access_token_never_outlives_the_sign_in(
        self, program: Program, clock: FixedClock
    ) -> None:
        """A token of the last minute ends with its sign-in."""
        clock.move(days=29, hours=23, minutes=59)
        program.refresh()
        before = program.status()
        clock.move(minutes=1)

        assert (before, program.status()) == (200, 401)

    def test_secrets_are_nowhere_in_the_database(self, app: Flask, program: Program) -> None:
        """Who reads the rows can't act as anybody."""
        program.refresh()

        with app.app_context():
            row = db.session.query(LoginSession).one()
        kept = " ".join(str(value) for value in vars(row).values())
        text = program.refresh_token.removeprefix("grefresh_")
        assert text[:32] not in kept
        assert text[32:] not in kept


class TestSigningOut:
    """POST /api/auth/logout."""

    @pytest.mark.parametrize("by", ["refresh_token", "access_token", "old_refresh_token"])
    def test_both_tokens_are_worth_nothing_at_once(self, program: Program, by: str) -> None:
        """With either token the sign-in ends, without waiting for the access token's expiry."""
        old = program.refresh_token
        program.refresh()
        token = {"refresh_token": program.refresh_token, "old_refresh_token": old}.get(by)
        body = {"refresh_token": token} if token else {}

        headers = {} if token else {"Authorization": f"Bearer {program.access_token}"}
        answer = program.http.post("/api/auth/logout", json=body, headers=headers)

        assert answer.status_code == 204
        assert (program.status(), program.refresh().status_code) == (401, 401)

    @pytest.mark.parametrize("body", [{}, {"refresh_token": "x"}, {"refresh_token": ""}])
    def test_nothing_is_told_to_who_has_no_token(
        self, visitor: Person, body: dict[str, str]
    ) -> None:
        """To sign out what isn't signed in, or twice, is no error."""
        assert visitor.post("/api/auth/logout", json=body).status_code == 204

    def test_signing_out_twice_is_no_error(self, program: Program) -> None:
        """The second time changes nothing."""
        body = {"refresh_token": program.refresh_token}

        answers = [program.http.post("/api/auth/logout", json=body) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [204, 204]

    def test_body_may_be_missing(self, program: Program) -> None:
        """The bearer token is enough."""
        answer = program.request("POST", "/api/auth/logout")

        assert (answer.status_code, program.status()) == (204, 401)

    def test_cookie_signs_nobody_out(self, owner: Any) -> None:
        """A page elsewhere can't end a browser's sign-in here."""
        answer = owner.http.post("/api/auth/logout", json={})

        assert answer.status_code == 204
        assert owner.page("/").select(".who") != []


@pytest.mark.parametrize("call", CALLS)
def test_malformed_json_is_told(visitor: Person, call: str) -> None:
    """What can't be read is a 400, not a fault of the server."""
    answer = visitor.post(
        f"/api/auth/{call}", content=b"{", headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
