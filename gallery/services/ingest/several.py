"""Take in several files at once: all of them, or none.

Each is looked at where it lies, one after another, so that eight large
ones need no more memory than the largest. Objects come before rows here
as well, and go again when anything fails.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from gallery.errors import DamagedImage, FilesRejected, GalleryError, ImageRejected
from gallery.extensions import end_reading, writing
from gallery.imaging.placeholder import make_placeholder
from gallery.imaging.thumbnails import WIDTHS
from gallery.imaging.verify import DECODING, Decoded, verify_file
from gallery.metrics import count_save
from gallery.services.belonging import require_place
from gallery.services.ingest.keeping import drop_unless_used
from gallery.services.ingest.told import Intake
from gallery.services.thumbnails import open_thumbnail
from gallery.storage import SpooledFile, Storage, StoredObject

LONGEST_NAME = 80
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """A file that arrived, and what its sender calls it."""

    name: str
    file: SpooledFile

    @property
    def shown_name(self) -> str:
        """The name without folders and without what doesn't print."""
        last = re.split(r"[/\\]", self.name)[-1]
        shown = "".join(c if c.isprintable() else " " for c in last)
        return " ".join(shown.split())[:LONGEST_NAME] or "without a name"


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A file that is a picture which is taken, and what was seen of it."""

    file: SpooledFile
    format: str
    width: int
    height: int
    placeholder: str
    is_cached: bool = False

    def embedded_parts(self) -> dict[str, Any] | None:
        """Return None: what a camera wrote into the file stays in the file."""
        return None


@contextmanager
def spooled(named: Sequence[tuple[str, bytes]], *, storage: Storage) -> Iterator[list[Spooled]]:
    """Spool bytes that are at hand, under their names; for programs, which don't upload."""
    files: list[Spooled] = []
    try:
        for name, content in named:
            files.append(Spooled(name=name, file=storage.spool()))
            files[-1].file.write(content)
        yield files
    finally:
        for each in files:
            each.file.close()


def inspect_all(files: Sequence[Spooled], *, most_bytes: int) -> list[Inspected]:
    """Decode each file, and return what was seen.

    Raises:
        FilesRejected: some are not taken; it tells of each of them.
    """
    # Nobody else should wait for a connection while this decodes.
    end_reading()
    inspected: list[Inspected] = []
    refusals: list[tuple[int, str, GalleryError]] = []
    for place, each in enumerate(files):
        try:
            inspected.append(_inspect(each.file, most_bytes))
        except ImageRejected as error:
            refusals.append((place, each.shown_name, error))
    if refusals:
        raise FilesRejected(refusals)
    return inspected


def keep_several(
    inspected: Sequence[Inspected],
    keys: Sequence[str],
    write: Callable[[Session, Sequence[StoredObject]], T],
    *,
    intake: Intake,
) -> T:
    """Keep the files as the objects *keys*, then let *write* write their rows, and commit.

    Raises:
        StorageError: nothing was kept.
    """
    require_place(intake.storages)
    stored: list[StoredObject] = []
    try:
        for each, key in zip(inspected, keys, strict=True):
            each.file.seek(0)
            stored.append(intake.storage.put(key, each.file))
        with writing() as session:
            written = write(session, stored)
    except BaseException as error:
        for kept in stored:
            drop_unless_used(kept.key, storage=intake.storage, error=error)
        raise
    for kept in stored:
        count_save("product", size_bytes=kept.size_bytes)
    if intake.makes_thumbnails_ahead:
        for kept in stored:
            for width in WIDTHS:
                open_thumbnail(kept.key, width, storage=intake.storage).close()
    return written


def _inspect(file: SpooledFile, most_bytes: int) -> Inspected:
    if not file.size_bytes:
        raise DamagedImage("The file is empty")
    with DECODING:
        picture: Decoded = verify_file(file.reopen, most_bytes=most_bytes)
        return Inspected(
            file=file,
            format=picture.format,
            width=picture.width,
            height=picture.height,
            placeholder=make_placeholder(picture.upright()),
        )
