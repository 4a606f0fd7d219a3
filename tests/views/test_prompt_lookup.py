"""A prompt is looked up: its picture, the lease to make it, or that somebody is at it."""

from typing import Any

import pytest
from flask import Flask

from gallery.extensions import House
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.asking import MOONLIGHT, all_there_is, lease, look_up, set_round
from tests.views.saving import save_generation, save_round_image, show_to

KEY = {"Idempotency-Key": "k-1"}


def test_first_who_asks_gets_the_lease(alice: Person) -> None:
    """Where there is no picture, the asker is told that it is theirs to make, and until when."""
    answer = look_up(alice)

    told = answer.json()
    assert (answer.status_code, told["status"]) == (201, "lease")
    assert told["expires_at"] == "2026-03-14T15:11:26Z"
    assert len(told["prompt_hash"]) == 64


def test_who_asks_while_another_makes_it_is_told_to_come_back(alice: Person) -> None:
    """A prompt that is leased is pending, with the seconds after which to ask again."""
    first = look_up(alice)

    answer = look_up(alice)

    assert answer.status_code == 202
    assert answer.json() == {"status": "pending", "prompt_hash": first.json()["prompt_hash"]}
    assert answer.headers["Retry-After"] == "1"


def test_prompt_with_a_picture_is_a_hit(alice: Person) -> None:
    """Where there is a picture, it is the answer, whole."""
    made = save_generation(alice, prompt=MOONLIGHT)

    answer = look_up(alice)

    assert (answer.status_code, answer.json()["status"]) == (200, "hit")
    assert answer.json()["image"] == made


def test_hit_is_counted_with_what_it_saved(alice: Person) -> None:
    """Each hit shows in the statistics; a lease that was only taken does not."""
    save_generation(alice, prompt=MOONLIGHT)
    lease(alice, "Something else.")
    for _ in range(3):
        look_up(alice)

    told = alice.get("/api/stats").json()

    assert (told["cache_hits"], told["cache_hit_rate"], told["cost_saved"]) == (3, 0.75, 0.12)


@pytest.mark.parametrize(
    "sentence", ["The fox  sells\t\n moonlight. ", "The ___ sells ___.", "The ___ sells moonlight."]
)
def test_same_prompt_in_another_spelling_is_the_same(alice: Person, sentence: str) -> None:
    """White space, and whether the cards stand in their blanks, make no other prompt."""
    cards = ["fox", "moonlight"]
    save_round_image(alice, completed_sentence=MOONLIGHT, cards=cards)

    assert look_up(alice, sentence, cards=cards).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        {"sentence": "The fox sells Moonlight."},
        {"cards": ["moonlight", "fox"]},
        {"cards": ["fox"]},
        {"cards": []},
        {"art_style": "gouache"},
        {"ai_service": "demo"},
    ],
    ids=["letters", "order of cards", "fewer cards", "no cards", "style", "service"],
)
def test_another_prompt_is_another(alice: Person, other: dict[str, Any]) -> None:
    """Letters, cards and their order, style and service each make another prompt."""
    asked = {"sentence": MOONLIGHT, "cards": ["fox", "moonlight"]}
    save_round_image(alice, completed_sentence=MOONLIGHT, cards=["fox", "moonlight"])

    own, others = (alice.post("/api/prompts/lookup", json=asked | each) for each in ({}, other))

    assert (own.status_code, others.status_code) == (200, 201)


def test_visitor_is_a_401_and_takes_no_lease(app, house, alice: Person, visitor: Person) -> None:
    """Whoever looks up may become who pays, so it has to be known who asks."""
    before = all_there_is(app, house)

    answer = look_up(visitor)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert all_there_is(app, house) == before


class TestExpiredLease:
    """A lease of two minutes, three minutes later."""

    @pytest.fixture
    def expired(self, alice: Person, clock: FixedClock) -> str:
        taken = lease(alice)
        clock.move(minutes=3)
        return taken

    def test_next_who_asks_gets_a_new_lease(self, alice: Person, expired: str) -> None:
        """Nobody waits for a front end that has died."""
        assert lease(alice) != expired

    def test_old_lease_is_good_as_long_as_nobody_took_over(
        self, alice: Person, expired: str
    ) -> None:
        """Who was slow is not punished where nobody else began."""
        made = save_generation(alice, prompt=MOONLIGHT, lease_id=expired)

        assert look_up(alice).json()["image"]["id"] == made["id"]

    def test_old_lease_is_refused_after_another_took_over(
        self, alice: Person, expired: str
    ) -> None:
        """Two pictures for one prompt would be one too many."""
        lease(alice)

        answer = alice.post(
            "/api/images",
            content=picture(),
            params={"prompt": MOONLIGHT, "lease_id": expired},
            headers={"Content-Type": "image/png"},
        )

        assert answer.status_code == 409
        assert look_up(alice).status_code == 202


class TestSettings:
    """A gallery whose leases last ten seconds."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"PROMPT_LEASE_SECONDS": "10"}

    def test_lease_lasts_as_long_as_is_set(self, alice: Person, clock: FixedClock) -> None:
        """After ten seconds another may begin, and not before."""
        lease(alice)
        clock.move(seconds=9)
        early = look_up(alice).status_code
        clock.move(seconds=1)

        late = look_up(alice).status_code

        assert (early, late) == (202, 201)


class TestRepeatedRequests:
    """Look-ups that are sent again with their Idempotency-Key."""

    def test_lease_is_answered_again(self, alice: Person) -> None:
        """A lease whose answer was lost on the way is not lost."""
        first, second = (look_up(alice, headers=KEY) for _ in range(2))

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content

    def test_pending_is_never_answered_again(self, alice: Person) -> None:
        """Who comes back with the same key finds the picture that came meanwhile."""
        taken = lease(alice)
        pending = look_up(alice, headers=KEY)
        made = save_generation(alice, prompt=MOONLIGHT, lease_id=taken)

        answer = look_up(alice, headers=KEY)

        assert (pending.status_code, answer.status_code) == (202, 200)
        assert answer.json()["image"]["id"] == made["id"]

    def test_repeated_hit_is_counted_once(self, alice: Person) -> None:
        """A hit that is only told again saved nothing again."""
        save_generation(alice, prompt=MOONLIGHT)
        for _ in range(2):
            look_up(alice, headers=KEY)

        assert alice.get("/api/stats").json()["cache_hits"] == 1


class TestOthersPictures:
    """What bob gets of what alice keeps."""

    @pytest.mark.parametrize("visibility", ["private", "unlisted"])
    def test_what_not_everybody_finds_is_no_hit_for_another(
        self, alice: Person, bob: Person, visibility: str
    ) -> None:
        """Bob gets the lease, as if nobody had ever drawn it; alice gets her picture."""
        save_generation(alice, prompt=MOONLIGHT, visibility=visibility)

        assert (look_up(bob).status_code, look_up(alice).status_code) == (201, 200)

    def test_what_is_hidden_until_its_reveal_is_no_hit_for_another(
        self, alice: Person, bob: Person
    ) -> None:
        """Not even in a public game."""
        save_round_image(alice, completed_sentence=MOONLIGHT, cards=[])
        show_to(alice, "public", "game", "TEA")
        set_round(alice, hidden=True)

        assert (look_up(bob).status_code, look_up(alice).status_code) == (201, 200)

    def test_public_picture_is_a_hit_for_everybody(self, alice: Person, bob: Person) -> None:
        """What everybody finds need not be paid for twice."""
        made = save_generation(alice, prompt=MOONLIGHT, visibility="public")

        answer = look_up(bob)

        assert answer.status_code == 200
        assert answer.json()["image"]["id"] == made["id"]

    def test_public_picture_that_is_withdrawn_is_no_hit_any_more(
        self, alice: Person, bob: Person
    ) -> None:
        """That bob used it once is no claim to it."""
        save_round_image(alice, completed_sentence=MOONLIGHT, cards=[])
        show_to(alice, "public", "game", "TEA")
        look_up(bob)
        show_to(alice, "private", "game", "TEA")

        assert look_up(bob).status_code == 201

    def test_lease_of_another_is_not_in_the_way(self, alice: Person, bob: Person) -> None:
        """Nobody learns from a look-up what somebody else is about to make."""
        lease(alice)

        assert look_up(bob).status_code == 201


def test_deleted_picture_is_no_hit(alice: Person) -> None:
    """A prompt whose picture is gone is drawn anew."""
    made = save_generation(alice, prompt=MOONLIGHT)
    alice.delete(f"/api/images/{made['id']}")

    assert look_up(alice).status_code == 201


def test_expired_picture_is_no_hit(alice: Person, clock: FixedClock) -> None:
    """What the next sweep removes is not handed out."""
    save_generation(alice, prompt=MOONLIGHT)
    clock.move(days=30)

    assert look_up(alice).status_code == 201


def test_lookup_makes_nothing_but_its_entry(app: Flask, house: House, alice: Person) -> None:
    """A look-up makes neither images nor files."""
    (rows, files) = all_there_is(app, house)

    lease(alice)

    after, files_after = all_there_is(app, house)
    assert files_after == files
    assert [name for (name, old), (_, new) in zip(rows, after, strict=True) if old != new] == [
        "prompt_entries"
    ]
