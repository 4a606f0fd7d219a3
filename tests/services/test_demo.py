"""Filling an empty gallery."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.extensions import House, db
from gallery.generators.base import GeneratedImage
from gallery.models import Gallery, Image, Round
from gallery.services import demo
from gallery.services.access import Viewer
from gallery.services.catalog import list_products
from gallery.services.demo_card import DemoCard, read_card, write_card
from tests.conftest import FixedClock
from tests.pictures import picture

CARD = DemoCard(email="demo@gallery.example", password="p" * 12, key="gallery_x")


class QuickGenerator:
    """Draws nothing but a small rectangle, at once."""

    name = "quick"
    model = "quick-1"
    longest_seconds = 1.0

    def generate(
        self,
        prompt: str,  # noqa: ARG002
        *,
        width: int = 1024,
        height: int = 1024,
        format: str = "png",  # noqa: A002 - the word of the contract
        parameters: Mapping[str, object] | None = None,
        reference: bytes | None = None,  # noqa: ARG002
    ) -> GeneratedImage:
        content = picture(format.upper(), size=(width // 64, height // 64))
        return GeneratedImage(
            content=content, format=format, model="quick-1", seed=1,
            parameters=dict(parameters or {}),
        )  # fmt: skip


@pytest.fixture
def filled(alice: Viewer, house: House, clock: FixedClock) -> list[tuple[int, int]]:
    """What filling the gallery told on its way."""
    generator = QuickGenerator()
    return list(demo.fill(viewer=alice, studio=house.studio, generator=generator, now=clock()))


def test_every_step_is_counted(filled: list[tuple[int, int]]) -> None:
    """The progress goes from 1 to all, and all of them are there then."""
    total = filled[-1][1]

    assert filled == [(n, total) for n in range(1, total + 1)]
    assert total == db.session.scalar(select(func.count()).select_from(Image))


def test_every_kind_has_something_to_look_at(filled: list[tuple[int, int]]) -> None:
    """Two games of three rounds and six players, sessions of five, stories, generations."""
    counted = dict(db.session.execute(select(Image.kind, func.count()).group_by(Image.kind)).all())
    opened = dict(
        db.session.execute(select(Gallery.kind, func.count()).group_by(Gallery.kind)).all()
    )

    assert counted["round"] == 36
    assert opened["game"] == 2
    assert db.session.scalar(select(func.count()).select_from(Round)) == 6
    assert counted["session"] == 5 * opened["session"]
    assert counted["story"] >= opened["story"] >= 1
    assert counted["generation"] >= 1
    assert counted["product"] >= 2


def test_pictures_are_complete_and_none_is_expired(
    filled: list[tuple[int, int]], clock: FixedClock
) -> None:
    """Each has its prompt, its model and its time, in the past and not over yet."""
    images = db.session.scalars(select(Image).where(Image.kind != "product")).all()

    assert all(image.prompt and image.model == "quick-1" for image in images)
    assert all(image.created_at <= clock() < image.expires_at for image in images)
    assert [image.id for image in sorted(images, key=lambda i: i.created_at)] == sorted(
        (image.id for image in images), key=lambda each: each.int >> 80
    )


def test_products_are_in_several_states_and_never_expire(
    filled: list[tuple[int, int]], alice: Viewer
) -> None:
    """One is in the shop, one failed and says why, one was sent just now; their photos stay."""
    products = list_products(viewer=alice).items

    assert [product.status for product in products] == ["uploading", "failed", "ready", "published"]
    assert "too small" in products[1].processing_error
    assert all(2 <= product.image_count <= 5 for product in products)
    assert {image.expires_at for product in products for image in product.images} == {None}


def test_one_session_stays_private(filled: list[tuple[int, int]]) -> None:
    """The demo shows what private means."""
    private = db.session.scalars(select(Gallery).where(Gallery.visibility == "private")).all()

    assert [gallery.kind for gallery in private] == ["session"]


def test_gallery_is_empty_until_somebody_has_an_account(
    inside: Flask, request: pytest.FixtureRequest
) -> None:
    """A gallery with a user is in use."""
    before = demo.is_empty()
    request.getfixturevalue("alice")

    assert (before, demo.is_empty()) == (True, False)


def test_card_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """The demo's sign-in can be shown again, and is nobody else's to read."""
    write_card(tmp_path, CARD)

    path = tmp_path / "demo.json"
    assert read_card(tmp_path) == CARD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_new_card_replaces_the_old(tmp_path: Path) -> None:
    """Even a card that anybody could read is replaced by one that only its owner can."""
    (tmp_path / "demo.json").write_text("old")
    (tmp_path / "demo.json").chmod(0o644)

    write_card(tmp_path, CARD)

    assert read_card(tmp_path) == CARD
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600


def test_gallery_without_a_demo_has_no_card(tmp_path: Path) -> None:
    """Nothing to show is no error."""
    assert read_card(tmp_path) is None


def test_somebody_was_late_and_cost_nothing(filled: list[tuple[int, int]]) -> None:
    """In each round one player's picture came out of the prompt cache, so the plots show some."""
    cached = select(Image.player, func.count()).where(Image.is_cached).group_by(Image.player)

    assert db.session.execute(cached).all() == [("owl", 6)]
