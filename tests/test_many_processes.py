"""One prompt, one generation, however many ask and whichever process they reach.

A real ``gallery serve`` with four worker processes, and a crowd of clients
that all ask at the same moment.
"""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import update

from gallery import create_app
from gallery.extensions import db, writing
from gallery.models import PromptEntry
from tests.browser.server import set_up
from tests.conftest import client_of
from tests.databases import Databases
from tests.generators.images_server import Conversation, ImagesServer, pictures, serving_images
from tests.pictures import picture

T = TypeVar("T")
GALLERY = Path(sys.executable).parent / "gallery"
CROWD = 20
WORKERS = 4
PATIENCE_SECONDS = 60
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Served:
    """A gallery that is being served, and how to speak to it as its owner."""

    address: str
    key: str
    instance: Path
    master: int

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return client_of(self.address, headers=headers, timeout=PATIENCE_SECONDS)

    def get(self, path: str) -> httpx.Response:
        with self.client() as http:
            return http.get(path).raise_for_status()

    def all_at_once(self, ask: Callable[[httpx.Client, int], T]) -> list[T]:
        """Let a crowd ask at the same moment, each over a connection of their own."""
        start = threading.Barrier(CROWD)

        def one(number: int) -> T:
            with self.client() as http:
                start.wait(PATIENCE_SECONDS)
                return ask(http, number)

        with ThreadPoolExecutor(CROWD) as crowd:
            return list(crowd.map(one, range(CROWD)))

    def places(self, code: str) -> list[dict[str, Any]]:
        return self.get(f"/api/games/{code}/rounds/1/images").json()["images"]

    def all_ready(self, code: str, count: int) -> list[dict[str, Any]]:
        """Wait until a round has so many pictures and no others, and return their places."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            places = self.places(code)
            if [place["status"] for place in places] == ["ready"] * count:
                return places
            time.sleep(0.1)
        raise AssertionError(Counter(place["status"] for place in places))

    def digests(self, places: list[dict[str, Any]]) -> set[str]:
        """Return the SHA-256 of what each place's picture really is."""
        return {
            hashlib.sha256(self.get(place["image_url"]).content).hexdigest() for place in places
        }

    def workers(self) -> list[int]:
        """Return the ids of the processes that answer requests."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
        )
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, parent in pairs if int(parent) == self.master]


@contextmanager
def serving(instance: Path, **settings: str) -> Iterator[Served]:
    """Serve a new gallery with four workers."""
    made = set_up(instance)
    environ = made.environ | settings | {"WEB_CONCURRENCY": str(WORKERS)}
    server = subprocess.Popen(
        [GALLERY, "serve"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    served = Served(made.address, made.key, instance, server.pid)
    try:
        wait_until_ready(served)
        yield served
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_SECONDS)


def wait_until_ready(served: Served) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{served.address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not become ready")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Served]:
    """A gallery with the built-in generator."""
    with (
        databases.empty(tmp_path_factory.mktemp("served")) as instance,
        serving(instance) as served,
    ):
        yield served


@pytest.fixture
def images() -> Iterator[ImagesServer]:
    """A service that draws, and counts how often it was asked."""
    pytest.importorskip("openai", reason="the extra that asks the service is not installed")
    with serving_images() as server:
        yield server


@pytest.fixture
def costly(tmp_path: Path, databases: Databases, images: ImagesServer) -> Iterator[Served]:
    """A gallery whose every generation is paid for, at that service."""
    settings = {"IMAGE_GENERATOR": "openai", "OPENAI_BASE_URL": images.base_url}
    settings |= {"OPENAI_API_KEY": "k", "GENERATOR_ATTEMPTS": "1"}
    with databases.empty(tmp_path) as instance, serving(instance, **settings) as served:
        yield served


def ask_for(code: str, sentence: str) -> Callable[[httpx.Client, int], int]:
    """Return what a client of the crowd asks: a picture of this sentence for a player."""

    def ask(http: httpx.Client, number: int) -> int:
        return http.post(
            f"/api/games/{code}/rounds/1/players/player-{number}/generate",
            json={"sentence": sentence},
            headers={"Prefer": "wait=20"},
        ).status_code

    return ask


def test_crowd_that_asks_for_one_prompt_gets_one_generation(served: Served) -> None:
    """Twenty players ask at once: one picture is drawn, and nineteen are copies of it."""
    before = served.get("/api/stats").json()

    statuses = served.all_at_once(ask_for("CROWD", "A heron reads the news."))

    places = served.all_ready("CROWD", CROWD)
    after = served.get("/api/stats").json()
    assert set(statuses) <= {201, 202}
    assert sorted(place["cached"] for place in places) == [False] + [True] * (CROWD - 1)
    assert len(served.digests(places)) == 1
    assert len({place["image_url"] for place in places}) == CROWD
    assert after["cache_hits"] - before["cache_hits"] == CROWD - 1
    drawn = [
        image
        for image in served.get("/api/images?limit=200").json()["images"]
        if image["gallery"] == "CROWD" and not image["cached"]
    ]
    assert len(drawn) == 1


def test_crowd_that_looks_one_prompt_up_gets_one_lease(served: Served) -> None:
    """One front end is to make the picture, the others wait, and then all have it."""
    wish = {"sentence": "An otter repairs ___.", "cards": ["the moon"]}
    before = served.get("/api/stats").json()["cache_hits"]

    answers = served.all_at_once(lambda http, _: http.post("/api/prompts/lookup", json=wish))
    (leased,) = [each.json() for each in answers if each.status_code == 201]
    with served.client() as http:
        saved = http.put(
            "/api/games/LEASE/rounds/1/players/otter/image",
            files={"image": ("p.jpg", picture("JPEG"), "image/jpeg")},
            data={
                "completed_sentence": "An otter repairs the moon.",
                "cards": wish["cards"],
                "lease_id": leased["lease_id"],
            },
        )
    later = served.all_at_once(lambda http, _: http.post("/api/prompts/lookup", json=wish))

    assert Counter(each.status_code for each in answers) == {201: 1, 202: CROWD - 1}
    assert saved.status_code == 201, saved.text
    assert {each.status_code for each in later} == {200}
    assert {each.json()["image"]["id"] for each in later} == {saved.json()["id"]}
    assert served.get("/api/stats").json()["cache_hits"] - before == CROWD


def test_service_is_asked_once_for_one_prompt(costly: Served, images: ImagesServer) -> None:
    """What counts is what arrives where it costs money: one request, whoever asked."""
    statuses = costly.all_at_once(ask_for("PAID", "A badger waits for the bus."))

    places = costly.all_ready("PAID", CROWD)
    assert set(statuses) <= {201, 202}
    assert [request.json["prompt"] for request in images.received] == [
        "A badger waits for the bus."
    ]
    assert len(costly.digests(places)) == 1


def test_crowd_with_prompts_of_their_own_gets_each_drawn_once(
    costly: Served, images: ImagesServer
) -> None:
    """Five prompts, asked for by four each: five requests."""

    def ask(http: httpx.Client, number: int) -> int:
        return ask_for("MIXED", f"Prompt {number % 5}.")(http, number)

    costly.all_at_once(ask)

    places = costly.all_ready("MIXED", CROWD)
    assert Counter(request.json["prompt"] for request in images.received) == {
        f"Prompt {number}.": 1 for number in range(5)
    }
    assert Counter(place["cached"] for place in places) == {False: 5, True: CROWD - 5}


def never(conversation: Conversation) -> None:
    """Keep whoever asked waiting until the test is over."""
    conversation.server.is_closing.wait(PATIENCE_SECONDS)


def test_picture_whose_process_was_killed_is_drawn_after_all(
    costly: Served, images: ImagesServer
) -> None:
    """All workers are killed while one draws; when its lease is over, another draws it."""
    images.answer_with(never, pictures(picture()))
    with costly.client() as http:
        assert http.post(
            "/api/games/KILLED/rounds/1/players/phoenix/generate",
            json={"sentence": "A phoenix is in no hurry."},
        ).is_success
    wait_for(lambda: len(images.received) == 1)

    killed = costly.workers()
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: set(costly.workers()).isdisjoint(killed))
    wait_until_ready(costly)
    waiting = costly.places("KILLED")
    end_leases(costly)

    (place,) = costly.all_ready("KILLED", 1)
    assert len(killed) == WORKERS
    assert [each["status"] for each in waiting] == ["pending"]
    assert (place["id"], place["cached"]) == (waiting[0]["id"], False)
    assert len(images.received) == 2


def end_leases(served: Served) -> None:
    """Let the time of all leases be over."""
    app = create_app(instance_path=str(served.instance))
    with app.app_context():
        with writing() as session:
            ended = session.execute(
                update(PromptEntry)
                .where(PromptEntry.lease_id.is_not(None))
                .values(lease_expires_at=LONG_AGO)
            )
        db.session.remove()
        db.engine.dispose()
    assert ended.rowcount == 1


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
