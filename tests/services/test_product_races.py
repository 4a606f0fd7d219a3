"""What others do to a product between a look at it and a change of it."""

import pytest

from gallery.errors import NotFound, SignInRequired
from gallery.extensions import House, db, writing
from gallery.models import Image
from gallery.services import retention
from gallery.services.access import Viewer
from gallery.services.products.inputs import leave_product
from gallery.services.retention import SweepRule
from tests.services.conftest import Easel
from tests.services.shelf import Shelf


def stale(shelf: Shelf, image_id: object) -> Image:
    """Return an image as somebody sees it who is just about to delete it."""
    with writing() as session:
        return session.get_one(Image, image_id)


def test_image_that_went_with_its_product_is_not_found(shelf: Shelf, house: House) -> None:
    """PostgreSQL lets two deletions look before either of them writes."""
    product = shelf.create(2)
    image = stale(shelf, shelf.show(product.id).images[0].id)
    shelf.delete(product.id)

    with pytest.raises(NotFound), writing() as session:
        leave_product(session, image, now=house.now())


def test_image_that_somebody_removed_is_not_found(shelf: Shelf, house: House) -> None:
    """Nor is the one that stays said to be the last."""
    product = shelf.create(2)
    image = stale(shelf, shelf.show(product.id).images[1].id)
    shelf.remove(product.id, image.id)

    with pytest.raises(NotFound), writing() as session:
        leave_product(session, image, now=house.now())


def test_user_who_was_deleted_while_sending_keeps_nothing(
    shelf: Shelf, alice: Viewer, house: House
) -> None:
    """They are told that they are nobody, and no object is left."""
    assert alice.user_id
    retention.delete_owner(alice.user_id, storages=house.storages)

    with pytest.raises(SignInRequired):
        shelf.create(2)

    assert list(house.storages.default.iter_keys()) == []


def test_what_is_sold_pushes_no_picture_out(shelf: Shelf, easel: Easel, house: House) -> None:
    """Products never go for the quota, and so they don't count for it."""
    saved = easel.generation()
    most = db.session.get_one(Image, saved.image_id).size_bytes
    shelf.create(8)

    result = retention.expire_images(
        storages=house.storages, now=house.now(), rule=SweepRule(most_bytes=most)
    )

    assert result.deleted == []
