"""Figures over the images that the asker finds, and over what the prompt cache saved."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from gallery.extensions import House, db
from gallery.services import galleries, generation, retention, stats
from gallery.services.access import Viewer
from gallery.services.ingest import Details, Submission
from gallery.services.prompt_cache import PromptRules, Wish
from gallery.services.stats import Day, ReusedPrompt, Stats
from tests.conftest import FixedClock
from tests.services.artists import SENTENCE, Artist, Host, Look, settle
from tests.services.conftest import Easel, row

DETAILS = Details(prompt=SENTENCE)


def gather(viewer: Viewer, now: datetime) -> Stats:
    return stats.gather_stats(viewer=viewer, now=now)


def test_empty_gallery_has_zeros(inside: Flask, alice: Viewer, clock: FixedClock) -> None:
    """Nothing is divided by nothing."""
    figures = gather(alice, clock())

    assert (figures.total_images, figures.total_bytes, figures.kept) == (0, 0, 0)
    assert (figures.average_bytes, figures.cache_hit_rate, figures.cost_saved) == (0.0, 0.0, 0.0)
    assert (figures.expiring_soon, figures.cache_hits, figures.originals) == (0, 0, 0)
    assert (list(figures.by_kind), list(figures.by_provider)) == ([], [])
    assert (list(figures.most_reused), len(figures.days)) == ([], 30)
    today = figures.days[-1]
    assert today == Day(day=date(2026, 3, 14))
    assert (today.average_bytes, today.hit_rate) == (0.0, 0.0)


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
    assert [(day.day, day.images) for day in (days[0], days[-1])] == [
        (date(2026, 2, 13), 1),
        (date(2026, 3, 14), 2),
    ]
    assert sum(day.images for day in days) == 3
    assert [day.day for day in days] == [days[0].day + timedelta(days=n) for n in range(30)]


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


def test_day_tells_what_it_brought(
    host: Host, artist: Artist, alice: Viewer, clock: FixedClock
) -> None:
    """Images, those out of the cache, bytes, hits, originals, and what was saved."""
    artist.cost = 0.25
    host.drawn("fox")
    sizes = [row(host.round(player)).size_bytes or 0 for player in ("wren", "lynx")]
    clock.move(days=1)
    sizes += [row(host.drawn("mole", sentence="A mole")).size_bytes or 0]

    yesterday, today = gather(alice, clock()).days[-2:]

    assert yesterday == Day(
        day=date(2026, 3, 14), images=3, cached=2, bytes=3 * sizes[0], originals=1, hits=2,
        saved=0.5,
    )  # fmt: skip
    assert today == Day(day=date(2026, 3, 15), images=1, bytes=sizes[2], originals=1)
    assert (yesterday.hit_rate, yesterday.average_bytes) == (2 / 3, sizes[0])


def test_day_of_a_hit_is_its_own(
    easel: Easel, look_up: Look, alice: Viewer, clock: FixedClock
) -> None:
    """A picture of long ago saves today; a day beyond the thirty is in the totals alone."""
    saved = easel.generation(details=DETAILS)
    retention.change_image(saved.image_id, {"keep": True}, viewer=alice)
    look_up()
    clock.move(days=40)
    look_up()
    look_up()

    figures = gather(alice, clock())

    assert [(day.hits, day.saved) for day in figures.days if day.hits] == [(2, 0.08)]
    assert (figures.days[-1].images, figures.days[-1].originals) == (0, 0)
    assert (figures.originals, figures.cache_hits, figures.cost_saved) == (1, 3, 0.12)
    assert figures.cache_hit_rate == 0.75


def test_counts_outlive_the_images(
    easel: Easel, look_up: Look, house: House, alice: Viewer, clock: FixedClock
) -> None:
    """What was saved stays saved when the picture is gone."""
    saved = easel.generation(details=DETAILS)
    look_up()
    retention.delete_image(saved.image_id, viewer=alice, storages=house.storages, now=house.now())

    figures = gather(alice, clock())

    assert (figures.total_images, figures.days[-1].images) == (0, 0)
    assert (figures.originals, figures.cache_hits, figures.days[-1].hits) == (1, 1, 1)
    assert [prompt.image_id for prompt in figures.most_reused] == [None]


@pytest.mark.parametrize(
    ("cost", "saved"), [(0, 0.0), (40_000, 0.08), (333_000, 0.666), (1, 0.0), (50, 0.0001)]
)
def test_hits_saved_the_price_that_is_set(
    easel: Easel, look_up: Look, alice: Viewer, rules: PromptRules, cost: int, saved: float
) -> None:
    """Twice the price for two hits, rounded to a hundredth of a cent."""
    easel.generation(details=DETAILS)
    for _ in range(2):
        look_up(rules=replace(rules, cost_micros=cost))

    figures = gather(alice, easel.clock())

    assert (figures.cost_saved, figures.days[-1].saved) == (saved, saved)
    assert figures.most_reused[0].saved == saved


def test_most_reused_prompts_come_first(
    easel: Easel, look_up: Look, alice: Viewer, clock: FixedClock
) -> None:
    """Ten of them, by their hits; one that was never asked for again is none."""
    images = {}
    for number in range(12):
        images[number] = easel.generation(details=Details(prompt=f"Fox {number}")).image_id
        for _ in range(number):
            look_up(Wish(sentence=f"Fox {number}"))
    last_hit_on = clock().date()
    clock.move(days=1)

    told = gather(alice, clock()).most_reused

    assert [prompt.hits for prompt in told] == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
    assert told[0] == ReusedPrompt(
        prompt="Fox 11", hits=11, saved=0.44, last_hit_on=last_hit_on, image_id=images[11]
    )


class TestScope:
    """What the cache saved is told to who finds its pictures."""

    @pytest.fixture
    def cast(self, alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer) -> list[Viewer]:
        return [alice, bob, root, visitor]

    def told(self, cast: list[Viewer], now: datetime) -> dict[str, Any]:
        """Return each one's originals and hits, of all time and today, and reused prompts."""
        found = {}
        for viewer in cast:
            figures = gather(viewer, now)
            today = figures.days[-1]
            assert (today.originals, today.hits) == (figures.originals, figures.cache_hits)
            found[viewer.name] = (
                figures.originals,
                figures.cache_hits,
                len(figures.most_reused),
            )
        return found

    @pytest.mark.parametrize("visibility", ["private", "unlisted"])
    def test_what_is_not_public_is_its_owners(
        self, easel: Easel, look_up: Look, cast: list[Viewer], visibility: str
    ) -> None:
        """And admins'; to others not even a number is told."""
        easel.generation(details=DETAILS, visibility=visibility)
        look_up()

        told = self.told(cast, easel.clock())

        mine = (1, 1, 1)
        assert told == {"alice": mine, "bob": (0, 0, 0), "root": mine, "": (0, 0, 0)}

    def test_what_is_public_is_told_to_everybody(
        self, easel: Easel, look_up: Look, cast: list[Viewer]
    ) -> None:
        """But not that its owner looked it up, which hangs nowhere."""
        saved = easel.generation(details=DETAILS, visibility="public")
        look_up()

        told = self.told(cast, easel.clock())

        mine = (1, 1, 1)
        assert told == {"alice": mine, "bob": (1, 0, 0), "root": mine, "": (1, 0, 0)}
        assert gather(cast[0], easel.clock()).most_reused[0].image_id == saved.image_id

    def test_private_original_beside_a_public_one_is_not_told(
        self, easel: Easel, look_up: Look, cast: list[Viewer], bob: Viewer
    ) -> None:
        """That somebody else has a picture of the same prompt says nothing about it."""
        easel.generation(details=DETAILS, visibility="public")
        Easel(bob, easel.intake, easel.clock).generation(details=DETAILS)
        for _ in range(2):
            look_up(viewer=bob)

        told = self.told(cast, easel.clock())

        assert told == {"alice": (1, 0, 0), "bob": (2, 2, 1), "root": (2, 2, 1), "": (1, 0, 0)}

    def test_prompt_whose_picture_was_replaced_is_told_no_more(
        self, easel: Easel, look_up: Look, cast: list[Viewer]
    ) -> None:
        """What hangs there now is public, and says nothing of what hung there before."""
        easel.open("game", "TEA", visibility="public")
        easel.round(details=DETAILS)
        look_up()
        easel.round(details=Details(prompt="A hare at tea"))

        told = self.told(cast, easel.clock())

        assert told == {"alice": (2, 1, 1), "bob": (1, 0, 0), "root": (2, 1, 1), "": (1, 0, 0)}

    def test_what_turns_private_is_told_no_more(
        self, easel: Easel, look_up: Look, cast: list[Viewer], alice: Viewer
    ) -> None:
        """Nor what a hit on it saved another, of which only who had it hears."""
        easel.open("session", "s1", visibility="public")
        easel.session("s1", details=DETAILS)
        look_up(viewer=cast[1])
        galleries.change_gallery(
            "session", "s1", visibility="private", viewer=alice, now=easel.clock()
        )

        told = self.told(cast, easel.clock())

        assert told == {"alice": (1, 0, 0), "bob": (0, 1, 1), "root": (1, 1, 1), "": (0, 0, 0)}
        assert gather(cast[1], easel.clock()).most_reused[0].image_id is None


def test_figures_are_right_after_eight_write_at_once(
    easel: Easel, app: Flask, look_up: Look, alice: Viewer
) -> None:
    """Saved, found in the cache and deleted by eight threads: nothing is lost or counted twice."""
    barrier = threading.Barrier(8)
    house: House = app.extensions["gallery"]
    easel.generation(details=DETAILS)

    def work(number: int) -> list[int]:
        with app.app_context():
            barrier.wait()
            sizes = []
            for turn in range(4):
                own = Submission(completed_sentence=f"Scene {number} {turn}")
                sizes.append(row(easel.round(f"p{number}", turn + 1, submission=own)).size_bytes)
                look_up()
                gone = easel.generation(details=DETAILS)
                retention.delete_image(
                    gone.image_id, viewer=alice, storages=house.storages, now=house.now()
                )
            return sizes

    with ThreadPoolExecutor(8) as pool:
        sizes = [size for each in pool.map(work, range(8)) for size in each]

    figures = gather(alice, easel.clock())
    assert (figures.total_images, len(sizes)) == (33, 32)
    assert [line for line in figures.by_kind if line[0] == "round"] == [("round", 32, sum(sizes))]
    assert (figures.originals, figures.cache_hits, figures.cost_saved) == (65, 32, 1.28)
    assert (figures.days[-1].originals, figures.days[-1].hits) == (65, 32)
    assert [prompt.hits for prompt in figures.most_reused] == [32]


def test_figures_are_right_after_twenty_asked_at_once(
    host: Host, app: Flask, alice: Viewer, clock: FixedClock
) -> None:
    """Five prompts, four players each: five originals and fifteen hits."""
    barrier = threading.Barrier(20)

    def ask(number: int) -> None:
        with app.app_context():
            barrier.wait()
            host.round(f"p{number}", sentence=f"Scene {number % 5}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(ask, range(20)))
    settle(host.studio)
    generation.tend(studio=host.studio)
    settle(host.studio)

    today = gather(alice, clock()).days[-1]
    assert (today.images, today.cached, today.originals, today.hits) == (20, 15, 5, 15)
    assert (today.saved, today.hit_rate) == (0.6, 0.75)


def test_figures_are_those_of_the_asker(
    easel: Easel, alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer
) -> None:
    """What one doesn't find in lists is not counted either."""
    easel.generation()
    easel.generation(visibility="public")

    counted = {
        viewer.name: (
            figures.total_images,
            sum(day.images for day in figures.days),
            figures.by_kind[0][1],
        )
        for viewer in (alice, bob, root, visitor)
        for figures in [gather(viewer, easel.clock())]
    }

    assert counted == {"alice": (2, 2, 2), "bob": (1, 1, 1), "root": (2, 2, 2), "": (1, 1, 1)}


def test_unfinished_images_are_not_counted(easel: Easel, alice: Viewer) -> None:
    """An image counts once it has a picture."""
    row(easel.generation()).status = "pending"
    db.session.commit()

    figures = gather(alice, easel.clock())

    assert (figures.total_images, sum(day.images for day in figures.days)) == (0, 0)


def test_last_sweep_is_told_to_admins_alone(
    easel: Easel, house: House, alice: Viewer, root: Viewer
) -> None:
    """What was removed of others is nobody's business."""
    retention.expire_images(storages=house.storages, now=house.now())

    assert gather(alice, house.now()).last_sweep is None
    assert gather(root, house.now()).last_sweep.deleted == 0
