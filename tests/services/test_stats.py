"""Figures over the images that the asker finds."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from gallery.extensions import House, db
from gallery.services import retention, stats
from gallery.services.access import Viewer
from gallery.services.stats import Stats
from tests.conftest import FixedClock
from tests.services.conftest import Easel, row


def gather(viewer: Viewer, now: datetime, cost: float = 0.04) -> Stats:
    return stats.gather_stats(viewer=viewer, now=now, cost_per_image=cost)


def test_empty_gallery_has_zeros(inside: Flask, alice: Viewer, clock: FixedClock) -> None:
    """Nothing is divided by nothing."""
    figures = gather(alice, clock())

    assert (figures.total_images, figures.total_bytes, figures.kept) == (0, 0, 0)
    assert (figures.average_bytes, figures.cache_hit_rate, figures.cost_saved) == (0.0, 0.0, 0.0)
    assert (figures.expiring_soon, figures.cache_hits) == (0, 0)
    assert (list(figures.by_kind), list(figures.by_provider)) == ([], [])


def test_images_and_bytes_are_counted_by_kind_and_provider(easel: Easel, alice: Viewer) -> None:
    """Each kind and provider with its images and bytes."""
    sizes = [row(easel.generation()).size_bytes for _ in range(2)]
    jpeg = row(easel.round()).size_bytes
    total = sum(sizes) + jpeg

    figures = gather(alice, easel.clock())

    assert (figures.total_images, figures.total_bytes) == (3, total)
    assert figures.average_bytes == total / 3
    assert list(figures.by_kind) == [("generation", 2, sum(sizes)), ("round", 1, jpeg)]
    assert list(figures.by_provider) == [("local", 3, total)]


def test_days_are_the_last_thirty_in_utc(easel: Easel, alice: Viewer, clock: FixedClock) -> None:
    """Thirty days end with today; one made at the first midnight counts, one before doesn't."""
    for moment in (
        datetime(2026, 2, 12, 23, 59, 58, tzinfo=UTC),
        datetime(2026, 2, 13, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 14, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 14, 23, 0, 0, tzinfo=UTC),
    ):
        clock.now = moment
        easel.generation()

    days = gather(alice, datetime(2026, 3, 14, 23, 30, tzinfo=UTC)).days

    assert len(days) == 30
    assert (days[0], days[-1]) == ((date(2026, 2, 13), 1), (date(2026, 3, 14), 2))
    assert sum(count for _, count in days) == 3


def test_images_that_expire_within_a_week_are_told(
    easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """An image that is kept for good does not expire soon."""
    kept, other = easel.generation(), easel.generation()
    retention.change_image(kept.image_id, {"keep": True}, viewer=alice)
    clock.now = row(other).expires_at
    clock.move(days=-7)
    before = gather(alice, clock())
    clock.move(seconds=1)

    after = gather(alice, clock())

    assert (before.expiring_soon, after.expiring_soon, after.kept) == (0, 1, 1)


@pytest.mark.parametrize(("cost", "saved"), [(0.04, 0.08), (0.0, 0.0), (0.333, 0.67)])
def test_cached_images_saved_their_cost(
    easel: Easel, alice: Viewer, cost: float, saved: float
) -> None:
    """Two of four images that cost nothing saved twice the price."""
    for place in range(4):
        row(easel.generation()).is_cached = place < 2
    db.session.commit()

    figures = gather(alice, easel.clock(), cost)

    assert (figures.cache_hits, figures.cache_hit_rate, figures.cost_saved) == (2, 0.5, saved)


def test_figures_are_those_of_the_asker(
    easel: Easel, alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer
) -> None:
    """What one doesn't find in lists is not counted either."""
    easel.generation()
    easel.generation(visibility="public")

    counted = {
        viewer.name: (figures.total_images, sum(n for _, n in figures.days), figures.by_kind[0][1])
        for viewer in (alice, bob, root, visitor)
        for figures in [gather(viewer, easel.clock())]
    }

    assert counted == {"alice": (2, 2, 2), "bob": (1, 1, 1), "root": (2, 2, 2), "": (1, 1, 1)}


def test_unfinished_images_are_not_counted(easel: Easel, alice: Viewer) -> None:
    """An image counts once it has a picture."""
    row(easel.generation()).status = "pending"
    db.session.commit()

    figures = gather(alice, easel.clock())

    assert (figures.total_images, sum(n for _, n in figures.days)) == (0, 0)


def test_last_sweep_is_told_to_admins_alone(
    easel: Easel, house: House, alice: Viewer, root: Viewer
) -> None:
    """What was removed of others is nobody's business."""
    retention.expire_images(storages=house.storages, now=house.now())

    assert gather(alice, house.now()).last_sweep is None
    assert gather(root, house.now()).last_sweep.deleted == 0
