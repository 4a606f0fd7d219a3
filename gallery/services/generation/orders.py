"""What is wanted of a picture, as it lies in the database beside its row."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gallery.services.ingest import (
    ROUND_FORMAT,
    Intake,
    round_key,
    story_key,
)
from gallery.services.prompt_cache import Wish


@dataclass(frozen=True, kw_only=True)
class RoundPlace:
    """Where a player's picture hangs, and what the player handed in."""

    code: str
    number: int
    player: str
    submission_id: str | None
    completed_sentence: str

    def stored_as(self, intake: Intake) -> str:  # noqa: ARG002 - stories ask it
        """Return the format that it is kept in."""
        return ROUND_FORMAT

    def base_key(self, *, intake: Intake, now: datetime) -> str:  # noqa: ARG002 - stories ask both
        """Return its first key."""
        return round_key(self.code, self.number, self.player)

    def values(self, wish: Wish) -> dict[str, Any]:
        """Return the columns that tell what was handed in."""
        return {
            "submission_id": self.submission_id,
            "completed_sentence": self.completed_sentence,
            "cards": list(wish.cards),
        }


@dataclass(frozen=True, kw_only=True)
class StoryPlace:
    """Which page of a story a picture illustrates, and in which way."""

    page_number: int
    method: str
    is_character_referenced: bool

    def stored_as(self, intake: Intake) -> str:
        """Return the format that it is kept in."""
        return intake.story_format

    def base_key(self, *, intake: Intake, now: datetime) -> str:
        """Return its first key; the time in it is that of keeping."""
        return story_key(self.page_number, self.method, intake=intake, now=now)

    def values(self, wish: Wish) -> dict[str, Any]:  # noqa: ARG002 - rounds tell more
        """Return the columns that tell what it illustrates."""
        return {
            "page_number": self.page_number,
            "is_character_referenced": self.is_character_referenced,
        }


@dataclass(frozen=True, kw_only=True)
class Order:
    """A wish, who is to draw it, where it goes, and the picture that it is to look like."""

    wish: Wish
    generator: str
    place: RoundPlace | StoryPlace
    reference_id: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what ``read_order`` reads."""
        return {
            "wish": asdict(self.wish) | {"cards": list(self.wish.cards)},
            "generator": self.generator,
            "place": asdict(self.place),
            "reference_id": str(self.reference_id) if self.reference_id else None,
        }


def read_order(content: dict[str, Any]) -> Order:
    """Return the order that was written down."""
    wish, place = dict(content["wish"]), content["place"]
    wish["cards"] = tuple(wish["cards"])
    reference = content["reference_id"]
    return Order(
        wish=Wish(**wish),
        generator=content["generator"],
        place=RoundPlace(**place) if "player" in place else StoryPlace(**place),
        reference_id=UUID(reference) if reference else None,
    )
