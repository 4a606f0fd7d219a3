"""Requests that are sent twice and done once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from gallery.errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    RequestInProgress,
    SignInRequired,
)
from gallery.services.access import Viewer
from gallery.services.idempotency import Answer, begin_request, end_request, fingerprint_of
from tests.conftest import FixedClock

ANSWER = Answer(
    status=201, content_type="application/json", location="/sessions/1", body=b'{"id": 1}'
)
ONE, OTHER = fingerprint_of(b"one"), fingerprint_of(b"other")


def user(viewer: Viewer) -> UUID:
    assert viewer.user_id
    return viewer.user_id


def test_repeated_request_gets_the_first_answer(alice: Viewer, clock: FixedClock) -> None:
    """The second time the answer comes as it was, and nothing is done."""
    first = begin_request(user(alice), "key", ONE, now=clock())
    end_request(user(alice), "key", ANSWER)

    second = begin_request(user(alice), "key", ONE, now=clock())

    assert (first, second) == (None, ANSWER)


def test_request_in_progress_is_told(alice: Viewer, clock: FixedClock) -> None:
    """A repeat that comes before the answer is asked to wait."""
    begin_request(user(alice), "key", ONE, now=clock())

    with pytest.raises(RequestInProgress):
        begin_request(user(alice), "key", ONE, now=clock())


@pytest.mark.parametrize("answered", [True, False])
def test_key_belongs_to_its_request(alice: Viewer, clock: FixedClock, answered: bool) -> None:
    """Another request under the same key is refused, answered or not."""
    begin_request(user(alice), "key", ONE, now=clock())
    if answered:
        end_request(user(alice), "key", ANSWER)

    with pytest.raises(IdempotencyKeyReused):
        begin_request(user(alice), "key", OTHER, now=clock())


def test_key_belongs_to_its_user(alice: Viewer, bob: Viewer, clock: FixedClock) -> None:
    """Bob's key of the same name is another, and tells nothing of alice's."""
    begin_request(user(alice), "key", ONE, now=clock())
    end_request(user(alice), "key", ANSWER)

    assert begin_request(user(bob), "key", OTHER, now=clock()) is None


@pytest.mark.usefixtures("inside")
def test_user_who_was_deleted_meanwhile_begins_nothing(clock: FixedClock) -> None:
    """It is told like any request of somebody who isn't signed in."""
    with pytest.raises(SignInRequired):
        begin_request(UUID(int=1), "k", fingerprint_of(b"POST"), now=clock())


def test_failed_request_frees_its_key(alice: Viewer, clock: FixedClock) -> None:
    """What failed may be tried again, also with another body."""
    begin_request(user(alice), "key", ONE, now=clock())
    end_request(user(alice), "key", None)

    assert begin_request(user(alice), "key", OTHER, now=clock()) is None


@pytest.mark.parametrize(("hours", "expected"), [(24, ANSWER), (24.001, None)])
def test_answer_is_remembered_for_a_day(
    alice: Viewer, clock: FixedClock, hours: float, expected: Answer | None
) -> None:
    """After 24 hours the key is free again."""
    begin_request(user(alice), "key", ONE, now=clock())
    end_request(user(alice), "key", ANSWER)
    clock.move(hours=hours)

    assert begin_request(user(alice), "key", ONE, now=clock()) == expected


def test_worker_that_died_blocks_its_key_for_five_minutes(alice: Viewer, clock: FixedClock) -> None:
    """A request that was never answered can be sent again, once nobody can be at it any more."""
    begin_request(user(alice), "key", ONE, now=clock())
    clock.now += timedelta(minutes=5)
    with pytest.raises(RequestInProgress):
        begin_request(user(alice), "key", ONE, now=clock())
    clock.move(seconds=1)

    again = begin_request(user(alice), "key", ONE, now=clock())

    assert again is None
    with pytest.raises(RequestInProgress):
        begin_request(user(alice), "key", ONE, now=clock())


@pytest.mark.parametrize("key", ["", "k" * 256, "a\x00b", "a\nb", "\ud800"])
def test_key_out_of_bounds_is_refused(alice: Viewer, clock: FixedClock, key: str) -> None:
    """A key has 1 to 255 printable characters."""
    with pytest.raises(InvalidRequest):
        begin_request(user(alice), key, ONE, now=clock())


def test_longest_key_is_taken(alice: Viewer, clock: FixedClock) -> None:
    """255 characters are a key."""
    assert begin_request(user(alice), "k" * 255, ONE, now=clock()) is None


def test_answer_to_a_key_that_is_gone_is_dropped(alice: Viewer, clock: FixedClock) -> None:
    """An answer that took a day has nobody to remember it, which is no error."""
    end_request(user(alice), "key", ANSWER)

    assert begin_request(user(alice), "key", ONE, now=clock()) is None


def test_of_many_at_once_one_does_the_work(app: Flask, alice: Viewer, clock: FixedClock) -> None:
    """Twenty equal requests at once are one request."""
    barrier = threading.Barrier(20)

    def begin(_number: int) -> bool:
        with app.app_context():
            barrier.wait()
            try:
                return begin_request(user(alice), "key", ONE, now=clock()) is None
            except RequestInProgress:
                return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(begin, range(20))) == 1


def test_fingerprint_tells_where_a_part_ends() -> None:
    """The same bytes parted elsewhere are another request."""
    assert fingerprint_of(b"ab", b"c") != fingerprint_of(b"a", b"bc")
    assert fingerprint_of(b"ab", b"c") == fingerprint_of(b"ab", b"c")
