"""Fetching what a provider points to: only public addresses, only pictures, only in time."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from gallery.generators.base import GenerationFailed
from gallery.generators.fetching import Network, fetch_image, format_of
from gallery.generators.fetching.addresses import AddressRefused, is_public, read_address
from tests.generators.images_server import (
    ENDLESS_SECONDS,
    ImagesServer,
    drip,
    drip_head,
    endless,
    hang_up_in_the_middle,
    raw,
    redirect,
    serving_images,
    stall,
)
from tests.pictures import picture

PICTURE = picture()
PUBLIC = "93.184.215.14"

# Made for these tests, for a name that nobody can own, with a century to last.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBqTCCAVCgAwIBAgIUKnFg7jGHODt6r2saBlTjJwgIphQwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcGljdHVyZXMuZXhhbXBsZTAgFw0yNjExMjEwMTExMDJaGA8y
MTI2MTAyODAxMTEwMlowGzEZMBcGA1UEAwwQcGljdHVyZXMuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABMC4TezufX7jWVfp4ZGMsddeRWo/dbUnwZwZ
adldY77RE1oVsbny4HneMrHi3ikF2b0Xnjq4XFECJACKwWbo4pqjcDBuMB0GA1Ud
DgQWBBSFld+sPoiWdZINKBU8RMUfI9+hXDAfBgNVHSMEGDAWgBSFld+sPoiWdZIN
KBU8RMUfI9+hXDAPBgNVHRMBAf8EBTADAQH/MBsGA1UdEQQUMBKCEHBpY3R1cmVz
LmV4YW1wbGUwCgYIKoZIzj0EAwIDRwAwRAIgAuQqLZYWfC040gGX5LUB3Ju8DxJt
pIApgNuw6bY38m0CIB4cPa0AiqfWCTmdlnwViODDo5XX7PDVXdTMdHJpBrlw
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvhOC+EiLQqf4MuQp
fUi7YybmIPbGfUKULucyg9/VJyuhRANCAATAuE3s7n1+41lX6eGRjLHXXkVqP3W1
J8GcGWnZXWO+0RNaFbG58uB53jKx4t4pBdm9F546uFxRAiQAisFm6OKa
-----END PRIVATE KEY-----
"""


class NameServer:
    """Answers for every name with these addresses in turn, and the last for ever."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


class Wire(httpcore2.SyncBackend):
    """Notes the address that is connected to, and leads to the test's own server instead.

    No test may leave the loopback, and only so can one follow a public address.
    """

    def __init__(self, server: ImagesServer, *, dead: tuple[str, ...] = ()) -> None:
        self._port = server.server_port
        self._dead = dead
        self.connected: list[str] = []

    def connect_tcp(self, host: str, _port: int, *rest: Any, **more: Any) -> Any:
        self.connected.append(host)
        if host in self._dead:
            raise httpcore2.ConnectError("nobody there")
        return super().connect_tcp("127.0.0.1", self._port, *rest, **more)


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with serving_images() as server:
        server.answer_with(raw(PICTURE))
        yield server


def fetch(url: str, **options: Any) -> bytes:
    usual: dict[str, Any] = {
        "trusted_origin": None,
        "most_bytes": 1_000_000,
        "deadline_seconds": 5.0,
    }
    return fetch_image(url, **{**usual, **options})


def fetch_own(server: ImagesServer, path: str = "/fox.png", **options: Any) -> bytes:
    """Fetch from the server that the operator configured."""
    return fetch(server.origin + path, trusted_origin=server.base_url, **options)


def failure(server: ImagesServer, **options: Any) -> str:
    with pytest.raises(GenerationFailed) as caught:
        fetch_own(server, **options)
    return str(caught.value)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_picture_is_fetched_from_the_trusted_origin(server, file_format):
    """The operator's own server may be private, and its picture comes whole."""
    server.answer_with(raw(picture(file_format)))

    content = fetch_own(server, "/a/fox.png?sig=%2F&x=1#part")

    assert content == picture(file_format)
    assert server.received[0].path == "/a/fox.png?sig=%2F&x=1"


def test_request_tells_nothing(server):
    """No key, no cookie and no compression: only what is needed to fetch a file."""
    fetch_own(server)

    headers = {name.lower(): value for name, value in server.received[0].headers.items()}
    assert headers == {
        "host": f"127.0.0.1:{server.server_port}",
        "user-agent": "gallery",
        "accept": "image/png, image/jpeg, image/webp",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_public_address_is_fetched(server):
    """A name with a public address is connected to at that address."""
    wire = Wire(server)
    network = Network(resolve=NameServer((PUBLIC,)), connector=wire)

    content = fetch("http://pictures.example/fox.png", network=network)

    assert content == PICTURE
    assert wire.connected == [PUBLIC]
    assert server.received[0].headers["Host"] == "pictures.example"


def test_name_is_looked_up_once(server):
    """A name that moves into the house after the check gains nothing by it."""
    names = NameServer((PUBLIC,), ("127.0.0.1",))
    wire = Wire(server)

    fetch("http://moving.example/", network=Network(resolve=names, connector=wire))

    assert names.asked == ["moving.example"]
    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize(
    "found", [("127.0.0.1",), (PUBLIC, "10.0.0.1"), ("fd00::1",), ("::ffff:127.0.0.1",)]
)
def test_name_with_a_private_address_is_refused(server, found):
    """One private address among the answers is enough, and none is connected to."""
    wire = Wire(server)

    with pytest.raises(AddressRefused):
        fetch("http://inside.example/", network=Network(resolve=NameServer(found), connector=wire))

    assert wire.connected == []


def test_dead_address_gives_way_to_the_next(server):
    """Where the first address of a name is dead, the second is tried."""
    wire = Wire(server, dead=(PUBLIC,))
    names = NameServer((PUBLIC, "93.184.215.15"))

    content = fetch("http://pictures.example/", network=Network(resolve=names, connector=wire))

    assert content == PICTURE
    assert wire.connected == [PUBLIC, "93.184.215.15"]


def test_unknown_name_is_told(server):
    """A name that nobody knows ends in words for the visitor."""

    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(GenerationFailed, match="could not be fetched"):
        fetch("http://nobody.example/", network=Network(resolve=nobody, connector=Wire(server)))


def test_slow_name_server_ends_in_time(server):
    """Looking the name up counts as well, though the system's resolver knows no timeout."""

    has_answered = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        server.is_closing.wait(ENDLESS_SECONDS)
        has_answered.set()
        return NameServer((PUBLIC,))("slow.example", 80)

    with pytest.raises(GenerationFailed, match="in time"):
        fetch(
            "http://slow.example/",
            deadline_seconds=0.3,
            network=Network(resolve=slow, connector=Wire(server)),
        )

    assert not has_answered.is_set()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fox.png",
        "//pictures.example/fox.png",
        "ftp://pictures.example/",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@pictures.example/",
        "http://user:word@pictures.example/",
        "http://pictures.example@127.0.0.1/",
        "http://pictures.example./",
        "http://.example/",
        "http://pictures..example/",
        "http://-pictures.example/",
        "http://pictures.example:0/",
        "http://pictures.example:99999/",
        "http://pictures.example:x/",
        "http://pictures.example\\@127.0.0.1/",
        "http://pictures.example/\r\nX: y",
        "http://pictures.example/a b",
        "http://pictures%2eexample/",
        "http://bücher.example/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0x7f.0x0.0x0.0x1/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://127.0.0.1./",
        "http://93.184.215.0x0e/",
        "http://1.2.3.4.5/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://[127.0.0.1]/",
        "http://pictures.example/" + "x" * 9000,
    ],
)
def test_odd_address_is_refused(url):
    """An address that two programs might read in two ways is read in none."""
    with pytest.raises(AddressRefused):
        read_address(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_private_literal_is_not_connected_to(server, host):
    """A private address written out is refused before anybody is called."""
    wire = Wire(server)

    with pytest.raises(AddressRefused):
        fetch(f"http://{host}:{server.server_port}/", network=Network(connector=wire))

    assert wire.connected == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (PUBLIC, True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),  # NAT64 of 8.8.8.8
        ("::ffff:8.8.8.8", True),
        ("0.1.2.3", False),
        ("10.255.0.1", False),
        ("100.64.0.1", False),
        ("100.100.100.200", False),
        ("127.8.8.8", False),
        ("168.63.129.16", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.0.0.192", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("224.0.1.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),  # IPv4-compatible
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),  # NAT64 of 10.0.0.1
        ("64:ff9b:1::808:808", False),  # NAT64 of one's own network
        ("100::1", False),
        ("2001::f7f7:f7f7", False),  # Teredo
        ("2001:db8::1", False),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
        ("3fff::1", False),
        ("5f00::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("2606:4700::1111%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("pictures.example", False),
    ],
)
def test_public_is_told_from_private(address, expected):
    """Only what belongs to the public internet is public, however it is written."""
    assert is_public(address) is expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(server, status):
    """A picture that has moved is found, by a relative address too."""
    server.answer_with(redirect("../fox.png", status=status), raw(PICTURE))

    content = fetch_own(server, "/old/place/fox.png")

    assert content == PICTURE
    assert server.received[1].path == "/old/fox.png"


def test_three_redirects_are_enough(server):
    """The fourth redirect in a row is not followed."""
    server.answer_with(redirect("/again"))

    reason = failure(server)

    assert reason == "The image service sent us from one address to the next."
    assert len(server.received) == 4


def test_third_redirect_is_followed(server):
    """Three in a row are followed."""
    server.answer_with(*[redirect("/again")] * 3, raw(PICTURE))

    assert fetch_own(server) == PICTURE


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{other}/",
        "http://localhost:{other}/",
        "http://[::1]:{other}/",
        "//127.0.0.1:{other}/",
        "https://127.0.0.1:{own}/",
        "http://169.254.169.254/latest/meta-data",
        "http://inside.example/",
        "file:///etc/passwd",
        "http://[",
        "http://\xe4.example/",
    ],
)
def test_redirect_into_the_house_is_refused(server, location):
    """What the trusted server points to is checked anew: trust isn't handed on."""
    with serving_images() as other:
        target = location.format(other=other.server_port, own=server.server_port)
        server.answer_with(redirect(target))

        with pytest.raises(AddressRefused):
            fetch_own(server, network=Network(resolve=NameServer(("127.0.0.1",))))

    assert other.received == []
    assert len(server.received) == 1


def test_redirect_from_outside_into_the_house_is_refused(server):
    """A public server can't send us to a private one."""
    server.answer_with(redirect("http://10.0.0.1/"))
    wire = Wire(server)

    with pytest.raises(AddressRefused):
        fetch(
            "http://pictures.example/",
            network=Network(resolve=NameServer((PUBLIC,)), connector=wire),
        )

    assert wire.connected == [PUBLIC]


def test_redirect_outside_is_followed(server):
    """The trusted server may point to public storage."""
    wire = Wire(server)
    server.answer_with(redirect("http://storage.example/fox.png"), raw(PICTURE))
    network = Network(resolve=NameServer((PUBLIC,)), connector=wire)

    content = fetch_own(server, network=network)

    assert content == PICTURE
    assert wire.connected == ["127.0.0.1", PUBLIC]


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 403, 404, 410, 500, 503])
def test_any_other_status_is_no_picture(server, status):
    """Only a plain 200 carries the picture; nothing is tried twice."""
    server.answer_with(raw(b"", status=status))

    reason = failure(server)

    assert reason == "The picture could not be fetched; it may be gone already."
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"GIF89a" + b"0" * 90, b"<svg/>", b"RIFF0000WAVE"]
)
def test_only_pictures_are_taken(server, body):
    """The first bytes decide, whatever the header calls them."""
    server.answer_with(raw(body, content_type="image/png"))

    reason = failure(server)

    assert reason == "The image service answered with something that is not a picture."


def test_content_type_is_not_believed(server):
    """A picture that is called a text is a picture."""
    server.answer_with(raw(PICTURE, content_type="text/plain"))

    assert fetch_own(server) == PICTURE


@pytest.mark.parametrize("answer", [endless(PICTURE), raw(PICTURE + b"0" * 70_000)])
def test_large_file_is_cut_off(server, answer):
    """A file beyond the limit is not read to its end, announced or not."""
    server.answer_with(answer)

    reason = failure(server, most_bytes=64_000)

    assert reason == "The image service's answer is too large."


def test_file_at_the_limit_is_taken(server):
    """The limit itself is allowed."""
    assert fetch_own(server, most_bytes=len(PICTURE)) == PICTURE


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
def test_compressed_file_is_refused(server, encoding):
    """A few kilobytes can unfold to gigabytes, so nothing is unfolded."""
    server.answer_with(raw(PICTURE, content_encoding=encoding))

    reason = failure(server)

    assert reason == "The image service answered in an encoding nobody asked for."


@pytest.mark.parametrize("answer", [stall, drip_head, drip(PICTURE)])
def test_slow_file_ends_in_time(server, answer):
    """Whether a server says nothing or drips, the deadline stands over everything."""
    server.answer_with(answer)

    reason = failure(server, deadline_seconds=0.5)

    assert reason == "The picture did not arrive in time."


def test_deadline_spans_redirects(server):
    """Each redirect eats from the same deadline."""

    def slowly_redirect(conversation):
        conversation.server.is_closing.wait(0.4)
        redirect("/again")(conversation)

    server.answer_with(slowly_redirect, slowly_redirect, slowly_redirect, raw(PICTURE))

    reason = failure(server, deadline_seconds=0.7)

    assert reason == "The picture did not arrive in time."


def test_broken_connection_is_told(server):
    """Half a file is no file."""
    server.answer_with(hang_up_in_the_middle)

    reason = failure(server)

    assert reason == "The picture could not be fetched; try again later."


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    """The address that was checked is the one that is connected to."""
    with serving_images() as proxy:
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("ALL_PROXY", proxy.origin)

        content = fetch_own(server)

    assert content == PICTURE
    assert proxy.received == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.pem"
    path.write_text(CERTIFICATE)
    return path


@pytest.fixture
def secure_server(server: ImagesServer, certificate: Path) -> ImagesServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def secure_network(server: ImagesServer, certificate: Path) -> Network:
    return Network(
        resolve=NameServer((PUBLIC,)),
        connector=Wire(server),
        ssl_context=ssl.create_default_context(cafile=certificate),
    )


def test_certificate_is_held_against_the_name(secure_server, certificate):
    """Connecting to an address that was checked, TLS still asks for the name."""
    network = secure_network(secure_server, certificate)

    assert fetch("https://pictures.example/fox.png", network=network) == PICTURE


def test_certificate_of_another_name_is_refused(secure_server, certificate):
    """A certificate for somebody else is worth nothing."""
    network = secure_network(secure_server, certificate)

    with pytest.raises(GenerationFailed, match="could not be fetched"):
        fetch("https://other.example/fox.png", network=network)

    assert secure_server.received == []


def test_unknown_certificate_is_refused(secure_server):
    """Without being told otherwise, only the authorities of the system are believed."""
    network = Network(resolve=NameServer((PUBLIC,)), connector=Wire(secure_server))

    with pytest.raises(GenerationFailed, match="could not be fetched"):
        fetch("https://pictures.example/fox.png", network=network)

    assert secure_server.received == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (picture("PNG"), "png"),
        (picture("JPEG"), "jpeg"),
        (picture("WEBP"), "webp"),
        (picture("GIF"), None),
        (b"", None),
        (b"RIFF", None),
    ],
)
def test_format_is_told_from_the_bytes(content, expected):
    """The three formats that Gallery keeps are known by their first bytes."""
    assert format_of(content) == expected
