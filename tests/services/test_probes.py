"""Looking at something that may take for ever."""

import logging
import time
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from gallery.services.probes import MOST_THREADS, Probe
from tests.conftest import FixedClock


def probe(look: Any, clock: FixedClock, **options: Any) -> Probe[Any]:
    rules = {"lasts": timedelta(seconds=10), "patience_seconds": 30} | options
    return Probe(look, clock=clock, **rules)


def test_answer_is_shared_until_its_time_is_over(clock: FixedClock) -> None:
    """Ten seconds long everybody gets the same answer; then somebody looks again."""
    answers = iter(("first", "second"))
    looked_at = probe(lambda: next(answers), clock)

    heard = [looked_at.ask()]
    for seconds in (9, 1):
        clock.move(seconds=seconds)
        heard.append(looked_at.ask())

    assert heard == ["first", "first", "second"]


def test_clock_that_was_set_back_makes_no_answer_last(clock: FixedClock) -> None:
    """An answer out of the future is looked for anew."""
    answers = iter(("first", "second"))
    looked_at = probe(lambda: next(answers), clock)
    looked_at.ask()

    clock.move(seconds=-3600)

    assert looked_at.ask() == "second"


def test_look_that_takes_too_long_is_not_waited_for(clock: FixedClock) -> None:
    """Who asks hears nothing, and later what was seen in the end."""
    goes_on = Event()

    def look() -> str:
        goes_on.wait(30)
        return "seen"

    looked_at = probe(look, clock, patience_seconds=0.01)
    too_early = looked_at.ask()
    goes_on.set()
    until = time.monotonic() + 30
    while (later := looked_at.ask()) is None and time.monotonic() < until:
        time.sleep(0.001)

    assert (too_early, later, looked_at.last_seen) == (None, "seen", "seen")


def test_look_that_hangs_is_given_up(clock: FixedClock) -> None:
    """What works again is seen to work, though the first look never ends; but few may hang."""
    goes_on, looks = Event(), []

    def look() -> str | None:
        looks.append(1)
        if len(looks) > 1:
            return "seen"
        goes_on.wait(30)
        return "too late"

    looked_at = probe(look, clock, patience_seconds=0.01, given_up_after_seconds=0)
    hanging = looked_at.ask()
    until = time.monotonic() + 30
    while (later := looked_at.ask()) is None and time.monotonic() < until:
        time.sleep(0.001)
    goes_on.set()

    assert (hanging, later, looked_at.last_seen) == (None, "seen", "seen")


def test_few_looks_hang_at_once(clock: FixedClock) -> None:
    """Something that hangs for ever holds a few threads, however often somebody asks."""
    goes_on, looks = Event(), []

    def look() -> None:
        looks.append(1)
        goes_on.wait(30)

    looked_at = probe(look, clock, patience_seconds=0, given_up_after_seconds=0)
    for _ in range(50):
        looked_at.ask()
    goes_on.set()

    assert len(looks) <= MOST_THREADS


def test_what_was_seen_is_known_while_looking_fails(
    clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A look that fails is logged, tells nothing, and takes nothing away."""
    answers = iter(("seen",))
    looked_at = probe(lambda: next(answers), clock)
    looked_at.ask()
    clock.move(seconds=10)

    with caplog.at_level(logging.ERROR):
        failed = looked_at.ask()

    assert (failed, looked_at.last_seen) == (None, "seen")
    assert "could not be looked at" in caplog.text


def test_long_look_is_followed_by_a_long_rest(clock: FixedClock) -> None:
    """What takes long is looked at less often, so that it costs a bearable share of the time."""
    looks: list[int] = []
    # Each look takes some microseconds, and so lasts for a year.
    looked_at = probe(lambda: looks.append(1) or 1, clock, rests=10**13)

    looked_at.ask()
    clock.move(days=1)
    looked_at.ask()

    assert looks == [1]
