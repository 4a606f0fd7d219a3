"""Keep a picture: verify and convert it, put the object, then write the row.

The order is what makes a crash harmless. The object is durable before the
row is written, so a row always has its object; what a crash can leave is
an object without a row. A replacement gets the next key, the row moves to
it, and only after the commit the old object goes.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.orm import Session

from gallery.errors import (
    GalleryError,
    InvalidField,
    ObjectExists,
    ObjectNotFound,
    StorageError,
)
from gallery.extensions import current_session, end_reading, writing
from gallery.imaging.convert import to_format
from gallery.imaging.metadata import EmbeddedMetadata, read_metadata
from gallery.imaging.placeholder import make_placeholder
from gallery.imaging.verify import DECODING, Picture, verify
from gallery.metrics import count_save
from gallery.models import EmbeddedText, Image, KeyVersion
from gallery.services import thumbnails
from gallery.services.belonging import require_place
from gallery.services.ingest.rows import (
    Slot,
    claim_version,
    remember_version,
    stored_values,
    times,
    told,
    write_row,
)
from gallery.services.ingest.told import Details, Intake, Saved
from gallery.services.originals import open_original
from gallery.services.prompt_cache import redeem_lease, register, require_lease
from gallery.storage import Storage, Storages, StoredObject

log = logging.getLogger(__name__)
_MOST_ATTEMPTS = 1000
_EMBEDDED = select(EmbeddedText.read, EmbeddedText.raw).where(
    EmbeddedText.image_id == bindparam("image_id")
)
_USED_VERSION = select(KeyVersion.version).where(KeyVersion.base_key == bindparam("base_key"))


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

    def is_entry_of(self, image: Image) -> bool:  # noqa: ARG002 - copies ask it
        """Tell whether the prompt cache knows a picture of *image*'s owner already."""
        return False

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
    """A picture that lies in a storage already, to be kept once more as it is."""

    source: Row[Any]
    storages: Storages
    embedded: Row[Any] | None
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

    def is_entry_of(self, image: Image) -> bool:
        """Tell whether the prompt cache knows a picture of *image*'s owner already: this one."""
        return bool(self.source.owner_id == image.owner_id)

    def put(self, key: str, storage: Storage) -> StoredObject:
        """Copy the object, where that can be done inside the storage without its bytes moving.

        Raises:
            ObjectNotFound: it is gone, or is no longer what it was.
        """
        stored = self._copy(key, storage)
        if stored.sha256 != self.source.sha256:
            storage.delete(key)
            raise ObjectNotFound(f"{self.source.storage_key} is damaged")
        return stored

    def _copy(self, key: str, storage: Storage) -> StoredObject:
        if self.source.storage_provider == storage.name:
            # It may have moved on since its row was read.
            with suppress(ObjectNotFound):
                return storage.copy(self.source.storage_key, key)
        with open_original(self.source, storages=self.storages) as stream:
            return storage.put(key, stream)

    def embedded_parts(self) -> dict[str, Any] | None:
        """Return what was read from the picture when it was first kept."""
        if self.embedded is None:
            return None
        return {"raw": self.embedded.raw, "read": self.embedded.read}


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

    Where it is of another format, its bytes are read and taken in anew.

    Raises:
        ObjectNotFound: the picture is gone, or is no longer what it was.
    """
    if stored_as in (None, source.format):
        connection = current_session().connection()
        embedded = connection.execute(_EMBEDDED, {"image_id": source.id}).first()
        return Copied(source=source, storages=intake.storages, embedded=embedded)
    with open_original(source, storages=intake.storages) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != source.sha256:
        raise ObjectNotFound(f"{source.storage_key} is damaged")
    return replace(prepare(content, stored_as=stored_as), is_cached=True)


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
    values = told(prepared, details.checked(), sentence, wish)
    if details.lease_id:
        require_lease(values["prompt_hash"], details.lease_id)
    require_place(intake.storages)
    stored, version = _put_next(base_key, prepared, intake.storage)
    values |= stored_values(prepared, stored, intake.storage.name)
    values |= times(details, now, keeping or intake.retention)
    try:
        with writing() as session:
            slot = _held_slot(session, find_slot)
            old_key = slot.existing.storage_key if slot.existing else None
            old_provider = slot.existing.storage_provider if slot.existing else None
            image = write_row(session, slot, values, prepared, now)
            remember_version(session, base_key, version)
            if details.lease_id:
                redeem_lease(session, image.owner_id, image.prompt_hash, details.lease_id)
            if not prepared.is_entry_of(image):
                register(session, image, now=now)
    except BaseException as error:
        drop_unless_used(stored.key, storage=intake.storage, error=error)
        raise
    if old_key and old_provider:
        _discard_at(old_provider, old_key, storages=intake.storages)
    count_save(image.kind, size_bytes=stored.size_bytes, replaced=old_key is not None)
    if intake.makes_thumbnails_ahead and isinstance(prepared, Prepared):
        thumbnails.make_ahead(stored.key, prepared.picture.image, storage=intake.storage)
    return Saved(image_id=image.id, replaced=old_key is not None)


def _held_slot(session: Session, find_slot: Callable[[Session], Slot]) -> Slot:
    """Return the slot, with the image in it as it is now, and so it stays until the commit.

    Only what has changed is written. Against what was read before somebody
    else wrote, a row would be left with some of their values, and their
    object or place would not be known.
    """
    slot = find_slot(session)
    while slot.existing is not None:
        try:
            session.refresh(slot.existing, with_for_update=True)
        except InvalidRequestError:
            # It was deleted a moment ago: then it replaces nothing.
            session.expunge(slot.existing)
            slot = find_slot(session)
        else:
            break
    return slot


def _discard_at(provider: str, key: str, *, storages: Storages) -> None:
    try:
        storage = storages.named(provider)
    except StorageError as error:
        log.warning("the object %s could not be deleted: %s", key, error)
    else:
        _discard(key, storage=storage)


def _discard(key: str, *, storage: Storage) -> None:
    """Delete an object that no row uses, and its thumbnails.

    What is to be told is whether the picture was kept; an object that can't
    be deleted is left for the storage check.
    """
    try:
        storage.delete(key)
        thumbnails.forget(key, storage=storage)
    except StorageError as error:
        log.warning("the object %s could not be deleted: %s", key, error)


def drop_unless_used(key: str, *, storage: Storage, error: BaseException) -> None:
    """Delete an object whose row was not written, because of *error*.

    A commit whose answer was lost may have happened all the same, or still
    happen. Where the connection broke, or the database can't tell, the object
    stays: better a stray object than a page without its picture.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return
    used = select(Image.id).where(Image.storage_key == key)
    try:
        is_used = current_session().scalar(used) is not None
    except SQLAlchemyError:
        return
    if not is_used:
        _discard(key, storage=storage)


def _put_next(
    base_key: str, prepared: Prepared | Copied, storage: Storage
) -> tuple[StoredObject, int]:
    """Keep the object under the first key that was never used."""
    for version in islice(_free_versions(base_key, storage), _MOST_ATTEMPTS):
        with suppress(ObjectExists):
            return prepared.put(versioned_key(base_key, version), storage), version
    raise GalleryError(f"No free key was found for {base_key}")


def _free_versions(base_key: str, storage: Storage) -> Iterator[int]:
    """Yield versions that were never used, each to be tried.

    Of two who try the same, the storage refuses the second. Where it can't,
    the other machine's picture would be replaced: there a version is claimed
    before it is tried, which costs a transaction.
    """
    if storage.claims_keys:
        connection = current_session().connection()
        used = connection.execute(_USED_VERSION, {"base_key": base_key}).scalar()
        end_reading()
        yield from count((used or 0) + 1)
    while not storage.claims_keys:
        with writing() as session:
            version = claim_version(session, base_key)
        yield version
