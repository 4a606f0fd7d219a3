"""The stored bytes of images, wherever their rows say that they lie.

With several providers, an object may move between a look at its row and the
look at its bytes. It lies in both places until its row has moved, so a
second look at the row finds it.
"""

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO

from sqlalchemy import Row, select

from gallery.errors import ObjectNotFound
from gallery.extensions import current_session, end_reading
from gallery.models import Image
from gallery.storage import Storage, Storages

_CHUNK_BYTES = 1024 * 1024


def open_original(image: Row[Any], *, storages: Storages) -> BinaryIO:
    """Open the object of *image*, also where it has just gone to another provider.

    Raises:
        ObjectNotFound: it is nowhere.
    """
    try:
        return storages.named(image.storage_provider).open(image.storage_key)
    except ObjectNotFound:
        provider = _provider_now(image)
        if provider is None or provider == image.storage_provider:
            raise
    return storages.named(provider).open(image.storage_key)


def digest_of(
    key: str, *, storage: Storage, spend: Callable[[int], object] = lambda _bytes: None
) -> str:
    """Read the object *key* to its end, and return its SHA-256 in hex.

    *spend* hears of each piece how many bytes it has, and may wait.

    Raises:
        ObjectNotFound: no object has this key.
        OSError: it can't be read.
    """
    digest = hashlib.sha256()
    with storage.open(key) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            spend(len(chunk))
    return digest.hexdigest()


def _provider_now(image: Row[Any]) -> str | None:
    # In the snapshot that the row was read from, nothing has moved.
    end_reading()
    query = select(Image.storage_provider).where(
        Image.id == image.id, Image.storage_key == image.storage_key
    )
    provider = current_session().scalar(query)
    end_reading()
    return provider
