"""The statistics as JSON."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from gallery.extensions import db
from gallery.models import Image
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import save_generation, save_round_image


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
        "cache_hit_rate": 0.0,
        "cost_saved": 0.0,
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

    def test_cache_hits_save_what_a_generation_costs(self, app, alice: Person) -> None:
        """Two of four from the cache: half the rate, and twice the cost saved."""
        ids = [save_generation(alice)["id"] for _ in range(4)]
        with app.app_context():
            db.session.execute(
                update(Image).where(Image.id.in_(map(UUID, ids[:2]))).values(is_cached=True)
            )
            db.session.commit()

        body = alice.get("/api/stats").json()

        assert (body["cache_hit_rate"], body["cost_saved"]) == (0.5, 0.5)
