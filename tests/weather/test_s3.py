"""An S3 server in bad weather: it refuses, hangs, breaks off, lies, sends elsewhere, or is gone."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from cluster.s3 import S3Server
from tests.conftest import FixedClock
from tests.reliability import SEED, tell, trials
from tests.storage.between import (
    Between,
    Fault,
    answering,
    dripping,
    half,
    other_bytes,
    reset,
    silent,
    standing_between,
)
from tests.weather.asking import OBJECTS, ROOM, WISHES, Weather, World, ask_all, led_elsewhere
from tests.weather.conftest import Clean, is_ready

pytestmark = pytest.mark.only_on("sqlite", because="objects don't see the database")
EVERY_METHOD = ("GET", "HEAD", "PUT", "POST", "DELETE")
AWAY = Weather(away=frozenset({OBJECTS, ROOM}))
FULL = Weather(away=frozenset({ROOM}), refusal=507)
WISHED = led_elsewhere(WISHES)
# The methods that meet each fault, and what is refused then.
FAULTS: dict[str, tuple[tuple[str, ...], Fault, Weather]] = {
    "slows down": (EVERY_METHOD, answering(503, "SlowDown"), AWAY),
    "fails inside": (EVERY_METHOD, answering(500, "InternalError"), AWAY),
    "knows the keys no more": (EVERY_METHOD, answering(403, "InvalidAccessKeyId"), AWAY),
    "has another time": (EVERY_METHOD, answering(403, "RequestTimeTooSkewed"), AWAY),
    "has no such bucket": (EVERY_METHOD, answering(404, "NoSuchBucket"), AWAY),
    "hangs up": (EVERY_METHOD, reset, AWAY),
    "says nothing": (EVERY_METHOD, silent, AWAY),
    "is full": (("PUT", "POST"), answering(507, "InsufficientStorage"), FULL),
    "breaks off what it sends": (("GET",), half, Weather(shaky=frozenset({OBJECTS}))),
    "drips what it sends": (("GET",), dripping, Weather(shaky=frozenset({OBJECTS}))),
    "keeps other bytes": (("PUT",), other_bytes, Weather(away=frozenset({ROOM}))),
}


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[Between]:
    with standing_between(s3_server) as between:
        yield between


@pytest.fixture
def settings(s3_bucket: S3Server, proxy: Between) -> dict[str, Any]:
    proxy.start_over()
    ours = {"IMAGE_STORAGE_TYPE": "s3", "S3_ENDPOINT_URL": proxy.address}
    return s3_bucket.settings() | ours | {"S3_TIMEOUT": "1", "S3_ATTEMPTS": "1"}


@pytest.mark.parametrize("name", Random(SEED).sample(sorted(FAULTS), trials(1, full=len(FAULTS))))
def test_what_needs_it_is_refused_meanwhile_and_works_afterwards(
    name: str, world: World, proxy: Between, clock: FixedClock, orphans: Clean
) -> None:
    """What was put is there and whole, and no restart is needed."""
    methods, fault, weather = FAULTS[name]
    proxy.persist(dict.fromkeys(methods, fault))

    during = ask_all(world, weather, wishes=WISHED)
    was_ready = is_ready(world, clock)

    proxy.start_over()
    stray = orphans()
    after = ask_all(world, wishes=WISHED)
    assert is_ready(world, clock)
    assert weather.shaky or was_ready == (weather.away < AWAY.away)
    # A picture that was deleted meanwhile leaves its object and its thumbnails.
    assert len(stray) <= 4
    tell("weather", f"S3 {name}", during | {"stray objects": len(stray)})
    tell("weather", f"after S3 {name}", after)
