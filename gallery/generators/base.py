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


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """One finished picture: the encoded file and how to ask for it again."""

    content: bytes
    format: str
    model: str
    seed: int
    parameters: dict[str, object]


class Generator(Protocol):
    """The one plug-in point for making pictures."""

    name: str

    def generate(
        self,
        prompt: str,
        *,
        width: int = 1024,
        height: int = 1024,
        format: str = "png",  # noqa: A002 (the word of the contract, as in Pillow)
        parameters: Mapping[str, object] | None = None,
    ) -> GeneratedImage:
        """Draw *prompt*; *format* is ``png``, ``jpeg`` or ``webp``.

        Raises:
            GenerationFailed: the size or format is not offered, or the provider refused.
        """
        ...
