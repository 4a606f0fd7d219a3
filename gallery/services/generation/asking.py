"""Ask for a picture: get it from the prompt cache at once, or a row that waits for it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from gallery.errors import GeneratorBusy, InvalidField, NotFound, ObjectNotFound
from gallery.extensions import STOPPING, current_session, end_reading, let_go, writing
from gallery.generators.base import GeneratedImage, GenerationFailed
from gallery.metrics import PROMPT_LOOKUPS
from gallery.models import Gallery, GenerationRequest, Image
from gallery.services.access import Viewer
from gallery.services.catalog.galleries import first_illustration
from gallery.services.catalog.images import show_picture
from gallery.services.generation.drawing import begin, details_of, forget_picture, generate
from gallery.services.generation.orders import Order, RoundPlace, StoryPlace
from gallery.services.generation.studio import Studio
from gallery.services.identifiers import new_id
from gallery.services.ingest import (
    Slot,
    Submission,
    check_page,
    check_place,
    copy_of,
    keep,
    round_slot,
    story_slot,
)
from gallery.services.prompt_cache import Wish, count_hit, find_hit, measure_hit

FindSlot = Callable[[Session], Slot]
# How often a waiting request looks whether its picture is there.
LOOKS_EVERY_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The row that was asked for: finished already or not, new or in another's place."""

    image_id: UUID
    is_finished: bool
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What an illustration of a story's page is to show.

    With ``reference_id``, or the story's first illustration where its
    character is to be referenced, the picture is made after that one;
    ``method`` is how its file is named, where that is not to follow from it.
    """

    wish: Wish
    page_number: int
    reference_id: UUID | None = None
    is_character_referenced: bool = False
    method: str | None = None


def ask_for_round_image(
    code: str,
    number: int,
    player: str,
    *,
    wish: Wish,
    submission_id: str | None,
    completed_sentence: str | None,
    viewer: Viewer,
    studio: Studio,
    now: datetime,
) -> Asked:
    """Ask for a player's picture; where one hangs already, the new one takes its place.

    ``wish.service`` is the generator's name where it was given.

    Raises:
        SignInRequired, NotFound: the game is somebody else's.
        InvalidName, InvalidField: a value is out of bounds, or an unknown generator.
        GeneratorBusy: too many pictures wait; nothing was changed.
    """
    owner_id = check_place(code, number, player, viewer=viewer)
    order = Order(
        wish=wish.checked(),
        generator=studio.generator(wish.service).name,
        place=RoundPlace(
            code=code,
            number=number,
            player=player,
            submission_id=submission_id,
            completed_sentence=completed_sentence or wish.completed_sentence,
        ),
    )
    submission = Submission(**order.place.values(order.wish)).checked()

    def slot(session: Session) -> Slot:
        return round_slot(session, code, number, player, submission, viewer=viewer, now=now)

    return _ask(order, slot, studio, now, owner_id=owner_id)


def ask_for_illustration(
    story_id: str, scene: Scene, *, viewer: Viewer, studio: Studio, now: datetime
) -> Asked:
    """Ask for an illustration of a story's page.

    Raises:
        SignInRequired, NotFound: the story, or the reference, is somebody else's.
        InvalidField: a value is out of bounds, or an unknown generator.
        GeneratorBusy: too many pictures wait; nothing was changed.
    """
    order, gallery_id = _illustration(story_id, scene, viewer, studio)

    def slot(session: Session) -> Slot:
        return story_slot(
            session,
            gallery_id,
            scene.page_number,
            viewer=viewer,
            is_character_referenced=order.reference_id is not None,
        )

    return _ask(order, slot, studio, now, owner_id=_owner_of(gallery_id))


def draw_illustration(
    story_id: str, scene: Scene, *, viewer: Viewer, studio: Studio
) -> tuple[GeneratedImage, bool]:
    """Draw an illustration that is not to be kept; tell whether a reference was used.

    Raises:
        SignInRequired, NotFound, InvalidField, GeneratorBusy: as ``ask_for_illustration``.
        GenerationFailed: nothing came of it.
    """
    order, _ = _illustration(story_id, scene, viewer, studio)
    end_reading()
    drawing = studio.submit(lambda: generate(order, studio=studio))
    try:
        made = drawing.result(timeout=studio.lease_lasts(studio.generator(order.generator)).seconds)
    except TimeoutError:
        drawing.cancel()
        raise GenerationFailed("It was not drawn in time: too many others are waiting.") from None
    return made, order.reference_id is not None


def wait_for(image_id: UUID, *, seconds: float) -> None:
    """Return once nobody waits for the picture any more, or after so many seconds."""
    until = time.monotonic() + seconds
    waits = select(GenerationRequest.image_id).where(GenerationRequest.image_id == image_id)
    while time.monotonic() < until:
        if current_session().scalar(waits) is None:
            return
        let_go()
        if STOPPING.wait(LOOKS_EVERY_SECONDS):
            return


def _illustration(
    story_id: str, scene: Scene, viewer: Viewer, studio: Studio
) -> tuple[Order, UUID]:
    """Return the order for a scene, and the id of its story."""
    generator = studio.generator(scene.wish.service)
    method = scene.method or "story"
    gallery_id = check_page(story_id, scene.page_number, method, viewer=viewer)
    wish = scene.wish.checked()
    reference = _reference(gallery_id, scene, viewer)
    if reference is not None:
        wish = replace(wish, reference=reference.sha256)
    place = StoryPlace(
        page_number=scene.page_number,
        method=scene.method or _method(generator.model, reference),
        is_character_referenced=reference is not None,
    )
    reference_id = reference.id if reference is not None else None
    order = Order(wish=wish, generator=generator.name, place=place, reference_id=reference_id)
    return order, gallery_id


def _method(model: str, reference: Row[Any] | None) -> str:
    """Return the way in which a page is made, as its file's name tells it."""
    if reference is None:
        return "story"
    return "gptimg" if model.startswith("gpt-image") else "consistent"


def _reference(gallery_id: UUID, scene: Scene, viewer: Viewer) -> Row[Any] | None:
    if scene.reference_id is not None:
        try:
            return show_picture(scene.reference_id, viewer=viewer)
        except NotFound:
            raise InvalidField("referenceImageId: there is no such picture") from None
    if not scene.is_character_referenced:
        return None
    found = first_illustration(gallery_id)
    if found is None:
        raise InvalidField(
            "characterReferenced: the story has no picture yet that shows its character"
        )
    return found


def _ask(
    order: Order, find_slot: FindSlot, studio: Studio, now: datetime, *, owner_id: UUID
) -> Asked:
    image = find_hit(owner_id, order.wish.hash, now=now)
    if image is not None:
        try:
            asked = _copy(order, image, find_slot, studio, now)
            PROMPT_LOOKUPS.labels("hit").inc()
            return asked
        except ObjectNotFound:
            forget_picture(image)
    end_reading()
    studio.require_room()
    PROMPT_LOOKUPS.labels("miss").inc()
    asked = _open(order, find_slot, studio, now)
    # Where others were faster, the wish lies in the database until there is room.
    with suppress(GeneratorBusy):
        begin(owner_id, order.wish.hash, studio=studio)
    return asked


def _copy(
    order: Order, image: Row[Any], find_slot: FindSlot, studio: Studio, now: datetime
) -> Asked:
    """Hang a copy of a picture that is there, and count the hit in the same transaction."""
    intake, wish = studio.intake, order.wish

    def slot(session: Session) -> Slot:
        found = find_slot(session)
        count_hit(
            session, found.told("owner_id"), wish, image, rules=studio.rules, now=now,
            is_public=found.is_public,
        )  # fmt: skip
        return found

    saved = keep(
        copy_of(image, stored_as=order.place.stored_as(intake), intake=intake),
        order.place.base_key(intake=intake, now=now),
        slot,
        details_of(order, image),
        intake,
        now,
        sentence=wish.completed_sentence,
        wish=wish.hash,
    )
    measure_hit(image, rules=studio.rules)
    return Asked(image_id=saved.image_id, is_finished=True, replaced=saved.replaced)


def _open(order: Order, find_slot: FindSlot, studio: Studio, now: datetime) -> Asked:
    """Write the row that waits, and what it waits for; what hung there hangs until then."""
    with writing() as session:
        slot = find_slot(session)
        image = slot.existing or Image(id=new_id(now), created_at=now)
        if image.storage_key is None:
            for name, value in (_awaited(order, studio, now) | slot.values).items():
                setattr(image, name, value)
        image.failure = None
        session.add(image)
        session.flush()
        session.execute(delete(GenerationRequest).where(GenerationRequest.image_id == image.id))
        session.add(
            GenerationRequest(
                image_id=image.id,
                owner_id=image.owner_id,
                prompt_hash=order.wish.hash,
                wish=order.as_json(),
                requested_at=now,
            )
        )
    replaced = image.storage_key is not None
    return Asked(image_id=image.id, is_finished=False, replaced=replaced)


def _owner_of(gallery_id: UUID) -> UUID:
    return current_session().scalars(select(Gallery.owner_id).where(Gallery.id == gallery_id)).one()


def _awaited(order: Order, studio: Studio, now: datetime) -> dict[str, Any]:
    """Return what a row tells as long as there is no picture in it."""
    return {
        "status": "pending",
        "prompt": order.wish.completed_sentence,
        "prompt_hash": order.wish.hash,
        "style": order.wish.style,
        "service": order.generator,
        "expires_at": now + studio.intake.retention,
    }
