"""The demo's sign-in, kept in the instance folder so that it can be shown again."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "demo.json"


@dataclass(frozen=True, kw_only=True)
class DemoCard:
    """How to get into a demo gallery."""

    email: str
    password: str
    key: str


def write_card(instance: Path, card: DemoCard) -> None:
    """Keep the card, readable by its owner alone."""
    path = instance / NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(asdict(card), file)


def read_card(instance: Path) -> DemoCard | None:
    """Return the card, or None where there was no demo."""
    path = instance / NAME
    return DemoCard(**json.loads(path.read_text())) if path.exists() else None
