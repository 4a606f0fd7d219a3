"""The storage providers, and which of them take and hold images.

Several may be configured: each row names the provider that holds its
object, and the default takes new images.
"""

from collections.abc import Callable, Iterator, Mapping

from gallery.config import Settings
from gallery.errors import InvalidSetting, StorageUnavailable
from gallery.storage.base import ObjectInfo, Storage, StoredObject, check_key
from gallery.storage.local import LocalStorage, open_local
from gallery.storage.measured import measured
from gallery.storage.s3 import open_s3
from gallery.storage.spool import SpooledFile

__all__ = [
    "PROVIDERS",
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
    """The configured providers by name; ``default`` takes new images.

    ``marks`` are those that were seen in the storages, and are right (see ``services/belonging``).
    """

    def __init__(self, providers: Mapping[str, Storage], *, default: str) -> None:
        self._providers = dict(providers)
        self.default = self._providers[default]
        self.marks: dict[str, str] = {}

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


# What opens each provider, or returns None where it isn't configured. A row names its provider.
PROVIDERS: dict[str, Callable[[Settings], Storage | None]] = {
    "local": open_local,
    "s3": open_s3,
}


def open_storages(settings: Settings) -> Storages:
    """Open the providers that *settings* configure.

    Raises:
        InvalidSetting: one can't be opened, or the one that is to take new images isn't there.
    """
    default = settings.IMAGE_STORAGE_TYPE
    if default not in PROVIDERS:
        raise InvalidSetting(f"IMAGE_STORAGE_TYPE must be one of {', '.join(PROVIDERS)}")
    opened = {name: open_provider(settings) for name, open_provider in PROVIDERS.items()}
    providers = {name: measured(storage) for name, storage in opened.items() if storage}
    if default not in providers:
        raise InvalidSetting(f"IMAGE_STORAGE_TYPE is {default}, which is not configured")
    return Storages(providers, default=default)
