"""Hold what is there after a fault against what was acknowledged before.

This looks for itself, past all code of the gallery: at the rows by SQL, at
the objects by walking through their folders.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from PIL import Image as Pillow
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from gallery.config import load_settings
from gallery.imaging.thumbnails import WIDTHS
from tests.databases import SECRET

FOLDERS = {"local": "storage", "vault": "vault"}
# What proves that a storage is the one of this database.
MARK = ".gallery-storage"
BACKUPS = "backups"
# What may lie in an instance folder: what a restore replaced is kept on purpose.
KNOWN = (
    "gallery.db", "gallery.db-wal", "gallery.db-shm", "gallery.db.*.lock", "config.py",
    "before-restore-*", BACKUPS, *FOLDERS.values(),
)  # fmt: skip
# Where repairs set aside what nobody asks for, until it is deleted for good.
QUARANTINE = "quarantine/"
ROWS = text(
    "SELECT id, storage_provider, storage_key, sha256 FROM images WHERE status = 'completed'"
)


@dataclass(frozen=True, kw_only=True)
class KeptImage:
    """The row of an image, as far as it tells of its object."""

    provider: str
    key: str
    sha256: str


Kept = Mapping[str, KeptImage]


@contextmanager
def database_of(instance: Path) -> Iterator[Connection]:
    """Connect to the database of the gallery at *instance*."""
    address = load_settings(instance, environ={}, overrides={"SECRET_KEY": SECRET}).DATABASE_URL
    engine = create_engine(address, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def kept_images(instance: Path) -> Kept:
    """Return the images that have an object, by their ids."""
    with database_of(instance) as connection:
        return {
            str(UUID(str(row.id))): KeptImage(
                provider=row.storage_provider, key=row.storage_key, sha256=row.sha256
            )
            for row in connection.execute(ROWS)
        }


def objects(instance: Path) -> dict[tuple[str, str], bytes]:
    """Return every file in the storages by its provider and key, whatever it is."""
    return {
        (provider, file.relative_to(instance / folder).as_posix()): file.read_bytes()
        for provider, folder in FOLDERS.items()
        for file in (instance / folder).rglob("*")
        if file.is_file()
    }


def disagreements(instance: Path) -> list[str]:
    """Return where rows and objects don't agree, what is damaged, and what is left over."""
    kept, there = kept_images(instance), objects(instance)
    at = {(image.provider, image.key): image for image in kept.values()}
    variants = {
        (provider, f"variants/{width}/{key}.webp") for provider, key in at for width in WIDTHS
    }
    troubles = [f"two rows name one object: {len(kept)} for {len(at)}"] * (len(at) < len(kept))
    troubles += [f"a row without its object: {place}" for place in at if place not in there]
    for place, content in there.items():
        if place in at and hashlib.sha256(content).hexdigest() != at[place].sha256:
            troubles.append(f"an object that is not what its row says: {place}")
        elif place in variants:
            troubles += _damaged_picture(instance, place)
        elif place not in at and not place[1].startswith((QUARANTINE, MARK)):
            troubles.append(f"an object without a row: {place}")
    return troubles + _database_troubles(instance)


def _damaged_picture(instance: Path, place: tuple[str, str]) -> list[str]:
    try:
        with Pillow.open(instance / FOLDERS[place[0]] / place[1]) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        return [f"a thumbnail that can't be read: {place} ({error})"]
    return []


def _database_troubles(instance: Path) -> list[str]:
    with database_of(instance) as connection:
        if connection.dialect.name != "sqlite":
            return []
        told = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [*(each for each in told if each != "ok"), *map(str, dangling)]


def leftovers(instance: Path) -> list[str]:
    """Return what lies about that a work which was done once more should have cleared away."""
    strange = [file for file in instance.iterdir() if not any(map(file.match, KNOWN))]
    strange += (instance / BACKUPS / "objects").glob(".tmp/*")
    strange += [
        folder
        for folder in (instance / BACKUPS / "backups").glob("*")
        if not (folder / "manifest.json").exists()
    ]
    return [f"left over: {each.relative_to(instance)}" for each in strange]


def losses(
    before: Kept,
    after: Kept,
    *,
    becomes: Mapping[str, str | None],
    is_acknowledged: bool,
) -> list[str]:
    """Return which images of *before* are neither what they were nor what they may have become.

    Once it was acknowledged, what becomes of them is certain.
    """
    troubles = []
    for image_id, image in before.items():
        now = after[image_id].sha256 if image_id in after else None
        meant = becomes.get(image_id, image.sha256)
        allowed = {meant} if is_acknowledged else {meant, image.sha256}
        if now not in allowed:
            troubles.append(f"image {image.key} is {now}, not one of {allowed}")
    return troubles


def surplus(
    before: Kept, after: Kept, *, adds: tuple[str, ...], least: int, most: int
) -> list[str]:
    """Return what is wrong with the images that were added: each time all of *adds*, or none."""
    new = Counter(after[each].sha256 for each in after.keys() - before.keys())
    allowed = [Counter(adds * times) for times in range(least, most + 1)]
    return [] if new in allowed else [f"{new} were added, not {adds} {least} to {most} times"]
