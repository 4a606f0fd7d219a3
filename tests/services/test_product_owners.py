"""Products are their owner's alone: in lists and searches, and for good."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from gallery.errors import (
    InvalidCursor,
    InvalidField,
    NotFound,
    SignInRequired,
)
from gallery.extensions import House, db
from gallery.models import PromptEntry
from gallery.services import catalog, prompt_cache, retention
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from gallery.services.prompt_cache import Lease, Wish
from gallery.services.retention import SweepRule
from tests.conftest import FixedClock
from tests.services.conftest import Easel
from tests.services.shelf import TEXT, Shelf

NOWHERE = UUID(int=1)


class TestOwner:
    """What is not yours looks as if it were not there."""

    CALLS: tuple[Callable[..., Any], ...] = (
        lambda shelf, product_id, _, who: shelf.show(product_id, viewer=who),
        lambda shelf, product_id, _, who: shelf.add(product_id, viewer=who),
        lambda shelf, product_id, _, who: shelf.edit(product_id, "A silver teapot", viewer=who),
        lambda shelf, product_id, image_id, who: shelf.choose(product_id, image_id, viewer=who),
        lambda shelf, product_id, image_id, who: shelf.remove(product_id, image_id, viewer=who),
        lambda shelf, product_id, _, who: shelf.move(product_id, "processing", viewer=who),
        lambda shelf, product_id, _, who: shelf.delete(product_id, viewer=who),
    )

    @pytest.mark.parametrize("call", CALLS)
    def test_stranger(self, shelf: Shelf, bob: Viewer, call: Callable[..., Any]) -> None:
        """Bob can do nothing to what is alice's, and can't tell it from what isn't there."""
        product = shelf.create(2)
        image_id = shelf.show(product.id).images[1].id

        with pytest.raises(NotFound) as refused:
            call(shelf, product.id, image_id, bob)
        with pytest.raises(NotFound) as missing:
            call(shelf, NOWHERE, image_id, bob)

        assert refused.value.detail == missing.value.detail
        assert shelf.show(product.id).product.status == "uploading"

    @pytest.mark.parametrize("call", CALLS)
    def test_admin(self, shelf: Shelf, root: Viewer, call: Callable[..., Any]) -> None:
        """An admin may do all of it."""
        product = shelf.create(2)

        call(shelf, product.id, shelf.show(product.id).images[1].id, root)

    def test_what_an_admin_adds_is_the_owners(
        self, shelf: Shelf, root: Viewer, alice: Viewer
    ) -> None:
        """A product has one owner."""
        product = shelf.create()

        shelf.add(product.id, viewer=root)

        assert {image.owner_id for image in shelf.show(product.id).images} == {alice.user_id}

    def test_lists_hold_ones_own(
        self, shelf: Shelf, alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer
    ) -> None:
        """An admin's holds everybody's, and a visitor has none."""
        mine, his = shelf.create(), shelf.create(viewer=bob)

        listed = {
            who.name: [card.id for card in catalog.list_products(viewer=who).items]
            for who in (alice, bob, root)
        }

        assert listed == {"alice": [mine.id], "bob": [his.id], "root": [his.id, mine.id]}
        with pytest.raises(SignInRequired):
            catalog.list_products(viewer=visitor)

    def test_images_are_in_the_owners_lists_alone(
        self, shelf: Shelf, alice: Viewer, bob: Viewer, visitor: Viewer
    ) -> None:
        """And found by their product's words by nobody else."""
        shelf.create(2)

        for who, count in ((alice, 2), (bob, 0), (visitor, 0)):
            only_products = catalog.ImageFilter(kind="product")
            assert len(catalog.list_images(viewer=who, only=only_products).items) == count
            assert len(catalog.search_images("kettle", viewer=who).items) == count


class TestLists:
    """Pages of products."""

    def test_newest_first_and_by_cursor(self, shelf: Shelf, alice: Viewer) -> None:
        """Each page begins where the one before ended."""
        made = [shelf.create(n).id for n in (1, 2, 3)]

        first = catalog.list_products(viewer=alice, limit=2)
        second = catalog.list_products(viewer=alice, limit=2, cursor=first.next_cursor)

        assert [card.id for card in (*first.items, *second.items)] == made[::-1]
        assert [card.image_count for card in (*first.items, *second.items)] == [3, 2, 1]
        assert second.next_cursor is None

    def test_by_status(self, shelf: Shelf, alice: Viewer) -> None:
        """Only those that are there."""
        ready, _ = shelf.create(), shelf.create()
        shelf.move(ready.id, "processing", "ready")

        page = catalog.list_products(viewer=alice, status="ready")

        assert [card.id for card in page.items] == [ready.id]

    def test_nonsense(self, alice: Viewer) -> None:
        """Is told, not ignored."""
        with pytest.raises(InvalidField):
            catalog.list_products(viewer=alice, status="lost")
        with pytest.raises(InvalidCursor):
            catalog.list_products(viewer=alice, cursor="lost")

    def test_card_has_its_primary_image(self, shelf: Shelf, alice: Viewer) -> None:
        """Which need not be the first."""
        product = shelf.create(3, primary=1)

        (card,) = catalog.list_products(viewer=alice).items

        assert card.primary.id == product.primary_image_id == card.images[1].id

    def test_neighbours_hang_in_the_product(self, shelf: Shelf, alice: Viewer) -> None:
        """In its order, and nowhere beyond it."""
        shelf.create(2)
        first, second, third = shelf.show(shelf.create(3).id).images

        assert catalog.neighbours(first, viewer=alice) == (None, second.id)
        assert catalog.neighbours(second, viewer=alice) == (first.id, third.id)
        assert catalog.neighbours(third, viewer=alice) == (second.id, None)


class TestKeeping:
    """Inputs are not generated pictures."""

    @pytest.mark.parametrize(
        "rule",
        [
            SweepRule(),
            SweepRule(keep_count=0),
            SweepRule(most_bytes=0),
            SweepRule(kind="product", keep_count=0),
            SweepRule(older_than=FixedClock().now + timedelta(days=5000)),
        ],
        ids=["expired", "count", "quota", "kind", "age"],
    )
    def test_no_sweep_takes_them(self, shelf: Shelf, house: House, rule: SweepRule) -> None:
        """Ten years later they are there."""
        product = shelf.create(2)
        shelf.clock.move(days=3650)

        result = retention.expire_images(storages=house.storages, now=house.now(), rule=rule)

        assert (result.deleted, len(shelf.show(product.id).images)) == ([], 2)

    def test_they_push_no_other_image_out(self, shelf: Shelf, easel: Easel, house: House) -> None:
        """To keep the newest image means the newest that can expire."""
        easel.generation()
        shelf.create(2)

        doomed = retention.doomed_images(now=house.now(), rule=SweepRule(keep_count=1))

        assert doomed.deleted == []

    def test_they_answer_no_prompt(self, shelf: Shelf, alice: Viewer, house: House) -> None:
        """The prompt cache doesn't know them."""
        shelf.create()

        answer = prompt_cache.look_up(
            Wish(sentence=TEXT), viewer=alice, rules=house.prompts, now=house.now()
        )

        assert isinstance(answer, Lease)
        assert db.session.scalars(select(PromptEntry.image_id)).all() == [None]

    def test_they_inherit_no_prompt(self, shelf: Shelf, easel: Easel) -> None:
        """Where a picture of the same words is replaced, none of them takes its place."""
        easel.round(details=Details(prompt=TEXT))
        shelf.create()

        easel.round(details=Details(prompt="Another sentence"))

        entry = select(PromptEntry.image_id).where(PromptEntry.prompt == TEXT)
        assert db.session.scalars(entry).all() == [None]
