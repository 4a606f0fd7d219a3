"""The rows of an image: what is told of it, what it is, when it goes, and how it is found.

A copy out of the prompt cache is to cost a small part of a new picture, so
what is written for each new image is put together once, and goes straight
to the connection; only a row that takes another picture is an object.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import case, delete, insert, select
from sqlalchemy.orm import Session

from gallery.extensions import dialect_of, insert_into
from gallery.models import EmbeddedText, GenerationRequest, Image, KeyVersion, SearchDocument
from gallery.services.identifiers import MOST_TEXT, new_id
from gallery.services.ingest.told import Details
from gallery.services.prompt_cache import give_way, hash_prompt
from gallery.storage import StoredObject

_images: Any = Image.__table__
_documents: Any = SearchDocument.__table__
_embedded: Any = EmbeddedText.__table__


class Kept(Protocol):
    """What a row is written of: a picture that was taken in, or copied."""

    @property
    def format(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def placeholder(self) -> str: ...
    @property
    def is_cached(self) -> bool: ...
    def embedded_parts(self) -> dict[str, Any] | None:
        """Return what its generator wrote into it."""
        ...


@dataclass(kw_only=True)
class Slot:
    """The row that an image goes to: the one it replaces, or a new one with these values."""

    existing: Image | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def told(self, name: str) -> Any:
        """Return what the row will have in a column that says where it belongs."""
        return self.values[name] if name in self.values else getattr(self.existing, name, None)

    @property
    def is_public(self) -> bool:
        """Tell whether everybody will find the image."""
        return self.told("visibility") == "public" and not self.told("is_hidden")


def embedded_text(kept: Kept, name: str) -> str:
    """Return what the generator wrote into the file under *name*, or an empty text."""
    parts = kept.embedded_parts()
    value = parts["read"].get(name) if parts else None
    return str(value) if value else ""


def told(kept: Kept, details: Details, sentence: str | None, wish: str | None) -> dict[str, Any]:
    """Return what is known of how the image came to be: as told, else as embedded."""
    prompt = sentence or details.prompt or embedded_text(kept, "prompt")[:MOST_TEXT]
    without = details.negative_prompt or embedded_text(kept, "negative_prompt")[:MOST_TEXT]
    model = details.model or embedded_text(kept, "model")[:100]
    return {
        "prompt": prompt,
        "negative_prompt": without or None,
        "prompt_hash": wish or hash_prompt(prompt, style=details.style, service=details.service),
        "model": model or None,
        "service": details.service,
        "style": details.style,
        "category": details.category,
        "parameters": details.parameters,
        "cost_micros": details.cost_micros,
    }


def stored_values(kept: Kept, stored: StoredObject, provider: str) -> dict[str, Any]:
    """Return what is known of the object."""
    return {
        "storage_provider": provider,
        "storage_key": stored.key,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "format": kept.format,
        "width": kept.width,
        "height": kept.height,
        "placeholder": kept.placeholder,
        "fault": None,
        "fault_found_at": None,
        "status": "completed",
        "failure": None,
        "is_cached": kept.is_cached,
    }


def times(details: Details, now: datetime, keeping: timedelta) -> dict[str, Any]:
    """Return when it was made and kept, and when it goes."""
    return {
        "generated_at": details.generated_at or now,
        "completed_at": now,
        "expires_at": now + keeping,
    }


def write_row(
    session: Session, slot: Slot, values: dict[str, Any], kept: Kept, now: datetime
) -> Image:
    """Write the image's row, what was read from its bytes, and the words it is found by."""
    if slot.existing:
        return _write_over(session, slot.existing, slot.values | values, kept)
    row = {"id": new_id(now), "created_at": now} | slot.values | values
    image = Image(**row)
    connection = session.connection()
    connection.execute(insert(_images), row)
    parts = kept.embedded_parts()
    if parts is not None:
        connection.execute(insert(_embedded), {"image_id": image.id, **parts})
    connection.execute(insert(_documents), {"image_id": image.id, "body": _words(image)})
    return image


def write_search(session: Session, image: Image) -> None:
    """Write down the words by which *image* is found, or write them anew."""
    document = session.scalar(select(SearchDocument).where(SearchDocument.image_id == image.id))
    if document is None:
        session.add(SearchDocument(image_id=image.id, body=_words(image)))
    else:
        document.body = _words(image)


def remember_version(session: Session, base_key: str, version: int) -> None:
    """Note that a key was used, so that it never comes back."""
    used = {"base_key": base_key, "version": version}
    session.connection().execute(_version_used(dialect_of(session)), used)


def claim_version(session: Session, base_key: str) -> int:
    """Return a version of a key that nobody else gets, whether it comes to be used or not."""
    row = insert_into(KeyVersion, dialect_of(session)).values(base_key=base_key, version=1)
    claim = row.on_conflict_do_update(
        index_elements=["base_key"], set_={"version": KeyVersion.version + 1}
    )
    return int(session.connection().execute(claim.returning(KeyVersion.version)).scalar_one())


def _write_over(session: Session, image: Image, values: dict[str, Any], kept: Kept) -> Image:
    if image.prompt_hash != values["prompt_hash"]:
        give_way(session, image)
    for name, value in values.items():
        setattr(image, name, value)
    # Whoever waited for another picture here has this one now.
    session.execute(delete(GenerationRequest).where(GenerationRequest.image_id == image.id))
    session.execute(delete(EmbeddedText).where(EmbeddedText.image_id == image.id))
    session.flush()
    parts = kept.embedded_parts()
    if parts is not None:
        session.connection().execute(insert(_embedded), {"image_id": image.id, **parts})
    write_search(session, image)
    return image


def _words(image: Image) -> str:
    words = (image.prompt, image.completed_sentence, *(image.cards or ()), image.player)
    more = (image.model, image.style, image.category)
    return "\n".join(dict.fromkeys(text for text in (*words, *more) if text))


@lru_cache(maxsize=2)
def _version_used(dialect: str) -> Any:
    row = insert_into(KeyVersion, dialect)
    newer = case(
        (KeyVersion.version > row.excluded.version, KeyVersion.version),
        else_=row.excluded.version,
    )
    return row.on_conflict_do_update(index_elements=["base_key"], set_={"version": newer})
