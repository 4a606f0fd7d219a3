"""Leases on prompts: of all who ask, one makes the picture."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import pytest
from flask import Flask

from gallery.errors import LeaseNotHeld
from gallery.extensions import db
from gallery.models import KeyVersion
from gallery.services import prompt_cache
from gallery.services.access import Viewer
from gallery.services.ingest import Details, Submission
from gallery.services.prompt_cache import Hit, Lease, Pending, Wish
from gallery.storage import LocalStorage, Storages, StoredObject
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.artists import SENTENCE, WISH, Look, counted, entry
from tests.services.conftest import Easel, row, rows, stored

DETAILS = Details(prompt=SENTENCE)


@pytest.fixture
def lease(look_up: Look) -> Lease:
    """The lease on the prompt, which alice has."""
    answer = look_up()
    assert isinstance(answer, Lease)
    return answer


class TestTaking:
    """Who gets the lease, and for how long."""

    def test_first_asker_has_the_lease_for_two_minutes(
        self, look_up: Look, clock: FixedClock
    ) -> None:
        """As long as PROMPT_LEASE_SECONDS says."""
        answer = look_up()

        assert isinstance(answer, Lease)
        assert answer.expires_at == clock() + timedelta(seconds=120)

    @pytest.mark.usefixtures("lease")
    def test_second_asker_waits(self, look_up: Look) -> None:
        """Whoever has the lease, even the same user, others wait for them."""
        answer = look_up()

        assert answer == Pending(retry_after=timedelta(seconds=1))

    def test_lease_is_for_one_prompt(self, lease: Lease, look_up: Look) -> None:
        """Another prompt has a lease of its own."""
        other = look_up(Wish(sentence="A hare at tea"))

        assert isinstance(other, Lease)
        assert other.lease_id != lease.lease_id

    @pytest.mark.usefixtures("lease")
    def test_lease_is_for_one_owner(self, look_up: Look, bob: Viewer) -> None:
        """Nobody is told that another makes the same picture."""
        assert isinstance(look_up(viewer=bob), Lease)

    def test_expired_lease_goes_to_the_next_asker(
        self, lease: Lease, look_up: Look, alice: Viewer
    ) -> None:
        """At its second, not before, the lease is free again."""
        before = look_up(now=lease.expires_at - timedelta(seconds=1))
        at = look_up(now=lease.expires_at)
        after = look_up(now=lease.expires_at)

        assert [type(each) for each in (before, at, after)] == [Pending, Lease, Pending]
        assert at.lease_id != lease.lease_id
        assert entry(alice.user_id).lease_expires_at == lease.expires_at + timedelta(seconds=120)

    def test_released_lease_goes_to_the_next_asker(
        self, lease: Lease, look_up: Look, alice: Viewer
    ) -> None:
        """Who gives up lets others try at once."""
        prompt_cache.release_lease(alice.user_id, WISH.hash, lease.lease_id)

        assert isinstance(look_up(), Lease)

    def test_only_the_holder_releases(
        self, lease: Lease, look_up: Look, alice: Viewer, bob: Viewer
    ) -> None:
        """A late holder's giving up doesn't end the lease of who took over."""
        prompt_cache.release_lease(alice.user_id, WISH.hash, uuid4())
        prompt_cache.release_lease(bob.user_id, WISH.hash, lease.lease_id)
        prompt_cache.release_lease(alice.user_id, Wish(sentence="A hare").hash, lease.lease_id)

        assert isinstance(look_up(), Pending)

    @pytest.mark.usefixtures("lease")
    def test_picture_that_came_meanwhile_is_a_hit(self, easel: Easel, look_up: Look) -> None:
        """Somebody without a lease was faster: nobody need wait for who has it."""
        saved = easel.generation(details=DETAILS)

        answer = look_up()

        assert isinstance(answer, Hit)
        assert answer.image.id == saved.image_id

    def test_picture_that_came_before_the_claim_ends_it(
        self, easel: Easel, alice: Viewer, clock: FixedClock
    ) -> None:
        """Who looked a moment too early gets the picture instead of a lease, and blocks nobody."""
        easel.generation(details=DETAILS)

        answer = prompt_cache.take_lease(
            alice.user_id, WISH, lasts=timedelta(seconds=120), now=clock()
        )

        assert isinstance(answer, Hit)
        assert entry(alice.user_id).lease_id is None

    def test_of_twenty_at_once_one_gets_the_lease(
        self, app: Flask, look_up: Look, alice: Viewer
    ) -> None:
        """However many ask for a prompt at the same time, it is made once."""
        barrier = threading.Barrier(20)

        def ask(_number: int) -> Any:
            with app.app_context():
                barrier.wait()
                return look_up()

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(ask, range(20)))

        leases = [answer for answer in answers if isinstance(answer, Lease)]
        assert [type(answer) for answer in answers].count(Pending) == 19
        assert [each.lease_id for each in leases] == [entry(alice.user_id).lease_id]

    def test_of_twenty_at_once_one_takes_an_expired_lease_over(
        self, app: Flask, lease: Lease, look_up: Look
    ) -> None:
        """The second time around, too."""
        barrier = threading.Barrier(20)

        def ask(_number: int) -> Any:
            with app.app_context():
                barrier.wait()
                return look_up(now=lease.expires_at)

        with ThreadPoolExecutor(20) as pool:
            answers = [type(answer) for answer in pool.map(ask, range(20))]

        assert (answers.count(Lease), answers.count(Pending)) == (1, 19)


class TestRedeeming:
    """Saving the picture that the lease was taken for."""

    def test_lease_ends_with_its_picture(
        self, lease: Lease, easel: Easel, look_up: Look, alice: Viewer
    ) -> None:
        """The picture is a hit for who waited."""
        saved = easel.generation(details=replace(DETAILS, lease_id=lease.lease_id))

        assert entry(alice.user_id).lease_id is None
        assert look_up().image.id == saved.image_id

    def test_round_picture_redeems_the_lease_on_its_blanks_and_cards(
        self, easel: Easel, look_up: Look
    ) -> None:
        """Looked up with blanks, saved with the completed sentence: the same prompt."""
        wish = Wish(sentence="A ___ at ___", cards=("fox", "tea"), style="gouache")
        lease = look_up(wish)
        submission = Submission(completed_sentence=wish.completed_sentence, cards=wish.cards)

        saved = easel.round(
            submission=submission, details=Details(style="gouache", lease_id=lease.lease_id)
        )

        assert look_up(wish).image.id == saved.image_id

    def test_late_holder_is_accepted_while_nobody_took_over(
        self, lease: Lease, easel: Easel, look_up: Look, clock: FixedClock
    ) -> None:
        """A picture that took longer is as good as any other."""
        clock.now = lease.expires_at + timedelta(hours=1)

        saved = easel.generation(details=replace(DETAILS, lease_id=lease.lease_id))

        assert look_up().image.id == saved.image_id

    def test_holder_is_accepted_though_another_picture_came(
        self, lease: Lease, easel: Easel, alice: Viewer
    ) -> None:
        """Both are kept; the first stays the entry's."""
        first = easel.generation(details=DETAILS)

        easel.generation(details=replace(DETAILS, lease_id=lease.lease_id))

        assert (entry(alice.user_id).image_id, entry(alice.user_id).lease_id) == (
            first.image_id,
            None,
        )

    def test_picture_without_its_lease_leaves_the_lease(
        self, lease: Lease, easel: Easel, alice: Viewer
    ) -> None:
        """Only who holds it redeems it."""
        easel.generation(details=DETAILS)

        assert entry(alice.user_id).lease_id == lease.lease_id

    def test_of_eight_at_once_one_redeems(
        self, app: Flask, lease: Lease, easel: Easel, folder: Path
    ) -> None:
        """One lease pays for one picture, and the others leave nothing behind."""
        barrier = threading.Barrier(8)
        details = replace(DETAILS, lease_id=lease.lease_id)

        def save(number: int) -> bool:
            with app.app_context():
                barrier.wait()
                try:
                    easel.round(f"player-{number}", details=details)
                except LeaseNotHeld:
                    return False
                return True

        with ThreadPoolExecutor(8) as pool:
            saved = list(pool.map(save, range(8)))

        assert (saved.count(True), rows(), len(stored(folder))) == (1, 1, 1)


class TestNotHeld:
    """A lease that can't be redeemed: nothing changes at all."""

    def refused(self, easel: Easel, lease_id: UUID, folder: Path, **options: Any) -> None:
        """Save a player's picture with a lease, see it refused, and find all as it was."""
        owner = easel.viewer.user_id
        before = self.all_there_is(folder, owner)

        with pytest.raises(LeaseNotHeld) as caught:
            easel.round(
                "wren",
                details=replace(DETAILS, lease_id=lease_id),
                content=picture("JPEG", colour=(1, 2, 3)),
                **options,
            )

        assert caught.value.status == 409
        assert self.all_there_is(folder, owner) == before

    def all_there_is(self, folder: Path, owner: UUID | None) -> Any:
        """Return the objects, rows, key versions, figures and the entry's every column."""
        db.session.commit()
        known = entry(owner)
        columns = {c.name: getattr(known, c.name) for c in known.__table__.columns} if known else {}
        keys = db.session.query(KeyVersion.base_key, KeyVersion.version).order_by(
            KeyVersion.base_key
        )
        return stored(folder), rows(), keys.all(), counted(owner), columns

    def test_unknown_lease(self, easel: Easel, folder: Path) -> None:
        """An id that was never given out."""
        self.refused(easel, uuid4(), folder)

    @pytest.mark.usefixtures("lease")
    def test_unknown_lease_while_another_is_held(self, easel: Easel, folder: Path) -> None:
        """It doesn't end the lease that is."""
        self.refused(easel, uuid4(), folder)

    def test_lease_that_was_redeemed(self, lease: Lease, easel: Easel, folder: Path) -> None:
        """Once used, used up."""
        easel.round("fox", details=replace(DETAILS, lease_id=lease.lease_id))

        self.refused(easel, lease.lease_id, folder)

    def test_lease_that_was_released(
        self, lease: Lease, easel: Easel, folder: Path, alice: Viewer
    ) -> None:
        """Given back, it is nobody's."""
        prompt_cache.release_lease(alice.user_id, WISH.hash, lease.lease_id)

        self.refused(easel, lease.lease_id, folder)

    def test_lease_that_was_taken_over(
        self, lease: Lease, easel: Easel, folder: Path, look_up: Look, clock: FixedClock
    ) -> None:
        """Who took over makes the picture now."""
        clock.now = lease.expires_at
        look_up()

        self.refused(easel, lease.lease_id, folder)

    def test_lease_of_another_owner(
        self, lease: Lease, easel: Easel, folder: Path, bob: Viewer
    ) -> None:
        """A lease is worth nothing to who found its id; its holder has it still."""
        bobs = Easel(bob, easel.intake, easel.clock)

        self.refused(bobs, lease.lease_id, folder)

        assert entry(easel.viewer.user_id).lease_id == lease.lease_id

    def test_lease_of_another_prompt(self, easel: Easel, folder: Path, look_up: Look) -> None:
        """A lease on one picture doesn't pay for another."""
        lease = look_up(Wish(sentence="A hare at tea"))

        self.refused(easel, lease.lease_id, folder)

    def test_lease_on_another_style(self, easel: Easel, folder: Path, look_up: Look) -> None:
        """The style is part of the prompt."""
        lease = look_up(replace(WISH, style="gouache"))

        self.refused(easel, lease.lease_id, folder)

    def test_picture_that_would_be_replaced_stays(self, easel: Easel, folder: Path) -> None:
        """Where a picture hangs already, it hangs on."""
        first = easel.round("wren", details=Details(prompt="A wren"))
        key = row(first).storage_key

        self.refused(easel, uuid4(), folder)

        assert (row(first).storage_key, row(first).prompt) == (key, "A wren")

    def test_lease_that_goes_while_the_picture_is_written(
        self, lease: Lease, easel: Easel, folder: Path, alice: Viewer, look_up: Look
    ) -> None:
        """It is decided when the row is written, not when the upload begins."""
        late = lease.expires_at + timedelta(seconds=5)

        class Overtaken(LocalStorage):
            """A storage that is so slow that the lease is taken over meanwhile."""

            def put(self, key: str, stream: BinaryIO) -> StoredObject:
                look_up(now=late)
                return super().put(key, stream)

        slow = Overtaken(folder)
        intake = replace(easel.intake, storages=Storages({slow.name: slow}, default=slow.name))

        with pytest.raises(LeaseNotHeld):
            easel.round(details=replace(DETAILS, lease_id=lease.lease_id), intake=intake)

        assert (rows(), stored(folder), counted(alice.user_id)) == (0, [], (0, 0, 0))
        assert entry(alice.user_id).lease_id not in (None, lease.lease_id)
