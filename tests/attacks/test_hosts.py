"""Requests that lie about where the gallery is, or want to be led elsewhere.

What an address begins with is the operator's to say (``PUBLIC_URL``), and
nothing that comes with a request: else whoever asks for a link in another
host's name hands out links to that host.
"""

from random import Random
from typing import Any

import httpx
import pytest
from flask import Flask
from httpx import QueryParams

from tests.attacks.places import addresses
from tests.attacks.raw import send
from tests.conftest import PASSWORD, Person
from tests.reliability import SEED, trials
from tests.views.reading import Browser
from tests.views.saving import save_generation, sign

ATTACK = "hosts, and ways out of the gallery"
pytestmark = pytest.mark.only_on("sqlite", because="addresses don't come from rows")
EVIL = "evil.example"
LIES = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "Forwarded": f'for=1.2.3.4;host="{EVIL}";proto=https',
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Script-Name": f"//{EVIL}",
    "X-Original-URL": f"//{EVIL}/",
    "X-Rewrite-URL": f"//{EVIL}/",
    "Referer": f"http://{EVIL}/",
    "Origin": f"http://{EVIL}",
}
PUBLIC = "http://gallery.example"


def settings_of(proxies: str, public: str) -> dict[str, Any]:
    return {"TRUSTED_PROXIES": proxies} | ({"PUBLIC_URL": public} if public else {})


@pytest.fixture(
    params=[("0", ""), ("1", ""), ("0", PUBLIC), ("1", PUBLIC)],
    ids=["nothing in front", "a proxy", "a public address", "both"],
)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return settings_of(*request.param)


def told(answer: httpx.Response) -> str:
    return "\n".join([*(f"{n}: {v}" for n, v in answer.headers.multi_items()), answer.text])


def test_no_answer_repeats_a_host_that_was_made_up(
    app: Flask, alice: Person, places: dict[str, str]
) -> None:
    """Neither headers nor bodies of any route hold what a request says of the host."""
    wrong = [
        path
        for path in addresses(app, places)
        for key in (alice.key, "")
        if EVIL in told(alice.http.get(path, headers=LIES | bearer(key)))
    ]

    assert wrong == []


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def test_signed_addresses_begin_as_the_operator_says(
    alice: Person, visitor: Person, settings: dict[str, Any]
) -> None:
    """A link that was asked for under another name leads to where the gallery is."""
    lying = Person(http=alice.http, viewer=alice.viewer, key=alice.key)
    lying.http.headers.update(LIES)
    begins = settings.get("PUBLIC_URL", "")

    image = save_generation(lying)
    made = sign(lying, image["id"])["url"]
    listed = lying.get("/api/images?limit=1").json()["images"][0]["image_url"]
    shown = lying.get(f"/api/images/{image['id']}").json()["download_url"]

    assert made.startswith(f"{begins}/d/")
    assert shown.startswith(f"{begins}/d/")
    assert listed.startswith(f"{begins}/outputs/")
    assert visitor.get(made.removeprefix(begins)).status_code == 200


def test_page_of_a_new_link_begins_as_the_operator_says(
    alice: Person, owner: Browser, settings: dict[str, Any]
) -> None:
    """So does the one that an owner copies from a page."""
    image = save_generation(alice)["id"]
    owner.http.headers.update({name: LIES[name] for name in LIES if "Host" in name})

    owner.post(f"/images/{image}/links", expires_in="3600", disposition="inline", variant="320")
    page = owner.page(f"/images/{image}")

    link = page.select_one("#fresh-link")["value"]
    assert link.startswith(f"{settings.get('PUBLIC_URL', '')}/d/")


@pytest.mark.parametrize(
    "host",
    [b"", b"evil.example:99999", b"a b", b"[::1", b"evil.example/x", b"x@y", b"\xff\xfe", b"..",
     b"a" * 5_000, b"127.0.0.1:80, evil.example", b"<script>", b"%0d%0a", b"x:y:z"],
)  # fmt: skip
def test_host_that_is_none_breaks_nothing(address: str, host: bytes) -> None:
    """A missing slash, a page and a sign-in that is needed are answered all the same."""
    for path in (b"/games", b"/", b"/products/", b"/api/nowhere"):
        head = b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (path, host)
        answer = send(address, head)

        assert 200 <= int(answer[9:12]) < 500
        assert b"evil" not in answer.partition(b"\r\n\r\n")[0]


WAYS_OUT = (
    "//evil.example",
    "///evil.example",
    "////evil.example/%2e%2e",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\r\n/evil.example",
    "\x01//evil.example",
    "http:evil.example",
    "http:/evil.example",
    "https:///evil.example",
    "//evil.example@127.0.0.1",
    "/evil.example:80@x/..//evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "/%0d%0aLocation:%20//evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/／evil.example",
    "／／evil.example",
    "/⁄evil.example",
    "〱evil.example",
    "/\u2028/evil.example",
    "/\ufeff/evil.example",
    ".evil.example",
    "@evil.example",
    "?next=//evil.example",
)


class TestSignIn:
    """The one redirect whose target comes with the request."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"RATE_LIMIT_LOGIN": "none"}

    def test_form_goes_on_to_nowhere_else(self, passer_by: Browser) -> None:
        """The sign-in page carries no address in which a browser reads another site."""
        carried = [
            passer_by.page(f"/login?{QueryParams(next=target)}").select_one("[name=next]")["value"]
            for target in WAYS_OUT
        ]

        assert [target for target in carried if target and not stays_here(str(target))] == []

    def test_sign_in_leads_nowhere_else(self, passer_by: Browser, alice: Person) -> None:
        """Nor does it lead to one where the form was made up."""
        tried = Random(SEED).sample(WAYS_OUT, trials(8, full=len(WAYS_OUT)))
        wanted = {"email": alice.email, "password": PASSWORD}

        answers = [passer_by.post("/login", next=target, **wanted) for target in tried]

        assert {answer.status_code for answer in answers} == {303}
        assert [a for a in answers if not stays_here(a.headers["Location"])] == []

    def test_closed_door_leads_to_the_sign_in_alone(self, passer_by: Browser) -> None:
        """Where a visitor is asked to sign in, what they asked for stays a part of the query."""
        for target in WAYS_OUT:
            answer = passer_by.http.get("/products/", params={"status": target})

            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/login?next=/products/%3F")


def stays_here(location: str) -> bool:
    """Tell whether a browser stays on this site, which drops controls and turns backslashes."""
    read = "".join(c for c in location if c > " ").replace("\\", "/")
    return read.startswith("/") and not read.startswith("//")


@pytest.mark.parametrize("path", ["/games", "//games", "/games//", "/%2f%2fevil.example/games"])
def test_mended_slash_leads_nowhere_else(visitor: Person, path: str) -> None:
    """A path that is completed stays a path."""
    answer = visitor.get(path, headers=LIES)

    assert stays_here(answer.headers.get("Location", "/"))
