"""The prompt cache: a hit through the API beside saving anew, and among many prompts."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median

from sqlalchemy import text

from bench.measure import Result
from bench.seed import megabyte_png, new_gallery
from bench.servers import Server, gallery_server
from gallery.extensions import db, writing

SENTENCE = "The fox sells second-hand moonlight."
SIZES = {"1,000": 1_000, "1,000,000": 1_000_000}
# A look-up answers with what is there; a copy is a row, an object and search words of its own.
LEAST = {"look-up": 1.0, "copy for a player": None}

ROUNDS = 7
SAVES, HITS = 15, 200
# Straight in SQL: to save a million pictures would take a day.
FILL_IMAGES = """
INSERT INTO images (id, kind, owner_id, visibility, is_hidden, is_character_referenced, prompt,
  prompt_hash, storage_provider, storage_key, sha256, size_bytes, format, width, height, status,
  is_cached, is_kept, created_at, expires_at)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT lower(hex(randomblob(16))), 'generation', :owner, 'private', 0, 0, 'prompt ' || n,
  lower(hex(randomblob(32))), 'local', 'images/generations/bench/' || n || '.png',
  lower(hex(randomblob(32))), 1000000, 'png', 1024, 1024, 'completed', 0, 0,
  '2026-01-01 00:00:00.000000', '2099-01-01 00:00:00.000000'
FROM numbers
"""
FILL_ENTRIES = """
INSERT INTO prompt_entries (owner_id, prompt_hash, prompt, image_id, hits, saved_micros, created_at)
SELECT owner_id, prompt_hash, prompt, id, 0, 0, created_at FROM images
"""


def measure_caching(folder: Path) -> list[Result]:
    """Return what a hit costs: by look-up and by a copy for a player, with few and many entries."""
    content = megabyte_png()
    costs: dict[str, dict[str, float]] = {}
    for size, entries in SIZES.items():
        key = _filled(folder / size, entries)
        with gallery_server(folder / size) as server:
            costs[size] = _costs(server, key, content)
    few, many = costs.values()
    return [
        *(_against_saving(name, costs) for name in LEAST),
        *(
            Result(
                name=f"a hit by {name}, among 1,000,000 entries",
                measured=many[name],
                limit_name="among 1,000",
                limit=few[name],
                ratio=few[name] / many[name],
                unit="µs CPU",
                least=1 / 1.5,
            )
            for name in LEAST
        ),
    ]


def _against_saving(name: str, costs: dict[str, dict[str, float]]) -> Result:
    found = costs["1,000,000"]
    return Result(
        name=f"a hit by {name}, among 1,000,000 entries",
        measured=found[name],
        limit_name="a twentieth of saving the same 1 MB PNG anew",
        limit=found["saving"] / 20,
        ratio=found["saving"] / 20 / found[name],
        unit="µs CPU",
        least=LEAST[name],
    )


def _filled(instance: Path, entries: int) -> str:
    """Make a gallery whose cache has so many entries; return its owner's key."""
    with new_gallery(instance) as (_app, viewer, key):
        with writing() as session:
            session.execute(text(FILL_IMAGES), {"count": entries, "owner": viewer.user_id.hex})
            session.execute(text(FILL_ENTRIES))
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return key


def _costs(server: Server, key: str, content: bytes) -> dict[str, float]:
    """Return the processor time of one request of each sort, in microseconds: medians of rounds."""
    players = (f"player{n}" for n in count())
    wish = json.dumps({"sentence": SENTENCE}).encode()
    kinds: dict[str, tuple[int, Callable[[HTTPConnection], None]]] = {
        "saving": (SAVES, lambda to: _save(to, key, next(players), content)),
        "look-up": (HITS, lambda to: _post(to, key, "/api/prompts/lookup", wish, 200)),
        "copy for a player": (
            HITS,
            lambda to: _post(to, key, _place(next(players), "generate"), wish, 201),
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    connection = HTTPConnection("127.0.0.1", server.port)
    for _ in range(ROUNDS):
        for name, (times, ask) in kinds.items():
            ask(connection)
            began = server.cpu_seconds()
            for _ in range(times):
                ask(connection)
            taken[name].append((server.cpu_seconds() - began) / times * 1e6)
    connection.close()
    return {name: median(values) for name, values in taken.items()}


def _place(player: str, what: str) -> str:
    return f"/api/games/BENCH/rounds/1/players/{player}/{what}"


def _save(to: HTTPConnection, key: str, player: str, content: bytes) -> None:
    words = SENTENCE.replace(" ", "+")
    path = f"{_place(player, 'image')}?completed_sentence={words}"
    _ask(to, "PUT", key, path, content, "image/png", 201)


def _post(to: HTTPConnection, key: str, path: str, body: bytes, status: int) -> None:
    _ask(to, "POST", key, path, body, "application/json", status)


def _ask(
    to: HTTPConnection, method: str, key: str, path: str, body: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    to.request(method, path, body, headers)
    answer = to.getresponse()
    said = answer.read()
    if answer.status != status:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:200]!r}")
