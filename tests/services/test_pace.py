"""A check reads no faster than it was told to."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gallery.services.integrity import Pace


class Watch:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def pace(watch: Watch, rate: int | None) -> Pace:
    return Pace(rate, clock=lambda: watch.now, sleep=watch.sleep)


def test_bytes_take_their_time(watch: Watch) -> None:
    """Ten thousand bytes at a thousand a second take ten seconds, in pieces of any size."""
    paced = pace(watch, 1000)

    for piece in (1, 999, 4000, 5000):
        paced.spend(piece)

    assert watch.now == pytest.approx(110)


def test_time_that_passed_is_not_caught_up(watch: Watch) -> None:
    """After an hour of waiting for the database, the disk is not read at full speed."""
    paced = pace(watch, 1000)
    paced.spend(1000)
    watch.now += 3600

    paced.spend(5000)

    assert watch.now == pytest.approx(100 + 1 + 3600 + 5)


def test_threads_share_the_rate() -> None:
    """What four read together counts together: nobody's piece is due before all of them."""
    slept: list[float] = []
    paced = Pace(1000, clock=lambda: 0.0, sleep=slept.append)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(paced.spend, [1000] * 8))

    assert sorted(slept) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_without_a_rate_nobody_waits(watch: Watch) -> None:
    """It is the default."""
    pace(watch, None).spend(10**12)

    assert watch.now == 100
