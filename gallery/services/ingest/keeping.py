"""Keep a picture: verify and convert it, put the object, then write the row.

The order is what makes a crash harmless. The object is durable before the
row is written, so a row always has its object; what a crash can leave is
an object without a row. A replacement gets the next key, the row moves to
it, and only after the commit the old object goes.
"""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gallery.errors import GalleryError, InvalidField, ObjectExists, ObjectNotFound
from gallery.extensions import current_session, end_reading, writing
from gallery.imaging.convert import to_format
from gallery.imaging.metadata import EmbeddedMetadata, read_metadata
from gallery.imaging.placeholder import make_placeholder
from gallery.imaging.verify import DECODING, Picture, verify
from gallery.models import EmbeddedText, GenerationRequest, Image, KeyVersion, SearchDocument
from gallery.services import thumbnails
from gallery.services.identifiers import MOST_TEXT, new_id
from gallery.services.ingest.told import Details, Intake, Saved
from gallery.services.prompt_cache import hash_prompt, redeem_lease, register, require_lease
from gallery.storage import Storage, StoredObject

_MOST_ATTEMPTS = 1000


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Verified bytes in their stored format, and all that was read from them."""

    content: bytes
    format: str
    picture: Picture
    placeholder: str
    embedded: EmbeddedMetadata | None
    is_cached: bool = False

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def put(self, key: str, storage: Storage) -> StoredObject:
        """Keep the bytes as the object *key*."""
        return storage.put(key, io.BytesIO(self.content))

    def embedded_parts(self) -> dict[str, Any] | None:
        """Return what was read from the bytes, as its row has it."""
        if self.embedded is None:
            return None
        read = asdict(self.embedded)
        return {"raw": read.pop("raw"), "read": read}


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A picture that lies in the storage already, to be kept once more without its bytes moving."""

    source: Row[Any]
    embedded: EmbeddedText | None
    is_cached: bool = True

    @property
    def format(self) -> str:
        return str(self.source.format)

    @property
    def width(self) -> int:
        return int(self.source.width)

    @property
    def height(self) -> int:
        return int(self.source.height)

    @property
    def placeholder(self) -> str:
        return str(self.source.placeholder)

    def put(self, key: str, storage: Storage) -> StoredObject:
        """Copy the object inside the storage.

        Raises:
            ObjectNotFound: it is gone, or is no longer what it was.
        """
        stored = storage.copy(self.source.storage_key, key)
        if stored.sha256 != self.source.sha256:
            storage.delete(key)
            raise ObjectNotFound(f"{self.source.storage_key} is damaged")
        return stored

    def embedded_parts(self) -> dict[str, Any] | None:
        """Return what was read from the picture when it was first kept."""
        if self.embedded is None:
            return None
        return {"raw": self.embedded.raw, "read": self.embedded.read}


@dataclass(kw_only=True)
class Slot:
    """The row that an image goes to: the one it replaces, or a new one with these values."""

    existing: Image | None = None
    values: dict[str, Any] = field(default_factory=dict)


def versioned_key(base_key: str, version: int) -> str:
    """Return the key of a version: ``main.png``, then ``main.v2.png``, ``main.v3.png`` …"""
    if version == 1:
        return base_key
    stem, _, extension = base_key.rpartition(".")
    return f"{stem}.v{version}.{extension}"


def prepare(content: bytes, *, stored_as: str | None) -> Prepared:
    """Verify *content* and convert it to *stored_as*; None keeps it as it came.

    Raises:
        InvalidField: there is nothing.
        ImageRejected: see ``verify``.
    """
    if not content:
        raise InvalidField("The request holds no image: its body is empty")
    with DECODING:
        picture = verify(content)
        target = stored_as or picture.format
        return Prepared(
            content=to_format(picture, target),
            format=target,
            picture=picture,
            placeholder=make_placeholder(picture.upright()),
            embedded=read_metadata(picture.image, content),
        )


def copy_of(source: Row[Any], *, stored_as: str | None, intake: Intake) -> Prepared | Copied:
    """Return what keeps the picture of *source* once more, as *stored_as*.

    Where the storage can't copy it, since it lies elsewhere or is of another
    format, its bytes are read and taken in anew.

    Raises:
        ObjectNotFound: the picture is gone.
    """
    if source.storage_provider == intake.storage.name and stored_as in (None, source.format):
        embedded = current_session().get(EmbeddedText, source.id)
        return Copied(source=source, embedded=embedded)
    with intake.storages.named(source.storage_provider).open(source.storage_key) as file:
        content = file.read()
    return replace(prepare(content, stored_as=stored_as), is_cached=True)


def embedded_text(prepared: Prepared | Copied, name: str) -> str:
    """Return what the generator wrote into the file under *name*, or an empty text."""
    parts = prepared.embedded_parts()
    value = parts["read"].get(name) if parts else None
    return str(value) if value else ""


def keep(
    prepared: Prepared | Copied,
    base_key: str,
    find_slot: Callable[[Session], Slot],
    details: Details,
    intake: Intake,
    now: datetime,
    *,
    keeping: timedelta | None = None,
    sentence: str | None = None,
    wish: str | None = None,
) -> Saved:
    """Put the object, then write the row, then drop what was replaced."""
    values = _told(prepared, details.checked(), sentence, wish)
    if details.lease_id:
        require_lease(values["prompt_hash"], details.lease_id)
    stored, version = _put_next(base_key, prepared, intake.storage)
    values |= _stored(prepared, stored, intake.storage.name)
    values |= _times(details, now, keeping or intake.retention)
    try:
        with writing() as session:
            slot = find_slot(session)
            old_key = slot.existing.storage_key if slot.existing else None
            old_provider = slot.existing.storage_provider if slot.existing else None
            image = _write_row(session, slot, values, prepared, now)
            _remember_version(session, base_key, version)
            if details.lease_id:
                redeem_lease(session, image.owner_id, image.prompt_hash, details.lease_id)
            register(session, image, now=now)
    except BaseException:
        _drop_unless_used(stored.key, storage=intake.storage)
        raise
    if old_key and old_provider == intake.storage.name:
        thumbnails.forget(old_key, storage=intake.storage)
        intake.storage.delete(old_key)
    if intake.makes_thumbnails_ahead and isinstance(prepared, Prepared):
        thumbnails.make_ahead(stored.key, prepared.picture.image, storage=intake.storage)
    return Saved(image_id=image.id, replaced=old_key is not None)


def _drop_unless_used(key: str, *, storage: Storage) -> None:
    """Delete an object whose row was not written.

    A commit whose answer was lost may have happened all the same, so the
    database is asked. If it can't tell, the object stays: better a stray
    object than a page without its picture.
    """
    used = select(Image.id).where(Image.storage_key == key)
    try:
        is_used = current_session().scalar(used) is not None
    except SQLAlchemyError:
        return
    if not is_used:
        storage.delete(key)


def _put_next(
    base_key: str, prepared: Prepared | Copied, storage: Storage
) -> tuple[StoredObject, int]:
    """Keep the object under the first key that was never used."""
    known = select(KeyVersion.version).where(KeyVersion.base_key == base_key)
    used = current_session().scalar(known)
    end_reading()
    version = (used or 0) + 1
    for attempt in range(version, version + _MOST_ATTEMPTS):
        try:
            stored = prepared.put(versioned_key(base_key, attempt), storage)
        except ObjectExists:
            continue
        return stored, attempt
    raise GalleryError(f"No free key was found for {base_key}")


def _remember_version(session: Session, base_key: str, version: int) -> None:
    known = session.get(KeyVersion, base_key)
    if known is None:
        session.add(KeyVersion(base_key=base_key, version=version))
    else:
        known.version = max(known.version, version)


def _told(
    prepared: Prepared | Copied, details: Details, sentence: str | None, wish: str | None
) -> dict[str, Any]:
    """Return what is known of how the image came to be: as told, else as embedded."""
    prompt = sentence or details.prompt or embedded_text(prepared, "prompt")[:MOST_TEXT]
    without = details.negative_prompt or embedded_text(prepared, "negative_prompt")[:MOST_TEXT]
    model = details.model or embedded_text(prepared, "model")[:100]
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


def _stored(prepared: Prepared | Copied, stored: StoredObject, provider: str) -> dict[str, Any]:
    return {
        "storage_provider": provider,
        "storage_key": stored.key,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "format": prepared.format,
        "width": prepared.width,
        "height": prepared.height,
        "placeholder": prepared.placeholder,
        "status": "completed",
        "failure": None,
        "is_cached": prepared.is_cached,
    }


def _times(details: Details, now: datetime, keeping: timedelta) -> dict[str, Any]:
    return {
        "generated_at": details.generated_at or now,
        "completed_at": now,
        "expires_at": now + keeping,
    }


def _write_row(
    session: Session,
    slot: Slot,
    values: dict[str, Any],
    prepared: Prepared | Copied,
    now: datetime,
) -> Image:
    if slot.existing:
        image = slot.existing
        for name, value in (slot.values | values).items():
            setattr(image, name, value)
        # Whoever waited for another picture here has this one now.
        session.execute(delete(GenerationRequest).where(GenerationRequest.image_id == image.id))
    else:
        image = Image(**{"id": new_id(now), "created_at": now} | slot.values | values)
        session.add(image)
    session.flush()
    _write_embedded(session, image.id, prepared.embedded_parts())
    write_search(session, image)
    return image


def _write_embedded(session: Session, image_id: UUID, parts: dict[str, Any] | None) -> None:
    known = session.get(EmbeddedText, image_id)
    if known is not None:
        session.delete(known)
        session.flush()
    if parts is not None:
        session.add(EmbeddedText(image_id=image_id, **parts))


def write_search(session: Session, image: Image) -> None:
    """Write down the words by which *image* is found, or write them anew."""
    words = (image.prompt, image.completed_sentence, *(image.cards or ()), image.player)
    more = (image.model, image.style, image.category)
    body = "\n".join(dict.fromkeys(text for text in (*words, *more) if text))
    document = session.scalar(select(SearchDocument).where(SearchDocument.image_id == image.id))
    if document is None:
        session.add(SearchDocument(image_id=image.id, body=body))
    else:
        document.body = body
