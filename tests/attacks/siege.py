"""What is looked at after every attack, whatever it tried.

A siege stands around the whole application, as a server sees it: no answer
can be forgotten by a test, whoever asked for it and how. No answer may be a
5xx or show anything of the inside; and in the end a file outside of the
storage is untouched, every picture is what was saved, and no row points to
nothing.
"""

import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import text
from werkzeug.wsgi import ClosingIterator

from gallery.extensions import House, db
from gallery.models import StorageMark
from gallery.services import integrity
from tests.databases import SECRET

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CANARY = b"the canary sings outside"
# Longer than any object may be there without a row before it is called an orphan.
LATER = timedelta(hours=2)
_INSIDE = (
    rb"Traceback \(most recent call last\)",
    rb'File "/[^"]+", line \d',
    rb"<[\w.]+ object at 0x",
    rb"\[SQL: |sqlite3?\.\w*Error|psycopg\.|sqlalchemy\.exc|werkzeug\.exceptions",
    rb"\bSELECT [\w.]+ ?,.{0,2000}? FROM |\bINSERT INTO \w+ \(|\bUPDATE \w+ SET ",
    rb"\$argon2",
    rb"root:[^:\n]*:0:0:",
)


@dataclass
class Answer:
    """What the application answered to one request."""

    asked: str
    status: int = 500
    head: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    def told(self) -> bytes:
        """Return all of it, as it goes over the wire."""
        lines = (f"{name}: {value}" for name, value in self.head)
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + bytes(self.body)


class Siege:
    """Stands around *app* from now on, and notes what it answers."""

    def __init__(self, app: Flask) -> None:
        self._app, self._inner = app, app.wsgi_app
        self._lock = threading.Lock()
        self._inside = re.compile(b"|".join((*_INSIDE, *self._secrets())), re.DOTALL)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        for path in self._canaries():
            path.write_bytes(CANARY)
        app.wsgi_app = self._answer  # type: ignore[method-assign]

    def check(self) -> None:
        """Fail where an answer was wrong, or the gallery is not what it has to be."""
        assert not self.wrong, "\n".join(self.wrong)
        touched = [path for path in self._canaries() if path.read_bytes() != CANARY]
        assert not touched, touched
        with self._app.app_context():
            storages = self._house.storages
            later = datetime.now(UTC) + LATER
            left_over = integrity.sweep_temporary_files(storages=storages, now=later)
            checked = integrity.check_objects(storages=storages, now=later)
            broken = _broken_references()
            db.session.remove()
        assert not any(checked.findings.as_json().values()), checked.findings
        assert not left_over, f"{left_over} temporary files are left over"
        assert not broken, broken

    @property
    def _house(self) -> House:
        house: House = self._app.extensions["gallery"]
        return house

    def _canaries(self) -> list[Path]:
        """Return files that no request may ever read: beside the storage, and above it."""
        instance = Path(self._app.instance_path)
        return [folder / "canary.txt" for folder in (instance, instance.parent)]

    def _secrets(self) -> list[bytes]:
        ours = (SECRET, self._app.instance_path, str(Path(__file__).parents[2]), sys.prefix)
        return [CANARY, *(re.escape(each.encode()) for each in ours)]

    def _answer(self, environ: "WSGIEnvironment", start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")[:200]
        answer = Answer(f"{environ['REQUEST_METHOD']} {path}")

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            answer.status, answer.head = int(status[:3]), list(headers)
            return start_response(status, headers, *more)

        try:
            body = self._inner(environ, start)
        except BaseException:
            self._note(answer)
            raise
        close: Callable[[], None] = getattr(body, "close", lambda: None)
        # An iterator of ours alone would not be closed where nobody has begun to read it.
        return ClosingIterator(_copied(body, answer), [close, lambda: self._note(answer)])

    def _note(self, answer: Answer) -> None:
        found = self._inside.search(answer.told())
        faults = [f"answers {answer.status}"] if answer.status >= 500 else []
        faults += [f"tells {found[0][:200]!r}"] if found else []
        kind = "refused" if answer.status >= 400 else "answered without harm"
        with self._lock:
            self.counts["broke or told" if faults else kind] += 1
            self.wrong += [f"{answer.asked} {fault}" for fault in faults]


def state(app: Flask, house: House) -> tuple[list[Any], list[tuple[str, int]]]:
    """Return every row of every table and every file of the storage, but for its mark.

    The first that is to be kept there has it marked, whether it is kept in the end or not.
    """
    # What earlier requests did is not to be found out while others are watched.
    house.tally.flush()
    with app.app_context():
        rows = [
            (table, [tuple(row) for row in db.session.execute(text(f"SELECT * FROM {table}"))])
            for table in sorted(db.metadata.tables.keys() - {StorageMark.__tablename__})
        ]
        db.session.remove()
    root: Path = house.storages.default.root  # type: ignore[attr-defined]
    files = sorted(
        (str(path), path.stat().st_size) for path in root.rglob("[!.]*") if path.is_file()
    )
    return rows, files


def _copied(body: Iterable[bytes], answer: Answer) -> Iterator[bytes]:
    for piece in body:
        answer.body += piece
        yield piece


def _broken_references() -> list[Any]:
    """Return the rows that point to none; PostgreSQL has refused them before."""
    if db.engine.dialect.name != "sqlite":
        return []
    return list(db.session.execute(text("PRAGMA foreign_key_check")))
