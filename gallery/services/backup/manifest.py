"""What a backup says of itself: written last, under its own SHA-256.

The lists may be long, so they are files of their own, a line of JSON for
each image; the manifest holds their SHA-256 and is small.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from gallery.errors import BackupDamaged, BackupUnusable

MANIFEST = "manifest.json"
OBJECTS = "objects.jsonl"
LEFT_OUT = "left-out.jsonl"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The object of one image, as its row names it."""

    id: UUID
    kind: str
    provider: str
    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An image whose object is not in the backup.

    ``why`` is ``gone`` where the image was deleted or replaced while its
    backup was made; ``missing`` or ``damaged`` where its object was not, or
    not any more, what its row says.
    """

    id: UUID
    kind: str
    key: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file beside the manifest, and what proves that it is the one."""

    file: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A backup: what it was made of, when, by which gallery, and its parts.

    ``database`` is the dialect of the rows, ``revision`` the migration that
    they are at. ``images`` counts the rows with objects, ``bytes`` all of
    their objects together; ``marks`` are what the storages were marked with.
    """

    format: int
    gallery: str
    database: str
    revision: str
    created_at: datetime
    images: int
    bytes: int
    missing: int
    damaged: int
    gone: int
    marks: dict[str, str]
    rows: Part
    objects: Part
    left_out: Part

    @property
    def is_complete(self) -> bool:
        """Tell whether no image lacks its object for another reason than that it was deleted."""
        return not (self.missing or self.damaged)

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """The files that belong to it."""
        return self.rows, self.objects, self.left_out


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make the backup in *folder* one: from here on it exists, also after a power cut."""
    told = asdict(manifest) | {"created_at": manifest.created_at.isoformat()}
    content = json.dumps(told | {"sha256": _digest(told)}, indent=2).encode() + b"\n"
    unfinished = folder / f".{MANIFEST}"
    with unfinished.open("wb") as file:
        unfinished.chmod(0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / MANIFEST)
    sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in *folder*, which is what was written there.

    Raises:
        BackupDamaged: it is not.
        BackupUnusable: a later gallery wrote it.
    """
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        proof = told.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BackupDamaged(f"The manifest of {folder.name} can't be read ({error})") from error
    if proof != _digest(told):
        raise BackupDamaged(f"The manifest of {folder.name} is not what was written")
    if told["format"] != FORMAT:
        raise BackupUnusable(f"{folder.name} was made by a later gallery ({told['gallery']})")
    parts = {name: Part(**told[name]) for name in ("rows", "objects", "left_out")}
    created_at = datetime.fromisoformat(told["created_at"])
    return Manifest(**told | parts | {"created_at": created_at})


def write_lines(file: Path, lines: Iterable[Entry | LeftOut]) -> Part:
    """Write a list, whole and synced, and return what proves it."""
    with file.open("w", encoding="utf-8") as written:
        file.chmod(0o600)
        for each in lines:
            written.write(json.dumps(asdict(each) | {"id": str(each.id)}) + "\n")
        written.flush()
        os.fsync(written.fileno())
    return prove(file)


def read_entries(folder: Path) -> Iterator[Entry]:
    """Yield what the backup in *folder* was made of, one at a time."""
    return (Entry(**values) for values in _read_lines(folder / OBJECTS))


def read_left_out(folder: Path) -> Iterator[LeftOut]:
    """Yield the images whose objects are not in the backup in *folder*."""
    return (LeftOut(**values) for values in _read_lines(folder / LEFT_OUT))


def prove(file: Path) -> Part:
    """Read a file, and return its size and SHA-256."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Part(file=file.name, sha256=digest, size_bytes=stream.tell())


def broken_parts(folder: Path, manifest: Manifest) -> list[str]:
    """Return which files of a backup are missing, or not what was written."""
    return [part.file for part in manifest.parts if not _is_proved(folder, part)]


def _is_proved(folder: Path, part: Part) -> bool:
    try:
        return prove(folder / part.file) == part
    except OSError:
        return False


def sync_file(file: Path) -> None:
    """Wait until the disk has a file that another program has written."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows the names in *folder*."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            yield values | {"id": UUID(values["id"])}


def _digest(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def as_told(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest's facts as programs read them, without its parts."""
    left = {"marks", "rows", "objects", "left_out"}
    told = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
    facts = {name: value for name, value in told.items() if name not in left}
    return facts | {
        "created_at": manifest.created_at.isoformat(),
        "is_complete": manifest.is_complete,
    }
