"""Galleries to measure: made with Gallery's own services where that is quick enough."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from flask import Flask
from flask_migrate import upgrade
from PIL import Image as PillowImage
from sqlalchemy import insert

from gallery import create_app
from gallery.extensions import House, db
from gallery.models import Image, SearchDocument
from gallery.services import accounts
from gallery.services.access import Viewer
from gallery.services.identifiers import new_id
from gallery.services.ingest import Details, Submission, save_generation, save_round_image

EMAIL = "bench@gallery.example"
PER_INSERT = 5000
OBJECT = b"x" * 20_000


def megabyte_png() -> bytes:
    """Return a 1024² PNG of about one megabyte: detail and noise, as generators make them."""
    noise = PillowImage.effect_noise((1024, 1024), 2)
    image = PillowImage.merge(
        "RGB", (noise, noise.rotate(90), PillowImage.linear_gradient("L").resize((1024, 1024)))
    )
    output = io.BytesIO()
    image.save(output, "PNG", compress_level=1)
    return output.getvalue()


@contextmanager
def new_gallery(instance: Path, **settings: str) -> Iterator[tuple[Flask, Viewer, str]]:
    """Make an empty gallery with one user; yield the app, the user and their API key."""
    instance.mkdir(parents=True)
    settings |= {"SECRET_KEY": "only for measuring on the loopback"}
    settings |= {"RATE_LIMIT_READS": "none", "RATE_LIMIT_WRITES": "none"}
    app = create_app(settings, instance_path=str(instance))
    lines = (f"{name} = {value!r}\n" for name, value in settings.items())
    (instance / "config.py").write_text("".join(lines))
    with app.app_context():
        upgrade()
        now = datetime.now(UTC)
        user = accounts.create_user(EMAIL, "only for measuring", now=now)
        key = accounts.create_key("bench", owner=EMAIL, now=now).secret
        yield app, Viewer(user_id=user.id, name=user.name), key
        db.session.remove()
        db.engine.dispose()


def fill_round(house: House, viewer: Viewer, content: bytes, *, players: int) -> None:
    """Save one round of the game BENCH."""
    for player in range(players):
        submission = Submission(
            submission_id=f"s{player}",
            completed_sentence=f"The fox sells second-hand moonlight to {player} owls by the hour.",
            cards=["moonlight", "owls"],
        )
        save_round_image(
            "BENCH", 1, f"player{player}", content,
            submission=submission,
            details=Details(style="gouache", service="demo", model="demo"),
            viewer=viewer, intake=house.intake, now=house.now(),
        )  # fmt: skip


def save_one(house: House, viewer: Viewer, content: bytes) -> UUID:
    """Save one public generation."""
    return save_generation(
        content, details=Details(prompt="A fox", model="bench"), viewer=viewer,
        intake=house.intake, now=house.now(), visibility="public",
    ).image_id  # fmt: skip


def insert_images(owner_id: UUID, count: int, *, expired: bool, folder: Path | None) -> list[UUID]:
    """Insert *count* rows with search documents, and where *folder* is given an object for each."""
    now = datetime.now(UTC)
    ids: list[UUID] = []
    for start in range(0, count, PER_INSERT):
        rows = [
            image_row(owner_id, now - timedelta(seconds=count - n), n, expired=expired)
            for n in range(start, min(start + PER_INSERT, count))
        ]
        db.session.execute(insert(Image), rows)
        db.session.execute(
            insert(SearchDocument), [{"image_id": row["id"], "body": row["prompt"]} for row in rows]
        )
        db.session.commit()
        ids += [row["id"] for row in rows]
        for row in rows if folder else ():
            path = folder / row["storage_key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(OBJECT)
    return ids


def image_row(owner_id: UUID, made: datetime, number: int, *, expired: bool) -> dict[str, object]:
    """Return the row of a public generation, as it is inserted."""
    image_id = new_id(made)
    return {
        "id": image_id, "kind": "generation", "owner_id": owner_id, "visibility": "public",
        "prompt": f"A quiet fox number {number} under a paper moon", "prompt_hash": "0" * 64,
        "model": "bench", "is_character_referenced": False, "status": "completed",
        "storage_provider": "local", "storage_key": f"images/generations/bench/{image_id.hex}.png",
        "sha256": "0" * 64, "size_bytes": len(OBJECT), "format": "png", "width": 64, "height": 64,
        "placeholder": "L9HT?K^50#^%GIt6-9jIaJNHEOag", "is_cached": False, "is_kept": False,
        "created_at": made, "generated_at": made, "completed_at": made,
        "expires_at": made + timedelta(days=-1 if expired else 30),
    }  # fmt: skip
