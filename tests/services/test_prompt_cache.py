"""Look-ups in the prompt cache: what is a hit, for whom, and what is counted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gallery.errors import InvalidField, SignInRequired
from gallery.extensions import House, db
from gallery.models import PromptDay
from gallery.services import galleries, retention
from gallery.services.access import Viewer
from gallery.services.ingest import Details, Submission
from gallery.services.prompt_cache import Hit, Lease, Wish
from gallery.services.retention import SweepRule
from tests.conftest import FixedClock
from tests.services.artists import SENTENCE, WISH, Look, counted, entry
from tests.services.conftest import Easel, month, row

DETAILS = Details(prompt=SENTENCE)


class TestHit:
    """When the picture is there."""

    def test_saved_picture_is_a_hit(self, easel: Easel, look_up: Look) -> None:
        """Who asks again gets what was saved, with what it belongs to."""
        saved = easel.generation(details=DETAILS)

        answer = look_up()

        assert isinstance(answer, Hit)
        assert (answer.image.id, answer.image.kind) == (saved.image_id, "generation")

    def test_round_picture_is_a_hit_for_its_sentence_cards_and_style(
        self, easel: Easel, look_up: Look
    ) -> None:
        """What a player's picture was saved with is what it is found by."""
        submission = Submission(completed_sentence="A fox at tea", cards=["fox", "tea"])
        saved = easel.round(submission=submission, details=Details(style="gouache", service="demo"))

        answer = look_up(
            Wish(sentence="A ___ at ___", cards=("fox", "tea"), style="gouache", service="demo")
        )

        assert answer.image.id == saved.image_id

    def test_other_prompt_is_none(self, easel: Easel, look_up: Look) -> None:
        """Another style is another picture."""
        easel.generation(details=DETAILS)

        assert isinstance(look_up(replace(WISH, style="gouache")), Lease)

    def test_first_picture_stays_the_hit(self, easel: Easel, look_up: Look) -> None:
        """A second picture of a prompt doesn't take the first one's place."""
        first = easel.generation(details=DETAILS)
        easel.generation(details=DETAILS)

        assert look_up().image.id == first.image_id

    def test_second_picture_is_the_hit_once_the_first_is_gone(
        self, easel: Easel, look_up: Look, house: House
    ) -> None:
        """An entry without a picture takes the next that is saved."""
        first = easel.generation(details=DETAILS)
        retention.delete_image(
            first.image_id, viewer=easel.viewer, storages=house.storages, now=house.now()
        )
        second = easel.generation(details=DETAILS)

        assert look_up().image.id == second.image_id

    def test_expired_picture_is_none(self, easel: Easel, look_up: Look) -> None:
        """At the second of its expiry a picture is no hit, swept or not."""
        expires_at = row(easel.generation(details=DETAILS)).expires_at

        before = look_up(now=expires_at - timedelta(seconds=1))
        at = look_up(now=expires_at)

        assert (type(before), type(at)) == (Hit, Lease)

    def test_kept_picture_is_one_for_good(
        self, easel: Easel, look_up: Look, clock: FixedClock
    ) -> None:
        """What is kept doesn't expire."""
        saved = easel.generation(details=DETAILS)
        retention.change_image(saved.image_id, {"keep": True}, viewer=easel.viewer)

        answer = look_up(now=clock() + month(400))

        assert answer.image.id == saved.image_id

    def test_expired_picture_is_replaced_by_the_next(
        self, easel: Easel, look_up: Look, clock: FixedClock
    ) -> None:
        """A new picture becomes the entry's, though the old row is still there."""
        easel.generation(details=DETAILS)
        clock.move(days=31)
        second = easel.generation(details=DETAILS)

        assert look_up().image.id == second.image_id

    @pytest.mark.parametrize("status", ["pending", "processing", "failed"])
    def test_unfinished_picture_is_none(self, easel: Easel, look_up: Look, status: str) -> None:
        """A row whose picture is to be replaced is no hit meanwhile."""
        row(easel.generation(details=DETAILS)).status = status
        db.session.commit()

        assert isinstance(look_up(), Lease)

    def test_replaced_picture_is_none_for_its_old_prompt(self, easel: Easel, look_up: Look) -> None:
        """The row shows something else now."""
        easel.round(details=DETAILS)
        second = easel.round(details=Details(prompt="A hare at tea"))

        assert isinstance(look_up(), Lease)
        assert look_up(Wish(sentence="A hare at tea")).image.id == second.image_id


class TestScope:
    """Whose pictures are used for whom."""

    @pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
    def test_own_pictures_of_any_visibility_are_used(
        self, easel: Easel, look_up: Look, visibility: str
    ) -> None:
        """What is one's own costs nothing again."""
        saved = easel.generation(details=DETAILS, visibility=visibility)

        assert look_up().image.id == saved.image_id

    @pytest.mark.parametrize(
        ("visibility", "expected"), [("public", Hit), ("unlisted", Lease), ("private", Lease)]
    )
    @pytest.mark.parametrize("name", ["bob", "root"])
    def test_of_others_only_public_pictures_are_used(
        self,
        easel: Easel,
        look_up: Look,
        request: pytest.FixtureRequest,
        visibility: str,
        expected: type,
        name: str,
    ) -> None:
        """Nobody, an admin neither, is told by the cache what somebody keeps to themselves."""
        easel.generation(details=DETAILS, visibility=visibility)

        answer = look_up(viewer=request.getfixturevalue(name))

        assert type(answer) is expected

    @pytest.mark.parametrize(("is_hidden", "expected"), [(True, Lease), (False, Hit)])
    def test_hidden_round_is_used_for_others_from_its_reveal_on(
        self, easel: Easel, look_up: Look, bob: Viewer, is_hidden: bool, expected: type
    ) -> None:
        """A public game's round gives nothing away before it is revealed."""
        easel.open("game", "TEA", visibility="public")
        easel.round(details=DETAILS)
        for hidden in (True, is_hidden):
            galleries.change_round(
                "TEA", 1, viewer=easel.viewer, now=easel.clock(), is_hidden=hidden
            )

        assert type(look_up(viewer=bob)) is expected

    def test_own_hidden_round_is_used(self, easel: Easel, look_up: Look) -> None:
        """To its owner nothing is hidden."""
        saved = easel.round(details=DETAILS)
        galleries.change_round("TEA", 1, viewer=easel.viewer, now=easel.clock(), is_hidden=True)

        assert look_up().image.id == saved.image_id

    def test_picture_that_turned_private_is_used_no_more(
        self, easel: Easel, look_up: Look, bob: Viewer
    ) -> None:
        """Having had a hit on it once opens nothing."""
        easel.open("session", "s1", visibility="public")
        easel.session("s1", details=DETAILS)
        first = look_up(viewer=bob)
        galleries.change_gallery(
            "session", "s1", visibility="private", viewer=easel.viewer, now=easel.clock()
        )

        second = look_up(viewer=bob)

        assert (type(first), type(second)) == (Hit, Lease)

    def test_own_picture_comes_first(self, easel: Easel, look_up: Look, bob: Viewer) -> None:
        """With a picture of one's own, another's is not used."""
        easel.generation(details=DETAILS, visibility="public")
        own = easel.generation(details=DETAILS, viewer=bob)

        assert look_up(viewer=bob).image.id == own.image_id

    def test_own_picture_takes_the_place_of_anothers(
        self, easel: Easel, look_up: Look, bob: Viewer
    ) -> None:
        """An entry that had a hit on another's picture has one's own once there is one."""
        easel.generation(details=DETAILS, visibility="public")
        look_up(viewer=bob)
        own = easel.generation(details=DETAILS, viewer=bob)

        assert entry(bob.user_id).image_id == own.image_id

    def test_visitor_has_no_cache(self, easel: Easel, look_up: Look, visitor: Viewer) -> None:
        """Who is not signed in makes no pictures."""
        easel.generation(details=DETAILS, visibility="public")

        with pytest.raises(SignInRequired):
            look_up(viewer=visitor)

    def test_empty_wish_is_refused(self, look_up: Look) -> None:
        """There is nothing to look up."""
        with pytest.raises(InvalidField):
            look_up(Wish(sentence="  "))


class TestCounting:
    """What an entry remembers."""

    def test_entry_counts_its_hits(
        self, easel: Easel, look_up: Look, alice: Viewer, clock: FixedClock
    ) -> None:
        """Hits, the last of them, and what they saved."""
        easel.generation(details=DETAILS)
        look_up()
        clock.move(hours=1)
        look_up()

        counts = entry(alice.user_id)
        assert (counts.hits, counts.last_hit_at, counts.saved_micros) == (2, clock(), 80_000)

    def test_owner_and_prompt_have_one_entry(
        self, easel: Easel, look_up: Look, alice: Viewer, bob: Viewer
    ) -> None:
        """Two owners count for themselves."""
        easel.generation(details=DETAILS, visibility="public")
        look_up()
        look_up(viewer=bob)
        look_up(viewer=bob)

        assert (entry(alice.user_id).hits, entry(bob.user_id).hits) == (1, 2)
        assert (counted(alice.user_id), counted(bob.user_id)) == ((1, 1, 40_000), (0, 2, 80_000))

    def test_hit_saves_what_the_picture_cost(
        self, easel: Easel, look_up: Look, alice: Viewer
    ) -> None:
        """Where the generator told its price, that is what is saved."""
        easel.generation(details=replace(DETAILS, cost_micros=167_000))

        look_up()

        assert entry(alice.user_id).saved_micros == 167_000

    def test_picture_that_cost_nothing_saves_nothing(
        self, easel: Easel, look_up: Look, alice: Viewer
    ) -> None:
        """A price of nothing is a price."""
        easel.generation(details=replace(DETAILS, cost_micros=0))

        look_up()

        assert (entry(alice.user_id).hits, entry(alice.user_id).saved_micros) == (1, 0)

    def test_miss_counts_nothing(self, look_up: Look, alice: Viewer) -> None:
        """A lease is no hit."""
        look_up()

        assert (entry(alice.user_id).hits, counted(alice.user_id)) == (0, (0, 0, 0))

    def test_days_are_those_of_utc(self, easel: Easel, look_up: Look, clock: FixedClock) -> None:
        """A hit after midnight is the next day's."""
        easel.generation(details=DETAILS)
        midnight = clock().replace(hour=0, minute=0, second=0) + timedelta(days=1)
        look_up(now=midnight - timedelta(seconds=1))
        look_up(now=midnight)
        look_up(now=midnight)

        days = {day.day.isoformat(): day.hits for day in db.session.query(PromptDay)}
        assert days == {"2026-03-14": 1, "2026-03-15": 2}

    def test_picture_without_a_prompt_has_no_entry(self, easel: Easel, alice: Viewer) -> None:
        """Pictures of which nothing was told are not the same picture."""
        saved = easel.generation(details=Details(prompt=" "))

        assert row(saved).prompt_hash == Wish(sentence="").hash
        assert entry(alice.user_id, Wish(sentence="")) is None
        assert counted(alice.user_id) == (0, 0, 0)


class TestForgetting:
    """What a sweep leaves of the cache."""

    def sweep(self, house: House, **rule: Any) -> None:
        retention.expire_images(storages=house.storages, now=house.now(), rule=SweepRule(**rule))

    def test_entry_that_never_saved_anything_goes_with_its_picture(
        self, easel: Easel, house: House, alice: Viewer, clock: FixedClock
    ) -> None:
        """Nothing is left to tell of it."""
        easel.generation(details=DETAILS)
        clock.move(days=31)

        self.sweep(house)

        assert entry(alice.user_id) is None

    def test_entry_that_saved_something_stays(
        self, easel: Easel, look_up: Look, house: House, alice: Viewer, clock: FixedClock
    ) -> None:
        """What it saved is told on, though its picture is gone."""
        easel.generation(details=DETAILS)
        look_up()
        clock.move(days=31)

        self.sweep(house)

        assert (entry(alice.user_id).hits, entry(alice.user_id).image_id) == (1, None)

    def test_lease_is_not_forgotten_before_it_is_over(
        self, look_up: Look, house: House, alice: Viewer, clock: FixedClock
    ) -> None:
        """Whoever holds it may still be at work."""
        lease = look_up()
        clock.now = lease.expires_at - timedelta(seconds=1)
        self.sweep(house)
        during = entry(alice.user_id)
        clock.move(seconds=1)

        self.sweep(house)

        assert (during is not None, entry(alice.user_id)) == (True, None)

    def test_days_are_forgotten_after_four_hundred(
        self, easel: Easel, house: House, alice: Viewer, clock: FixedClock
    ) -> None:
        """The statistics go back thirteen months."""
        easel.generation(details=DETAILS)
        clock.move(days=400)
        self.sweep(house)
        after_400 = counted(alice.user_id)
        clock.move(days=1)

        self.sweep(house)

        assert (after_400, counted(alice.user_id)) == ((1, 0, 0), (0, 0, 0))
