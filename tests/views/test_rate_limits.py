"""Rate limits over HTTP: who is counted under what, what they are told, and what is free."""

from typing import Any

import httpx
import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import Browser
from tests.views.saving import open_session, save_generation

ADDRESS_OF_BOB = {"X-Forwarded-For": "198.51.100.7"}
ADDRESS_OF_EVE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"RATE_LIMIT_READS": "5/minute", "RATE_LIMIT_WRITES": "3/minute"}


def use_up(person: Person, **options: Any) -> None:
    """Look five times, which is the limit."""
    for _ in range(5):
        assert person.get("/api/images", **options).status_code == 200


class TestAnswers:
    """What somebody is told."""

    def test_api_answer_tells_what_is_left(self, visitor: Person, clock: FixedClock) -> None:
        """The policy, what remains of it, and for how long."""
        visitor.get("/api/images")
        clock.move(seconds=18)

        answer = visitor.get("/api/images")

        assert answer.headers["RateLimit-Policy"] == '"reads";q=5;w=60'
        assert answer.headers["RateLimit"] == '"reads";r=3;t=42'

    def test_program_over_the_limit_gets_a_problem(self, visitor: Person) -> None:
        """429, in the shape of all errors, with the time to wait."""
        use_up(visitor)

        answer = visitor.get("/api/images")

        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:gallery:too-many-requests"
        assert answer.headers["Retry-After"] == "60"
        assert answer.headers["RateLimit"] == '"reads";r=0;t=60'

    def test_person_over_the_limit_gets_a_page(self, visitor: Person, passer_by: Browser) -> None:
        """It tells in words what happened and how long to wait."""
        use_up(visitor)

        page = passer_by.http.get("/")

        assert page.status_code == 429
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Too many requests" in page.text
        assert "Try again in 60 s" in page.text
        assert page.headers["Retry-After"] == "60"

    def test_limit_ends_with_its_window(self, visitor: Person, clock: FixedClock) -> None:
        """A minute later everything works again."""
        use_up(visitor)
        clock.move(seconds=60)

        assert visitor.get("/api/images").status_code == 200

    def test_pages_that_are_allowed_say_nothing_of_it(self, visitor: Person) -> None:
        """The fields are for programs."""
        assert "RateLimit" not in visitor.get("/").headers


class TestWhoIsCounted:
    """Signed in by name, everybody else by address."""

    def test_people_behind_one_address_have_a_share_each(
        self, alice: Person, bob: Person, visitor: Person
    ) -> None:
        """What a visitor or alice use up is not bob's."""
        use_up(visitor)
        use_up(alice)

        assert alice.get("/api/images").status_code == 429
        assert bob.get("/api/images").status_code == 200

    def test_key_and_cookie_of_one_user_share(self, alice: Person, owner: Browser) -> None:
        """Signed in is signed in, in whichever way."""
        use_up(alice)

        assert owner.http.get("/").status_code == 429

    def test_wrong_key_costs_the_address(self, visitor: Person, alice: Person) -> None:
        """A guesser uses up what the address has, and learns nothing more from then on."""
        wrong = {"Authorization": "Bearer gallery_wrong"}

        statuses = [visitor.get("/api/images", headers=wrong).status_code for _ in range(6)]

        assert statuses == [401] * 5 + [429]
        assert visitor.get("/api/images").status_code == 429
        assert alice.get("/api/images").status_code == 200

    def test_writes_and_reads_are_counted_apart(self, alice: Person) -> None:
        """Who may not save any more may still look."""
        for _ in range(3):
            open_session(alice)

        refused = alice.post("/api/sessions", json={})

        assert refused.status_code == 429
        assert refused.headers["RateLimit-Policy"] == '"writes";q=3;w=60'
        assert alice.get("/api/images").status_code == 200

    def test_refused_write_changes_nothing(self, alice: Person) -> None:
        """Over the limit nothing is saved."""
        for _ in range(3):
            save_generation(alice, prompt="A kettle")

        alice.post("/api/images", files={"image": b"x"})

        assert len(alice.get("/api/images").json()["images"]) == 3

    def test_form_over_the_limit_is_refused_before_it_is_read(self, visitor: Person) -> None:
        """Not even its CSRF token is looked for, which would take reading it."""
        statuses = [visitor.post("/login", data={"email": "x"}).status_code for _ in range(4)]

        assert statuses[-1] == 429

    def test_addresses_that_do_not_exist_count(self, visitor: Person) -> None:
        """Looking for what might be there is looking."""
        statuses = [visitor.get(f"/nothing-{n}").status_code for n in range(6)]

        assert statuses == [404] * 5 + [429]


@pytest.mark.parametrize("path", ["/static/css/gallery.css", "/healthz", "/readyz"])
def test_some_addresses_are_free(visitor: Person, path: str) -> None:
    """Style sheets and the watch over the server cost nothing, and work over the limit too."""
    for _ in range(8):
        visitor.get(path)
    use_up(visitor)

    assert visitor.get("/api/images").status_code == 429
    assert visitor.get(path).status_code == 200


class TestWithoutLimits:
    """Where an operator wants none."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"RATE_LIMIT_READS": "none", "RATE_LIMIT_WRITES": "none"}

    def test_nothing_is_counted(self, visitor: Person) -> None:
        """And nothing is told."""
        for _ in range(20):
            answer = visitor.get("/api/images")

        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


class TestDefaults:
    """Where nothing is set."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {}

    def test_party_behind_one_address_can_look_at_galleries(self, visitor: Person) -> None:
        """Twenty players may open ten galleries of fifty thumbnails within a minute."""
        policy = visitor.get("/api/images").headers["RateLimit-Policy"]

        assert policy == '"reads";q=12000;w=60'


class TestForgedAddresses:
    """Nothing in front is trusted: where somebody says they come from counts for nothing."""

    def test_forged_address_brings_no_fresh_counter(self, visitor: Person) -> None:
        """A new address in each header is still one asker."""
        statuses = [
            visitor.get("/api/images", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
            for n in range(6)
        ]

        assert statuses == [200] * 5 + [429]

    @pytest.mark.parametrize("field", ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP"])
    def test_other_fields_are_not_believed_either(self, visitor: Person, field: str) -> None:
        """Whatever it is called."""
        use_up(visitor)

        assert visitor.get("/api/images", headers={field: "198.51.100.7"}).status_code == 429


class TestBehindAProxy:
    """One proxy is trusted; what it adds at the end is where somebody comes from."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"TRUSTED_PROXIES": "1"}

    def test_addresses_are_counted_apart(self, visitor: Person) -> None:
        """What one uses up is not the other's."""
        use_up(visitor, headers=ADDRESS_OF_BOB)

        assert visitor.get("/api/images", headers=ADDRESS_OF_BOB).status_code == 429
        assert visitor.get("/api/images", headers=ADDRESS_OF_EVE).status_code == 200

    def test_forged_part_brings_no_fresh_counter(self, visitor: Person) -> None:
        """What somebody puts before the proxy's part is not believed."""
        statuses = [look_from(visitor, f"192.0.2.{n}, 203.0.113.9") for n in range(6)]

        assert statuses == [200] * 5 + [429]

    def test_forged_part_charges_nobody_else(self, visitor: Person) -> None:
        """Eve can't use bob's share up by naming his address."""
        for _ in range(5):
            look_from(visitor, "198.51.100.7, 203.0.113.9")

        assert visitor.get("/api/images", headers=ADDRESS_OF_BOB).status_code == 200

    def test_addresses_of_one_ipv6_network_are_one_asker(self, visitor: Person) -> None:
        """A customer has 2⁶⁴ of them."""
        statuses = [look_from(visitor, f"2001:db8:1:2::{n}") for n in range(6)]

        assert statuses == [200] * 5 + [429]
        assert look_from(visitor, "2001:db8:1:3::1") == 200

    def test_rubbish_is_one_asker(self, visitor: Person) -> None:
        """What is no address buys no fresh counter."""
        statuses = [look_from(visitor, f"rubbish-{n}") for n in range(6)]

        assert statuses == [200] * 5 + [429]


def look_from(person: Person, forwarded: str) -> int:
    answer: httpx.Response = person.get("/api/images", headers={"X-Forwarded-For": forwarded})
    return answer.status_code
