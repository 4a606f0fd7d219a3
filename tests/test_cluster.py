"""A whole cluster on this machine: PostgreSQL, S3, two app servers with two workers each, nginx.

Everything that is asked goes in by nginx, as visitors and front ends do.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from cluster.nginx import find_nginx
from cluster.whole import Cluster, running_cluster
from tests.conftest import PASSWORD, client_of, find_program
from tests.pictures import picture

OWNER = "alice@gallery.example"
PATIENCE_SECONDS = 30
UPLOADERS = 4
DOWNLOADERS = 2
# So many are acknowledged before an app server is killed, and each uploader goes on to so many.
BEFORE = 12
EACH = 12


@dataclass
class Shelf:
    """What was acknowledged: the path of each picture's image, and the SHA-256 of its bytes."""

    kept: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    is_filled: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if find_nginx() is None:
        find_program("nginx")
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """Alice's key, made by an operator on some third machine."""
    cluster.environ["GALLERY_PASSWORD"] = PASSWORD
    cluster.gallery("users", "create", OWNER)
    return str(
        json.loads(cluster.gallery("keys", "create", "test", "--owner", OWNER, "--json"))["key"]
    )


@pytest.fixture
def alice(cluster: Cluster, key: str) -> Iterator[httpx.Client]:
    with _client(cluster, key) as http:
        yield http


@pytest.fixture
def visitor(cluster: Cluster) -> Iterator[httpx.Client]:
    with client_of(cluster.address, timeout=PATIENCE_SECONDS) as http:
        yield http


def test_main_way_leads_through_all_of_it(alice: httpx.Client, visitor: httpx.Client) -> None:
    """Saved, listed, shown, downloaded from the bucket, found, drawn, and deleted."""
    content = picture("JPEG", colour=(9, 90, 200))
    path = "/api/games/OAK/rounds/1/players/ann/image"

    saved = alice.put(path, content=content, headers={"Content-Type": "image/jpeg"})
    (listed,) = visitor.get("/api/games/OAK/rounds/1/images").json()["images"]
    download = visitor.get(listed["download_url"])
    followed = httpx.get(download.headers["Location"])
    thumbnail = visitor.get(listed["thumbnails"]["320"], follow_redirects=True)
    page = visitor.get("/games/OAK/rounds/1")

    assert saved.status_code == 201
    assert download.status_code == 302
    assert followed.content == content
    assert thumbnail.headers["Content-Type"] == "image/webp"
    assert page.status_code == 200
    assert f"/images/{listed['id']}" in page.text
    assert alice.delete(f"/api/images/{listed['id']}").status_code == 204
    assert visitor.get(listed["download_url"]).status_code == 410
    assert httpx.get(download.headers["Location"]).status_code == 404


def test_picture_that_any_worker_draws_is_seen_by_all(
    alice: httpx.Client, visitor: httpx.Client
) -> None:
    """Whoever takes the wish, the round shows it everywhere."""
    wish = {"sentence": "The ___ sells umbrellas.", "cards": ["heron"]}

    answer = alice.post(
        "/api/games/ELM/rounds/1/players/bea/generate", json=wish, headers={"Prefer": "wait=20"}
    )
    seen = [visitor.get("/api/games/ELM/rounds/1/images").json()["images"] for _ in range(8)]

    assert answer.status_code in (200, 201)
    assert [[each["status"] for each in images] for images in seen] == [["ready"]] * 8


def test_limits_count_for_all_workers(cluster: Cluster, visitor: httpx.Client) -> None:
    """Redis counts, where there is one: each of four workers is told of all that was asked."""
    find_program("redis-server")
    left = [
        _remaining(visitor.post("/api/auth/login", json={"email": "x@y.example", "password": "no"}))
        for _ in range(4)
    ]

    assert left == list(range(left[0], left[0] - 4, -1))


def test_killed_app_server_costs_nothing_that_was_acknowledged(
    cluster: Cluster, key: str, alice: httpx.Client
) -> None:
    """Killed among uploads and downloads; the other one goes on, and every picture is whole."""
    shelf = Shelf()
    with ThreadPoolExecutor(UPLOADERS + DOWNLOADERS) as crowd:
        uploads = [crowd.submit(_upload, cluster, key, shelf, n) for n in range(UPLOADERS)]
        downloads = [crowd.submit(_download, cluster, key, shelf) for _ in range(DOWNLOADERS)]
        try:
            _wait_until(lambda: len(shelf.kept) >= BEFORE)
            cluster.app_servers[0].kill()
            for upload in uploads:
                upload.result()
        finally:
            shelf.is_filled.set()
        read = sum(download.result() for download in downloads)

    assert len(shelf.kept) == UPLOADERS * EACH
    assert read >= DOWNLOADERS
    assert shelf.wrong == []
    assert {path: _digest(alice, path) for path in shelf.kept} == shelf.kept
    checked = json.loads(cluster.gallery("storage", "check", "--json"))
    assert checked == {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


def _client(cluster: Cluster, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return client_of(cluster.address, headers=headers, timeout=PATIENCE_SECONDS)


def _upload(cluster: Cluster, key: str, shelf: Shelf, number: int) -> None:
    """Send pictures as a front end does: again, where there was no answer, or one to come back."""
    with _client(cluster, key) as http:
        for turn in range(EACH):
            content = picture("JPEG", size=(200, 200), colour=(number * 40, turn * 20, 99))
            player = f"p{number}-{turn}"
            answer = _persist(http, f"/api/games/ASH/rounds/1/players/{player}/image", content)
            shelf.kept[f"/api/images/{answer.json()['id']}"] = hashlib.sha256(content).hexdigest()


def _persist(http: httpx.Client, path: str, content: bytes) -> httpx.Response:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = http.put(path, content=content, headers={"Content-Type": "image/jpeg"})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code in (200, 201):
            return answer
        assert answer is None or answer.status_code in (502, 503, 504), answer.text
        assert time.monotonic() < until
        time.sleep(0.1)


def _download(cluster: Cluster, key: str, shelf: Shelf) -> int:
    """Read what is there again and again, and return how often; nothing may be cut short."""
    read = 0
    with _client(cluster, key) as http:
        while not shelf.is_filled.is_set():
            for path, sha256 in list(shelf.kept.items())[-3:]:
                try:
                    digest = _digest(http, path)
                except httpx.HTTPError:
                    # Refused is no harm: wrong bytes would be.
                    continue
                read += 1
                if digest != sha256:
                    shelf.wrong.append(path)
    return read


def _digest(http: httpx.Client, path: str) -> str:
    image = http.get(path).raise_for_status().json()
    followed = http.get(image["download_url"], follow_redirects=True).raise_for_status()
    return hashlib.sha256(followed.content).hexdigest()


def _remaining(answer: httpx.Response) -> int:
    """Return how many tries are left, as the answer tells (RateLimit header fields)."""
    told = dict(part.strip().split("=") for part in answer.headers["RateLimit"].split(";")[1:])
    return int(told["r"])


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)
