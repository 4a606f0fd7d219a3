"""What the host of a hidden round gets, and no cache between may keep."""

import pytest

from tests.conftest import Person
from tests.views.asking import set_round
from tests.views.saving import save_round_image, show_to


@pytest.fixture
def hidden(alice: Person) -> dict:
    """A picture in a hidden round of a public game."""
    place = save_round_image(alice)
    show_to(alice, "public", "game", "TEA")
    set_round(alice, hidden=True)
    return place


def test_shared_caches_may_not_keep_a_hidden_picture(alice: Person, hidden: dict) -> None:
    """Though everybody may see the game, what its owner gets is for nobody else."""
    answer = alice.get(hidden["image_url"])

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_download_link_opens_for_its_owner_alone(
    alice: Person, visitor: Person, hidden: dict
) -> None:
    """Until the reveal, the links of the round's own page work for the host."""
    answers = [person.get(hidden["download_url"]) for person in (alice, visitor)]

    assert [answer.status_code for answer in answers] == [200, 404]
