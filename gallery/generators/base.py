"""What every generator promises, whoever draws.

A generator turns a prompt into one encoded picture. It knows nothing of
galleries, rows or storage: services hand it values and keep what it returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gallery.errors import GalleryError


class GenerationFailed(GalleryError):
    """No picture came of it; the message says why, in words fit for a visitor."""

    status = 502
    title = "The picture could not be made"


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """One finished picture: the encoded file and how to ask for it again.

    ``cost`` is in the currency of ``COST_PER_IMAGE``, where the provider tells
    it; ``url`` is where the provider itself keeps it for a while, if it does.
    """

    content: bytes
    format: str
    model: str
    seed: int | None
    parameters: dict[str, object]
    cost: float | None = None
    url: str | None = None


class Generator(Protocol):
    """The one plug-in point for making pictures."""

    name: str
    model: str

    @property
    def longest_seconds(self) -> float:
        """How long one :meth:`generate` takes at the very worst, retries and pauses included."""
        ...

    def generate(
        self,
        prompt: str,
        *,
        width: int = 1024,
        height: int = 1024,
        format: str = "png",  # noqa: A002 (the word of the contract, as in Pillow)
        parameters: Mapping[str, object] | None = None,
        reference: bytes | None = None,
    ) -> GeneratedImage:
        """Draw *prompt*; *format* is ``png``, ``jpeg`` or ``webp``.

        *reference* is an encoded picture to go by, such as a story's hero.

        Raises:
            GenerationFailed: the size or format is not offered, or the provider refused.
                Nothing else is raised, whatever a provider does.
        """
        ...
