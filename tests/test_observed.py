"""A real server with three workers: what it counts is right, and what it says is no secret.

One server for all of it. It writes everything that it and its workers say
into one file, from ``debug`` on.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.browser.server import EMAIL, PATIENCE_SECONDS, Instance, served, set_up
from tests.conftest import PASSWORD, Person, client_of
from tests.pictures import picture
from tests.views.asking import look_up
from tests.views.reading import Browser
from tests.views.saving import open_session, save_generation, save_round_image, share, sign

WORKERS = 3
CROWD = 12
# None of these words may ever be said. Nobody listens on the discard port.
SETTINGS = {
    "SECRET_KEY": "links-are-signed-by-secret-0123456789,links-were-signed-by-secret-0123456789",
    "METRICS_TOKEN": "scraping-secret-0123456789",
    "IMAGE_GENERATOR": "openai",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_API_KEY": "sk-drawing-secret-0123456789",
    "GENERATOR_ATTEMPTS": "1",
    "REDIS_URL": "redis://:counting-secret-0123456789@127.0.0.1:9/0",
    "WEB_CONCURRENCY": str(WORKERS),
    "LOG_LEVEL": "debug",
}


@dataclass
class Running:
    """The server, and alice who speaks to it; each of her requests is a connection of its own."""

    instance: Instance
    master: int
    folder: Path
    secrets: set[str] = field(default_factory=set)

    def open(self, **headers: str) -> httpx.Client:
        return client_of(self.instance.address, headers=headers, timeout=PATIENCE_SECONDS)

    def as_alice(self) -> httpx.Client:
        return self.open(Authorization=f"Bearer {self.instance.key}")

    def crowd(self, ask: Callable[[int], object], count: int) -> None:
        with ThreadPoolExecutor(CROWD) as pool:
            list(pool.map(ask, range(count)))

    def read(self) -> dict[str, float]:
        """Return all metrics as whichever worker comes first tells them."""
        token = f"Bearer {SETTINGS['METRICS_TOKEN']}"
        with self.open(Authorization=token) as http:
            text = http.get("/metrics").raise_for_status().text
        return {
            sample.name
            + "".join(f" {name}={sample.labels[name]}" for name in sorted(sample.labels)): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def workers(self) -> set[int]:
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
        )
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return {int(pid) for pid, parent in pairs if int(parent) == self.master}

    def said(self) -> str:
        return (self.instance.folder / "server.log").read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """Return all that was said but the one line for people."""
        told = self.said().splitlines()
        return [json.loads(line) for line in told if not line.startswith("Gallery is at ")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("observed")
    (folder / "tmp").mkdir()
    config = "".join(f"{name} = {value!r}\n" for name, value in SETTINGS.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder / "tmp"))
        (folder / "config.py").write_text(config)
        instance = set_up(folder)
        with served(instance) as server:
            running = Running(instance, server.pid, folder / "tmp")
            running.secrets |= {instance.key, PASSWORD}
            yield running
        assert list((folder / "tmp").glob("gallery-metrics-*")) == []


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_sums_are_right_whichever_worker_tells_them_and_whoever_dies(running: Running) -> None:
    """A known crowd, a worker killed in between: all tell the same, and nothing is lost."""

    def visit(_number: int) -> None:
        with running.open() as http:
            http.get("/stats").raise_for_status()

    def save(number: int) -> None:
        with running.as_alice() as http:
            save_round_image(Person(http=http), code="CROWD", player=f"player-{number}")

    def ask(_number: int) -> None:
        with running.as_alice() as http:
            look_up(Person(http=http), sentence="Nobody has drawn this.")

    running.crowd(visit, 60)
    running.crowd(save, 12)
    running.crowd(ask, 5)
    before = [told_of_crowd(running.read()) for _ in range(CROWD)]
    counting = len(list(running.folder.glob("gallery-metrics-*/counter_*.db")))

    victim = min(running.workers())
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in running.workers() and len(running.workers()) == WORKERS)
    killed = [told_of_crowd(running.read()) for _ in range(CROWD)]
    running.crowd(visit, 20)
    after = [told_of_crowd(running.read()) for _ in range(CROWD)]

    size = float(12 * len(picture("JPEG")))
    assert counting > WORKERS // 2
    assert before == killed == [(60, 60, 12, size, 1, 4)] * CROWD
    assert after == [(80, 80, 12, size, 1, 4)] * CROWD
    assert list(running.folder.glob(f"gallery-metrics-*/gauge_live*_{victim}.db")) == []


def told_of_crowd(metrics: dict[str, float]) -> tuple[float, ...]:
    return (
        metrics["gallery_requests_total endpoint=browse.stats method=GET status=2xx"],
        metrics["gallery_request_seconds_count endpoint=browse.stats method=GET"],
        metrics["gallery_saves_total kind=round outcome=saved"],
        metrics["gallery_saved_bytes_total kind=round"],
        metrics["gallery_prompt_lookups_total answer=lease"],
        metrics["gallery_prompt_lookups_total answer=pending"],
    )


def test_no_counter_ever_goes_back(running: Running) -> None:
    """Whichever worker tells them, one after another, each is at least what it was."""
    seen: dict[str, float] = {}
    for _ in range(CROWD):
        told = running.read()
        counted = {name: told[name] for name in told if "_total" in name or "_count" in name}
        assert {name for name in seen if counted[name] < seen[name]} == set()
        seen = counted


def test_nothing_that_was_said_holds_a_secret(running: Running) -> None:
    """The main way and its errors: no key, token, password or cookie is in any line."""
    with running.as_alice() as http:
        walk_as_a_program(running, Person(http=http))
    with running.open() as http:
        walk_in_a_browser(running, Browser(http))
    send_nonsense(running)
    running.secrets |= set(re.findall(r"[\w-]+-secret-0123456789", str(SETTINGS)))
    wait_for(lambda: "/no-such-page" in running.said())

    said = running.said()

    assert len(running.secrets) > 15
    assert [secret for secret in running.secrets if secret in said] == []
    events = {line["event"] for line in running.lines()}
    assert any(event.startswith("object-not-found") for event in events)
    assert any(event.startswith("a picture failed") for event in events)
    assert any(event.startswith("Redis does not answer") for event in events)


def walk_as_a_program(running: Running, alice: Person) -> None:
    """Save, sign, share, draw, and do each of it wrong as well."""
    with running.open() as http:
        answer = http.post("/api/auth/login", json={"email": EMAIL, "password": PASSWORD})
        tokens = answer.raise_for_status().json()
        again = {"refresh_token": tokens["refresh_token"]}
        newer = http.post("/api/auth/refresh", json=again).raise_for_status().json()
        # A second use ends the sign-in, and is logged.
        http.post("/api/auth/refresh", json=again)
        http.post("/api/auth/login", json={"email": EMAIL, "password": "a-wrong-password"})
        http.get("/api/images", headers={"Authorization": "Bearer gallery_wrong-key-of-somebody"})
        http.get("/?key=query-secret&token=query-secret")
    for each in (tokens, newer):
        running.secrets |= {each["access_token"], each["refresh_token"]}
    running.secrets |= {"a-wrong-password", "wrong-key-of-somebody", "query-secret"}
    image = save_generation(alice)
    download = sign(alice, image["id"], max_downloads=1)["url"]
    session_id = open_session(alice)
    shared = share(alice, "session", session_id)["url"]
    running.secrets |= {url.rpartition("/")[2] for url in (download, shared)}
    for path in (download, download, shared, f"{download}x", f"/{download}/more", f"{shared}/lost"):
        alice.get(path)
    alice.post("/api/games/TEA/rounds/1/players/fox/generate", json={"sentence": "A secret."})
    lost = sign(alice, image["id"])["url"]
    running.secrets.add(lost.rpartition("/")[2])
    next((running.instance.folder / "storage").rglob("*.png")).unlink()
    assert alice.get(lost).status_code == 404
    wait_for(lambda: "a picture failed" in running.said())


def walk_in_a_browser(running: Running, browser: Browser) -> None:
    """Sign in, look around, sign out."""
    browser.sign_in(EMAIL)
    running.secrets |= {cookie.value for cookie in browser.http.cookies.jar if cookie.value}
    for path in ("/", "/account", "/no-such-page"):
        browser.get(path)


def send_nonsense(running: Running) -> None:
    """Say things to gunicorn that it complains about."""
    for head in (
        f"GET /d/malformed-token HTTP/9.9\r\nAuthorization: Bearer {running.instance.key}\r\n\r\n",
        f"GET / HTTP/1.1\r\nAuthorization Bearer {running.instance.key}\r\n\r\n",
        f"{running.instance.key} / HTTP/1.1\r\nHost: x\r\nCookie: gallery=cookie-secret\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", running.instance.port)) as connection:
            connection.sendall(head.encode())
            connection.recv(64)
    running.secrets |= {"malformed-token", "cookie-secret"}


def test_every_line_is_json_with_the_same_members(running: Running) -> None:
    """Ours and libraries' alike, from all processes; requests have ids."""
    with running.open() as http:
        answer = http.get("/a%0Aforged%1B[31mline")
    wait_for(lambda: answer.headers["X-Request-ID"] in running.said())

    lines = running.lines()

    members = ("time", "level", "logger", "event", "request_id")
    assert all(tuple(line)[:5] == members for line in lines)
    assert {line["logger"].partition(".")[0] for line in lines} >= {"gallery", "gunicorn"}
    assert all(line["request_id"] != "-" for line in lines if line["logger"] == "gallery.access")
    (line,) = [each for each in lines if each["request_id"] == answer.headers["X-Request-ID"]]
    assert (line["status"], line["path"]) == (404, "/a\nforged\x1b[31mline")


def test_picture_is_drawn_for_the_request_that_asked(running: Running) -> None:
    """What happens in a pool of threads is found under the request's id."""
    with running.as_alice() as http:
        answer = http.post(
            "/api/games/TEA/rounds/1/players/owl/generate", json={"sentence": "Nobody draws it."}
        )
        wanted = answer.headers["X-Request-ID"]

        def is_told() -> bool:
            return any(
                line["request_id"] == wanted and line["event"].startswith("a picture failed")
                for line in running.lines()
            )

        wait_for(is_told)
