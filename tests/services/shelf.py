"""A seller's shelf: products in as few words as a test can want."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gallery.extensions import House
from gallery.models import Product
from gallery.services import catalog, products
from gallery.services.access import Viewer
from gallery.services.catalog import ProductPage
from gallery.services.ingest import spooled
from tests.conftest import FixedClock
from tests.pictures import picture

TEXT = "A copper kettle on white"


def photos(count: int) -> list[tuple[str, bytes]]:
    """Return as many files that differ, under names."""
    return [(f"{n}.jpg", picture("JPEG", colour=(20 * n, 9, 9))) for n in range(count)]


class Shelf:
    """Makes and moves products for alice, one thing a second, unless told otherwise."""

    def __init__(self, alice: Viewer, house: House, clock: FixedClock) -> None:
        self.alice, self.house, self.clock = alice, house, clock

    def _now(self, options: dict[str, Any]) -> dict[str, Any]:
        self.clock.move(seconds=1)
        return {"viewer": self.alice, "now": self.clock()} | options

    def create(
        self,
        files: int | Sequence[tuple[str, bytes]] = 1,
        text: str = TEXT,
        **options: Any,
    ) -> Product:
        files = photos(files) if isinstance(files, int) else files
        options = {"intake": self.house.intake} | self._now(options)
        with spooled(files, storage=options["intake"].storage) as arrived:
            return products.create_product(text, arrived, **options)

    def add(self, product_id: UUID, files: int = 1, **options: Any) -> Product:
        options = {"intake": self.house.intake} | self._now(options)
        with spooled(photos(files), storage=options["intake"].storage) as arrived:
            return products.add_product_images(product_id, arrived, **options)

    def move(self, product_id: UUID, *statuses: str, **options: Any) -> None:
        for status in statuses:
            products.move_product(product_id, status, **self._now(options))

    def edit(self, product_id: UUID, text: str, **options: Any) -> None:
        products.edit_product(product_id, prompt_text=text, **self._now(options))

    def choose(self, product_id: UUID, image_id: UUID, **options: Any) -> None:
        products.choose_primary(product_id, image_id, **self._now(options))

    def remove(self, product_id: UUID, image_id: UUID, **options: Any) -> None:
        options = {"storages": self.house.storages} | self._now(options)
        products.remove_product_image(product_id, image_id, **options)

    def delete(self, product_id: UUID, **options: Any) -> None:
        options = {"viewer": self.alice, "storages": self.house.storages} | options
        products.delete_product(product_id, **options)

    def show(self, product_id: UUID, **options: Any) -> ProductPage:
        return catalog.show_product(product_id, **{"viewer": self.alice} | options)

    def places(self, product_id: UUID) -> list[tuple[int, bool]]:
        """Return the places of its images, and whether each is primary."""
        page = self.show(product_id)
        return [(each.position, each.id == page.primary.id) for each in page.images]
