"""Uploads that fail, over real sockets: whatever happens, nothing is left."""

import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.extensions import House, db
from gallery.models import Image, Product
from gallery.storage.local import TEMPORARY
from tests.conftest import Person
from tests.pictures import picture
from tests.services.conftest import stored
from tests.views.saving import make_product, send_product

BOUNDARY = "kettle"
MEGABYTE = 1024 * 1024
PART = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="prompt_text"\r\n\r\nA copper kettle\r\n'
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="images[]"; filename="a.jpg"\r\n\r\n'
).encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def folder(app: Flask) -> Path:
    """Where the objects lie."""
    house: House = app.extensions["gallery"]
    return house.settings.IMAGE_STORAGE_BASE_DIR


def files(folder: Path) -> list[str]:
    return stored(folder)


def left(app: Flask, folder: Path) -> tuple[int, int, list[str]]:
    """Return what there is: products, images, files; once the server is done with them."""
    deadline = time.monotonic() + 10
    while any(name.startswith(TEMPORARY) for name in files(folder)):
        assert time.monotonic() < deadline, files(folder)
        time.sleep(0.01)
    with app.app_context():
        count = [
            db.session.scalar(select(func.count()).select_from(each)) for each in (Product, Image)
        ]
    return count[0], count[1], files(folder)


NOTHING: tuple[int, int, list[str]] = (0, 0, [])


@contextmanager
def sending(
    address: str, *, length: int | None = None, key: str = "", **headers: str
) -> Iterator[socket.socket]:
    """Open a connection, and send the head of an upload."""
    host, _, port = address.removeprefix("http://").partition(":")
    told = {"Host": host, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | headers
    if key:
        told["Authorization"] = f"Bearer {key}"
    if length is not None:
        told["Content-Length"] = str(length)
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        connection.sendall(f"POST /api/products HTTP/1.1\r\n{lines}\r\n".encode())
        yield connection


def answer(connection: socket.socket) -> str:
    """Return the answer, as far as it comes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
        if b"\r\n\r\n" in b"".join(parts):
            break
    return b"".join(parts).decode()


def wait_for_file(folder: Path, size: int) -> Path:
    """Wait until *size* bytes of an upload have arrived, and return their file."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in (folder / TEMPORARY).glob("upload-*.part"):
            if path.stat().st_size >= size:
                return path
        time.sleep(0.01)
    raise TimeoutError("nothing arrived")


def test_files_go_straight_to_the_storages_disk(
    address: str, alice: Person, app: Flask, folder: Path
) -> None:
    """To a named file where they may stay, as they arrive, and nowhere else."""
    system_files = set(Path(tempfile.gettempdir()).glob("tmp*"))

    with sending(address, length=5 * MEGABYTE, key=alice.key) as connection:
        connection.sendall(PART + b"\xff" * 3 * MEGABYTE)
        path = wait_for_file(folder, 2 * MEGABYTE)

        assert path.stat().st_dev == folder.stat().st_dev
        assert set(Path(tempfile.gettempdir()).glob("tmp*")) <= system_files

    assert left(app, folder) == NOTHING


def test_kept_file_is_not_copied(alice: Person, folder: Path) -> None:
    """What arrived is what is kept: one file, one name."""
    make_product(alice, 2)

    kept = [folder / name for name in files(folder)]

    assert len(kept) == 2
    assert [path.stat().st_nlink for path in kept] == [1, 1]


def test_aborted_in_the_middle_of_a_file(
    address: str, alice: Person, app: Flask, folder: Path
) -> None:
    """Who hangs up leaves nothing."""
    with sending(address, length=5 * MEGABYTE, key=alice.key) as connection:
        connection.sendall(PART + picture("JPEG") + b"\x00" * MEGABYTE)
        wait_for_file(folder, MEGABYTE // 2)

    assert left(app, folder) == NOTHING


@pytest.mark.parametrize("extra", [-20, 5000], ids=["too short", "too long"])
def test_lie_about_the_length(
    address: str, alice: Person, app: Flask, folder: Path, extra: int
) -> None:
    """Half a form is no form: nothing is kept of it."""
    body = PART + picture("JPEG") + END

    with sending(address, length=len(body) + extra, key=alice.key) as connection:
        connection.sendall(body)
        connection.shutdown(socket.SHUT_WR)
        status = answer(connection).partition("\r\n")[0]

    assert " 400 " in status
    assert left(app, folder) == NOTHING


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", PART, PART[:40], PART.replace(b"\r\n\r\n", b"\r\n")],
    ids=["nothing", "no form", "no end", "half a head", "no blank line"],
)
def test_broken_form(address: str, alice: Person, app: Flask, folder: Path, body: bytes) -> None:
    """It is the sender's fault, not the server's."""
    with sending(address, length=len(body), key=alice.key) as connection:
        connection.sendall(body)
        status = answer(connection).split(" ")[1]

    assert status in ("400", "422")
    assert left(app, folder) == NOTHING


def test_length_over_the_limit_is_refused_before_the_body(
    address: str, alice: Person, app: Flask, folder: Path
) -> None:
    """The answer comes though nothing was sent; it names the limit."""
    with sending(address, length=60 * MEGABYTE, key=alice.key, Accept="*/*") as connection:
        told = answer(connection)

    assert told.startswith("HTTP/1.1 413 ")
    assert left(app, folder) == NOTHING


def test_files_over_the_limit_are_told_of_it(alice: Person, app: Flask, folder: Path) -> None:
    """The sum counts; the problem says how much is taken."""
    big = picture("JPEG") + b"\x00" * (26 * MEGABYTE)

    refused = send_product(alice, files=[("a.jpg", big), ("b.jpg", big)])

    assert (refused.status_code, "50 MB" in refused.json()["detail"]) == (413, True)
    assert left(app, folder) == NOTHING


def test_endless_body_ends(address: str, alice: Person, app: Flask, folder: Path) -> None:
    """Who doesn't say how much will come is cut off at the limit."""
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, b"\x00" * MEGABYTE)
    status = ""

    with sending(address, key=alice.key, **{"Transfer-Encoding": "chunked"}) as connection:
        connection.sendall(b"%x\r\n%b\r\n" % (len(PART), PART))
        try:
            for _ in range(60):
                connection.sendall(chunk)
            status = answer(connection)
        except OSError:
            # It hung up before it was told all.
            pass

    assert status == "" or " 413 " in status
    assert left(app, folder) == NOTHING


@pytest.mark.parametrize("path", ["/api/products", f"/api/products/{UUID(int=1)}/images"])
def test_nobody_sends_a_byte(address: str, folder: Path, path: str) -> None:
    """Who isn't signed in is told so before the body."""
    host, _, port = address.removeprefix("http://").partition(":")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {40 * MEGABYTE}\r\n"
    head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"

    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        connection.sendall(head.encode())
        told = answer(connection)

    assert told.startswith("HTTP/1.1 401 ")
    assert files(folder) == []


def test_other_routes_keep_their_limit(alice: Person) -> None:
    """Only products come in several files."""
    refused = alice.post(
        "/api/images", content=b"\x00" * (27 * MEGABYTE), headers={"Content-Type": "image/png"}
    )

    assert refused.status_code == 413


class TestFullDisk:
    """No room for what arrives."""

    @pytest.fixture
    def files_end_at_a_megabyte(self) -> Iterator[None]:
        """The operating system lets no file of this process grow beyond."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, hard))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @pytest.mark.usefixtures("files_end_at_a_megabyte")
    def test_file_that_may_not_grow(self, alice: Person, app: Flask, folder: Path) -> None:
        """507, and nothing is left; a smaller one goes in afterwards."""
        refused = send_product(alice, files=[("a.jpg", picture("JPEG") + b"\0" * 2 * MEGABYTE)])

        assert (refused.status_code, refused.headers["Retry-After"]) == (507, "5")
        assert left(app, folder) == NOTHING
        assert send_product(alice).status_code == 201

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Iterator[dict[str, Any]]:
        """A storage on a disk of two megabytes, where one may be mounted."""
        disk = tmp_path / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
        is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        yield {"IMAGE_STORAGE_BASE_DIR": str(disk)} if is_mounted else {}
        if is_mounted:
            # Also where a test failed with a file of it still open.
            subprocess.run(["umount", "--lazy", str(disk)], check=True)

    def test_disk_that_fills_up(
        self, alice: Person, app: Flask, folder: Path, settings: dict[str, Any]
    ) -> None:
        """With the second file of two; the first goes again, and its room is free."""
        if not settings:
            pytest.skip("no disk can be mounted here")
        content = picture("JPEG") + b"\0" * int(1.2 * MEGABYTE)

        refused = send_product(alice, files=[("a.jpg", content), ("b.jpg", content)])

        assert refused.status_code == 507
        assert left(app, folder) == NOTHING
        assert send_product(alice, files=[("a.jpg", content)]).status_code == 201
