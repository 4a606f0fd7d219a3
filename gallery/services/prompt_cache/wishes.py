"""The canonical form of a prompt, by which the same wish is recognised."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gallery.errors import InvalidField
from gallery.services.identifiers import check_cards, check_text

BLANK = "___"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A picture that somebody wants: a sentence and the cards that complete it.

    ``reference`` is the SHA-256 of the picture that it is to look like.
    """

    sentence: str
    cards: tuple[str, ...] = ()
    style: str | None = None
    service: str | None = None
    reference: str | None = None

    def checked(self) -> "Wish":
        """Return this wish if it asks for something.

        Raises:
            InvalidField: the sentence is empty, or something is too long or no text.
        """
        check_text("sentence", self.sentence)
        if not self.sentence.split():
            raise InvalidField("The sentence is empty: there is nothing to draw")
        check_cards(self.cards)
        check_text("sentence", self.completed_sentence)
        for name in ("style", "service"):
            check_text(name, getattr(self, name) or "", most=100)
        return self

    @cached_property
    def hash(self) -> str:
        """The SHA-256 by which the prompt cache knows this wish, in hex."""
        return hash_prompt(
            self.sentence,
            self.cards,
            style=self.style,
            service=self.service,
            reference=self.reference,
        )

    @property
    def completed_sentence(self) -> str:
        """The sentence with a card in each of its blanks, in order."""
        return complete(self.sentence, self.cards)

    @property
    def prompt(self) -> str:
        """What a generator is asked for: the completed sentence, its cards, and the style."""
        sentence = self.completed_sentence
        loose = [card for card in self.cards if card not in sentence]
        style = [f"In the style of {self.style}."] if self.style else []
        return "\n".join([sentence, *loose, *style])


def complete(sentence: str, cards: Sequence[str]) -> str:
    """Return *sentence* with a card in each of its blanks (``___``), in order."""
    parts = sentence.split(BLANK)
    filled = [part + card for part, card in zip(parts[:-1], cards, strict=False)]
    return "".join(filled) + BLANK.join(parts[len(filled) :])


def canonical_prompt(
    sentence: str,
    cards: Sequence[str] = (),
    *,
    style: str | None = None,
    service: str | None = None,
    reference: str | None = None,
) -> str:
    """Return the one text that stands for this prompt, however it was typed.

    The sentence with its cards in its blanks, in Unicode NFC, white space
    collapsed; the cards in their order; style, service and the SHA-256 of a
    reference picture only where they were given.
    """
    parts: dict[str, object] = {
        "sentence": _collapsed(complete(sentence, cards)),
        "cards": [_collapsed(card) for card in cards],
    }
    if style:
        parts["style"] = _collapsed(style)
    if service:
        parts["service"] = _collapsed(service)
    if reference:
        parts["reference"] = reference
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def hash_prompt(
    sentence: str,
    cards: Sequence[str] = (),
    *,
    style: str | None = None,
    service: str | None = None,
    reference: str | None = None,
) -> str:
    """Return the SHA-256 of the canonical prompt, in hex."""
    canonical = canonical_prompt(sentence, cards, style=style, service=service, reference=reference)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _collapsed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
