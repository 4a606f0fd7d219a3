"""Products: changed and deleted, with all that belongs to them."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from gallery.errors import (
    FilesTooLarge,
    InvalidField,
    LastImage,
    NotFound,
    ProductAtWork,
)
from gallery.extensions import House, db
from gallery.models import Product
from gallery.services import catalog, retention
from gallery.services.access import Viewer
from gallery.services.thumbnails import open_thumbnail
from tests.conftest import FixedClock
from tests.services.conftest import JPEG, rows, stored
from tests.services.shelf import TEXT, Shelf


def products() -> int:
    return db.session.scalar(select(func.count()).select_from(Product))


class TestChanges:
    """Adding and removing images, another primary one, another text."""

    def test_added_images_hang_behind(self, shelf: Shelf) -> None:
        """The primary one stays."""
        product = shelf.create(2)

        shelf.add(product.id, 2)

        assert shelf.places(product.id) == [(1, True), (2, False), (3, False), (4, False)]

    def test_never_more_than_eight(self, shelf: Shelf, folder: Path) -> None:
        """Those that are there count."""
        product = shelf.create(7)
        before = stored(folder)

        with pytest.raises(InvalidField, match="it has 7 already"):
            shelf.add(product.id, 2)

        assert (len(shelf.places(product.id)), stored(folder)) == (7, before)

    def test_never_more_than_50_megabytes(self, shelf: Shelf) -> None:
        """A product's images count together, whenever they came."""
        product = shelf.create([("a.jpg", JPEG + b"\x00" * (50 * 1024 * 1024 - len(JPEG)))])

        with pytest.raises(FilesTooLarge):
            shelf.add(product.id)

    def test_removed_image_is_gone_and_the_places_close_up(
        self, shelf: Shelf, folder: Path
    ) -> None:
        """Its object goes with it."""
        product = shelf.create(3)
        second = shelf.show(product.id).images[1]

        shelf.remove(product.id, second.id)

        assert shelf.places(product.id) == [(1, True), (2, False)]
        assert not (folder / second.storage_key).exists()

    @pytest.mark.parametrize(("primary", "heir"), [(0, 1), (1, 2), (2, 0)])
    def test_removed_primary_image_gives_way_to_the_next(
        self, shelf: Shelf, primary: int, heir: int
    ) -> None:
        """To the first, where it was the last."""
        product = shelf.create(3, primary=primary)
        images = shelf.show(product.id).images

        shelf.remove(product.id, images[primary].id)

        assert shelf.show(product.id).primary.id == images[heir].id

    def test_last_image_stays(self, shelf: Shelf, folder: Path) -> None:
        """A product without an image is none."""
        product = shelf.create(1)
        before = stored(folder)

        with pytest.raises(LastImage):
            shelf.remove(product.id, shelf.show(product.id).primary.id)

        assert (shelf.places(product.id), stored(folder)) == ([(1, True)], before)

    def test_image_of_a_product_is_deleted_by_the_same_rules(
        self, shelf: Shelf, house: House, alice: Viewer
    ) -> None:
        """Whoever deletes it by its own id meets them as well."""
        product = shelf.create(2)
        first, second = (each.id for each in shelf.show(product.id).images)
        options = {"viewer": alice, "storages": house.storages, "now": house.now()}

        retention.delete_image(first, **options)
        with pytest.raises(LastImage):
            retention.delete_image(second, **options)

        assert shelf.places(product.id) == [(1, True)]

    def test_another_primary_image(self, shelf: Shelf) -> None:
        """Exactly one is."""
        product = shelf.create(3)

        shelf.choose(product.id, shelf.show(product.id).images[2].id)

        assert shelf.places(product.id) == [(1, False), (2, False), (3, True)]

    def test_image_of_another_product_is_none_of_this_one(self, shelf: Shelf) -> None:
        """Neither to be chosen nor to be removed, though both are alice's."""
        product, other = shelf.create(2), shelf.create(2)
        image_id = shelf.show(other.id).images[1].id

        with pytest.raises(NotFound):
            shelf.choose(product.id, image_id)
        with pytest.raises(NotFound):
            shelf.remove(product.id, image_id)

        assert len(shelf.places(other.id)) == 2

    def test_new_text_is_what_it_is_found_by(self, shelf: Shelf, alice: Viewer) -> None:
        """And no longer the old one."""
        product = shelf.create(2)

        shelf.edit(product.id, "A silver teapot")

        found = {
            word: len(catalog.search_images(word, viewer=alice).items)
            for word in ("kettle", "teapot")
        }
        assert found == {"kettle": 0, "teapot": 2}

    def test_changes_are_dated(self, shelf: Shelf, clock: FixedClock) -> None:
        """Each of them."""
        product = shelf.create(2)
        dates = []
        for change in (
            lambda: shelf.add(product.id),
            lambda: shelf.choose(product.id, shelf.show(product.id).images[1].id),
            lambda: shelf.edit(product.id, "A silver teapot"),
            lambda: shelf.remove(product.id, shelf.show(product.id).images[0].id),
            lambda: shelf.move(product.id, "processing"),
        ):
            change()
            dates.append(shelf.show(product.id).product.updated_at == clock())

        assert dates == [True] * 5

    @pytest.mark.parametrize("statuses", [["processing"], ["processing", "ready", "publishing"]])
    def test_product_at_work_stays_as_it_is(self, shelf: Shelf, statuses: list[str]) -> None:
        """Whoever works on it finds at the end what they began with."""
        product = shelf.create(2)
        image_id = shelf.show(product.id).images[1].id
        shelf.move(product.id, *statuses)

        for change in (
            lambda: shelf.add(product.id),
            lambda: shelf.choose(product.id, image_id),
            lambda: shelf.edit(product.id, "A silver teapot"),
            lambda: shelf.remove(product.id, image_id),
        ):
            with pytest.raises(ProductAtWork):
                change()

        page = shelf.show(product.id)
        assert (len(page.images), page.product.prompt_text) == (2, TEXT)


class TestDelete:
    """A product goes, with all that belongs to it."""

    @pytest.mark.parametrize(
        "statuses",
        [[], ["failed"], ["processing"], ["processing", "ready", "publishing"],
         ["processing", "ready", "publishing", "published"]],
        ids=lambda statuses: "-".join(statuses) or "uploading",
    )  # fmt: skip
    def test_in_every_state(self, shelf: Shelf, folder: Path, statuses: list[str]) -> None:
        """Who owns pictures may always take them away."""
        product = shelf.create(3)
        shelf.move(product.id, *statuses)

        shelf.delete(product.id)

        assert (products(), rows(), stored(folder)) == (0, 0, [])

    def test_thumbnails_go_too(self, shelf: Shelf, house: House, folder: Path) -> None:
        """Nothing of it is left."""
        product = shelf.create()
        key = shelf.show(product.id).primary.storage_key
        open_thumbnail(key, 320, storage=house.storages.default).close()

        shelf.delete(product.id)

        assert stored(folder) == []
