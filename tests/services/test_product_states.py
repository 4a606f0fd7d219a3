"""The way of a product from state to state: the table, its drawing, and who wins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product as pairs
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event

from gallery.errors import IllegalMove, InvalidField, SignInRequired
from gallery.extensions import db, end_reading
from gallery.models import Product, User
from gallery.services import products
from gallery.services.access import Viewer
from gallery.services.products import MOVES, STATUSES, draw_states
from tests.conftest import FixedClock
from tests.services.shelf import Shelf

DOCS = Path(__file__).parents[2] / "docs" / "products.md"
# How to come to each state.
WAYS = {
    "uploading": (),
    "processing": ("processing",),
    "ready": ("processing", "ready"),
    "publishing": ("processing", "ready", "publishing"),
    "published": ("processing", "ready", "publishing", "published"),
    "failed": ("failed",),
}
LEGAL = {
    ("uploading", "processing"), ("processing", "ready"), ("ready", "publishing"),
    ("publishing", "published"), ("failed", "processing"), ("uploading", "failed"),
    ("processing", "failed"), ("ready", "failed"), ("publishing", "failed"),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "target"), sorted(LEGAL))
def test_legal_move(shelf: Shelf, clock: FixedClock, seen: str, target: str) -> None:
    """It is made, and remembered with its time and actor."""
    product = shelf.create()
    shelf.move(product.id, *WAYS[seen])

    shelf.move(product.id, target)

    page = shelf.show(product.id)
    last = page.moves[-1]
    assert page.product.status == target
    assert (last.from_status, last.to_status, last.at, last.actor_name) == (
        seen, target, clock(), "alice",
    )  # fmt: skip
    assert [move.number for move in page.moves] == list(range(1, len(page.moves) + 1))


@pytest.mark.parametrize(("seen", "target"), sorted({*pairs(STATUSES, STATUSES)} - LEGAL))
def test_illegal_move(shelf: Shelf, seen: str, target: str) -> None:
    """It is refused, and changes nothing at all."""
    product = shelf.create()
    shelf.move(product.id, *WAYS[seen])
    before = shelf.show(product.id)

    with pytest.raises(IllegalMove, match=f"It is {seen}"):
        shelf.move(product.id, target, error="-")

    assert shelf.show(product.id) == before


def test_status_that_does_not_exist(shelf: Shelf) -> None:
    """The message names those that do."""
    with pytest.raises(InvalidField, match="uploading, processing, ready"):
        shelf.move(shelf.create().id, "lost")


def test_nobody_moves(shelf: Shelf, visitor: Viewer) -> None:
    """Only who is signed in."""
    with pytest.raises(SignInRequired):
        shelf.move(shelf.create().id, "processing", viewer=visitor)


def test_table_draws_itself_in_the_docs() -> None:
    """Whoever changes the table has to change its picture: it stands in docs/products.md."""
    drawn = f"```mermaid\n{draw_states()}\n```"

    assert drawn in DOCS.read_text()
    assert {(seen, target) for seen in MOVES for target in MOVES[seen]} == LEGAL


class TestTimes:
    """When processing began and ended, and why it failed."""

    def test_begin_and_end(self, shelf: Shelf, clock: FixedClock) -> None:
        """Each at the instant of its move."""
        product = shelf.create()
        shelf.move(product.id, "processing")
        began = clock()
        clock.move(minutes=3)
        shelf.move(product.id, "ready")

        row = shelf.show(product.id).product
        assert (row.processing_started_at, row.processing_completed_at) == (began, clock())

    @pytest.mark.parametrize(
        ("error", "told"),
        [("The studio burnt down", "The studio burnt down"), (None, "No reason was given"),
         ("  ", "No reason was given")],
    )  # fmt: skip
    def test_failure_has_a_reason(self, shelf: Shelf, error: str | None, told: str) -> None:
        """Even if nobody gave one; in the product and in its history."""
        product = shelf.create()

        shelf.move(product.id, "failed", error=error)

        page = shelf.show(product.id)
        assert page.product.processing_error == page.moves[-1].note == told

    @pytest.mark.parametrize("error", ["x" * 1001, "nul \x00 in it"])
    def test_reason_that_can_not_be_kept(self, shelf: Shelf, error: str) -> None:
        """It is refused, and the product stays where it was."""
        product = shelf.create()

        with pytest.raises(InvalidField):
            shelf.move(product.id, "failed", error=error)

        assert shelf.show(product.id).product.status == "uploading"

    def test_retry_begins_anew(self, shelf: Shelf, clock: FixedClock) -> None:
        """The error of before is in the history alone."""
        product = shelf.create()
        shelf.move(product.id, "processing", "ready")
        shelf.move(product.id, "failed", error="Too dark")
        shelf.move(product.id, "processing")

        page = shelf.show(product.id)
        row = page.product
        assert (row.processing_started_at, row.processing_completed_at) == (clock(), None)
        assert row.processing_error is None
        assert [move.note for move in page.moves if move.note] == ["Too dark"]

    def test_history_outlives_its_actor(self, shelf: Shelf, root: Viewer) -> None:
        """A move stays when the account that made it is gone."""
        product = shelf.create()
        shelf.move(product.id, "processing", viewer=root)
        forget(root.user_id)

        assert [move.actor_name for move in shelf.show(product.id).moves] == ["alice", None]


def forget(user_id: UUID | None) -> None:
    db.session.delete(db.session.get(User, user_id))
    db.session.commit()


class TestEstimate:
    """How long processing will take."""

    def test_nothing_was_finished_yet(self, alice: Viewer) -> None:
        """A minute, as the documentation says."""
        assert products.estimated_processing(alice.user_id) == timedelta(seconds=60)

    def test_median_of_ones_own(self, shelf: Shelf, alice: Viewer, bob: Viewer) -> None:
        """One that took very long changes little, and what others' took nothing."""
        for minutes, who in ((1, alice), (2, alice), (600, alice), (30, bob), (40, bob)):
            product = shelf.create(viewer=who)
            shelf.move(product.id, "processing", viewer=who)
            shelf.clock.move(minutes=minutes)
            shelf.clock.move(seconds=-1)
            shelf.move(product.id, "ready", viewer=who)

        assert products.estimated_processing(alice.user_id) == timedelta(minutes=2)

    def test_only_the_last_twenty_count(self, shelf: Shelf, alice: Viewer) -> None:
        """What took long in earlier days is forgotten."""
        for took in [900] * 20 + [9] * 20:
            product = shelf.create()
            shelf.move(product.id, "processing")
            shelf.clock.move(seconds=took)
            shelf.move(product.id, "ready")

        assert products.estimated_processing(alice.user_id) == timedelta(seconds=10)


@pytest.mark.parametrize("seen", ["uploading", "processing", "failed"])
def test_of_many_moves_at_once_one_wins(app: Flask, shelf: Shelf, seen: str) -> None:
    """The others are told, and the history has one step more."""
    product = shelf.create()
    shelf.move(product.id, *WAYS[seen])
    target = MOVES[seen][0]
    before = len(shelf.show(product.id).moves)
    end_reading()
    start = Barrier(8)

    def move(_: int) -> bool:
        with app.app_context():
            start.wait()
            try:
                shelf.move(product.id, target)
            except IllegalMove:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(move, range(8)))

    page = shelf.show(product.id)
    assert sum(won) == 1
    assert (page.product.status, len(page.moves)) == (target, before + 1)


def test_move_that_comes_between_seeing_and_moving(shelf: Shelf) -> None:
    """What was seen is asked once more in the statement that moves: the later one loses."""
    product = shelf.create()

    def overtake(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE products"):
            cursor.execute("UPDATE products SET status = 'failed', processing_error = '-'")

    event.listen(db.engine, "before_cursor_execute", overtake)
    with pytest.raises(IllegalMove, match="Somebody else"):
        shelf.move(product.id, "processing")
    event.remove(db.engine, "before_cursor_execute", overtake)


def test_images_that_are_added_at_once_never_are_too_many(app: Flask, shelf: Shelf) -> None:
    """Eight places, however many come for the last of them."""
    product = shelf.create(6)
    end_reading()

    def add(_: int) -> bool:
        with app.app_context():
            try:
                shelf.add(product.id)
            except InvalidField:
                return False
            return True

    with ThreadPoolExecutor(5) as pool:
        added = list(pool.map(add, range(5)))

    assert sum(added) == 2
    assert [place for place, _ in shelf.places(product.id)] == list(range(1, 9))


def test_account_that_is_deleted_takes_its_products_along(shelf: Shelf, alice: Viewer) -> None:
    """Rows at once; their objects are strays for the storage check."""
    shelf.create(2)

    forget(alice.user_id)

    assert db.session.query(Product).count() == 0
