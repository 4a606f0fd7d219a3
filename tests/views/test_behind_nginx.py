"""A real nginx in front, with the configuration that operators get: what it sends, and what not."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from os import urandom
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from PIL import Image
from werkzeug.http import http_date
from werkzeug.wsgi import ClosingIterator

from cluster.nginx import running_nginx
from gallery import HOME
from gallery.extensions import House
from gallery.services.links import SecureLinks
from gallery.services.migration import migrate_objects
from tests.conftest import FixedClock, Person, client_of, serving
from tests.pictures import picture, pixels
from tests.services.vaults import Vault, furnish
from tests.views.fronting import NGINX_SECRET
from tests.views.listening import listening
from tests.views.saving import save_generation, save_round_image, sign
from tests.views.selling import files, photo

CANARY = b"a canary that nobody may see"


@pytest.fixture
def front() -> str:
    return "nginx"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still at the present: nginx has no other."""
    clock = FixedClock()
    clock.now = datetime.now(UTC)
    return clock


@pytest.fixture
def asked(app: Flask) -> list[dict[str, Any]]:
    """The requests that came through to the app."""
    requests: list[dict[str, Any]] = []
    inner = app.wsgi_app

    def noting(environ: dict[str, Any], start_response: Any) -> Any:
        requests.append(dict(environ))
        return inner(environ, start_response)

    app.wsgi_app = noting
    return requests


@pytest.fixture
def private_image(alice: Person) -> dict[str, Any]:
    """A private picture of alice's; its thumbnails are made."""
    image = save_generation(alice)
    for path in image["thumbnails"].values():
        assert alice.get(path).status_code == 200
    return image


def raw(address: str, request_line: str, *headers: str) -> bytes:
    """Send a request line as it is, which no client library would, and return the whole answer."""
    url = urlsplit(address)
    lines = "\r\n".join((f"{request_line} HTTP/1.1", "Host: x", "Connection: close", *headers))
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(f"{lines}\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


class TestThumbnails:
    """nginx can tell by itself whose address was handed out."""

    def test_one_that_is_made_is_sent_without_the_app(
        self, visitor: Person, private_image: dict[str, Any], asked: list[Any]
    ) -> None:
        """To whoever has the address, for as long as it lasts."""
        answer = visitor.get(private_image["thumbnails"]["320"])

        assert pixels(answer.content).size == (48, 32)
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
        assert asked == []

    def test_one_that_is_not_made_yet_is_made_by_the_app(
        self, alice: Person, visitor: Person, asked: list[Any]
    ) -> None:
        """Once; the address stays the same."""
        path = save_generation(alice)["thumbnails"]["320"]
        asked.clear()

        answers = [visitor.get(path) for _ in range(3)]

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert [each["PATH_INFO"] for each in asked] == [urlsplit(path).path]

    def test_what_sellers_upload_is_not_signed(self, alice: Person, visitor: Person) -> None:
        """A product's thumbnail opens for who may see it now, and for nobody an hour later."""
        fields = {"prompt_text": "A stoneware mug with a dipped glaze."}
        product = alice.post("/api/products", data=fields, files=files(photo())).json()
        (image,) = alice.get(f"/api/products/{product['id']}").json()["images"]
        path = image["thumbnails"]["320"]

        assert "key=" not in path
        assert visitor.get(path).status_code == 404
        assert alice.get(path).status_code == 200

    def test_one_that_has_moved_is_found_by_its_old_address(
        self, app: Flask, visitor: Person, private_image: dict[str, Any], tmp_path: Path
    ) -> None:
        """Another storage has it now; whoever was handed the address still gets it."""
        path = private_image["thumbnails"]["320"]
        storages = furnish(app, Vault(tmp_path / "vault"))
        with app.app_context():
            migrate_objects(storages=storages, source="local", target="vault", linger=timedelta(0))

        answer = visitor.get(path)

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("/320/", "/640/"),
            ("until=", "until=1"),
            ("until=", "until=0"),
            ("key=", "key=A"),
            ("?", "?x&y="),
            ("&key=", "&nokey="),
            ("generations/", "generations/../generations/x/"),
        ],
    )
    def test_changed_address_opens_nothing(
        self, visitor: Person, private_image: dict[str, Any], old: str, new: str
    ) -> None:
        """Neither another width nor a later end, of a picture that one may not see."""
        path = private_image["thumbnails"]["320"]
        assert path.count(old) == 1

        assert visitor.get(path.replace(old, new)).status_code == 404

    def test_changed_address_still_serves_who_may_see_the_picture(
        self, alice: Person, private_image: dict[str, Any]
    ) -> None:
        """No page of theirs has a hole in it."""
        bare = urlsplit(private_image["thumbnails"]["320"]).path

        assert alice.get(bare).status_code == 200

    @pytest.mark.parametrize(
        ("visibility", "statuses"), [("public", (200, 200)), ("private", (404, 200))]
    )
    def test_address_that_has_ended_is_for_who_may_see_the_picture(
        self,
        alice: Person,
        visitor: Person,
        clock: FixedClock,
        visibility: str,
        statuses: tuple[int, int],
    ) -> None:
        """What everybody may see never breaks; what is private ends."""
        clock.move(days=-3)
        path = save_generation(alice, visibility=visibility)["thumbnails"]["320"]
        assert alice.get(path).status_code == 200
        clock.move(days=3)

        assert (visitor.get(path).status_code, alice.get(path).status_code) == statuses

    def test_deleted_picture_has_none(
        self, alice: Person, visitor: Person, private_image: dict[str, Any]
    ) -> None:
        """Its addresses are right, and lead nowhere."""
        path = private_image["thumbnails"]["1280"]
        fresh = save_generation(alice, picture(colour=(1, 2, 3)))
        alice.delete(f"/api/images/{fresh['id']}")

        assert visitor.get(fresh["thumbnails"]["320"]).status_code == 404
        assert visitor.get(path).status_code == 200

    def test_old_addresses_go_on_working(
        self, alice: Person, private_image: dict[str, Any]
    ) -> None:
        """Those of pages that were written before nginx came."""
        path = f"/thumbnails/{private_image['id']}/320-{private_image['sha256'][:12]}.webp"

        assert pixels(alice.get(path).content).size == (48, 32)


class TestNothingElse:
    """Only what the app lets pass, and thumbnails, leave the storage."""

    @pytest.fixture
    def canaries(self, house: House) -> None:
        """What lies in the storage without being an image, and beside it."""
        root = house.settings.IMAGE_STORAGE_BASE_DIR
        for path in (
            "canary.webp",
            "generated/canary.webp",
            "variants/canary.webp",
            "../canary.webp",
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(CANARY)

    @pytest.mark.usefixtures("canaries")
    @pytest.mark.parametrize(
        "path",
        [
            "/_objects/canary.webp",
            "/%5fobjects/canary.webp",
            "//_objects/canary.webp",
            "/thumbnails/../_objects/canary.webp",
            "/thumbnails/320/../../canary.webp",
            "/thumbnails/320/../canary.webp",
            "/thumbnails/320/..%2f..%2fcanary.webp",
            "/thumbnails/320/%2e%2e/%2e%2e/canary.webp",
            "/thumbnails/320/..%252f..%252fcanary.webp",
            "/thumbnails/320//../canary.webp",
            "/thumbnails/320/x/../../canary.webp",
            "/thumbnails/320/canary.webp%00.webp",
            "/thumbnails/320/..\\canary.webp",
            "/thumbnails/321/../canary.webp",
            "/static/../canary.webp",
            "/static/..%2f..%2fcanary.webp",
            "/static/%2e%2e/storage/canary.webp",
            "/static../canary.webp",
            "/s/x/static/../../canary.webp",
            "/s/x/static/..%2fcanary.webp",
        ],
    )
    def test_no_path_leads_out(
        self, address: str, house: House, clock: FixedClock, path: str
    ) -> None:
        """However it is written, and even if it were signed."""
        links = house.secure_links
        assert links
        signed = links.at(clock()).sign(path)

        for tried in (path, signed):
            answer = raw(address, f"GET {tried}")
            assert CANARY not in answer
            # To the same without a slash too many, where it opens no more.
            assert answer.split(b" ", 2)[1] in (b"308", b"400", b"404")

    def test_signature_of_another_secret_is_none(
        self, visitor: Person, private_image: dict[str, Any], clock: FixedClock
    ) -> None:
        """Whoever doesn't know the secret signs in vain."""
        bare = urlsplit(private_image["thumbnails"]["320"]).path

        forged = SecureLinks("x" * len(NGINX_SECRET)).at(clock()).sign(bare)

        assert visitor.get(forged).status_code == 404

    def test_figures_for_operators_are_no_visitors(self, visitor: Person) -> None:
        """Who watches asks the app servers themselves."""
        assert visitor.get("/metrics").status_code == 404


class TestOriginals:
    """The app lets pass, nginx sends."""

    def test_name_in_any_script_arrives(self, alice: Person, visitor: Person) -> None:
        """The header comes through as the app wrote it."""
        link = sign(alice, save_generation(alice, prompt="日本の山")["id"])["url"]

        told = visitor.get(link).headers["Content-Disposition"]

        assert told.endswith("filename*=UTF-8''%E6%97%A5%E6%9C%AC%E3%81%AE%E5%B1%B1.png")

    def test_several_ranges_are_sent_at_once(self, visitor: Person, alice: Person) -> None:
        """As parts of one answer."""
        link = sign(alice, save_generation(alice)["id"])["url"]

        answer = visitor.get(link, headers={"Range": "bytes=0-1,5-7"})

        assert answer.status_code == 206
        assert answer.headers["Content-Type"].startswith("multipart/byteranges")
        assert picture()[5:8] in answer.content

    @pytest.mark.parametrize("wanted", ["bytes=999999-,9999990-", "bytes=x", "bytes="])
    def test_ranges_outside_count_as_no_use(
        self, alice: Person, visitor: Person, wanted: str
    ) -> None:
        """Whose parts are all outside, or none, has downloaded nothing."""
        link = sign(alice, save_generation(alice)["id"], max_downloads=1)["url"]

        statuses = [
            visitor.get(link, headers=headers).status_code for headers in ({"Range": wanted}, {})
        ]

        assert statuses == [416, 200]

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("If-Match", "{etag}", 200),
            ("If-Match", '"other"', 412),
            ("If-Unmodified-Since", "Thu, 01 Jan 2015 00:00:00 GMT", 200),
            ("If-Modified-Since", "{date}", 200),
        ],
    )
    def test_other_conditions_are_answered_as_without_nginx(
        self,
        alice: Person,
        visitor: Person,
        house: House,
        name: str,
        value: str,
        expected: int,
    ) -> None:
        """By the ETag alone: pictures have no date of change, even to who guesses the file's."""
        image = save_generation(alice)
        link = sign(alice, image["id"])["url"]
        file = house.settings.IMAGE_STORAGE_BASE_DIR / image["key"]
        told = value.format(
            etag=visitor.get(link).headers["ETag"], date=http_date(file.stat().st_mtime)
        )

        answer = visitor.get(link, headers={name: told})

        assert answer.status_code == expected
        assert "Last-Modified" not in answer.headers

    def test_missing_object_is_told_and_not_cached(
        self, app: Flask, alice: Person, tmp_path: Path
    ) -> None:
        """Where nginx finds nothing, nobody keeps an empty answer for the picture."""
        image = save_generation(alice, visibility="public")
        folder, empty = tmp_path / "other", tmp_path / "empty"
        folder.mkdir()
        empty.mkdir()
        with (
            serving(app) as upstream,
            running_nginx(
                folder,
                upstreams=[urlsplit(upstream).netloc],
                storage=empty,
                static=HOME / "static",
                secret=NGINX_SECRET,
            ) as address,
        ):
            answer = httpx.get(address + image["image_url"])

        assert answer.status_code == 503
        assert "no-store" in answer.headers.get_list("Cache-Control")
        assert answer.headers["Retry-After"] == "1"
        assert picture() not in answer.content


class TestProxy:
    """What is in front protects what is behind."""

    def test_client_can_not_say_where_it_comes_from(
        self, visitor: Person, asked: list[dict[str, Any]]
    ) -> None:
        """Headers that are believed are written anew."""
        forged = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": "for=203.0.113.9",
        }

        visitor.get("/", headers=forged)

        (environ,) = asked
        host = visitor.http.base_url.netloc.decode()
        told = {name: value for name, value in environ.items() if "FORWARDED" in name}
        assert told == {
            "HTTP_X_FORWARDED_FOR": "127.0.0.1",
            "HTTP_X_FORWARDED_HOST": host,
            "HTTP_X_FORWARDED_PROTO": "http",
        }

    @pytest.mark.usefixtures("goodbye")
    def test_events_come_as_they_happen(self, alice: Person, visitor: Person) -> None:
        """Nothing gathers them on the way."""
        save_round_image(alice)

        with listening(visitor) as listener:
            assert listener.next().content["player_id"] == "fox"

    def test_who_reads_slowly_holds_no_thread(
        self, app: Flask, alice: Person, address: str
    ) -> None:
        """The app is done with an answer of megabytes though nobody has read it."""
        noise = BytesIO()
        # More than the sockets on the way hold.
        pixels_of_noise = Image.frombytes("RGB", (2000, 2000), urandom(3 * 2000 * 2000))
        pixels_of_noise.save(noise, "PNG", compress_level=0)
        image = save_generation(alice, noise.getvalue(), visibility="public")
        url, is_done, inner = urlsplit(address), Event(), app.wsgi_app
        app.wsgi_app = lambda *request: ClosingIterator(inner(*request), is_done.set)

        with socket.create_connection((url.hostname, url.port)) as reader:
            # With If-Match it is the app that sends the bytes.
            head = f'GET {image["image_url"]} HTTP/1.1\r\nIf-Match: "{image["sha256"]}"\r\n'
            reader.sendall(f"{head}Host: x\r\n\r\n".encode())
            assert reader.recv(12) == b"HTTP/1.1 200"

            assert is_done.wait(10)

    @pytest.mark.parametrize(
        ("version", "expected"),
        [("", "no-cache"), ("?v=0123456789", "public, max-age=31536000, immutable")],
    )
    def test_static_files_are_sent_as_the_app_would(
        self, visitor: Person, asked: list[Any], version: str, expected: str
    ) -> None:
        """With the same lifetime, below a share too, and without the app."""
        paths = ("/static/css/gallery.css", "/s/token/static/css/gallery.css")

        answers = [visitor.get(path + version) for path in paths]

        sheet = (HOME / "static" / "css" / "gallery.css").read_bytes()
        assert [answer.content for answer in answers] == [sheet, sheet]
        assert {answer.headers["Cache-Control"] for answer in answers} == {expected}
        assert answers[0].headers["Content-Type"] == "text/css; charset=utf-8"
        assert (
            visitor.get(paths[0], headers={"If-None-Match": answers[0].headers["ETag"]}).status_code
            == 304
        )
        assert asked == []

    def test_upload_that_is_too_long_is_refused_in_the_words_of_the_api(self, address: str) -> None:
        """Before it is sent."""
        url, answer = urlsplit(address), b""
        head = f"POST /api/images HTTP/1.1\r\nHost: x\r\nContent-Length: {60 * 1024 * 1024}\r\n\r\n"

        with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
            connection.sendall(head.encode())
            while b"}" not in answer:
                answer += connection.recv(65536)

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"application/problem+json" in answer
        assert b'"status": 413' in answer

    def test_server_does_not_tell_its_version(self, visitor: Person) -> None:
        """Nor on errors."""
        assert visitor.get("/nothing").headers["Server"] == "nginx"


@pytest.fixture
def dying(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Two app servers behind nginx that read each request and die; with what they read."""
    read: list[bytes] = []
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                read.append(connection.recv(65536))

    threads = [Thread(target=serve, args=(listener,)) for listener in listeners]
    for thread in threads:
        thread.start()
    with running_nginx(
        tmp_path,
        upstreams=[f"127.0.0.1:{each.getsockname()[1]}" for each in listeners],
        storage=None,
        static=HOME / "static",
        secret=NGINX_SECRET,
    ) as address:
        yield address, read
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(("method", "times"), [("POST", 1), ("GET", 2)])
def test_what_changes_something_is_never_sent_twice(
    dying: tuple[str, list[bytes]], method: str, times: int
) -> None:
    """An app server that dies may have done it; to look again does no harm."""
    address, read = dying

    with client_of(address) as http:
        answer = http.request(method, "/api/images", content=b"x" if method == "POST" else None)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["title"] == "Service Unavailable"
    assert len(read) == times
