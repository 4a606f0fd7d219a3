"""What is told of an image by whoever hands it in, and the rules it is taken in by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gallery.services.identifiers import check_cards, check_text
from gallery.storage import Storage, Storages


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Where images are taken in, and by which rules; made once, when the app starts."""

    storages: Storages
    retention: timedelta
    story_prefix: str = "generated"
    story_format: str = "png"
    saves_stories: bool = True
    makes_thumbnails_ahead: bool = False

    @property
    def storage(self) -> Storage:
        """The provider that takes new images."""
        return self.storages.default


@dataclass(frozen=True, kw_only=True)
class Details:
    """What whoever made an image tells of it; all of it may be left out.

    ``lease_id`` is the lease on its prompt that the image redeems, and
    ``cost_micros`` what it cost, in millionths of the currency.
    """

    prompt: str = ""
    negative_prompt: str | None = None
    model: str | None = None
    service: str | None = None
    style: str | None = None
    category: str | None = None
    parameters: dict[str, Any] | None = None
    generated_at: datetime | None = None
    lease_id: UUID | None = None
    cost_micros: int | None = None

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
        check_cards(self.cards)
        return self


@dataclass(frozen=True, kw_only=True)
class Saved:
    """An image that is safely kept, and whether it took the place of another."""

    image_id: UUID
    replaced: bool
