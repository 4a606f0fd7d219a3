"""Take an image in: verify, convert, store the object, then the row.

The order is what makes a crash harmless. The object is durable before the
row is written, so a row always has its object; what a crash can leave is
an object without a row. A replacement gets the next key, the row moves to
it, and only after the commit the old object goes.
"""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gallery.errors import GalleryError, InvalidField, InvalidName, NotFound, ObjectExists
from gallery.extensions import current_session, end_reading, writing
from gallery.imaging.convert import EXTENSIONS, to_format
from gallery.imaging.metadata import EmbeddedMetadata, read_metadata
from gallery.imaging.placeholder import make_placeholder
from gallery.imaging.verify import DECODING, Picture, verify
from gallery.models import EmbeddedText, Gallery, Image, KeyVersion, SearchDocument
from gallery.services import thumbnails
from gallery.services.access import Viewer, may_write, require_user
from gallery.services.galleries import (
    check_round_number,
    check_visibility,
    game_for_writing,
    require_gallery_writer,
    round_for_writing,
)
from gallery.services.identifiers import check_slug, check_text, new_id, slugify
from gallery.services.prompt_cache import hash_prompt
from gallery.storage import Storage, StoredObject

IMAGE_TYPES = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")
PAGE_METHODS = {"story": "story", "consistent": "consistent", "gptimg": "gptimg"}
SHORTEST_SESSION = timedelta(days=7)
MOST_CARDS = 32
_MOST_ATTEMPTS = 1000


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Where images are taken in, and by which rules; made once, when the app starts."""

    storage: Storage
    retention: timedelta
    story_prefix: str = "generated"
    story_format: str = "png"
    saves_stories: bool = True
    makes_thumbnails_ahead: bool = False


@dataclass(frozen=True, kw_only=True)
class Details:
    """What whoever made an image tells of it; all of it may be left out."""

    prompt: str = ""
    negative_prompt: str | None = None
    model: str | None = None
    service: str | None = None
    style: str | None = None
    category: str | None = None
    parameters: dict[str, Any] | None = None
    generated_at: datetime | None = None

    def checked(self) -> "Details":
        """Return these details if a row can hold them.

        Raises:
            InvalidField: a text is too long, or no text.
        """
        check_text("prompt", self.prompt)
        check_text("negative_prompt", self.negative_prompt or "")
        for name in ("model", "service", "style", "category"):
            check_text(name, getattr(self, name) or "", most=100)
        return self


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a player handed in: the sentence with the cards that complete it."""

    submission_id: str | None = None
    completed_sentence: str | None = None
    cards: Sequence[str] = ()

    def checked(self) -> "Submission":
        """Return this submission if a row can hold it.

        Raises:
            InvalidField: too long, too many cards, or no text.
        """
        check_text("submission_id", self.submission_id or "", most=128)
        check_text("completed_sentence", self.completed_sentence or "")
        if len(self.cards) > MOST_CARDS:
            raise InvalidField(f"cards has {len(self.cards)} entries; at most {MOST_CARDS}")
        for card in self.cards:
            check_text("cards", card, most=1000)
        return self


@dataclass(frozen=True, kw_only=True)
class Saved:
    """An image that is safely kept, and whether it took the place of another."""

    image_id: UUID
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """Verified bytes in their stored format, and all that was read from them."""

    content: bytes
    format: str
    picture: Picture
    placeholder: str
    embedded: EmbeddedMetadata | None


@dataclass(kw_only=True)
class _Slot:
    """The row that an image goes to: the one it replaces, or a new one with these values."""

    existing: Image | None = None
    values: dict[str, Any] = field(default_factory=dict)


def save_session_image(
    session_id: str,
    image_type: str,
    content: bytes,
    *,
    details: Details,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
) -> Saved:
    """Save one of a session's five images as PNG, or replace it.

    Raises:
        SignInRequired, NotFound: not the owner's doing.
        InvalidName: no such image type.
        ImageRejected: see ``verify``.
        StorageError: nothing was kept.
    """
    if image_type not in IMAGE_TYPES:
        raise InvalidName(f"The image type must be one of {', '.join(IMAGE_TYPES)}")
    gallery_id = require_gallery_writer("session", session_id, viewer=viewer)
    prepared = _prepare(content, stored_as="png")

    def slot(session: Session) -> _Slot:
        gallery = _gallery(session, gallery_id, viewer)
        same = select(Image).where(Image.gallery_id == gallery.id, Image.image_type == image_type)
        return _Slot(
            existing=session.scalar(same),
            values=_in_gallery("session", gallery) | {"image_type": image_type},
        )

    keeping = max(intake.retention, SHORTEST_SESSION)
    base_key = f"generated/{check_slug('session', session_id)}/{image_type}.png"
    return _save(prepared, base_key, slot, details, intake, now, keeping=keeping)


def save_round_image(
    code: str,
    number: int,
    player: str,
    content: bytes,
    *,
    submission: Submission,
    details: Details,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
) -> Saved:
    """Save a player's image of a round as JPEG, or replace it; the game appears on first use.

    The completed sentence stands for the prompt where none was given.

    Raises:
        SignInRequired, NotFound: the game is somebody else's.
        InvalidName: the code, number or player can't be a name.
        ImageRejected: see ``verify``.
        StorageError: nothing was kept.
    """
    require_user(viewer)
    check_slug("game code", code)
    check_round_number(number)
    check_slug("player", player)
    submission.checked()
    _refuse_strangers("game", code, viewer)
    prepared = _prepare(content, stored_as="jpeg")

    def slot(session: Session) -> _Slot:
        game = game_for_writing(session, code, viewer, now)
        round_ = round_for_writing(session, game, number, now)
        same = select(Image).where(Image.round_id == round_.id, Image.player == player)
        values = {
            "round_id": round_.id,
            "player": player,
            "submission_id": submission.submission_id,
            "completed_sentence": submission.completed_sentence,
            "cards": list(submission.cards),
        }
        return _Slot(existing=session.scalar(same), values=_in_gallery("round", game) | values)

    base_key = f"generated-images/game-{code}/round-{number}/player-{player}.jpg"
    sentence = details.prompt or submission.completed_sentence or ""
    wish = hash_prompt(sentence, submission.cards, style=details.style, service=details.service)
    return _save(prepared, base_key, slot, details, intake, now, sentence=sentence, wish=wish)


def save_story_image(
    story_id: str,
    page_number: int,
    content: bytes,
    *,
    details: Details,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
    method: str = "story",
    is_character_referenced: bool = False,
) -> Saved | None:
    """Save an illustration of a story's page, in the format that stories are stored in.

    *method* is the way the page was made, which its file name tells. Where
    stories are not to be saved, the picture is only verified: None.

    Raises:
        SignInRequired, NotFound: the story is somebody else's.
        InvalidField: no such method, or no such page.
        ImageRejected: see ``verify``.
        StorageError: nothing was kept.
    """
    if method not in PAGE_METHODS:
        raise InvalidField(f"method must be one of {', '.join(PAGE_METHODS)}")
    if not 1 <= page_number <= 10_000:
        raise InvalidField("pageNumber must be from 1 to 10,000")
    gallery_id = require_gallery_writer("story", story_id, viewer=viewer)
    prepared = _prepare(content, stored_as=intake.story_format)
    if not intake.saves_stories:
        return None

    def slot(session: Session) -> _Slot:
        values = {"page_number": page_number, "is_character_referenced": is_character_referenced}
        return _Slot(values=_in_gallery("story", _gallery(session, gallery_id, viewer)) | values)

    name = f"{PAGE_METHODS[method]}-{int(now.timestamp())}-p{page_number}"
    base_key = f"{intake.story_prefix}/{name}.{EXTENSIONS[prepared.format]}"
    return _save(prepared, base_key, slot, details, intake, now)


def save_generation(
    content: bytes,
    *,
    details: Details,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
    visibility: str = "private",
) -> Saved:
    """Save a single generation, byte for byte as it came.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidField: there is no such visibility.
        InvalidField: no such visibility.
        ImageRejected: see ``verify``.
        StorageError: nothing was kept.
    """
    owner_id = require_user(viewer)
    check_visibility(visibility)
    prepared = _prepare(content, stored_as=None)
    image_id = new_id(now)

    def slot(_session: Session) -> _Slot:
        values = {"kind": "generation", "owner_id": owner_id, "visibility": visibility}
        return _Slot(values={"id": image_id} | values)

    model = slugify(details.model or _embedded(prepared, "model") or "", fallback="unknown")
    name = f"{now:%Y%m%d_%H%M%S}_{model}_{image_id.hex[-8:]}.{EXTENSIONS[prepared.format]}"
    base_key = f"images/generations/{now:%Y-%m-%d}/{model}/{name}"
    return _save(prepared, base_key, slot, details, intake, now)


def versioned_key(base_key: str, version: int) -> str:
    """Return the key of a version: ``main.png``, then ``main.v2.png``, ``main.v3.png`` …"""
    if version == 1:
        return base_key
    stem, _, extension = base_key.rpartition(".")
    return f"{stem}.v{version}.{extension}"


def _prepare(content: bytes, *, stored_as: str | None) -> _Prepared:
    if not content:
        raise InvalidField("The request holds no image: its body is empty")
    with DECODING:
        picture = verify(content)
        target = stored_as or picture.format
        return _Prepared(
            content=to_format(picture, target),
            format=target,
            picture=picture,
            placeholder=make_placeholder(picture.upright()),
            embedded=read_metadata(picture.image, content),
        )


def _embedded(prepared: _Prepared, name: str) -> str | None:
    value = getattr(prepared.embedded, name, None)
    return str(value) if value else None


def _refuse_strangers(kind: str, slug: str, viewer: Viewer) -> None:
    """Spare a stranger's upload the decoding; the write transaction decides again."""
    owner = current_session().scalar(
        select(Gallery.owner_id).where(Gallery.kind == kind, Gallery.slug == slug)
    )
    if owner is not None and not may_write(viewer, owner):
        raise NotFound


def _gallery(session: Session, gallery_id: UUID, viewer: Viewer) -> Gallery:
    gallery = session.get(Gallery, gallery_id, populate_existing=True)
    if gallery is None or not may_write(viewer, gallery.owner_id):
        raise NotFound
    return gallery


def _in_gallery(kind: str, gallery: Gallery) -> dict[str, Any]:
    return {
        "kind": kind,
        "gallery_id": gallery.id,
        "owner_id": gallery.owner_id,
        "visibility": gallery.visibility,
    }


def _save(
    prepared: _Prepared,
    base_key: str,
    find_slot: Any,
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
    stored, version = _put_next(base_key, prepared, intake.storage)
    values |= _stored(prepared, stored, intake.storage.name)
    values |= _times(details, now, keeping or intake.retention)
    try:
        with writing() as session:
            slot: _Slot = find_slot(session)
            old_key = slot.existing.storage_key if slot.existing else None
            old_provider = slot.existing.storage_provider if slot.existing else None
            image_id = _write_row(session, slot, values, prepared, now)
            _remember_version(session, base_key, version)
    except BaseException:
        _drop_unless_used(stored.key, storage=intake.storage)
        raise
    if old_key and old_provider == intake.storage.name:
        thumbnails.forget(old_key, storage=intake.storage)
        intake.storage.delete(old_key)
    if intake.makes_thumbnails_ahead:
        thumbnails.make_ahead(stored.key, prepared.picture.image, storage=intake.storage)
    return Saved(image_id=image_id, replaced=slot.existing is not None)


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


def _put_next(base_key: str, prepared: _Prepared, storage: Storage) -> tuple[StoredObject, int]:
    """Keep the object under the first key that was never used."""
    known = select(KeyVersion.version).where(KeyVersion.base_key == base_key)
    used = current_session().scalar(known)
    end_reading()
    version = (used or 0) + 1
    for attempt in range(version, version + _MOST_ATTEMPTS):
        try:
            stored = storage.put(versioned_key(base_key, attempt), io.BytesIO(prepared.content))
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
    prepared: _Prepared, details: Details, sentence: str | None, wish: str | None
) -> dict[str, Any]:
    """Return what is known of how the image came to be: as told, else as embedded."""
    prompt = sentence or details.prompt or (_embedded(prepared, "prompt") or "")[:10_000]
    negative = details.negative_prompt or (_embedded(prepared, "negative_prompt") or "")[:10_000]
    model = details.model or (_embedded(prepared, "model") or "")[:100]
    return {
        "prompt": prompt,
        "negative_prompt": negative or None,
        "prompt_hash": wish or hash_prompt(prompt, style=details.style, service=details.service),
        "model": model or None,
        "service": details.service,
        "style": details.style,
        "category": details.category,
        "parameters": details.parameters,
    }


def _stored(prepared: _Prepared, stored: StoredObject, provider: str) -> dict[str, Any]:
    return {
        "storage_provider": provider,
        "storage_key": stored.key,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "format": prepared.format,
        "width": prepared.picture.width,
        "height": prepared.picture.height,
        "placeholder": prepared.placeholder,
        "status": "completed",
        "is_cached": False,
    }


def _times(details: Details, now: datetime, keeping: timedelta) -> dict[str, Any]:
    return {
        "generated_at": details.generated_at or now,
        "completed_at": now,
        "expires_at": now + keeping,
    }


def _write_row(
    session: Session, slot: _Slot, values: dict[str, Any], prepared: _Prepared, now: datetime
) -> UUID:
    if slot.existing:
        image = slot.existing
        for name, value in (slot.values | values).items():
            setattr(image, name, value)
    else:
        image = Image(**{"id": new_id(now), "created_at": now} | slot.values | values)
        session.add(image)
    session.flush()
    _write_embedded(session, image.id, prepared.embedded)
    write_search(session, image)
    return image.id


def _write_embedded(session: Session, image_id: UUID, embedded: EmbeddedMetadata | None) -> None:
    known = session.get(EmbeddedText, image_id)
    if known is not None:
        session.delete(known)
        session.flush()
    if embedded is not None:
        read = asdict(embedded)
        raw = read.pop("raw")
        session.add(EmbeddedText(image_id=image_id, read=read, raw=raw))


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
