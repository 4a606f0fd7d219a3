"""Several pictures as one ZIP file, made while it is sent.

Pictures are compressed already, so they are stored as they are: the length
of the whole is known before its first byte. What can't be read as it was
listed, because a sweep or its owner was faster, ends the transfer before
that length: an archive that arrives whole lacks nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Row
from zipstream import ZipStream

from gallery.errors import DamagedImage, NotFound
from gallery.imaging.convert import EXTENSIONS
from gallery.metrics import SENDS, SENT_BYTES
from gallery.services.originals import open_original
from gallery.storage import Storages

MEDIA_TYPE = "application/zip"
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A ZIP file that is made as ``pieces`` is read; together they are ``size_bytes`` long."""

    pieces: Iterator[bytes]
    size_bytes: int


def pack(images: Sequence[Row[Any]], *, storages: Storages) -> Archive:
    """Return an archive of *images*, which holds one of them at a time in small pieces.

    Reading it raises ``ObjectNotFound`` or ``DamagedImage`` where a picture
    has gone or is not what was kept.

    Raises:
        NotFound: there is no picture to pack.
        ObjectNotFound: the first one has gone since it was listed.
    """
    if not images:
        raise NotFound
    # As long as nothing is sent, it can be said in an answer.
    open_original(images[0], storages=storages).close()
    archive = ZipStream(sized=True)
    for image, name in zip(images, file_names(images), strict=True):
        archive.add(_read(image, storages), name, size=image.size_bytes)
    return Archive(pieces=iter(archive), size_bytes=len(archive))


def file_names(images: Sequence[Row[Any]]) -> list[str]:
    """Return what the pictures of one gallery are called in its archive, no two alike.

    Not even where a file system takes ``Fox`` and ``fox`` for the same.
    """
    taken: set[str] = set()
    return [_free_name(_stem(image), EXTENSIONS[image.format], taken) for image in images]


def _stem(image: Row[Any]) -> str:
    if image.kind == "session":
        return str(image.image_type)
    if image.kind == "round":
        return f"round-{image.round_number}/player-{image.player}"
    return f"page-{image.page_number}"


def _free_name(stem: str, extension: str, taken: set[str]) -> str:
    tries = (f"{stem}{'' if number == 1 else f'-{number}'}.{extension}" for number in count(1))
    name = next(each for each in tries if each.lower() not in taken)
    taken.add(name.lower())
    return name


def _read(image: Row[Any], storages: Storages) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with open_original(image, storages=storages) as stream:
        left = image.size_bytes
        while chunk := stream.read(min(left, _CHUNK_BYTES)):
            digest.update(chunk)
            left -= len(chunk)
            yield chunk
    if digest.hexdigest() != image.sha256:
        raise DamagedImage(f"{image.storage_key} is damaged")
    SENDS.labels(image.kind, "original", "attachment").inc()
    SENT_BYTES.labels("original").inc(image.size_bytes)
