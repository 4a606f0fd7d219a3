"""Ask a gallery for pictures over HTTP, and stand in for the generators that draw them."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from flask import Flask

from gallery.extensions import House
from gallery.generators.base import GeneratedImage, GenerationFailed
from tests.attacks.siege import state
from tests.conftest import Person
from tests.pictures import picture

MOONLIGHT = "The fox sells moonlight."
WAIT = {"Prefer": "wait=30"}
PATIENCE_SECONDS = 30


@dataclass
class Painter:
    """A generator that draws at once, or when ``may_finish`` is set; or never, with a reason."""

    name: str = "demo"
    model: str = "painter-1"
    content: bytes = field(default_factory=picture)
    reason: str = ""
    may_finish: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def longest_seconds(self) -> float:
        return float(PATIENCE_SECONDS)

    def generate(
        self,
        prompt: str,
        *,
        width: int = 1024,  # noqa: ARG002 - it draws what it was given
        height: int = 1024,  # noqa: ARG002
        format: str = "png",  # noqa: A002 - the word of the contract
        parameters: Mapping[str, object] | None = None,  # noqa: ARG002
        reference: bytes | None = None,  # noqa: ARG002
    ) -> GeneratedImage:
        self.asked.append(prompt)
        assert self.may_finish.wait(PATIENCE_SECONDS)
        if self.reason:
            raise GenerationFailed(self.reason)
        return GeneratedImage(
            content=self.content, format=format, model=self.model, seed=7, parameters={"seed": 7}
        )


def look_up(person: Person, sentence: str = MOONLIGHT, **wanted: Any) -> httpx.Response:
    """Look a prompt up in the cache."""
    headers = wanted.pop("headers", {})
    return person.post(
        "/api/prompts/lookup", json={"sentence": sentence, **wanted}, headers=headers
    )


def lease(person: Person, sentence: str = MOONLIGHT, **wanted: Any) -> str:
    """Take the lease on a prompt and return its id."""
    answer = look_up(person, sentence, **wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["lease_id"]


def generate(
    person: Person,
    player: str = "fox",
    sentence: str = MOONLIGHT,
    *,
    round_: int = 1,
    code: str = "TEA",
    **wanted: Any,
) -> httpx.Response:
    """Ask for a player's picture."""
    headers = wanted.pop("headers", {})
    return person.post(
        f"/api/games/{code}/rounds/{round_}/players/{player}/generate",
        json={"sentence": sentence, **wanted},
        headers=headers,
    )


def draw_scene(person: Person, story: str, scene: str = MOONLIGHT, **wanted: Any) -> httpx.Response:
    """Ask for an illustration of a scene."""
    headers = wanted.pop("headers", {})
    return person.post(
        f"/api/stories/{story}/illustrations",
        json={"scene": scene, "pageNumber": 1, **wanted},
        headers=headers,
    )


def round_places(person: Person, round_: int = 1) -> dict[str | None, dict[str, Any]]:
    """Return the places of a round by their players."""
    answer = person.get(f"/api/games/TEA/rounds/{round_}/images")
    assert answer.status_code == 200, answer.text
    return {place["player_id"]: place for place in answer.json()["images"]}


def set_round(person: Person, round_: int = 1, **changes: Any) -> httpx.Response:
    """Change what the host of a round decides."""
    return person.patch(f"/api/games/TEA/rounds/{round_}", json=changes)


def eventually(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError(f"it did not come to this: {what}")


def all_there_is(app: Flask, house: House) -> tuple[list, list]:
    """Return all rows and files but the answers that were given to repeated requests."""
    rows, files = state(app, house)
    return [each for each in rows if each[0] != "answered_requests"], files
