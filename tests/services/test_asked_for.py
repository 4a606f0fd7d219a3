"""A prompt that Gallery itself was asked for, looked up before its turn has come."""

from gallery.extensions import House, writing
from gallery.models import GenerationRequest
from gallery.services.access import Viewer
from gallery.services.prompt_cache import Pending, Wish, look_up
from tests.conftest import FixedClock
from tests.services.conftest import Easel


def test_prompt_that_waits_for_its_turn_is_pending(
    easel: Easel, alice: Viewer, clock: FixedClock, house: House
) -> None:
    """Nobody gets a lease to pay for what is in the queue already."""
    wish = Wish(sentence="A fox in a queue")
    saved = easel.generation()
    with writing() as session:
        session.add(
            GenerationRequest(
                image_id=saved.image_id,
                owner_id=alice.user_id,
                prompt_hash=wish.hash,
                wish={},
                requested_at=clock(),
            )
        )

    answer = look_up(wish, viewer=alice, rules=house.prompts, now=clock())

    assert isinstance(answer, Pending)
