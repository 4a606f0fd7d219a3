"""Uses of links without a limit: gathered, and written together."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

from gallery.extensions import House, db
from gallery.models import Link
from gallery.services import links
from gallery.services.access import Viewer
from gallery.services.links import Tally
from tests.conftest import FixedClock
from tests.services.conftest import Easel


@pytest.fixture
def tally(app: Flask) -> Iterator[Tally]:
    """A tally that writes when it is told to."""
    tally = Tally(app.app_context, seconds=3600)
    yield tally
    tally.flush()


def sign(house: House, easel: Easel, alice: Viewer, **options: int) -> links.SignedLink:
    """Make a link to a picture of its own."""
    return links.sign_download(
        easel.generation().image_id,
        viewer=alice,
        signer=house.signer,
        now=house.now(),
        lasts=timedelta(days=1),
        **options,
    )


def downloads(link_id: UUID) -> int | None:
    db.session.rollback()
    return db.session.scalar(select(Link.downloads).where(Link.id == link_id))


def test_uses_are_written_together(
    tally: Tally, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """A hundred uses of two links are two updates in one transaction."""
    first, second = (sign(house, easel, alice).link.id for _ in range(2))
    commits: list[object] = []
    event.listen(db.engine, "commit", commits.append)

    for _ in range(50):
        tally.add(first, now=clock())
        tally.add(second, now=clock())
    tally.flush()

    # One lets go of what was read, one writes.
    assert len(commits) <= 2
    assert (downloads(first), downloads(second)) == (50, 50)


def test_last_use_is_told(
    tally: Tally, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """With the instant of the latest of them."""
    made = sign(house, easel, alice)
    tally.add(made.link.id, now=clock())
    clock.move(seconds=1)
    tally.add(made.link.id, now=clock())

    tally.flush()
    tally.flush()

    db.session.refresh(made.link)
    assert (made.link.downloads, made.link.last_used_at) == (2, clock())


def test_no_use_is_lost_among_many_threads(
    tally: Tally, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """Though some write while others count."""
    link_id = sign(house, easel, alice).link.id

    def use(number: int) -> None:
        tally.add(link_id, now=clock())
        if number % 40 == 0:
            tally.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(400)))
    tally.flush()

    assert downloads(link_id) == 400


def test_what_can_not_be_written_is_written_later(
    tally: Tally, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """A database that has no room, or is away, costs no count."""
    link_id = sign(house, easel, alice).link.id
    db.session.commit()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE links RENAME TO links_away")
        connection.commit()
        tally.add(link_id, now=clock())
        tally.flush()
        connection.exec_driver_sql("ALTER TABLE links_away RENAME TO links")
        connection.commit()
    tally.add(link_id, now=clock())

    tally.flush()

    assert downloads(link_id) == 2


def test_what_could_not_be_written_is_tried_again_by_itself(
    app: Flask,
    house: House,
    easel: Easel,
    alice: Viewer,
    clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody has to follow another link for that."""
    link_id = sign(house, easel, alice).link.id
    db.session.commit()
    tally = Tally(app.app_context, seconds=0.01)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE links RENAME TO links_away")
        connection.commit()
        tally.add(link_id, now=clock())
        until = time.monotonic() + 10
        while "still to be counted" not in caplog.text and time.monotonic() < until:
            time.sleep(0.01)
        connection.exec_driver_sql("ALTER TABLE links_away RENAME TO links")
        connection.commit()

    until = time.monotonic() + 10
    while downloads(link_id) == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert downloads(link_id) == 1


def test_link_that_is_gone_is_no_error(tally: Tally, clock: FixedClock, inside: Flask) -> None:
    """Its image was deleted in between."""
    tally.add(UUID(int=9), now=clock())

    tally.flush()

    assert downloads(UUID(int=9)) is None


def test_link_with_a_limit_is_counted_at_once(
    tally: Tally, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """Whether the next may follow it depends on that."""
    made = sign(house, easel, alice, max_downloads=2)
    followed = links.read_download(made.token, signer=house.signer, now=clock())

    links.count_use(followed, tally=tally, now=clock())

    assert downloads(made.link.id) == 1


def test_uses_are_written_without_being_asked(
    app: Flask, house: House, easel: Easel, alice: Viewer, clock: FixedClock
) -> None:
    """After a moment."""
    link_id = sign(house, easel, alice).link.id
    Tally(app.app_context, seconds=0.01).add(link_id, now=clock())

    until = time.monotonic() + 10
    while downloads(link_id) == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert downloads(link_id) == 1
