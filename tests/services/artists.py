"""Who draws in the tests, and who asks for it.

The artist is a real generator whose pictures are small; it counts what it
is asked for, and stops, fails or returns something else where a test tells
it to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Barrier, Event, Lock
from typing import Any
from uuid import UUID

from sqlalchemy import select

from gallery.extensions import current_session, end_reading
from gallery.generators.base import GeneratedImage, GenerationFailed
from gallery.models import GenerationRequest, PromptDay, PromptEntry
from gallery.services import generation
from gallery.services.access import Viewer
from gallery.services.galleries import open_gallery
from gallery.services.generation import Asked, Scene, Studio
from gallery.services.prompt_cache import Wish
from tests.conftest import FixedClock
from tests.pictures import picture

# Far longer than anything here takes: a test that waits so long has failed.
PATIENCE_SECONDS = 30.0
SENTENCE = "A fox at tea"
WISH = Wish(sentence=SENTENCE)
Look = Callable[..., Any]


@dataclass
class Artist:
    """Draws a small picture, each in another colour, once ``may_go_on`` is set.

    ``asked`` are the prompts it got, ``references`` the pictures it was to go by.
    With an ``error`` it raises that; with ``content`` it returns that.
    """

    name: str = "demo"
    model: str = "artist-1"
    longest_seconds: float = 60.0
    cost: float | None = None
    format: str = "PNG"
    content: bytes | None = None
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    references: list[bytes | None] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    may_go_on: Event = field(default_factory=Event)
    lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.may_go_on.set()

    def generate(
        self,
        prompt: str,
        *,
        width: int = 48,
        height: int = 32,
        format: str = "png",  # noqa: A002, ARG002 - the word of the contract
        parameters: Mapping[str, object] | None = None,  # noqa: ARG002
        reference: bytes | None = None,
    ) -> GeneratedImage:
        with self.lock:
            self.asked.append(prompt)
            self.references.append(reference)
            number = len(self.asked)
        self.begun.set()
        if not self.may_go_on.wait(PATIENCE_SECONDS):
            raise GenerationFailed("Nobody told the artist to go on.")
        if self.error is not None:
            raise self.error
        colour = (number * 40 % 256, 80, 40)
        drawn = picture(self.format, size=(width, height), colour=colour)
        return GeneratedImage(
            content=drawn if self.content is None else self.content,
            format=self.format.lower(),
            model=self.model,
            seed=number,
            parameters={"seed": number},
            cost=self.cost,
        )


def settle(studio: Studio) -> None:
    """Return once all work that was begun is done: every thread of the pool meets here."""
    meeting = Barrier(studio.workers)
    came = [studio.submit(lambda: meeting.wait(PATIENCE_SECONDS)) for _ in range(studio.workers)]
    for each in came:
        each.result(PATIENCE_SECONDS)
    # What the threads wrote is seen by who begins to read now.
    end_reading()


class Host:
    """Asks for pictures in alice's galleries, in as few words as a test can want."""

    def __init__(self, viewer: Viewer, studio: Studio, clock: FixedClock) -> None:
        self.viewer, self.studio, self.clock = viewer, studio, clock

    def round(
        self,
        player: str = "fox",
        number: int = 1,
        code: str = "TEA",
        sentence: str = SENTENCE,
        **options: Any,
    ) -> Asked:
        """Ask for a player's picture."""
        told = {
            name: options.pop(name) for name in ("cards", "style", "service") if name in options
        }
        options = {
            "wish": Wish(sentence=sentence, **told),
            "submission_id": None,
            "completed_sentence": None,
            "viewer": self.viewer,
            "studio": self.studio,
            "now": self.clock(),
        } | options
        return generation.ask_for_round_image(code, number, player, **options)

    def story(
        self, slug: str = "fable", page: int = 1, sentence: str = SENTENCE, **options: Any
    ) -> Asked:
        """Ask for an illustration."""
        scene, doors = self._illustration(page, sentence, options)
        return generation.ask_for_illustration(slug, scene, now=self.clock(), **doors)

    def sketch(
        self, slug: str = "fable", page: int = 1, sentence: str = SENTENCE, **options: Any
    ) -> tuple[GeneratedImage, bool]:
        """Ask for an illustration that is not to be kept."""
        scene, doors = self._illustration(page, sentence, options)
        return generation.draw_illustration(slug, scene, **doors)

    def drawn(self, *names: Any, **options: Any) -> Asked:
        """Ask for a player's picture, and wait until all is drawn."""
        asked = self.round(*names, **options)
        settle(options.get("studio", self.studio))
        return asked

    def open_story(self, slug: str = "fable", **options: Any) -> str:
        """Open a story of alice's, and return its name."""
        options = {"viewer": self.viewer, "now": self.clock()} | options
        return open_gallery("story", slug=slug, **options).slug

    def _illustration(
        self, page: int, sentence: str, options: dict[str, Any]
    ) -> tuple[Scene, dict[str, Any]]:
        """Return the scene, and who asks for it where."""
        doors = {"viewer": self.viewer, "studio": self.studio}
        doors = {name: options.pop(name, default) for name, default in doors.items()}
        wanted = {"wish": Wish(sentence=sentence), "page_number": page} | options
        return Scene(**wanted), doors


def entry(owner_id: UUID | None, wish: Wish = WISH) -> PromptEntry | None:
    """Return what an owner has of a prompt, fresh from the database."""
    prompt_hash = wish.hash
    return current_session().get(PromptEntry, (owner_id, prompt_hash), populate_existing=True)


def requests() -> list[GenerationRequest]:
    """Return all that is waited for."""
    query = select(GenerationRequest).order_by(GenerationRequest.image_id)
    return list(current_session().scalars(query.execution_options(populate_existing=True)))


def counted(owner_id: UUID | None) -> tuple[int, int, int]:
    """Return how many originals, hits, and millionths saved an owner's days have."""
    days = current_session().scalars(
        select(PromptDay)
        .where(PromptDay.owner_id == owner_id)
        .execution_options(populate_existing=True)
    )
    rows = [(day.originals, day.hits, day.saved_micros) for day in days]
    return tuple(map(sum, zip(*rows, strict=True))) if rows else (0, 0, 0)  # type: ignore[return-value]
