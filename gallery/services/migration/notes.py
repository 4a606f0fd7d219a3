"""Notes of what is on its way, kept at the target before anything is copied.

A process may be killed between any two steps, and rows may be deleted
before somebody goes on. A note tells which objects may then lie where
they don't belong; it goes when each lies where its row says, and nowhere
else. Whoever finds one has found a migration that died: only one at a time
is at work (see ``exclusive``).
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from gallery.storage import Storage

PREFIX = "migrations"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One batch of objects that were on their way to *target*, where the note lies itself."""

    key: str
    target: Storage

    @property
    def source(self) -> str:
        """The provider that they came from."""
        return self.key.split("/")[1]

    def read(self) -> dict[str, str]:
        """Return the key of each object, and its SHA-256."""
        with self.target.open(self.key) as stream:
            lines = stream.read().decode().splitlines()
        return {key: sha256 for sha256, key in (line.split(" ") for line in lines)}

    def remove(self) -> None:
        """Forget the note."""
        self.target.delete(self.key)


def write_note(rows: Sequence[Row[Any]], *, source: Storage, target: Storage) -> Note:
    """Note down that the objects of *rows* are about to be copied."""
    note = Note(key=f"{PREFIX}/{source.name}/{uuid4().hex}", target=target)
    lines = "".join(f"{row.sha256} {row.storage_key}\n" for row in rows)
    target.put(note.key, io.BytesIO(lines.encode()))
    return note


def find_notes(*targets: Storage) -> Iterator[Note]:
    """Yield the notes of migrations that died on their way to one of *targets*."""
    for target in targets:
        for key in target.iter_keys(f"{PREFIX}/"):
            yield Note(key=key, target=target)
