"""A process of its own that is fed broken files, and says of each what it came to.

``python -m tests.hostile.victim FOLDER FIRST COUNT`` uploads the mutations from
seed FIRST on to the gallery in FOLDER, and prints a line of JSON for each.
"""

import ctypes
import io
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gallery import create_app
from gallery.extensions import db
from gallery.services import accounts
from tests.conftest import CORPUS, PASSWORD
from tests.databases import SECRET
from tests.hostile.containers import bases
from tests.hostile.inside import told_of_inside
from tests.hostile.mutating import mutate

MOST_SECONDS = 2.0
MOST_RISE_BYTES = 256 * 2**20
# What mutations of a large file would show, those of a small one show sooner.
LARGEST_BASE = 100_000
KINDS = ("generation", "generation", "generation", "session", "round", "story", "product")
_STATUS = Path("/proc/self/status")
_FORGET_PEAK = "5"
_LIBC = ctypes.CDLL(None)


@dataclass
class Cost:
    """What an exchange took: seconds of processor, and the rise of memory at its peak."""

    seconds: float = 0
    rise_bytes: int = 0

    @property
    def is_too_high(self) -> bool:
        return self.seconds > MOST_SECONDS or self.rise_bytes > MOST_RISE_BYTES


@dataclass
class Outcome:
    """What one file came to; ``troubles`` is empty where all is well."""

    status: int = 0
    costs: list[Cost] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class Complaints(logging.Handler):
    """Notes what the gallery logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


class Victim:
    """A gallery that is spoken to without a network between, so that nothing else is measured."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._session = self._ask("POST", "/api/sessions", json={}).get_json()["id"]
        self._story = self._ask("POST", "/api/stories", json={}).get_json()["id"]
        self._complaints = Complaints()
        logging.getLogger("gallery").addHandler(self._complaints)

    def take(self, kind: str, number: int, content: bytes) -> Outcome:
        """Upload *content*, and look at what is there then."""
        outcome = Outcome()
        upload = self._uploads(number, content)[kind]
        answer = self._measured(outcome, upload)
        outcome.status = answer.status_code
        if answer.status_code >= 500:
            outcome.troubles.append(f"answered {answer.status_code}")
        elif answer.status_code >= 400:
            outcome.troubles += _check_refusal(answer)
        else:
            self._look_at(outcome, kind, answer.get_json(), content)
        outcome.troubles += self._complaints.heard
        self._complaints.heard = []
        return outcome

    def _uploads(self, number: int, content: bytes) -> dict[str, Callable[[], TestResponse]]:
        round_image = f"/api/games/TEA/rounds/1/players/p{number}/image"
        story_image = f"/api/stories/{self._story}/illustrations?pageNumber=1"
        body = {"data": content, "content_type": "image/png"}

        def sell() -> TestResponse:
            form = {"prompt_text": "A copper kettle", "images[]": (io.BytesIO(content), "a.png")}
            return self._ask("POST", "/api/products", data=form)

        return {
            "generation": lambda: self._ask("POST", "/api/images", **body),
            "session": lambda: self._ask(
                "PUT", f"/api/sessions/{self._session}/images/main", **body
            ),
            "round": lambda: self._ask("PUT", round_image, **body),
            "story": lambda: self._ask("POST", story_image, **body),
            "product": sell,
        }

    def _look_at(self, outcome: Outcome, kind: str, made: dict[str, Any], content: bytes) -> None:
        if kind == "story":
            addresses = [made["localUrl"]]
        else:
            if kind == "product":
                made = self._ask("GET", f"/api/products/{made['id']}").get_json()
            image = made["images"][0] if kind == "product" else made
            addresses = [image["image_url"], image["thumbnails"]["320"]]
        for address in addresses:
            shown = self._measured(outcome, lambda path=address: self._ask("GET", path))
            if shown.status_code != 200:
                outcome.troubles.append(f"{address} answered {shown.status_code}")
            if kind in ("generation", "product") and address == addresses[0]:
                outcome.troubles += [] if shown.data == content else ["other bytes came back"]

    def _measured(self, outcome: Outcome, ask: Callable[[], TestResponse]) -> TestResponse:
        with measured() as cost:
            answer = ask()
        if cost.is_too_high:
            # Memory of something else may have come in between; twice it doesn't.
            with measured() as cost:
                answer = ask()
        if cost.is_too_high:
            megabytes = cost.rise_bytes >> 20
            outcome.troubles.append(f"took {cost.seconds:.1f} s and {megabytes} MB")
        outcome.costs.append(cost)
        return answer

    def _ask(self, method: str, path: str, **options: Any) -> TestResponse:
        path = path.removeprefix("http://localhost")
        return self._client.open(path, method=method, headers=self._headers, **options)


def _check_refusal(answer: TestResponse) -> list[str]:
    troubles = told_of_inside(answer.text)
    if answer.mimetype != "application/problem+json":
        troubles.append(f"answered as {answer.mimetype}")
    return troubles


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what the block costs this process, beyond the memory that it has at rest."""
    cost = Cost()
    # What the file before has left to be used again would not be seen to be used.
    _LIBC.malloc_trim(0)
    resting_bytes = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text(_FORGET_PEAK)
    began = time.process_time()
    yield cost
    cost.seconds = time.process_time() - began
    cost.rise_bytes = _memory("VmHWM") - resting_bytes


def _memory(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def pool() -> list[bytes]:
    """Return what is broken: files made here, and those of the corpus where there is one."""
    found = sorted(CORPUS.iterdir()) if CORPUS.is_dir() else []
    # The more often it is a good file that is broken, the further in the damage gets.
    return bases() * 10 + [
        path.read_bytes() for path in found if path.stat().st_size < LARGEST_BASE
    ]


def prepare(folder: str) -> Victim:
    """Open the gallery in *folder*, with somebody in it who uploads."""
    limits = {"RATE_LIMIT_WRITES": "none", "RATE_LIMIT_READS": "none"}
    app = create_app({"SECRET_KEY": SECRET, **limits}, instance_path=folder)
    now = datetime.now(UTC)
    email = f"mallory{os.getpid()}@gallery.example"
    with app.app_context():
        accounts.create_user(email, PASSWORD, now=now)
        key = accounts.create_key("test", owner=email, now=now).secret
        db.session.remove()
    return Victim(app.test_client(), key)


def main(folder: str, first: int, count: int) -> None:
    """Feed, and print."""
    victim, files = prepare(folder), pool()
    # Pillow warns of much that it makes the best of.
    warnings.simplefilter("ignore", UserWarning)
    for seed in range(first, first + count):
        done, content = mutate(seed, files)
        kind = KINDS[seed % len(KINDS)]
        outcome = victim.take(kind, seed, content)
        told = {
            "seed": seed,
            "done": done,
            "kind": kind,
            "status": outcome.status,
            "seconds": max(cost.seconds for cost in outcome.costs),
            "megabytes": max(cost.rise_bytes for cost in outcome.costs) >> 20,
            "troubles": outcome.troubles,
        }
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
