"""The four kinds of images: where each belongs, its key, and what it is stored as."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from gallery.errors import InvalidField, InvalidName, NotFound
from gallery.extensions import current_session
from gallery.imaging.convert import EXTENSIONS
from gallery.metrics import refusals
from gallery.models import Gallery, Image, Round
from gallery.services.access import Viewer, may_write, require_user
from gallery.services.galleries import (
    check_round_number,
    check_visibility,
    game_for_writing,
    require_gallery_writer,
    round_for_writing,
)
from gallery.services.identifiers import check_slug, new_id, slugify
from gallery.services.ingest.keeping import keep, prepare
from gallery.services.ingest.rows import Slot, embedded_text
from gallery.services.ingest.told import Details, Intake, Saved, Submission
from gallery.services.prompt_cache import hash_prompt

IMAGE_TYPES = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")
PAGE_METHODS = {"story": "story", "consistent": "consistent", "gptimg": "gptimg"}
SHORTEST_SESSION = timedelta(days=7)
ROUND_FORMAT = "jpeg"
_OWNER: Any = select(Gallery.owner_id).where(
    Gallery.kind == "game", Gallery.slug == bindparam("code")
)
# A player's place, locked with its round: a picture that is saved while the round is being hidden
# must not miss it. (SQLite has one writer at a time anyway.)
_PLACE: Any = (
    select(
        Gallery.id.label("gallery_id"),
        Gallery.owner_id,
        Gallery.visibility,
        Round.id.label("round_id"),
        Round.is_hidden,
        Image.id.label("image_id"),
    )
    .join(Round, Round.gallery_id == Gallery.id)
    .outerjoin(Image, and_(Image.round_id == Round.id, Image.player == bindparam("player")))
    .where(
        Gallery.kind == "game",
        Gallery.slug == bindparam("code"),
        Round.number == bindparam("number"),
    )
    .with_for_update(of=Round)
)


@refusals("session")
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
    prepared = prepare(content, stored_as="png")

    def slot(session: Session) -> Slot:
        gallery = _gallery(session, gallery_id, viewer)
        same = select(Image).where(Image.gallery_id == gallery.id, Image.image_type == image_type)
        return Slot(
            existing=session.scalar(same),
            values=_in_gallery("session", gallery) | {"image_type": image_type},
        )

    keeping = max(intake.retention, SHORTEST_SESSION)
    base_key = f"generated/{check_slug('session', session_id)}/{image_type}.png"
    return keep(prepared, base_key, slot, details, intake, now, keeping=keeping)


@refusals("round")
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
    check_place(code, number, player, viewer=viewer)
    submission.checked()
    prepared = prepare(content, stored_as=ROUND_FORMAT)

    def slot(session: Session) -> Slot:
        return round_slot(session, code, number, player, submission, viewer=viewer, now=now)

    base_key = round_key(code, number, player)
    sentence = details.prompt or submission.completed_sentence or ""
    wish = hash_prompt(sentence, submission.cards, style=details.style, service=details.service)
    return keep(prepared, base_key, slot, details, intake, now, sentence=sentence, wish=wish)


@refusals("story")
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
    gallery_id = check_page(story_id, page_number, method, viewer=viewer)
    prepared = prepare(content, stored_as=intake.story_format)
    if not intake.saves_stories:
        return None

    def slot(session: Session) -> Slot:
        return story_slot(
            session,
            gallery_id,
            page_number,
            viewer=viewer,
            is_character_referenced=is_character_referenced,
        )

    base_key = story_key(page_number, method, intake=intake, now=now)
    return keep(prepared, base_key, slot, details, intake, now)


@refusals("generation")
def save_generation(
    content: bytes,
    *,
    details: Details,
    viewer: Viewer,
    intake: Intake,
    now: datetime,
    visibility: str = "private",
    wish: str | None = None,
) -> Saved:
    """Save a single generation, byte for byte as it came.

    *wish* is the hash of its prompt where that isn't made of the details.

    Raises:
        SignInRequired: nobody is signed in.
        InvalidField: no such visibility.
        ImageRejected: see ``verify``.
        StorageError: nothing was kept.
    """
    owner_id = require_user(viewer)
    check_visibility(visibility)
    prepared = prepare(content, stored_as=None)
    image_id = new_id(now)

    def slot(_session: Session) -> Slot:
        values = {"kind": "generation", "owner_id": owner_id, "visibility": visibility}
        return Slot(values={"id": image_id} | values)

    model = slugify(details.model or embedded_text(prepared, "model"), fallback="unknown")
    name = f"{now:%Y%m%d_%H%M%S}_{model}_{image_id.hex[-8:]}.{EXTENSIONS[prepared.format]}"
    base_key = f"images/generations/{now:%Y-%m-%d}/{model}/{name}"
    return keep(prepared, base_key, slot, details, intake, now, wish=wish)


def check_place(code: str, number: int, player: str, *, viewer: Viewer) -> UUID:
    """Return whose a picture at a player's place in a round will be.

    Raises:
        SignInRequired, NotFound: the game is somebody else's.
        InvalidName: the code, number or player can't be a name.
    """
    user_id = require_user(viewer)
    check_slug("game code", code)
    check_round_number(number)
    check_slug("player", player)
    owner_id = current_session().connection().execute(_OWNER, {"code": code}).scalar()
    if owner_id is not None and not may_write(viewer, owner_id):
        raise NotFound
    return owner_id or user_id


def check_page(story_id: str, page_number: int, method: str, *, viewer: Viewer) -> UUID:
    """Return the story's id if *viewer* may illustrate this page of it in this way.

    Raises:
        SignInRequired, NotFound: the story is somebody else's.
        InvalidField: no such method, or no such page.
    """
    if method not in PAGE_METHODS:
        raise InvalidField(f"method must be one of {', '.join(PAGE_METHODS)}")
    if not 1 <= page_number <= 10_000:
        raise InvalidField("pageNumber must be from 1 to 10,000")
    return require_gallery_writer("story", story_id, viewer=viewer)


def round_slot(
    session: Session,
    code: str,
    number: int,
    player: str,
    submission: Submission,
    *,
    viewer: Viewer,
    now: datetime,
) -> Slot:
    """Return the row of a player's picture, or what a new one begins with."""
    wanted = {"code": code, "number": number, "player": player}
    place = session.connection().execute(_PLACE, wanted).first()
    if place is None:
        round_for_writing(session, game_for_writing(session, code, viewer, now), number, now)
        place = session.connection().execute(_PLACE, wanted).one()
    if not may_write(viewer, place.owner_id):
        raise NotFound
    same = place.image_id and session.get(Image, place.image_id, populate_existing=True)
    values = {
        "kind": "round",
        "gallery_id": place.gallery_id,
        "owner_id": place.owner_id,
        "visibility": place.visibility,
        "round_id": place.round_id,
        "is_hidden": place.is_hidden,
        "player": player,
        "submission_id": submission.submission_id,
        "completed_sentence": submission.completed_sentence,
        "cards": list(submission.cards),
    }
    return Slot(existing=same or None, values=values)


def story_slot(
    session: Session,
    gallery_id: UUID,
    page_number: int,
    *,
    viewer: Viewer,
    is_character_referenced: bool,
) -> Slot:
    """Return what a new illustration of a page begins with."""
    values = {"page_number": page_number, "is_character_referenced": is_character_referenced}
    return Slot(values=_in_gallery("story", _gallery(session, gallery_id, viewer)) | values)


def round_key(code: str, number: int, player: str) -> str:
    """Return the first key of a player's picture."""
    return f"generated-images/game-{code}/round-{number}/player-{player}.jpg"


def story_key(page_number: int, method: str, *, intake: Intake, now: datetime) -> str:
    """Return the first key of an illustration; the file's name tells how it was made."""
    name = f"{PAGE_METHODS[method]}-{int(now.timestamp())}-p{page_number}"
    return f"{intake.story_prefix}/{name}.{EXTENSIONS[intake.story_format]}"


def _gallery(session: Session, gallery_id: UUID, viewer: Viewer) -> Gallery:
    # Of several who save the first picture of one place, each waits for the one before.
    gallery = session.get(
        Gallery, gallery_id, with_for_update={"key_share": True}, populate_existing=True
    )
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
