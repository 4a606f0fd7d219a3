"""A lease is sent along with the picture that it was taken for, and is good for that once."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from flask import Flask

from gallery.extensions import House
from tests.conftest import Person
from tests.pictures import picture
from tests.views.asking import MOONLIGHT, all_there_is, lease, look_up, set_round
from tests.views.saving import illustrate, open_session, open_story, save_generation

Save = Callable[..., httpx.Response]


def into_round(person: Person, sentence: str = MOONLIGHT, **fields: str) -> httpx.Response:
    return person.put(
        "/api/games/TEA/rounds/1/players/fox/image",
        files={"image": ("p.jpg", picture("JPEG"), "image/jpeg")},
        data={"completed_sentence": sentence, **fields},
    )


def into_session(person: Person, sentence: str = MOONLIGHT, **fields: str) -> httpx.Response:
    return person.put(
        f"/api/sessions/{open_session(person)}/images/main",
        files={"image": ("p.png", picture(), "image/png")},
        data={"prompt": sentence, **fields},
    )


def into_story(person: Person, sentence: str = MOONLIGHT, **fields: str) -> httpx.Response:
    return person.post(
        f"/api/stories/{open_story(person)}/illustrations",
        files={"image": ("p.png", picture(), "image/png")},
        data={"description": sentence, "pageNumber": "1", **fields},
    )


def alone(person: Person, sentence: str = MOONLIGHT, **fields: str) -> httpx.Response:
    return person.post(
        "/api/images",
        files={"image": ("p.png", picture(), "image/png")},
        data={"prompt": sentence, **fields},
    )


@pytest.mark.parametrize("save", [into_round, into_session, into_story, alone])
def test_picture_with_the_lease_is_the_next_hit(alice: Person, save: Save) -> None:
    """Wherever it is saved, the leased picture is what the next who asks gets."""
    saved = save(alice, lease_id=lease(alice))

    answer = look_up(alice)

    assert saved.status_code == 201, saved.text
    assert answer.status_code == 200
    assert answer.json()["image"]["id"] == saved.json()["id"]


def test_round_picture_fits_a_lease_that_was_taken_with_blanks(alice: Person) -> None:
    """The completed sentence and the sentence with its blanks are one prompt."""
    cards = {"cards": ["fox", "moonlight"]}
    taken = lease(alice, "The ___ sells ___.", **cards)

    saved = into_round(alice, lease_id=taken, **cards)

    assert saved.status_code == 201, saved.text


def test_raw_body_brings_its_lease_in_the_query(alice: Person) -> None:
    """A picture that is the body has its fields in the address."""
    taken = lease(alice)

    answer = alice.post(
        "/api/images",
        content=picture(),
        headers={"Content-Type": "image/png"},
        params={"prompt": MOONLIGHT, "lease_id": taken},
    )

    assert answer.status_code == 201, answer.text
    assert look_up(alice).status_code == 200


def used(alice: Person, bob: Person) -> tuple[str, str]:
    """A lease that was used already."""
    taken = lease(alice)
    save_generation(alice, prompt=MOONLIGHT, lease_id=taken)
    return taken, MOONLIGHT


def of_another(alice: Person, bob: Person) -> tuple[str, str]:
    """A lease that bob took on the same prompt."""
    return lease(bob), MOONLIGHT


def for_another_prompt(alice: Person, bob: Person) -> tuple[str, str]:
    """A good lease with a picture of something else."""
    return lease(alice), "The owl buys it."


def of_nobody(alice: Person, bob: Person) -> tuple[str, str]:
    """An id that was never a lease."""
    return str(uuid4()), MOONLIGHT


@pytest.mark.parametrize("save", [into_round, alone])
@pytest.mark.parametrize("wrong", [used, of_another, for_another_prompt, of_nobody])
def test_lease_that_cannot_be_used_changes_nothing(
    app: Flask,
    house: House,
    alice: Person,
    bob: Person,
    save: Save,
    wrong: Callable[[Person, Person], tuple[str, str]],
) -> None:
    """It is told as a conflict, and neither rows nor files are touched."""
    taken, sentence = wrong(alice, bob)
    before = all_there_is(app, house)

    answer = save(alice, sentence, lease_id=taken)

    assert answer.status_code == 409, answer.text
    assert answer.json()["type"] == "urn:gallery:lease-not-held"
    assert all_there_is(app, house) == before


@pytest.mark.parametrize("wrong", ["x", "0", "{}", "-" * 36, "1" * 5000])
def test_lease_that_is_no_id_is_a_422_and_changes_nothing(
    app: Flask, house: House, alice: Person, wrong: str
) -> None:
    """Only what a look-up answered is a lease."""
    before = all_there_is(app, house)

    answer = into_round(alice, lease_id=wrong)

    assert answer.status_code == 422, answer.text
    assert "lease_id" in answer.json()["detail"]
    assert all_there_is(app, house) == before


def test_refused_picture_leaves_its_lease(alice: Person) -> None:
    """After a damaged picture, the lease is still good for a sound one."""
    taken = lease(alice)
    refused = alice.post(
        "/api/images",
        content=picture()[:60],
        params={"prompt": MOONLIGHT, "lease_id": taken},
        headers={"Content-Type": "image/png"},
    )

    made = save_generation(alice, prompt=MOONLIGHT, lease_id=taken)

    assert refused.status_code == 422
    assert look_up(alice).json()["image"]["id"] == made["id"]


def test_admin_may_bring_the_picture_that_the_owner_leased(alice: Person, root: Person) -> None:
    """A lease belongs to the gallery's owner, for whom an admin may write."""
    set_round(alice)
    taken = lease(alice)

    answer = into_round(root, lease_id=taken)

    assert answer.status_code == 201, answer.text
    assert look_up(alice).status_code == 200


def test_picture_without_its_lease_ends_the_waiting_too(alice: Person) -> None:
    """Whoever brings the picture of a prompt, the others need not wait any more."""
    lease(alice)

    illustrate(alice, open_story(alice), description=MOONLIGHT)

    assert look_up(alice).status_code == 200
