"""Limits, counted in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gallery.errors import TooManyRequests
from gallery.services.limits import Decision, Limits, MemoryCounters, Rate
from tests.conftest import FixedClock


@pytest.fixture
def counters() -> MemoryCounters:
    """Room for three askers under each name."""
    return MemoryCounters(most_askers=3)


@pytest.fixture
def limits(counters: MemoryCounters) -> Limits:
    return Limits(counters, {"looks": Rate(3, 60), "tries": Rate(1, 60), "free": None})


class Dawdler(str):
    """A name that lets other threads go first whenever it is looked up."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0.0001)
        return super().__hash__()


def look(limits: Limits, who: str, clock: FixedClock, *, times: int = 1) -> Decision:
    for _ in range(times):
        decision = limits.hit("looks", who, now=clock())
    return decision


class TestCounting:
    """Up to the limit, and over it."""

    def test_hit_tells_what_is_left(self, limits: Limits, clock: FixedClock) -> None:
        """A decision says how many remain, and when the window ends."""
        look(limits, "bob", clock)
        clock.move(seconds=20)

        decision = look(limits, "bob", clock)

        assert decision == Decision(is_allowed=True, limit=3, remaining=1, resets_in_seconds=40)

    def test_last_hit_within_the_limit_is_allowed(self, limits: Limits, clock: FixedClock) -> None:
        """Three of three are allowed, the fourth is not."""
        assert look(limits, "bob", clock, times=3).is_allowed
        assert not look(limits, "bob", clock).is_allowed

    def test_refusal_says_when_to_come_back(self, limits: Limits, clock: FixedClock) -> None:
        """The error carries the rest of the window, rounded up."""
        limits.take("tries", "bob", now=clock())
        clock.move(seconds=12.5)

        with pytest.raises(TooManyRequests) as refused:
            limits.take("tries", "bob", now=clock())

        assert refused.value.retry_after_seconds == 48

    def test_window_starts_anew_when_it_is_over(self, limits: Limits, clock: FixedClock) -> None:
        """Sixty seconds after the first hit everything is allowed again."""
        look(limits, "bob", clock, times=4)
        clock.move(seconds=60)

        assert look(limits, "bob", clock) == Decision(True, 3, 2, 60)

    def test_refused_hits_do_not_make_the_window_longer(
        self, limits: Limits, clock: FixedClock
    ) -> None:
        """Who keeps knocking is let in when the time is over all the same."""
        for _ in range(60):
            look(limits, "bob", clock, times=4)
            clock.move(seconds=1)

        assert look(limits, "bob", clock).is_allowed

    def test_cost_counts_as_so_many(self, limits: Limits, clock: FixedClock) -> None:
        """One hit may weigh more than one."""
        assert limits.hit("looks", "bob", now=clock(), cost=2).remaining == 1
        assert not limits.hit("looks", "bob", now=clock(), cost=2).is_allowed

    def test_askers_and_names_are_counted_apart(self, limits: Limits, clock: FixedClock) -> None:
        """Bob's looks are neither alice's looks nor bob's tries."""
        look(limits, "bob", clock, times=4)

        assert look(limits, "alice", clock).remaining == 2
        assert limits.hit("tries", "bob", now=clock()).is_allowed

    def test_limit_that_is_none_allows_everything(self, limits: Limits, clock: FixedClock) -> None:
        """There is nothing to tell of it either."""
        decision = limits.take("free", "bob", now=clock(), cost=1_000_000)

        assert decision == Decision(True, None, 0, 0)

    def test_forgotten_asker_starts_anew(self, limits: Limits, clock: FixedClock) -> None:
        """As after a sign-in that succeeded; who was never counted can be forgotten too."""
        look(limits, "bob", clock, times=4)

        limits.forget("looks", "bob")
        limits.forget("looks", "nobody")

        assert look(limits, "bob", clock).remaining == 2

    def test_clock_that_is_set_back_keeps_nobody_out_for_longer(
        self, limits: Limits, clock: FixedClock
    ) -> None:
        """A window never lasts longer than its rate says."""
        look(limits, "bob", clock, times=4)
        clock.move(hours=-5)

        assert look(limits, "bob", clock).is_allowed

    def test_hits_of_many_threads_are_all_counted(self, limits: Limits, clock: FixedClock) -> None:
        """Of a hundred at once exactly as many are allowed as the limit says."""
        bob = Dawdler("bob")

        with ThreadPoolExecutor(16) as pool:
            decisions = list(pool.map(lambda _: look(limits, bob, clock), range(100)))

        assert sum(decision.is_allowed for decision in decisions) == 3


class TestRoom:
    """Memory has an end, and forgetting must not be for sale."""

    def test_ended_windows_make_room(
        self, counters: MemoryCounters, limits: Limits, clock: FixedClock
    ) -> None:
        """What is over goes as others come."""
        for who in "abc":
            look(limits, who, clock)
        clock.move(seconds=60)

        look(limits, "d", clock)
        look(limits, "e", clock)

        assert len(counters) == 2

    def test_there_are_never_more_askers_than_there_is_room(
        self, counters: MemoryCounters, limits: Limits, clock: FixedClock
    ) -> None:
        """The number of counters has an end, whoever comes."""
        for number in range(50):
            look(limits, f"visitor {number}", clock)

        assert len(counters) == 3

    def test_crowd_of_newcomers_does_not_wipe_a_used_up_counter(
        self, limits: Limits, clock: FixedClock
    ) -> None:
        """Somebody who is over the limit stays so, although he comes from fifty other addresses."""
        look(limits, "bob", clock, times=4)

        for number in range(50):
            look(limits, f"visitor {number}", clock)

        assert not look(limits, "bob", clock).is_allowed

    def test_long_names_take_no_more_room_than_short_ones(
        self, limits: Limits, clock: FixedClock
    ) -> None:
        """Two long names are two askers, whatever they begin with."""
        look(limits, "x" * 1_000_000 + "1", clock, times=4)

        assert look(limits, "x" * 1_000_000 + "2", clock).is_allowed
        assert not look(limits, "x" * 1_000_000 + "1", clock).is_allowed
