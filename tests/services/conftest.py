"""Services are called inside the application; the cast are viewers here, not HTTP clients."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.extensions import House, db
from gallery.models import Image, User
from gallery.services import ingest, prompt_cache
from gallery.services.access import ANONYMOUS, Viewer
from gallery.services.galleries import open_gallery
from gallery.services.generation import Asked, Studio
from gallery.services.identifiers import new_id
from gallery.services.ingest import Details, Intake, Saved, Submission
from gallery.services.prompt_cache import PromptRules, Wish
from gallery.storage.base import MARK
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.artists import WISH, Artist, Host, Look, settle
from tests.services.shelf import Shelf

PNG, JPEG = picture("PNG"), picture("JPEG")


def joined(name: str, clock: FixedClock, *, is_admin: bool = False) -> Viewer:
    """Add a user without a password, since hashing one takes its time."""
    user = User(
        id=new_id(clock()),
        email=f"{name}@gallery.example",
        name=name,
        password_hash="none",
        is_admin=is_admin,
        created_at=clock(),
    )
    db.session.add(user)
    db.session.commit()
    return Viewer(user_id=user.id, name=name, is_admin=is_admin)


@pytest.fixture
def alice(inside: Flask, clock: FixedClock) -> Viewer:
    """She owns what the tests save."""
    return joined("alice", clock)


@pytest.fixture
def bob(inside: Flask, clock: FixedClock) -> Viewer:
    """He is signed in as well, and owns nothing of alice's."""
    return joined("bob", clock)


@pytest.fixture
def root(inside: Flask, clock: FixedClock) -> Viewer:
    """An admin."""
    return joined("root", clock, is_admin=True)


@pytest.fixture
def visitor() -> Viewer:
    """Nobody known."""
    return ANONYMOUS


@pytest.fixture
def intake(house: House) -> Intake:
    return house.intake


@pytest.fixture
def folder(house: House) -> Path:
    """Where the objects lie."""
    return house.settings.IMAGE_STORAGE_BASE_DIR


def stored(folder: Path) -> list[str]:
    """Return the path of every file below *folder* but its mark, temporary ones too."""
    files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    return sorted(path for path in files if path != MARK)


def rows() -> int:
    """Return how many images there are."""
    return db.session.scalar(select(func.count()).select_from(Image))


def row(saved: Saved | Asked) -> Image:
    """Return an image's row, fresh from the database."""
    found = db.session.get(Image, saved.image_id, populate_existing=True)
    assert found is not None
    return found


class Easel:
    """Saves small images for alice, one a second, in as few words as a test can want."""

    def __init__(self, viewer: Viewer, intake: Intake, clock: FixedClock) -> None:
        self.viewer, self.intake, self.clock = viewer, intake, clock

    def _save(self, save: Callable[..., Any], *names: Any, content: bytes, **options: Any) -> Any:
        self.clock.move(seconds=1)
        options = {"details": Details(), "viewer": self.viewer, "intake": self.intake} | options
        return save(*names, content, now=self.clock(), **options)

    def generation(self, content: bytes = PNG, **options: Any) -> Saved:
        return self._save(ingest.save_generation, content=content, **options)

    def round(
        self,
        player: str = "fox",
        number: int = 1,
        code: str = "TEA",
        content: bytes = JPEG,
        **options: Any,
    ) -> Saved:
        options = {"submission": Submission()} | options
        save = ingest.save_round_image
        return self._save(save, code, number, player, content=content, **options)

    def session(
        self, slug: str, image_type: str = "main", content: bytes = PNG, **options: Any
    ) -> Saved:
        save = ingest.save_session_image
        return self._save(save, slug, image_type, content=content, **options)

    def story(self, slug: str, page: int = 1, content: bytes = PNG, **options: Any) -> Any:
        return self._save(ingest.save_story_image, slug, page, content=content, **options)

    def open(self, kind: str, slug: str, **options: Any) -> str:
        """Open a gallery and return its slug."""
        options = {"viewer": self.viewer, "now": self.clock()} | options
        return open_gallery(kind, slug=slug, **options).slug


@pytest.fixture
def easel(alice: Viewer, intake: Intake, clock: FixedClock) -> Easel:
    return Easel(alice, intake, clock)


@pytest.fixture
def rules(house: House) -> PromptRules:
    return house.prompts


@pytest.fixture
def look_up(alice: Viewer, rules: PromptRules, clock: FixedClock) -> Look:
    """Look a prompt up for alice, unless told otherwise."""

    def look_up(wish: Wish = WISH, **options: Any) -> Any:
        options = {"viewer": alice, "rules": rules, "now": clock()} | options
        return prompt_cache.look_up(wish, **options)

    return look_up


@pytest.fixture
def artist() -> Artist:
    """The one generator of the studio."""
    return Artist()


@pytest.fixture
def studio(inside: Flask, house: House, artist: Artist) -> Iterator[Studio]:
    """A studio in which the artist draws; no test leaves it at work."""
    studio = replace(house.studio, generators={artist.name: artist}, default=artist.name)
    yield studio
    artist.may_go_on.set()
    settle(studio)


@pytest.fixture
def host(alice: Viewer, studio: Studio, clock: FixedClock) -> Host:
    return Host(alice, studio, clock)


def month(days: float = 30) -> timedelta:
    """Return the usual keeping time."""
    return timedelta(days=days)


def stream(content: bytes) -> io.BytesIO:
    """Return *content* as what a storage takes."""
    return io.BytesIO(content)


@pytest.fixture
def shelf(alice: Viewer, house: House, clock: FixedClock) -> Shelf:
    return Shelf(alice, house, clock)
