"""Tools that look: what each of the cast is shown."""

from collections.abc import Callable

import pytest

from gallery.extensions import House
from tests.conftest import FixedClock, Person
from tests.mcp_tools.conftest import Save
from tests.mcp_tools.talking import Assistant

Assisted = Callable[[Person], Assistant]


def ids(answer: dict) -> list[str]:
    return [image["id"] for image in answer["images"]]


def test_list_shows_what_the_key_s_owner_finds(
    alice: Person, bob: Person, save: Save, assisted: Assisted
) -> None:
    """Private images are in their owner's list alone; public ones in everybody's."""
    private, public = save(alice), save(alice, visibility="public")

    assert ids(assisted(alice).ask("list_images")) == [str(public), str(private)]
    assert ids(assisted(bob).ask("list_images")) == [str(public)]


def test_admins_find_everybody_s(
    alice: Person, root: Person, save: Save, assisted: Assisted
) -> None:
    """The key of an admin shows what an admin sees."""
    private = save(alice)

    answer = assisted(root).ask("list_images")

    assert ids(answer) == [str(private)]


def test_list_is_what_the_json_endpoint_answers(
    alice: Person, save: Save, assisted: Assisted
) -> None:
    """Programs and assistants read the same of an image."""
    save(alice, prompt="A heron in the reeds", model="demo")

    answer = assisted(alice).ask("list_images")

    assert answer == alice.get("/api/images").json()


def test_list_is_narrowed_by_every_filter(alice: Person, save: Save, assisted: Assisted) -> None:
    """Each filter leaves out what it should."""
    heron = save(alice, prompt="A heron", model="demo", category="birds")
    otter = save(alice, prompt="An otter", model="other", category="mammals")
    assistant = assisted(alice)
    made = {image["id"]: image["created_at"] for image in assistant.ask("list_images")["images"]}

    def found(**wanted: str) -> list[str]:
        return ids(assistant.ask("list_images", **wanted))

    assert found(q="heron") == found(model="demo") == found(category="birds") == [str(heron)]
    assert found(**{"from": made[str(otter)]}) == [str(otter)]
    assert found(to=made[str(otter)]) == [str(heron)]
    assert found(kind="story") == found(provider="elsewhere") == []


def test_list_is_walked_by_its_cursor(alice: Person, save: Save, assisted: Assisted) -> None:
    """Each page leads to the next, and the last one to none."""
    saved = [str(save(alice)) for _ in range(3)]
    assistant = assisted(alice)

    first = assistant.ask("list_images", limit=2)
    second = assistant.ask("list_images", limit=2, cursor=first["next"])

    assert ids(first) + ids(second) == saved[::-1]
    assert second["next"] is None


def test_details_tell_prompt_addresses_and_metadata(
    alice: Person, save: Save, assisted: Assisted
) -> None:
    """An image's details are those of its JSON endpoint, but for the time in the signed link."""
    image_id = save(alice, prompt="A heron in the reeds")

    answer = assisted(alice).ask("image_details", image_id=str(image_id))

    assert answer == alice.get(f"/api/images/{image_id}").json()
    assert answer["prompt"] == "A heron in the reeds"
    assert answer["embedded"] is None
    assert alice.http.get(answer["download_url"]).status_code == 200


@pytest.mark.parametrize("whose", ["alice's, private", "nobody's"])
def test_details_of_what_is_not_yours_look_like_nothing(
    whose: str, alice: Person, bob: Person, save: Save, assisted: Assisted
) -> None:
    """A stranger can't tell a private image from none."""
    image_id = save(alice)
    asked = str(image_id) if whose == "alice's, private" else "01890000-0000-7000-8000-000000000000"

    told = assisted(bob).refusal("image_details", image_id=asked)

    assert told == "Not found"


def test_statistics_are_over_what_the_owner_finds(
    alice: Person, bob: Person, save: Save, assisted: Assisted
) -> None:
    """Figures count private images to their owner alone."""
    save(alice)

    assert assisted(alice).ask("statistics") == alice.get("/api/stats").json()
    assert assisted(bob).ask("statistics")["total_images"] == 0


def test_null_means_left_out(alice: Person, save: Save, assisted: Assisted) -> None:
    """Assistants that write null for what they don't want are understood."""
    image_id = save(alice)

    answer = assisted(alice).ask("list_images", q=None, kind=None, cursor=None)

    assert ids(answer) == [str(image_id)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"limit": 201}, "A field is not valid: limit: Must be greater than or equal to 1"),
        ({"kind": "video"}, "A field is not valid: kind: Must be one of: session, round"),
        ({"colour": "red"}, "A field is not valid: colour: Unknown field."),
        ({"cursor": "next"}, "The cursor is not valid: Take the cursor from `next`"),
    ],
)
def test_nonsense_is_refused_in_words(
    alice: Person, assisted: Assisted, arguments: dict, told: str
) -> None:
    """The refusal names the field and what it may be."""
    assert assisted(alice).refusal("list_images", **arguments).startswith(told)


def test_calls_count_as_requests_of_the_owner(
    house: House, alice: Person, clock: FixedClock, assisted: Assisted
) -> None:
    """Tools are no way around the limits."""
    assistant = assisted(alice)
    rate = house.limits.rates["reads"]
    house.limits.hit("reads", f"user:{alice.viewer.user_id}", now=clock(), cost=rate.most)

    told = assistant.refusal("statistics")

    assert told == "Too many requests: Try again in 60 s"
