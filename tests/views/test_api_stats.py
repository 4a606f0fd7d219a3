"""The statistics as JSON."""

from typing import Any

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.asking import MOONLIGHT, WAIT, Painter, generate, look_up, set_round
from tests.views.saving import SENTENCE, save_generation, save_round_image, show_to


def test_empty_gallery_has_zeros(visitor: Person) -> None:
    """Without images every figure is 0, and there are thirty days of none."""
    body = visitor.get("/api/stats").json()

    days = body.pop("images_per_day")
    assert body == {
        "total_images": 0,
        "average_size_bytes": 0.0,
        "storage_used_bytes": 0,
        "storage_by_kind": [],
        "storage_by_provider": [],
        "kept_images": 0,
        "expiring_within_7_days": 0,
        "cache_hits": 0,
        "cache_hit_rate": 0.0,
        "cost_saved": 0.0,
        "most_reused_prompts": [],
    }
    assert [day["images"] for day in days] == [0] * 30
    assert (days[0]["date"], days[-1]["date"]) == ("2026-02-13", "2026-03-14")


def test_figures_add_up(alice: Person, clock: FixedClock) -> None:
    """Counts, bytes and days are those of the images."""
    save_generation(alice)
    clock.move(days=1)
    save_round_image(alice)

    body = alice.get("/api/stats").json()

    sizes = len(picture()), len(picture("JPEG"))
    assert body["total_images"] == 2
    assert body["storage_used_bytes"] == sum(sizes)
    assert body["average_size_bytes"] == sum(sizes) / 2
    assert body["storage_by_kind"] == [
        {"name": "generation", "images": 1, "bytes": sizes[0]},
        {"name": "round", "images": 1, "bytes": sizes[1]},
    ]
    assert body["storage_by_provider"] == [{"name": "local", "images": 2, "bytes": sum(sizes)}]
    assert [day["images"] for day in body["images_per_day"][-3:]] == [0, 1, 1]


@pytest.mark.parametrize(("visibility", "seen"), [("public", 1), ("unlisted", 0), ("private", 0)])
def test_figures_cover_what_the_asker_finds(
    alice: Person, bob: Person, visitor: Person, root: Person, visibility: str, seen: int
) -> None:
    """Owner and admin count all, others only what is public."""
    save_generation(alice, visibility=visibility)

    totals = [
        person.get("/api/stats").json()["total_images"] for person in (alice, root, bob, visitor)
    ]

    assert totals == [1, 1, seen, seen]


class TestCost:
    """A gallery whose generations cost a quarter each."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"COST_PER_IMAGE": "0.25"}

    def test_cache_hits_save_what_a_generation_costs(self, alice: Person) -> None:
        """One prompt that was drawn once and used twice more saved two quarters."""
        save_generation(alice, prompt=MOONLIGHT)
        save_generation(alice, prompt="Another.")
        for _ in range(2):
            look_up(alice)

        body = alice.get("/api/stats").json()

        assert (body["cache_hits"], body["cache_hit_rate"], body["cost_saved"]) == (2, 0.5, 0.5)

    def test_picture_whose_cost_is_known_saves_exactly_that(self, alice: Person) -> None:
        """What was told when it was saved counts before the setting."""
        save_generation(alice, prompt=MOONLIGHT, cost="1.75")
        look_up(alice)

        assert alice.get("/api/stats").json()["cost_saved"] == 1.75


def test_day_tells_what_it_brought(alice: Person, clock: FixedClock, painter: Painter) -> None:
    """Pictures, those out of the cache, hits, rate and savings are counted on their own days."""
    generate(alice, headers=WAIT)
    clock.move(days=1)
    for player in ("owl", "elk", "hen"):
        generate(alice, player)
    look_up(alice)

    *_, first, second = alice.get("/api/stats").json()["images_per_day"]

    names = ("date", "images", "cached", "cache_hits", "cache_hit_rate", "cost_saved")
    assert [first[name] for name in names] == ["2026-03-14", 1, 0, 0, 0.0, 0.0]
    assert [second[name] for name in names] == ["2026-03-15", 3, 3, 4, 1.0, 0.16]
    assert first["average_size_bytes"] == second["average_size_bytes"] > 0


def test_prompts_that_came_back_are_listed_most_used_first(
    alice: Person, clock: FixedClock
) -> None:
    """Each with its picture, its hits, what they saved, and when the last was."""
    used = {"Once.": 1, "Thrice.": 3, "Never.": 0}
    ids = {prompt: save_generation(alice, prompt=prompt)["id"] for prompt in used}
    clock.move(hours=1)
    for prompt, times in used.items():
        for _ in range(times):
            look_up(alice, prompt)

    listed = alice.get("/api/stats").json()["most_reused_prompts"]

    assert listed == [
        {
            "prompt": prompt,
            "hits": hits,
            "cost_saved": saved,
            "last_hit_on": "2026-03-14",
            "image_id": ids[prompt],
        }
        for prompt, hits, saved in (("Thrice.", 3, 0.12), ("Once.", 1, 0.04))
    ]


def test_prompt_of_a_private_picture_is_told_to_its_owner_alone(
    alice: Person, bob: Person, visitor: Person, root: Person
) -> None:
    """What somebody keeps to themselves is neither listed nor counted to others."""
    save_generation(alice, prompt=MOONLIGHT)
    look_up(alice)

    told = [person.get("/api/stats").json() for person in (alice, root, bob, visitor)]

    assert [each["cache_hits"] for each in told] == [1, 1, 0, 0]
    assert [len(each["most_reused_prompts"]) for each in told] == [1, 1, 0, 0]


def test_pictures_that_went_stay_in_what_was_saved(alice: Person) -> None:
    """Deleting a picture doesn't undo the money it saved; its prompt has no picture any more."""
    made = save_generation(alice, prompt=MOONLIGHT)
    look_up(alice)
    alice.delete(f"/api/images/{made['id']}")

    body = alice.get("/api/stats").json()

    assert (body["total_images"], body["cache_hits"], body["cost_saved"]) == (0, 1, 0.04)
    assert [each["image_id"] for each in body["most_reused_prompts"]] == [None]


def test_hit_that_hangs_for_nobody_else_is_counted_to_nobody_else(
    alice: Person, visitor: Person
) -> None:
    """A public picture that is used again in a hidden round gives the round away to nobody."""
    save_round_image(alice)
    show_to(alice, "public", "game", "TEA")
    generate(alice, "heron", SENTENCE, cards=["moonlight"])
    before = visitor.get("/api/stats").json()
    set_round(alice, 2, hidden=True)

    generate(alice, "fox", SENTENCE, cards=["moonlight"], round_=2)

    assert before["cache_hits"] == 1
    assert visitor.get("/api/stats").json() == before
    assert alice.get("/api/stats").json()["cache_hits"] == 2


def test_hit_that_hangs_for_everybody_is_counted_to_everybody(
    alice: Person, visitor: Person
) -> None:
    """What the cache saved where everybody looks may be told."""
    save_round_image(alice)
    show_to(alice, "public", "game", "TEA")

    generate(alice, "heron", SENTENCE, cards=["moonlight"])

    told = visitor.get("/api/stats").json()
    assert (told["cache_hits"], told["cost_saved"]) == (1, 0.04)
    assert told["most_reused_prompts"][0]["prompt"] == SENTENCE
