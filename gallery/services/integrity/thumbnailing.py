"""Make thumbnails that are missing or broken anew, of originals that are whole."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Row

from gallery.errors import GalleryError, ObjectNotFound
from gallery.imaging.thumbnails import WIDTHS, is_whole
from gallery.services import thumbnails
from gallery.services.integrity.checking import read_rows
from gallery.services.integrity.pace import Pace
from gallery.storage import Storage, Storages

# Decoding leaves the interpreter's lock, and takes its turn with that of requests.
_MENDERS = 4


@dataclass(kw_only=True)
class Mended:
    """How many thumbnails were made, and what went wrong."""

    made: int = 0
    errors: list[str] = field(default_factory=list)


def mend_thumbnails(*, storages: Storages, pace: Pace, is_quick: bool = False) -> Mended:
    """Look at every thumbnail of every image that is whole; *is_quick* doesn't decode them.

    Memory is bounded by the few that are looked at together. An image that
    can't be read is told in ``errors``, and ends nothing.
    """
    mended = Mended()
    known = {storage.name for storage in storages}
    mend = partial(_mend, storages=storages, pace=pace, is_quick=is_quick)
    with ThreadPoolExecutor(_MENDERS) as pool:
        for rows in read_rows():
            sound = [row for row in rows if row.storage_provider in known and not row.fault]
            for made, error in pool.map(mend, sound):
                mended.made += made
                mended.errors += [error] if error else []
    return mended


def _mend(
    row: Row[Any], *, storages: Storages, pace: Pace, is_quick: bool
) -> tuple[int, str | None]:
    """Return how many thumbnails were made of the image, and why no more."""
    storage, key = storages.named(row.storage_provider), row.storage_key
    try:
        broken = [
            width
            for width in WIDTHS
            if not _is_there(thumbnails.thumbnail_key(key, width), storage, pace, is_quick)
        ]
        if not broken:
            return 0, None
        pace.spend(row.size_bytes)
        return thumbnails.make_anew(key, broken, storage=storage), None
    except ObjectNotFound:
        # The image was deleted, replaced or moved meanwhile.
        return 0, None
    except (GalleryError, OSError) as error:
        return 0, f"{key}: {error}"


def _is_there(target: str, storage: Storage, pace: Pace, is_quick: bool) -> bool:
    if is_quick:
        return storage.exists(target)
    try:
        with storage.open(target) as file:
            content = file.read()
    except (ObjectNotFound, OSError):
        return False
    pace.spend(len(content))
    return is_whole(content)
