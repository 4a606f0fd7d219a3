"""At least a row in each table, with what is hard to carry over or to change in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from gallery.extensions import db
from gallery.models import (
    AnsweredRequest,
    APIKey,
    EmbeddedText,
    Gallery,
    GenerationRequest,
    Image,
    JobRun,
    KeyVersion,
    Link,
    LoginSession,
    Product,
    ProductMove,
    PromptDay,
    PromptEntry,
    Round,
    SearchDocument,
    StorageMark,
    Sweep,
    User,
)

ID, INPUT = UUID(int=1), UUID(int=2)
# All that JSON and text can be; PostgreSQL keeps numbers and members in its own way.
ODD: dict[str, Any] = {
    "z": [1e16, 0.1, -0.0, 2**70, None, True],
    "a": {"鷺": "a 'heron'\n\\u0041 🪶"},
    "": "",
}


def fill_every_table(now: datetime) -> None:
    """Write them; two images, since a product's is its alone."""
    object_ = {"sha256": "-", "size_bytes": 1, "width": 1, "height": 1, "status": "completed"}
    image: dict[str, Any] = {"owner_id": ID, "prompt_hash": "-", "created_at": now} | object_
    for rows in (
        [
            User(id=ID, email="a@b", name="鷺", password_hash="-", is_admin=True, created_at=now),
            JobRun(job="sweep", slot=now, claimed_at=now),
            Sweep(id=ID, started_at=now, rule=ODD, bytes=2**40),
            KeyVersion(base_key="a.png", version=2),
            StorageMark(provider="local", mark="m"),
        ],
        [
            APIKey(id=ID, owner_id=ID, name="k", secret_sha256="-", created_at=now),
            LoginSession(
                id=ID, user_id=ID, kind="browser", secret_sha256="-", user_agent="", network="-",
                created_at=now, last_used_at=now, expires_at=now,
            ),
            AnsweredRequest(
                owner_id=ID, key="k", fingerprint="-", created_at=now, status=201,
                body=bytes(range(256)),
            ),
            PromptDay(owner_id=ID, prompt_hash="-", day=now.date(), is_public=False),
            Gallery(
                id=ID, kind="game", slug="TEA", owner_id=ID, visibility="public", created_at=now
            ),
        ],
        [
            Round(id=ID, gallery_id=ID, number=1, created_at=now),
            Product(
                id=ID, owner_id=ID, prompt_text="the quick fox", status="uploading",
                primary_image_id=INPUT, created_at=now, updated_at=now,
            ),
        ],
        [
            Image(
                id=INPUT, kind="product", visibility="private", product_id=ID, position=1,
                storage_provider="local", storage_key="b.png", **image,
            ),
            Image(
                id=ID, kind="round", visibility="public", gallery_id=ID, round_id=ID, cards=["🪶"],
                parameters=ODD, storage_provider="local", storage_key="a.png", **image,
            ),
            ProductMove(product_id=ID, number=1, to_status="uploading", actor_id=ID, at=now),
        ],
        [
            EmbeddedText(image_id=ID, read=ODD, raw={"parameters": "a\tb"}),
            SearchDocument(id=7, image_id=ID, body="the quick fox"),
            PromptEntry(
                owner_id=ID, prompt_hash="-", prompt="the quick fox", image_id=ID, created_at=now
            ),
            GenerationRequest(
                image_id=ID, owner_id=ID, prompt_hash="-", wish=ODD, requested_at=now
            ),
            Link(
                id=ID, purpose="download", image_id=ID, owner_id=ID, created_at=now, expires_at=now
            ),
        ],
    ):  # fmt: skip
        db.session.add_all(rows)
        db.session.flush()
    db.session.commit()
