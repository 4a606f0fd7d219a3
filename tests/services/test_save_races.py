"""Saves that meet: of one place, with each other and with whoever deletes what hangs there."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gallery.errors import NotFound
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import retention
from gallery.services.ingest import Details, Slot, Submission, keep, prepare, round_slot
from gallery.services.ingest.keeping import drop_unless_used
from tests.pictures import picture
from tests.services.conftest import Easel, row, stored, stream

SAVERS = 6
ROUNDS = 5


def all_at_once(app: Flask, *works: Any) -> None:
    """Do all of *works* at the same time; what one raises is raised."""

    def do(work: Any) -> None:
        with app.app_context():
            work()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(do, works))


def whole(image: Image, folder: Path) -> bool:
    """Tell whether the object of *image* is what its row says."""
    content = (folder / str(image.storage_key)).read_bytes()
    return hashlib.sha256(content).hexdigest() == image.sha256


def images() -> list[Image]:
    query = select(Image).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def test_first_pictures_of_one_place_follow_each_other(
    app: Flask, easel: Easel, folder: Path
) -> None:
    """However many are saved there at once, none fails and one row is left, which is whole."""
    contents = [picture(colour=(n * 40, 1, 2)) for n in range(SAVERS)]

    for number in range(ROUNDS):
        slug = easel.open("session", f"mug-{number}")
        all_at_once(app, *(lambda c=c, s=slug: easel.session(s, content=c) for c in contents))

    assert len(images()) == ROUNDS
    assert all(whole(image, folder) for image in images())
    assert stored(folder) == sorted(str(image.storage_key) for image in images())


def test_picture_that_is_deleted_while_another_takes_its_place(
    app: Flask, easel: Easel, house: House, folder: Path
) -> None:
    """Either order is right; nobody meets an error of the database."""
    easel.open("session", "mug")
    for number in range(ROUNDS):
        first = easel.session("mug", content=picture(colour=(number, 200, 2)))

        def delete(image_id: Any = first.image_id) -> None:
            try:
                retention.delete_image(
                    image_id, viewer=easel.viewer, storages=house.storages, now=house.now()
                )
            except NotFound:
                return

        all_at_once(
            app, lambda n=number: easel.session("mug", content=picture(colour=(n, 1, 2))), delete
        )

        assert all(whole(image, folder) for image in images())
        assert stored(folder) == [image.storage_key for image in images()]


@pytest.mark.only_on("postgresql", because="SQLite has one writer at a time")
def test_row_is_never_half_of_two_pictures(app: Flask, easel: Easel, folder: Path) -> None:
    """Somebody saves between a look at the place and the write: all they wrote is replaced."""
    easel.open("session", "mug")
    content, other = picture(colour=(1, 2, 3)), picture(size=(90, 30), colour=(200, 2, 3))
    first = easel.session("mug", content=content)
    others: list[Any] = [lambda: easel.session("mug", content=other)]

    def find_slot(session: Session) -> Slot:
        slot = Slot(existing=session.get(Image, first.image_id))
        while others:
            all_at_once(app, others.pop())
        return slot

    keep(
        prepare(content, stored_as="png"),
        "generated/mug/main.png",
        find_slot,
        Details(),
        easel.intake,
        easel.clock(),
    )

    image = row(first)
    assert whole(image, folder)
    assert (image.width, image.height) == (48, 32)
    assert stored(folder) == [image.storage_key]


@pytest.mark.only_on("postgresql", because="SQLite has one writer at a time")
def test_empty_round_that_is_saved_into_is_not_forgotten(
    app: Flask, easel: Easel, house: House, folder: Path
) -> None:
    """A sweep comes between a look at the place and the commit: it passes that round over."""
    first = easel.round("fox")
    retention.delete_image(
        first.image_id, viewer=easel.viewer, storages=house.storages, now=house.now()
    )
    easel.clock.move(days=10)
    sweeps: list[Any] = [lambda: retention.expire_images(storages=house.storages, now=house.now())]

    def find_slot(session: Session) -> Slot:
        slot = round_slot(
            session, "TEA", 1, "owl", Submission(), viewer=easel.viewer, now=house.now()
        )
        while sweeps:
            all_at_once(app, sweeps.pop())
        return slot

    saved = keep(
        prepare(picture("JPEG"), stored_as="jpeg"),
        "generated-images/game-TEA/round-1/player-owl.jpg",
        find_slot,
        Details(),
        easel.intake,
        house.now(),
    )

    assert stored(folder) == [row(saved).storage_key]


@pytest.mark.parametrize("is_lost", [True, False])
def test_object_stays_while_its_commit_may_still_happen(
    easel: Easel, folder: Path, is_lost: bool
) -> None:
    """The connection broke, so nobody can tell; otherwise the database says that no row has it."""
    storage = easel.intake.storage
    storage.put("generated/mug/main.png", stream(b"bytes"))
    error = OperationalError("COMMIT", None, Exception("gone"), connection_invalidated=is_lost)

    drop_unless_used("generated/mug/main.png", storage=storage, error=error)

    assert storage.exists("generated/mug/main.png") is is_lost
