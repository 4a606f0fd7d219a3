"""A disk without room: nothing is half kept, what is there is shown, and it works again after.

The disks are real ones of a few megabytes, which only root may mount. What
has to be tested everywhere goes by limits of files instead.
"""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import event, func, select

from gallery.extensions import db
from gallery.imaging.thumbnails import WIDTHS
from gallery.models import Image
from tests.conftest import SECRET, FixedClock, Person
from tests.databases import Databases
from tests.pictures import picture, pixels
from tests.services.conftest import stored

PAGE = 4096
# Saves pictures in a process that may write a million bytes to a file and no more.
WRITER = """
import json, resource, sys
from pathlib import Path
from gallery import create_app

secret, instance, key, *files = sys.argv[1:]
app = create_app({"SECRET_KEY": secret}, instance_path=instance)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
for file in files:
    answer = app.test_client().post(
        "/api/images", data=Path(file).read_bytes(), content_type="image/png",
        headers={"Authorization": f"Bearer {key}"},
    )
    print(json.dumps([answer.status_code, answer.headers.get("Retry-After")]))
"""
Save = Callable[[Person, bytes], httpx.Response]
Fill = Callable[..., Path]
Count = Callable[[], int]


def noise(width: int, height: int) -> bytes:
    """Return a PNG of three bytes for each pixel."""
    image = Pillow.merge("RGB", [Pillow.effect_noise((width, height), 90)] * 3)
    output = io.BytesIO()
    image.save(output, "PNG", compress_level=0)
    return output.getvalue()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk can't be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def fill(disk: Path) -> Fill:
    """Fill the disk up; who deletes the file that is returned makes room again."""

    def fill(leave: int = 0) -> Path:
        filler = disk / "filler"
        room = shutil.disk_usage(disk).free - leave
        filler.write_bytes(bytes(room // PAGE * PAGE))
        return filler

    return fill


@pytest.fixture
def rows(app: Flask) -> Count:
    """Count the images."""

    def rows() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(Image))

    return rows


def save_generation(person: Person, content: bytes, **headers: str) -> httpx.Response:
    headers = {"Content-Type": "image/png"} | headers
    return person.post("/api/images", content=content, headers=headers)


def save_session_image(person: Person, content: bytes) -> httpx.Response:
    session = person.post("/api/sessions", json={}).raise_for_status().json()["id"]
    return person.put(f"/api/sessions/{session}/images/main", content=content)


def save_round_image(person: Person, content: bytes) -> httpx.Response:
    return person.put("/api/games/TEA/rounds/1/players/fox/image", content=content)


def refusal(answer: httpx.Response) -> str:
    """Return what was said to be full, of an answer that tells when to come back."""
    assert answer.status_code == 507, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()["type"].removeprefix("urn:gallery:")


class TestStorage:
    """The disk of the objects is full."""

    @pytest.fixture
    def settings(self, disk: Path) -> dict[str, Any]:
        return {"IMAGE_STORAGE_BASE_DIR": str(disk / "storage")}

    @pytest.mark.parametrize("leave", [0, 2 * PAGE])
    @pytest.mark.parametrize("save", [save_generation, save_session_image, save_round_image])
    def test_picture_is_kept_whole_or_not_at_all(
        self, alice: Person, disk: Path, fill: Fill, rows: Count, save: Save, leave: int
    ) -> None:
        """507; neither row nor object nor temporary file; and it works once there is room."""
        filler = fill(leave)

        refused = save(alice, noise(100, 100))

        assert refusal(refused) == "storage-full"
        assert (rows(), stored(disk)) == (0, ["filler"])
        filler.unlink()
        assert save(alice, noise(100, 100)).status_code == 201
        assert (rows(), len(stored(disk))) == (1, 1)

    def test_picture_that_can_not_be_replaced_stays(
        self, alice: Person, disk: Path, fill: Fill, rows: Count
    ) -> None:
        """The one that was there is shown as before."""
        first = save_round_image(alice, picture("JPEG")).json()
        fill()

        refused = save_round_image(alice, noise(100, 100))

        assert refusal(refused) == "storage-full"
        assert (rows(), len(stored(disk))) == (1, 2)
        assert alice.get(first["image_url"]).content == picture("JPEG")

    def test_same_idempotency_key_works_once_there_is_room(
        self, alice: Person, fill: Fill, rows: Count
    ) -> None:
        """A client that repeats its request is not told "full" for ever."""
        key = {"Idempotency-Key": "k1"}
        filler = fill()

        refused = save_generation(alice, noise(100, 100), **key)
        filler.unlink()
        again = save_generation(alice, noise(100, 100), **key)

        assert (refusal(refused), again.status_code, rows()) == ("storage-full", 201, 1)

    def test_thumbnail_that_there_is_no_room_for_is_shown(
        self, alice: Person, disk: Path, fill: Fill
    ) -> None:
        """It is made anew each time it is looked at."""
        image = save_generation(alice, noise(700, 350)).json()
        fill()

        seen = [alice.get(image["thumbnails"][str(width)]) for width in WIDTHS]

        assert [pixels(answer.content).width for answer in seen] == [320, 640, 700]
        assert len(stored(disk)) == 2

    def test_gallery_is_not_ready(self, alice: Person, fill: Fill, clock: FixedClock) -> None:
        """A load balancer is told, and told again once there is room."""
        filler = fill()
        full = alice.get("/readyz").status_code
        filler.unlink()
        clock.move(seconds=1)

        assert (full, alice.get("/readyz").status_code) == (503, 200)

    class TestAhead:
        """THUMBNAILS_AHEAD."""

        @pytest.fixture
        def settings(self, disk: Path) -> dict[str, Any]:
            folder = str(disk / "storage")
            return {"IMAGE_STORAGE_BASE_DIR": folder, "THUMBNAILS_AHEAD": "true"}

        def test_picture_is_kept_though_its_thumbnails_are_not(
            self, alice: Person, disk: Path, fill: Fill
        ) -> None:
            """Room for the picture is enough; what is missing is made when it is looked at."""
            content = noise(700, 350)
            fill(len(content) + PAGE)

            saved = save_generation(alice, content)

            assert saved.status_code == 201
            assert [path for path in stored(disk) if "variants" in path or ".tmp" in path] == []
            seen = alice.get(saved.json()["thumbnails"]["320"])
            assert pixels(seen.content).width == 320


@pytest.mark.only_on("sqlite", because="another server's disk is not ours to fill")
class TestDatabase:
    """The disk of the database is full, and there is room for objects."""

    @pytest.fixture
    def instance(self, disk: Path, databases: Databases) -> Iterator[Path]:
        with databases.migrated(disk) as instance:
            yield instance

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "storage"

    @pytest.fixture
    def settings(self, folder: Path) -> dict[str, Any]:
        return {"IMAGE_STORAGE_BASE_DIR": str(folder)}

    @pytest.mark.parametrize("leave", [0, 2 * PAGE])
    def test_picture_is_kept_whole_or_not_at_all(
        self, alice: Person, folder: Path, fill: Fill, rows: Count, leave: int
    ) -> None:
        """507; the object that was put already goes again; and it works once there is room."""
        filler = fill(leave)

        refused = save_generation(alice, picture())

        assert refusal(refused) == "database-full"
        assert (rows(), stored(folder)) == (0, [])
        filler.unlink()
        assert save_generation(alice, picture()).status_code == 201
        assert (rows(), len(stored(folder))) == (1, 1)

    def test_links_are_followed(self, alice: Person, visitor: Person, fill: Fill) -> None:
        """Uncounted; but for one that is limited, which must not be used without being counted."""
        image = save_generation(alice, picture()).json()
        path = f"/api/images/{image['id']}/links"
        free, limited = (
            alice.post(path, json=wanted).json()["url"] for wanted in ({}, {"max_downloads": 2})
        )
        filler = fill()

        answers = [visitor.get(url) for url in (free, limited)]
        filler.unlink()

        assert [answer.status_code for answer in answers] == [200, 507]
        assert answers[0].content == picture()
        assert [visitor.get(limited).status_code for _ in range(3)] == [200, 200, 410]

    def test_pages_are_shown(self, alice: Person, fill: Fill) -> None:
        """Looking needs no room; a download that can't be signed has the picture's own address."""
        image = save_generation(alice, picture()).json()
        save_round_image(alice, picture())
        fill()

        for path in ("/", "/generations/", "/games/TEA/rounds/1", image["image_url"]):
            assert alice.get(path).status_code == 200, path
        page = BeautifulSoup(alice.get(f"/images/{image['id']}").content, "html.parser")
        download = alice.get(page.find("a", string="Download")["href"])
        assert download.content == picture()


def test_picture_that_no_file_may_hold_is_not_kept(
    app: Flask, alice: Person, instance: Path, tmp_path: Path, rows: Count
) -> None:
    """A limit of the process is answered like a full disk: 507, and nothing is left."""
    for name, content in (("small", picture()), ("large", noise(700, 500))):
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in ("small", "large", "small")]

    done = subprocess.run(
        [sys.executable, "-c", WRITER, SECRET, str(instance), alice.key, *files],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [[201, None], [507, "5"], [201, None]]
    assert (rows(), len(stored(instance / "storage"))) == (2, 2)


@pytest.mark.only_on("sqlite", because="the limit is one of SQLite's")
def test_database_that_may_not_grow_keeps_nothing(
    app: Flask, alice: Person, instance: Path, rows: Count
) -> None:
    """SQLite's own limit is answered like a full disk, and its object goes again."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # Which is: as many as there are.

    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "connect", limit)

    for _ in range(200):
        answer = save_generation(alice, picture())
        if answer.status_code != 201:
            break

    assert refusal(answer) == "database-full"
    assert rows() == len(stored(instance / "storage"))
