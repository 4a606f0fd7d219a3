"""Draw what is asked for: once a prompt, whoever asks and however often.

Who has the lease on a prompt draws it, keeps the picture for the first
who waits, and a copy of it for each of the others, in whatever process
they asked. All of it can be stopped anywhere: the requests are still
there, and are tended again.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, exists, not_, select, update
from sqlalchemy.orm import Session

from gallery import metrics
from gallery.errors import GalleryError, GeneratorBusy, InvalidField, NotFound, ObjectNotFound
from gallery.extensions import STOPPING, current_session, end_reading, writing
from gallery.generators.base import GeneratedImage, GenerationFailed
from gallery.models import GenerationRequest, Image, PromptEntry
from gallery.services.access import Viewer
from gallery.services.catalog.images import image_rows
from gallery.services.generation.orders import Order, read_order
from gallery.services.generation.studio import Studio
from gallery.services.identifiers import MOST_TEXT, as_micros
from gallery.services.ingest import Details, Slot, copy_of, keep, prepare, save_generation
from gallery.services.originals import open_original
from gallery.services.prompt_cache import (
    Lease,
    Pending,
    count_hit,
    find_hit,
    is_leased,
    measure_hit,
    release_lease,
    take_lease,
)

# A picture whose drawing was cut off so often takes the process with it, as far as we know.
MOST_ATTEMPTS = 3
TENDED_AT_ONCE = 50
log = logging.getLogger(__name__)


class Withdrawn(GalleryError):
    """Nobody waits for this picture any more."""


def tend(*, studio: Studio) -> int:
    """Begin, or finish, what nobody is at work on; return how many prompts were looked at.

    Requests whose picture came meanwhile get their copies, and a prompt
    whose lease has expired is drawn anew.
    """
    waiting = (
        select(GenerationRequest.owner_id, GenerationRequest.prompt_hash)
        .where(not_(_is_in_work(studio.clock())))
        .order_by(GenerationRequest.requested_at)
        .limit(TENDED_AT_ONCE)
    )
    prompts = dict.fromkeys((row[0], row[1]) for row in current_session().execute(waiting))
    end_reading()
    for owner_id, prompt_hash in prompts:
        try:
            begin(owner_id, prompt_hash, studio=studio)
        except GeneratorBusy:
            break
    return len(prompts)


def _is_in_work(now: datetime) -> ColumnElement[bool]:
    """Somebody has the lease on the prompt, and there is no picture of it yet."""
    return exists().where(
        PromptEntry.owner_id == GenerationRequest.owner_id,
        PromptEntry.prompt_hash == GenerationRequest.prompt_hash,
        PromptEntry.lease_expires_at > now,
        PromptEntry.image_id.is_(None),
    )


def begin(owner_id: UUID, prompt_hash: str, *, studio: Studio) -> None:
    """Have a prompt drawn in the pool, or its picture copied, unless somebody is at it.

    Raises:
        GeneratorBusy: there is no room; the requests go on waiting.
    """
    now = studio.clock()
    # A picture that is there is handed out, whoever still has a lease to make another.
    is_there = find_hit(owner_id, prompt_hash, now=now) is not None
    if is_there or not is_leased(owner_id, prompt_hash, now=now):
        work = partial(_take_up, owner_id, prompt_hash, studio)
        studio.submit_once((owner_id, prompt_hash), work)


def generate(order: Order, *, studio: Studio) -> GeneratedImage:
    """Let the order's generator draw it.

    Raises:
        GenerationFailed: nothing came of it; the message says why.
    """
    reference = _reference(order, studio)
    end_reading()
    generator = studio.generator(order.generator)
    with metrics.generation(generator.name):
        return generator.generate(
            order.wish.prompt, format=order.place.stored_as(studio.intake), reference=reference
        )


def fill(
    image_id: UUID,
    order: Order,
    made: GeneratedImage | Row[Any],
    *,
    studio: Studio,
) -> None:
    """Hang a picture, or a copy of one that is there, where it is waited for.

    Raises:
        Withdrawn: nobody waits for it any more; nothing was kept.
        ImageRejected, StorageError: nothing was kept.
    """
    now, intake = studio.clock(), studio.intake
    stored_as = order.place.stored_as(intake)
    prepared = (
        prepare(made.content, stored_as=stored_as)
        if isinstance(made, GeneratedImage)
        else copy_of(made, stored_as=stored_as, intake=intake)
    )

    def find_slot(session: Session) -> Slot:
        image = _still_wanted(session, image_id, order)
        slot = Slot(existing=image, values=order.place.values(order.wish))
        if not isinstance(made, GeneratedImage):
            count_hit(
                session, image.owner_id, order.wish, made, rules=studio.rules, now=now,
                is_public=slot.is_public,
            )  # fmt: skip
        return slot

    keep(
        prepared,
        order.place.base_key(intake=intake, now=now),
        find_slot,
        details_of(order, made),
        intake,
        now,
        sentence=order.wish.completed_sentence,
        wish=order.wish.hash,
    )
    if not isinstance(made, GeneratedImage):
        measure_hit(made, rules=studio.rules)


def details_of(order: Order, made: GeneratedImage | Row[Any]) -> Details:
    """Return what is known of how a picture came to be; a copy is told as its original."""
    if isinstance(made, GeneratedImage):
        cost = as_micros(made.cost) if made.cost is not None else None
        return Details(
            model=made.model[:100],
            service=order.generator,
            style=order.wish.style,
            parameters=made.parameters,
            cost_micros=cost,
        )
    return Details(
        model=made.model,
        service=made.service,
        style=order.wish.style,
        parameters=made.parameters,
        cost_micros=made.cost_micros,
    )


def _take_up(owner_id: UUID, prompt_hash: str, studio: Studio) -> None:
    """Do what is to be done for a prompt now.

    The lease is taken only here: its time must not run while the prompt
    waits for its turn in the pool.
    """
    requests = _waiting(owner_id, prompt_hash)
    if not requests or STOPPING.is_set():
        return
    if find_hit(owner_id, prompt_hash, now=studio.clock()) is not None:
        _serve(owner_id, prompt_hash, studio)
        return
    order = read_order(requests[0].wish)
    try:
        lasts = studio.lease_lasts(studio.generator(order.generator))
    except InvalidField:
        # The settings have changed since; who waits behind it must not wait for ever.
        _fail(owner_id, prompt_hash, f"The generator {order.generator} is no longer there.")
        return
    answer = take_lease(owner_id, order.wish, lasts=lasts, now=studio.clock())
    if isinstance(answer, Lease):
        _draw(owner_id, prompt_hash, answer.lease_id, studio)
    if not isinstance(answer, Pending):
        _serve(owner_id, prompt_hash, studio)


def _draw(owner_id: UUID, prompt_hash: str, lease_id: UUID, studio: Studio) -> None:
    """Draw a prompt whose lease we have, for the first who waits for it."""
    try:
        started = _start(owner_id, prompt_hash)
        if started is not None:
            image_ids, order = started
            made = generate(order, studio=studio)
            # What was deleted while it was drawn stays deleted.
            if not _hang_first(owner_id, prompt_hash, made, studio) and _any_left(image_ids):
                _keep_unclaimed(owner_id, order, made, studio)
    except GalleryError as error:
        log.warning("a picture failed: %s", error)
        _fail(owner_id, prompt_hash, _told(error))
    except Exception:
        _fail(owner_id, prompt_hash, "Something went wrong while it was drawn.")
        raise
    finally:
        release_lease(owner_id, prompt_hash, lease_id)


def _start(owner_id: UUID, prompt_hash: str) -> tuple[list[UUID], Order] | None:
    """Note that a prompt is being drawn; return for whom and what, or None if nobody waits.

    Raises:
        GenerationFailed: it was begun too often, and never came to an end.
    """
    with writing() as session:
        requests = _waiting(owner_id, prompt_hash)
        if not requests:
            return None
        if requests[0].attempts >= MOST_ATTEMPTS:
            raise GenerationFailed("It was begun several times, and never finished.")
        ids = [request.image_id for request in requests]
        without_picture = (Image.id.in_(ids), Image.storage_key.is_(None))
        session.execute(update(Image).where(*without_picture).values(status="processing"))
        session.execute(
            update(GenerationRequest)
            .where(GenerationRequest.image_id.in_(ids))
            .values(attempts=GenerationRequest.attempts + 1)
        )
    return ids, read_order(requests[0].wish)


def _any_left(image_ids: list[UUID]) -> bool:
    query = select(Image.id).where(Image.id.in_(image_ids)).limit(1)
    return current_session().scalar(query) is not None


def _hang_first(owner_id: UUID, prompt_hash: str, made: GeneratedImage, studio: Studio) -> bool:
    """Keep the picture for the first who still waits; tell whether anybody did."""
    for request in _waiting(owner_id, prompt_hash):
        try:
            order = read_order(request.wish)
            fill(request.image_id, order, made, studio=studio)
        except (Withdrawn, NotFound):
            continue
        return True
    return False


def _keep_unclaimed(owner_id: UUID, order: Order, made: GeneratedImage, studio: Studio) -> None:
    """Keep a picture that was paid for, though another was wanted in its place meanwhile.

    Its owner finds it among the generations, and whoever asks for its prompt
    again gets a copy.
    """
    owner = Viewer(user_id=owner_id)
    details = replace(details_of(order, made), prompt=order.wish.completed_sentence)
    save_generation(
        made.content,
        details=details,
        viewer=owner,
        intake=studio.intake,
        now=studio.clock(),
        wish=order.wish.hash,
    )


def _serve(owner_id: UUID, prompt_hash: str, studio: Studio) -> None:
    """Give a copy to each who waits for a picture that is there."""
    for request in _waiting(owner_id, prompt_hash):
        image = find_hit(owner_id, prompt_hash, now=studio.clock())
        if image is None:
            return
        try:
            order = read_order(request.wish)
            fill(request.image_id, order, image, studio=studio)
        except (Withdrawn, NotFound):
            continue
        except ObjectNotFound:
            forget_picture(image)
            return
        except GalleryError as error:
            _fail(owner_id, prompt_hash, _told(error))
            return


def forget_picture(image: Row[Any]) -> None:
    """Let a picture be no hit any more, in nobody's entry: its object is gone."""
    log.error("the object of %s is missing or damaged", image.storage_key)
    with writing() as session:
        session.execute(
            update(PromptEntry).where(PromptEntry.image_id == image.id).values(image_id=None)
        )


def _waiting(owner_id: UUID, prompt_hash: str) -> Sequence[Row[Any]]:
    """Return who waits for a prompt: as plain rows, which outlive a transaction that failed."""
    query = select(
        GenerationRequest.image_id, GenerationRequest.wish, GenerationRequest.attempts
    ).where(GenerationRequest.owner_id == owner_id, GenerationRequest.prompt_hash == prompt_hash)
    return current_session().execute(query.order_by(GenerationRequest.image_id)).all()


def _still_wanted(session: Session, image_id: UUID, order: Order) -> Image:
    # The image first: whoever saves a picture in its place holds it, and then withdraws the wish.
    image = session.get(Image, image_id, with_for_update=True, populate_existing=True)
    request = session.get(GenerationRequest, image_id, populate_existing=True)
    if request is None or image is None or request.prompt_hash != order.wish.hash:
        raise Withdrawn
    return image


def _fail(owner_id: UUID, prompt_hash: str, reason: str) -> None:
    """Tell all who wait for a prompt why nothing came of it.

    Where a picture hung before, it hangs there again.
    """
    with writing() as session:
        ids = [request.image_id for request in _waiting(owner_id, prompt_hash)]
        for image in session.scalars(select(Image).where(Image.id.in_(ids))):
            image.status = "completed" if image.storage_key else "failed"
            image.failure = reason[:MOST_TEXT]
        session.execute(delete(GenerationRequest).where(GenerationRequest.image_id.in_(ids)))


def _told(error: GalleryError) -> str:
    """Return what may be told of an error: what is inside stays inside."""
    if isinstance(error, GenerationFailed) or error.status < 500:
        return error.detail or error.title
    return f"{error.title}."


def _reference(order: Order, studio: Studio) -> bytes | None:
    if order.reference_id is None:
        return None
    query = image_rows().where(Image.id == order.reference_id)
    image = current_session().execute(query).first()
    try:
        if image is None or image.sha256 != order.wish.reference:
            raise ObjectNotFound
        with open_original(image, storages=studio.intake.storages) as file:
            return file.read()
    except ObjectNotFound:
        raise GenerationFailed("The picture that it should look like is gone.") from None
