"""Uploads that lie about type, length, count or compression, to the production server.

Raw bytes over a socket, since no client sends such things. Each is a 4xx
that shows nothing of the inside, and nothing of it is kept.
"""

import gzip
import re
import socket
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.server import Instance, served, set_up
from tests.conftest import client_of
from tests.hostile.inside import told_of_inside
from tests.pictures import picture
from tests.reliability import tell

PATIENCE_SECONDS = 30
MEGABYTE = 2**20
PICTURE = picture()
PNG = "Content-Type: image/png"
FORM = "Content-Type: multipart/form-data; boundary=kettle"
IMAGES = "POST /api/images"
PRODUCTS = "POST /api/products"

pytestmark = pytest.mark.only_on("sqlite", because="nothing of it reaches the database")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = set_up(tmp_path_factory.mktemp("lies"))
    with served(instance):
        yield instance


@pytest.fixture(scope="module")
def http(instance: Instance) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {instance.key}"}
    with client_of(instance.address, headers=headers, timeout=PATIENCE_SECONDS) as http:
        yield http


def part(disposition: str, content: bytes = PICTURE, more: str = "") -> bytes:
    """Return a part of a form."""
    head = f"--kettle\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n"
    return head.encode("latin-1") + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--kettle--\r\n"


IMAGE = part('name="image"; filename="a.png"')
PROMPT = part('name="prompt_text"', b"A copper kettle")
PHOTO = part('name="images[]"; filename="a.png"')

HEADLESS = b"--kettle\r\n\r\n" + PICTURE + b"\r\n"


def exchange(instance: Instance, call: str, fields: list[str], body: bytes) -> bytes:
    """Send a request as it is said, hang up halfway, and return all that is answered."""
    lines = [f"{call} HTTP/1.1", "Host: gallery", f"Authorization: Bearer {instance.key}"]
    head = "\r\n".join([*lines, "Connection: close", *fields, "", ""]).encode("latin-1")
    answered = b""
    with socket.create_connection(("127.0.0.1", instance.port), PATIENCE_SECONDS) as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            answered += piece
    return answered


def kept(instance: Instance, http: httpx.Client) -> tuple[list[str], list[str]]:
    """Return the ids of all images, and the files in the storage that nobody is writing."""
    listed = http.get("/api/images", params={"limit": 200}).raise_for_status().json()["images"]
    folder = instance.folder / "storage"
    until = time.monotonic() + PATIENCE_SECONDS
    files = [".tmp/"]
    # The server tries its storage now and then, with a file that goes at once.
    while any(name.startswith(".tmp/") for name in files) and time.monotonic() < until:
        files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return [image["id"] for image in listed], sorted(files)


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


Lie = tuple[str, Callable[[], tuple[list[str], bytes]]]


def lie(call: str, fields: list[str], body: bytes, *, is_told: bool = True) -> Lie:
    """Say what is sent; its length is told rightly where *is_told*."""
    return call, lambda: ([*fields, length(body)] if is_told else fields, body)


BOMB = gzip.compress(bytes(64 * MEGABYTE))
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PICTURE), PICTURE)
LIES: dict[str, Lie] = {
    # Compression: nothing is inflated here, so nothing that says it is compressed is read.
    "gzip": lie(IMAGES, [PNG, "Content-Encoding: gzip"], gzip.compress(PICTURE)),
    "gzip that is none": lie(IMAGES, [PNG, "Content-Encoding: gzip"], PICTURE),
    "gzip bomb": lie(IMAGES, [PNG, "Content-Encoding: gzip"], BOMB),
    "deflate": lie(IMAGES, [PNG, "Content-Encoding: deflate"], zlib.compress(PICTURE)),
    "brotli": lie(IMAGES, [PNG, "Content-Encoding: br"], PICTURE),
    "twice compressed": lie(IMAGES, [PNG, "Content-Encoding: gzip, gzip"], PICTURE),
    "compressed form": lie(PRODUCTS, [FORM, "Content-Encoding: gzip"], form(PROMPT, PHOTO)),
    "compressed JSON": lie(
        "POST /api/sessions",
        ["Content-Type: application/json", "Content-Encoding: gzip"],
        gzip.compress(b"{}"),
    ),
    "compressed part": lie(
        PRODUCTS,
        [FORM],
        form(
            PROMPT,
            part('name="images[]"; filename="a.png"', BOMB, "Content-Encoding: gzip\r\n"),
        ),
    ),
    "compressed transfer": lie(
        IMAGES, [PNG, "Transfer-Encoding: gzip, chunked"], CHUNKED, is_told=False
    ),
    # Length.
    "negative": lie(IMAGES, [PNG, "Content-Length: -1"], PICTURE, is_told=False),
    "no number": lie(IMAGES, [PNG, "Content-Length: many"], PICTURE, is_told=False),
    "hexadecimal": lie(IMAGES, [PNG, f"Content-Length: {len(PICTURE):#x}"], PICTURE, is_told=False),
    "with a sign": lie(IMAGES, [PNG, f"Content-Length: +{len(PICTURE)}"], PICTURE, is_told=False),
    "two lengths": lie(IMAGES, [PNG, "Content-Length: 10"], PICTURE),
    "list of lengths": lie(IMAGES, [PNG, "Content-Length: 10, 10"], PICTURE, is_told=False),
    "length and chunks": lie(IMAGES, [PNG, "Transfer-Encoding: chunked"], CHUNKED),
    "unknown transfer": lie(IMAGES, [PNG, "Transfer-Encoding: xchunked"], PICTURE),
    "no length": lie(IMAGES, [PNG], PICTURE, is_told=False),
    "less than it is": lie(
        IMAGES, [PNG, f"Content-Length: {len(PICTURE) // 2}"], PICTURE, is_told=False
    ),
    # Type.
    "form that is a picture": lie(IMAGES, [FORM], PICTURE),
    "picture that is a form": lie(IMAGES, [PNG], form(IMAGE)),
    "form without a boundary": lie(IMAGES, ["Content-Type: multipart/form-data"], form(IMAGE)),
    "empty boundary": lie(IMAGES, ["Content-Type: multipart/form-data; boundary="], form(IMAGE)),
    "endless boundary": lie(IMAGES, [f"{FORM}{'x' * 30_000}"], form(IMAGE)),
    "another boundary": lie(IMAGES, [FORM.replace("kettle", "pot")], form(IMAGE)),
    "mixed": lie(IMAGES, [FORM.replace("form-data", "mixed")], form(IMAGE)),
    "JSON that is a picture": lie(IMAGES, ["Content-Type: application/json"], PICTURE),
    "HTML named a picture": lie(IMAGES, [PNG], b"<!doctype html><script>alert(1)</script>"),
    # Count, and forms of a strange shape.
    "no file": lie(PRODUCTS, [FORM], form(PROMPT)),
    "nine files": lie(PRODUCTS, [FORM], form(PROMPT, *[PHOTO] * 9)),
    "ten thousand files": lie(PRODUCTS, [FORM], form(PROMPT, *[PHOTO] * 10_000)),
    "ten thousand fields": lie(IMAGES, [FORM], form(*[part('name="x"', b"y")] * 10_000, IMAGE)),
    "field that is a file": lie(
        PRODUCTS, [FORM], form(part('name="prompt_text"; filename="a"'), PHOTO)
    ),
    "file that is a field": lie(IMAGES, [FORM], form(part('name="image"'))),
    "field of megabytes": lie(
        IMAGES, [FORM], form(part('name="prompt"', b"x" * 3 * MEGABYTE), IMAGE)
    ),
    "no end": lie(IMAGES, [FORM], IMAGE),
    "half a part": lie(PRODUCTS, [FORM], (PROMPT + PHOTO)[:-60]),
    "part with a huge head": lie(
        IMAGES, [FORM], form(part('name="image"; filename="a"', more=f"X: {'y' * 2**20}\r\n"))
    ),
    "part of many lines": lie(
        IMAGES, [FORM], form(part('name="image"; filename="a"', more="X: y\r\n" * 100_000))
    ),
    "form in a form": lie(
        IMAGES,
        [FORM],
        form(part('name="image"; filename="a"', form(IMAGE), f"{FORM}\r\n")),
    ),
    "part in base64": lie(
        IMAGES,
        [FORM],
        form(part('name="image"; filename="a"', b"iVBORw0KGgo=")),
    ),
    "part without a name": lie(IMAGES, [FORM], form(part('filename="a.png"'))),
    "part without a head": lie(IMAGES, [FORM], form(HEADLESS)),
}


@pytest.mark.parametrize("name", LIES)
def test_lie_is_refused_and_nothing_is_kept(
    instance: Instance, http: httpx.Client, name: str
) -> None:
    """A 4xx that tells nothing of the inside; images and files are what they were."""
    call, sent = LIES[name]
    before = kept(instance, http)

    answer = exchange(instance, call, *sent())

    assert re.match(rb"HTTP/1.1 4\d\d ", answer), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert told_of_inside(answer.decode("latin-1")) == []
    assert kept(instance, http) == before
    tell("hostile", "uploads that lie about type, length, count or compression", Counter(refused=1))


NAMES = {
    "path": "../../../../tmp/canary.png",
    "absolute": "/etc/passwd",
    "drive": "C:\\windows\\system32\\a.png",
    "line end": "a.png%0d%0aX-Injected: 1",
    "folded": "a.png\"; filename*=utf-8''%2e%2e%2fcanary.png; x=\"",
    "control": "a\x01\x1b[2J\x7f.png",
    "markup": "<img src=x onerror=alert(1)>.png",
    "quote": 'a\\".png',
    "long": "a" * 60_000 + ".png",
    "nothing": "",
    "dots": "..",
    "broken UTF-8": "\xff\xfe\xc0.png",
    "device": "CON",
}


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_names_nothing(instance: Instance, http: httpx.Client, name: str) -> None:
    """Whatever a file is called, it is kept under a key of ours, or refused."""
    photo = part(f'name="images[]"; filename="{NAMES[name]}"')
    body = form(PROMPT, photo)
    before = kept(instance, http)[1]

    answer = exchange(instance, PRODUCTS, [FORM, length(body)], body)

    assert re.match(rb"HTTP/1.1 (201|4\d\d) ", answer), answer[:300]
    assert b"\r\nX-Injected" not in answer
    new = set(kept(instance, http)[1]) - set(before)
    assert all(re.fullmatch(r"products/[0-9a-f-]{36}/[0-9a-f-]{36}\.png", key) for key in new)
    assert not Path("/tmp/canary.png").exists()
    tell("hostile", "uploads that lie about their name", Counter({"kept under our key": 1}))


def test_type_that_is_told_is_not_believed(instance: Instance, http: httpx.Client) -> None:
    """A picture that says it is a page is kept, and served as the picture that it is."""
    body = form(part('name="image"; filename="a.html"', more="Content-Type: text/html\r\n"))

    answer = exchange(instance, IMAGES, [FORM, length(body)], body)

    assert answer.startswith(b"HTTP/1.1 201 ")
    address = re.search(rb'"image_url": ?"([^"]+)"', answer)
    assert address is not None
    served_as = http.get(address[1].decode()).headers
    assert served_as["Content-Type"] == "image/png"
    assert served_as["X-Content-Type-Options"] == "nosniff"


def test_lines_that_are_sent_stay_one_line_of_the_log(instance: Instance) -> None:
    """What stands in names, addresses and header fields forges no line of the log."""
    forged = "\\r\\nforged: line"
    body = form(PROMPT, part('name="images[]"; filename="a%0d%0aforged line.gif"', b"GIF89a"))
    fields = [FORM, length(body), f"User-Agent: x{forged}", "X-Request-ID: a\x0bforged line"]

    exchange(instance, f"{PRODUCTS}?q=%0d%0aforged%20line%1b[2J", fields, body)

    lines = (instance.folder / "server.log").read_bytes().splitlines()
    assert lines
    assert [line for line in lines if line.startswith(b"forged") or b"\x1b" in line] == []
