"""The storage providers, and which of them take and hold images.

Several may be configured: each row names the provider that holds its
object, and the default takes new images.
"""

from collections.abc import Iterator, Mapping

from gallery.config import Settings
from gallery.errors import StorageUnavailable
from gallery.storage.base import ObjectInfo, Storage, StoredObject, check_key
from gallery.storage.local import LocalStorage
from gallery.storage.measured import measured
from gallery.storage.spool import SpooledFile

__all__ = [
    "LocalStorage",
    "ObjectInfo",
    "SpooledFile",
    "Storage",
    "Storages",
    "StoredObject",
    "check_key",
    "open_storages",
]


class Storages:
    """The configured providers by name; ``default`` takes new images."""

    def __init__(self, providers: Mapping[str, Storage], *, default: str) -> None:
        self._providers = dict(providers)
        self.default = self._providers[default]

    def __iter__(self) -> Iterator[Storage]:
        return iter(self._providers.values())

    def named(self, provider: str) -> Storage:
        """Return the provider that a row names.

        Raises:
            StorageUnavailable: it is no longer configured.
        """
        try:
            return self._providers[provider]
        except KeyError:
            raise StorageUnavailable(f"The provider {provider} is not configured") from None


def open_storages(settings: Settings) -> Storages:
    """Build the providers that *settings* configure."""
    providers: dict[str, Storage] = {"local": LocalStorage(settings.IMAGE_STORAGE_BASE_DIR)}
    watched = {name: measured(storage) for name, storage in providers.items()}
    return Storages(watched, default=settings.IMAGE_STORAGE_TYPE)
