"""What alice keeps to herself, and how to notice it in what somebody else is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.conftest import Person
from tests.views.access.things import EVERYTHING, Args, link_to, words_of
from tests.views.asking import WAIT, generate, lease, look_up
from tests.views.saving import save_generation, share

# Shorter values are those of settings and formats, which tell nothing.
_SHORTEST = 6
SHARED_SENTENCE = "What bob shows to everybody."


@dataclass(frozen=True)
class Kept:
    """Things by their visibility and name, and every text that tells of them."""

    things: dict[tuple[str, str], Args]
    secrets: frozenset[str]

    def found_in(self, text: str, *known: Args) -> list[str]:
        """Return the secrets in a text, apart from the names that its reader has *known*."""
        for name in sorted((name for args in known for name in args.values()), key=len)[::-1]:
            text = text.replace(name, "") if len(name) >= _SHORTEST else text
        return sorted(secret for secret in self.secrets if secret in text)


def keep_everything(owner: Person, visibility: str, mark: str) -> dict[tuple[str, str], Args]:
    """Make one of everything, and use it as owners do."""
    things = {
        (visibility, thing.name): thing.make(owner, visibility, mark)
        for thing in EVERYTHING
        if visibility in thing.visibilities
    }
    _use(owner, mark, *(args for args in things.values() if "code" in args))
    for args in things.values():
        owner.get(link_to(owner, args))
    return things


def _use(owner: Person, mark: str, game: Args, *_others: Args) -> None:
    """Keep, share, wish, draw, delete, and use the prompt cache: all that is counted somewhere."""
    code = game["code"]
    owner.patch(f"/api/images/{game['image_id']}", json={"keep": True})
    share(owner, "game", code)
    lease(owner, f"{mark} wish")
    save_generation(owner, **words_of(mark) | {"prompt": f"{mark} dream", "service": ""})
    assert look_up(owner, f"{mark} dream", art_style=f"{mark} style").status_code == 200
    for sentence in (f"{mark} drawn", f"{mark} drawn", SHARED_SENTENCE):
        player = f"{mark}-{sentence[-5:-1].strip()}"
        answer = generate(owner, player, sentence, code=code, headers=WAIT)
        assert answer.status_code in (200, 201), answer.text
    doomed = save_generation(owner, prompt=f"{mark} doomed")
    assert owner.delete(f"/api/images/{doomed['id']}").status_code == 204
    owner.post("/api/stories", json={}, headers={"Idempotency-Key": f"{mark} key"})


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in rows that were read, and every part of those that are JSON."""
    if isinstance(value, dict):
        yield from texts_in([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, UUID):
        yield str(value)
        yield value.hex
    elif isinstance(value, str) and len(value) >= _SHORTEST:
        yield value
        yield from _other_spellings(value)


def _other_spellings(text: str) -> Iterator[str]:
    if text[0] in "[{":
        yield from texts_in(json.loads(text))
    elif len(text) == 32 and text.isalnum():
        yield str(UUID(hex=text))
    elif len(text) == 64 and text.isalnum():
        # The part of a hash that stands in addresses.
        yield text[:12]
