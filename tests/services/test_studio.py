"""The studio: who draws, how many at once, and what happens to work in its pool."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import current_app

from gallery.errors import GeneratorBusy, InvalidField, NotFound
from gallery.extensions import House
from gallery.services.generation import Studio
from tests.services.artists import PATIENCE_SECONDS, Artist, settle


def test_generator_is_the_one_that_is_named(studio: Studio, artist: Artist) -> None:
    """Or the one that is set, where none is named."""
    other = Artist(name="other")
    both = replace(studio, generators={"demo": artist, "other": other})

    assert both.generator("other") is other
    assert both.generator(None) is both.generator("") is artist


def test_unknown_generator_is_refused_with_those_there_are(studio: Studio) -> None:
    """A front end can tell what it may ask for."""
    both = replace(studio, generators={"openai": Artist(), "demo": Artist()})

    with pytest.raises(InvalidField, match="ai_service may be demo, openai"):
        both.generator("nobody")


def test_lease_lasts_half_a_minute_longer_than_drawing(studio: Studio) -> None:
    """There is time to save the picture."""
    assert studio.lease_lasts(Artist(longest_seconds=75.5)) == timedelta(seconds=105.5)


def test_application_draws_with_what_its_settings_name(house: House) -> None:
    """The built-in generator, two at once, and 64 that may wait."""
    studio = house.studio

    assert (studio.generator(None).name, sorted(studio.generators)) == ("demo", ["demo"])
    assert (studio.workers, studio.most_waiting) == (2, 64)
    assert (studio.intake, studio.rules) == (house.intake, house.prompts)


def test_work_is_done_inside_the_application(studio: Studio) -> None:
    """A thread of the pool has what a request has."""
    done = studio.submit(lambda: (current_app.name, threading.current_thread().name))

    name, thread = done.result(PATIENCE_SECONDS)

    assert (name, thread.startswith("studio")) == ("gallery", True)


def test_no_more_than_its_workers_draw_at_once(studio: Studio) -> None:
    """What comes later waits for its turn."""
    gate, begun = threading.Event(), []
    two = replace(studio, workers=2)

    work = [two.submit(lambda: begun.append(1) or gate.wait(PATIENCE_SECONDS)) for _ in range(5)]
    running = [each.running() for each in work]
    gate.set()
    for each in work:
        each.result(PATIENCE_SECONDS)

    assert sum(running) <= 2
    assert not any(running[2:])
    assert len(begun) == 5


def test_full_studio_takes_nothing_on(studio: Studio) -> None:
    """Refused work is not begun, now or later."""
    gate, begun = threading.Event(), []
    full = replace(studio, workers=1, most_waiting=2)
    taken = [full.submit(lambda: gate.wait(PATIENCE_SECONDS)) for _ in range(2)]

    with pytest.raises(GeneratorBusy):
        full.submit(lambda: begun.append(1))
    with pytest.raises(GeneratorBusy):
        full.require_room()

    gate.set()
    assert [each.result(PATIENCE_SECONDS) for each in taken] == [True, True]
    assert begun == []


def test_room_of_work_that_was_cancelled_is_free_again(studio: Studio) -> None:
    """Who gives up before their turn doesn't hold a place for ever."""
    gate = threading.Event()
    full = replace(studio, workers=1, most_waiting=2)
    first = full.submit(lambda: gate.wait(PATIENCE_SECONDS))
    waiting = full.submit(lambda: None)

    is_cancelled = waiting.cancel()

    full.require_room()
    gate.set()
    assert (is_cancelled, first.result(PATIENCE_SECONDS)) == (True, True)


@pytest.mark.parametrize("error", [NotFound("gone"), ValueError("broken")])
def test_work_that_fails_leaves_the_pool_at_work(studio: Studio, error: Exception) -> None:
    """Its error is the caller's to hear, and its room is free again."""

    def fail() -> None:
        raise error

    failing = [studio.submit(fail) for _ in range(studio.most_waiting - studio.workers)]

    assert {each.exception(PATIENCE_SECONDS) for each in failing} == {error}
    settle(studio)
    assert studio.submit(lambda: 7).result(PATIENCE_SECONDS) == 7


def test_unexpected_error_is_logged(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody above a thread would hear of it; what is expected is told elsewhere."""

    def fail() -> None:
        raise ValueError("broken")

    def refuse() -> None:
        raise NotFound("gone")

    for work in (fail, refuse):
        studio.submit(work).exception(PATIENCE_SECONDS)

    assert [record.message for record in caplog.records] == ["a picture could not be drawn"]
    assert "broken" in caplog.text
