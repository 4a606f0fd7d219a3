"""Where a picture is found: pages, JSON and shared galleries have addresses of their own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from gallery.errors import DatabaseUnwritable
from gallery.extensions import House
from gallery.imaging.thumbnails import WIDTHS
from gallery.models import Gallery
from gallery.services.links import (
    InputTokens,
    LinkSigner,
    SecureThumbnails,
    download_tokens,
    input_tokens,
    standing_link,
)
from gallery.storage import LocalStorage

GALLERY_PAGES = {"session": "/sessions/", "game": "/games/", "story": "/stories/"}


def gallery_path(kind: str, slug: str) -> str:
    """Return the path of a gallery's page."""
    return f"{GALLERY_PAGES[kind]}{slug}"


def product_path(product_id: UUID) -> str:
    """Return the path of a product's page."""
    return f"/products/{product_id}"


def stored_path(image: Any) -> str:
    """Return the path of the stored file, as older clients know it."""
    if image.kind == "session":
        return f"/storage/generated/{image.gallery_slug}/{image.image_type}.png"
    if image.kind == "round":
        return f"/generated-images/{image.gallery_slug}/{image.round_number}/{image.player}.jpg"
    if image.kind == "story":
        return f"/generated/{image.storage_key.rpartition('/')[2]}"
    return f"/outputs/{image.storage_key}"


class OpenAddresses:
    """The addresses for who may see the pictures anyway; ``base`` begins absolute ones."""

    base: str
    # Where nginx is in front and sends them by itself.
    secure: SecureThumbnails | None
    static_base = "/static"

    def page(self, image: Any) -> str:
        """Return the page that shows the image alone."""
        return f"{self.base}/images/{image.id}"

    def original(self, image: Any) -> str:
        """Return the stored bytes, shown in the browser."""
        return self.base + stored_path(image)

    def thumbnail(self, image: Any, width: int) -> str:
        """Return a thumbnail; its address changes with the picture, so caches may keep it."""
        # What a seller uploads opens for whoever may see it now, and not for an hour to come.
        is_signed = image.kind != "product" and image.storage_provider == LocalStorage.name
        if self.secure and is_signed:
            return self.base + self.secure.path(image, width)
        return f"{self.base}/thumbnails/{image.id}/{width}-{image.sha256[:12]}.webp"

    def thumbnails(self, image: Any) -> dict[str, str]:
        """Return all thumbnails by their width."""
        return {str(width): self.thumbnail(image, width) for width in WIDTHS}

    def srcset(self, image: Any) -> str:
        """Return the thumbnails that are not enlarged, for the browser to choose from."""
        return srcset(self, image)


class Addresses(OpenAddresses):
    """The addresses of pictures from anywhere."""

    def __init__(self, house: House, *, base: str = "") -> None:
        self.base = base
        self.secure = secure_thumbnails(house)
        self._house = house
        self._listed: dict[UUID, ListedAddresses] = {}
        self._inputs: dict[UUID, InputTokens] = {}

    def expect(self, images: Iterable[Any]) -> "Addresses":
        """Prepare for *images*, so that the products among them are looked up all at once."""
        products = {image.product_id for image in images if image.kind == "product"}
        missing = products - self._inputs.keys()
        if missing:
            house = self._house
            lasts = timedelta(minutes=house.settings.PRODUCT_LINK_MINUTES)
            self._inputs |= input_tokens(missing, signer=house.signer, now=house.now(), lasts=lasts)
        return self

    def original(self, image: Any) -> str:
        """Return the stored bytes; a product's by a signed link that lasts for minutes."""
        if image.kind != "product":
            return super().original(image)
        self.expect([image])
        return f"{self.base}/d/{self._inputs[image.product_id].inline(image.id)}"

    def download(self, image: Any) -> str:
        """Return a signed link that downloads the original."""
        if image.kind == "product":
            self.expect([image])
            return f"{self.base}/d/{self._inputs[image.product_id].attachment(image.id)}"
        group = image.gallery_id or image.id
        if group not in self._listed:
            self._listed[group] = listed_addresses(self._house, image, base=self.base)
        return self._listed[group].download(image)


class PageAddresses(Addresses):
    """The addresses on pages, which are shown even where the database takes nothing in."""

    def download(self, image: Any) -> str:
        """Return a signed link, or the picture's own address where the ledger can't take one."""
        try:
            return super().download(image)
        except DatabaseUnwritable:
            return self.original(image)


@dataclass(frozen=True, eq=False)
class ListedAddresses(OpenAddresses):
    """The addresses of pictures whose downloads one standing link signs."""

    base: str
    standing: Row[Any]
    signer: LinkSigner
    secure: SecureThumbnails | None

    def download(self, image: Any) -> str:
        """Return a signed link that downloads the original."""
        return f"{self.base}/d/{self._token(image.id)}"

    @cached_property
    def _token(self) -> Callable[[UUID | str], str]:
        return download_tokens(self.standing, signer=self.signer)


def listed_addresses(house: House, row: Row[Any] | Gallery, *, base: str = "") -> ListedAddresses:
    """Return the addresses of the pictures of a gallery, or of a single image.

    As long as they are the same addresses, they are the same object: what is
    kept of a picture by them is found by a glance.
    """
    lasts = timedelta(days=house.settings.DOWNLOAD_LINK_DAYS)
    standing = standing_link(row, now=house.now(), lasts=lasts)
    return _listed_addresses(base, standing, house.signer, secure_thumbnails(house))


def secure_thumbnails(house: House) -> SecureThumbnails | None:
    """Return what signs the thumbnails that nginx sends by itself, where it is in front."""
    return house.secure_links.at(house.now()) if house.secure_links else None


_listed_addresses = lru_cache(maxsize=1024)(ListedAddresses)


class ShareAddresses:
    """The addresses inside a shared gallery: all lie below its link, and need nothing else."""

    def __init__(self, token: str) -> None:
        self._base = f"/s/{token}"
        self.static_base = f"{self._base}/static"

    def page(self, image: Any) -> str:
        """Return the original: a share has no page for a single picture."""
        return self.original(image)

    def original(self, image: Any) -> str:
        """Return the stored bytes, shown in the browser."""
        return f"{self._base}/images/{image.id}"

    def thumbnail(self, image: Any, width: int) -> str:
        """Return a thumbnail."""
        return f"{self._base}/thumbnails/{image.id}/{width}-{image.sha256[:12]}.webp"

    def srcset(self, image: Any) -> str:
        """Return the thumbnails that are not enlarged, for the browser to choose from."""
        return srcset(self, image)

    @property
    def archive(self) -> str:
        """Return all pictures in one file."""
        return f"{self._base}/images.zip"

    def download(self, image: Any) -> str:
        """Return the stored bytes as a download."""
        return f"{self._base}/images/{image.id}/download"


def srcset(addresses: OpenAddresses | ShareAddresses, image: Any) -> str:
    """Return the ``srcset`` of an image: widths below its own, and the first that holds it."""
    wanted = [width for width in WIDTHS if width < image.width]
    entries = [f"{addresses.thumbnail(image, width)} {width}w" for width in wanted]
    if len(wanted) < len(WIDTHS):
        largest = WIDTHS[len(wanted)]
        entries.append(f"{addresses.thumbnail(image, largest)} {image.width}w")
    return ", ".join(entries)
