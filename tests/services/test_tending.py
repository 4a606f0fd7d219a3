"""Requests that nobody is at work on: processes that died, queues that were full, lost objects."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from gallery.errors import StorageFull
from gallery.extensions import db
from gallery.services import generation
from gallery.services.access import Viewer
from gallery.services.generation import Studio
from gallery.services.ingest import Details, Submission
from gallery.services.prompt_cache import Lease
from gallery.storage import LocalStorage, Storages, StoredObject
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.artists import (
    PATIENCE_SECONDS,
    SENTENCE,
    Artist,
    Host,
    Look,
    counted,
    entry,
    requests,
    settle,
)
from tests.services.conftest import Easel, row, stored
from tests.services.dying import die

# What the artist may take, and half a minute to save the picture.
LEASE = timedelta(seconds=90)
SAME = Submission(completed_sentence=SENTENCE)
Tend = Callable[..., int]


@pytest.fixture
def tend(studio: Studio) -> Tend:
    """Tend what waits, and wait until that is done."""

    def tend(studio: Studio = studio) -> int:
        looked_at = generation.tend(studio=studio)
        settle(studio)
        return looked_at

    return tend


class TestDeath:
    """A process that died while it drew."""

    def test_picture_is_begun_anew_once_the_lease_is_over(
        self,
        instance: Path,
        artist: Artist,
        alice: Viewer,
        clock: FixedClock,
        tend: Tend,
    ) -> None:
        """Not before: somebody might still be drawing. The row is the one that was asked for."""
        die(instance, clock, alice.user_id)
        [left] = requests()
        status = row(left).status
        clock.now += LEASE - timedelta(seconds=1)
        tend()
        asked_before = list(artist.asked)
        clock.move(seconds=1)

        tend()

        assert (status, left.attempts, asked_before) == ("processing", 1, [])
        assert (row(left).status, len(artist.asked), requests()) == ("completed", 1, [])
        assert counted(alice.user_id) == (1, 0, 0)

    def test_it_is_begun_three_times_at_most(
        self, instance: Path, artist: Artist, alice: Viewer, clock: FixedClock, tend: Tend
    ) -> None:
        """What took three processes with it is not tried on a fourth."""
        die(instance, clock, alice.user_id)
        for _ in range(2):
            clock.now += LEASE
            die(instance, clock)
        db.session.commit()
        [left] = requests()
        attempts = left.attempts
        clock.now += LEASE

        tend()

        assert (attempts, artist.asked, requests()) == (3, [], [])
        assert row(left).status == "failed"
        assert row(left).failure == "It was begun several times, and never finished."
        assert entry(alice.user_id).lease_id is None


class Forgetful(Studio):
    """A studio of a process that ends before its turn: what it takes on is never done."""

    def submit_once(self, key: Hashable, work: Callable[[], object]) -> None:
        pass


@pytest.fixture
def forgetful(studio: Studio) -> Studio:
    names = ("generators", "default", "intake", "rules", "clock", "scope")
    return Forgetful(**{name: getattr(studio, name) for name in names})


class TestWaiting:
    """Requests that lie in the database."""

    def test_two_who_wait_for_a_prompt_get_one_drawing(
        self, host: Host, forgetful: Studio, artist: Artist, tend: Tend
    ) -> None:
        """An original and a copy, as if nothing had happened."""
        asked = [host.round(player, studio=forgetful) for player in ("fox", "wren")]

        tend()

        assert len(artist.asked) == 1
        assert sorted(row(each).is_cached for each in asked) == [False, True]

    def test_picture_that_came_meanwhile_is_copied(
        self, host: Host, easel: Easel, forgetful: Studio, artist: Artist, tend: Tend
    ) -> None:
        """Somebody saved the same prompt: nothing need be drawn, lease or not."""
        asked = host.round("fox", studio=forgetful)
        saved = easel.round("wren", submission=SAME)

        tend()

        assert (artist.asked, row(asked).sha256) == ([], row(saved).sha256)
        assert (row(asked).is_cached, counted(host.viewer.user_id)) == (True, (1, 1, 40_000))

    def test_front_ends_lease_is_respected(
        self, host: Host, easel: Easel, artist: Artist, look_up: Look, tend: Tend
    ) -> None:
        """While a front end makes the picture, nothing is drawn; what it saves is copied."""
        lease = look_up()
        asked = host.round("fox")
        tend()
        status = row(asked).status
        easel.round("wren", submission=SAME, details=Details(lease_id=lease.lease_id))

        tend()

        assert (status, artist.asked) == ("pending", [])
        assert (row(asked).status, row(asked).is_cached) == ("completed", True)

    def test_front_end_that_gave_up_is_not_waited_for(
        self, host: Host, artist: Artist, look_up: Look, clock: FixedClock, tend: Tend
    ) -> None:
        """Its lease over, the picture is drawn here."""
        lease = look_up()
        asked = host.round("fox")
        clock.now = lease.expires_at

        tend()

        assert (row(asked).status, len(artist.asked)) == ("completed", 1)

    def test_front_end_waits_for_the_studio(
        self, host: Host, artist: Artist, look_up: Look
    ) -> None:
        """And the other way round: one prompt has one lease, whoever draws."""
        artist.may_go_on.clear()
        host.round("fox")
        artist.begun.wait(PATIENCE_SECONDS)

        answer = look_up()

        assert not isinstance(answer, Lease)

    def test_prompts_are_counted_once(self, host: Host, forgetful: Studio, tend: Tend) -> None:
        """Three who wait for two prompts."""
        for player, sentence in (("fox", "A fox"), ("wren", "A fox"), ("lynx", "A lynx")):
            host.round(player, sentence=sentence, studio=forgetful)

        looked_at = [tend(), tend()]

        assert looked_at == [2, 0]

    def test_prompt_that_waits_for_its_turn_is_begun_once(
        self, host: Host, studio: Studio, artist: Artist, clock: FixedClock
    ) -> None:
        """However long the queue is, and however often it is tended meanwhile."""
        artist.may_go_on.clear()
        asked = [host.round(f"p{number}", sentence=f"Scene {number}") for number in range(6)]
        clock.move(minutes=10)
        for _ in range(3):
            generation.tend(studio=studio)
        artist.may_go_on.set()
        settle(studio)

        assert sorted(artist.asked) == [f"Scene {number}" for number in range(6)]
        assert {row(each).status for each in asked} == {"completed"}
        assert counted(host.viewer.user_id) == (6, 0, 0)

    def test_drawing_that_outlasts_its_lease_is_not_begun_twice_here(
        self, host: Host, studio: Studio, artist: Artist, clock: FixedClock
    ) -> None:
        """This process knows that it is at work; only others can't tell."""
        artist.may_go_on.clear()
        asked = host.round()
        artist.begun.wait(PATIENCE_SECONDS)
        clock.now += LEASE
        generation.tend(studio=studio)
        # The other thread of the pool has nothing else to do.
        studio.submit(lambda: None).result(PATIENCE_SECONDS)
        artist.may_go_on.set()
        settle(studio)

        assert (len(artist.asked), row(asked).status) == (1, "completed")

    def test_nothing_waits(self, tend: Tend) -> None:
        """The usual case."""
        assert tend() == 0

    def test_full_queue_is_tended_when_there_is_room(
        self, host: Host, studio: Studio, forgetful: Studio, artist: Artist,
        tend: Tend,
    ) -> None:  # fmt: skip
        """What finds no room waits on, and keeps nobody from it: no lease is left behind."""
        asked = host.round(studio=forgetful)
        gate = threading.Event()
        full = replace(studio, workers=1, most_waiting=1)
        under_way = full.submit(lambda: gate.wait(PATIENCE_SECONDS))
        generation.tend(studio=full)
        gate.set()
        under_way.result(PATIENCE_SECONDS)

        tend()

        assert (row(asked).status, len(artist.asked)) == ("completed", 1)

    def test_generator_that_is_no_longer_there_fails_its_requests_alone(
        self, host: Host, forgetful: Studio, clock: FixedClock, tend: Tend
    ) -> None:
        """After a change of settings, those behind it are still drawn."""
        both = replace(forgetful, generators={**forgetful.generators, "old": Artist(name="old")})
        gone = host.round("fox", service="old", studio=both)
        clock.move(seconds=1)
        other = host.round("wren", studio=forgetful)

        tend()

        assert (row(gone).status, row(other).status) == ("failed", "completed")
        assert row(gone).failure == "The generator old is no longer there."
        assert requests() == []


class TestObjects:
    """A picture whose object is missing or damaged is no picture."""

    def lose(self, folder: Path, key: str | None) -> None:
        (folder / str(key)).unlink()

    def damage(self, folder: Path, key: str | None) -> None:
        (folder / str(key)).write_bytes(picture("JPEG", colour=(9, 9, 9)))

    @pytest.mark.parametrize("harm", [lose, damage])
    def test_it_is_drawn_anew(
        self, host: Host, artist: Artist, folder: Path, harm: Callable[..., None]
    ) -> None:
        """Who asks waits for another, and it is the prompt's picture from then on."""
        first = host.drawn("fox")
        harm(self, folder, row(first).storage_key)

        second = host.drawn("wren")
        third = host.drawn("lynx")

        assert (second.is_finished, third.is_finished) == (False, True)
        assert (len(artist.asked), row(second).is_cached) == (2, False)
        assert entry(host.viewer.user_id).image_id == second.image_id
        assert row(third).sha256 == row(second).sha256 != row(first).sha256

    @pytest.mark.parametrize("content", [b"", b"no picture", picture("PNG", colour=(9, 9, 9))])
    def test_damaged_picture_is_not_converted(
        self, host: Host, easel: Easel, artist: Artist, folder: Path, content: bytes
    ) -> None:
        """A copy into another format looks at the bytes, too."""
        saved = easel.generation(details=Details(prompt=SENTENCE))
        (folder / str(row(saved).storage_key)).write_bytes(content)

        asked = host.drawn()

        assert (row(asked).status, row(asked).failure) == ("completed", None)
        assert (row(asked).is_cached, len(artist.asked)) == (False, 1)

    @pytest.mark.parametrize("harm", [lose, damage])
    def test_damaged_copy_is_not_left_behind(
        self, host: Host, folder: Path, harm: Callable[..., None]
    ) -> None:
        """No object is kept that no row names."""
        first = host.drawn("fox")
        harm(self, folder, row(first).storage_key)
        before = stored(folder)

        second = host.drawn("wren")

        assert stored(folder) == sorted([*before, str(row(second).storage_key)])

    def test_it_is_found_out_when_others_wait(
        self, host: Host, easel: Easel, forgetful: Studio, artist: Artist, folder: Path, tend: Tend
    ) -> None:
        """A copy that can't be made for who waits is drawn the next time around."""
        asked = host.round("fox", studio=forgetful)
        saved = easel.round("wren", submission=SAME)
        self.lose(folder, row(saved).storage_key)
        tend()

        tend()

        assert (row(asked).status, row(asked).is_cached) == ("completed", False)
        assert len(artist.asked) == 1

    def test_it_is_forgotten_by_everybody_who_had_a_hit_on_it(
        self, host: Host, easel: Easel, look_up: Look, artist: Artist, folder: Path,
        alice: Viewer, bob: Viewer, root: Viewer, tend: Tend,
    ) -> None:  # fmt: skip
        """The entries of others don't offer it on and on."""
        saved = easel.generation(details=Details(prompt=SENTENCE), visibility="public")
        for viewer in (bob, root):
            look_up(viewer=viewer)
        self.lose(folder, row(saved).storage_key)

        asked = host.drawn("fox", code="RUM", viewer=bob)
        tend()

        assert (row(asked).status, len(artist.asked)) == ("completed", 1)
        assert [entry(who.user_id).image_id for who in (alice, bob, root)] == [
            None,
            asked.image_id,
            None,
        ]


def test_full_disk_is_told_without_what_is_inside(
    host: Host, studio: Studio, folder: Path, artist: Artist
) -> None:
    """The picture was drawn and could not be kept: the row says so, in words for people."""

    class Full(LocalStorage):
        """A disk without room."""

        def put(self, key: str, stream: BinaryIO) -> StoredObject:  # noqa: ARG002
            raise StorageFull("/dev/sda1 is full")

    full = replace(
        studio,
        intake=replace(studio.intake, storages=Storages({"local": Full(folder)}, default="local")),
    )

    asked = host.drawn(studio=full)

    assert (row(asked).status, len(artist.asked), requests()) == ("failed", 1, [])
    assert row(asked).failure == f"{StorageFull.title}."
