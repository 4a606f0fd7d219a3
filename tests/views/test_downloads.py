"""Signed downloads: the very bytes, for whoever has the link, as long as it lasts."""

import hashlib
import string
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest

from gallery.extensions import House
from gallery.services.links import Claim
from tests.conftest import FixedClock, Person
from tests.pictures import picture, pixels
from tests.views.fronting import either_way
from tests.views.saving import (
    open_session,
    save_generation,
    save_round_image,
    save_session_image,
    share,
    sign,
)


@pytest.fixture
def image(alice: Person) -> dict[str, Any]:
    """A private generation of alice's."""
    return save_generation(alice)


@pytest.fixture
def link(alice: Person, image: dict[str, Any]) -> str:
    """The address of a download link to it."""
    return sign(alice, image["id"])["url"]


def downloads(person: Person) -> int:
    (count,) = [
        each["downloads"]
        for each in person.get("/api/links").json()["links"]
        if not each["standing"]
    ]
    return count


@either_way
def test_link_sends_the_bytes_of_a_private_image_to_a_visitor(visitor: Person, link: str) -> None:
    """Whoever has the link gets the stored file, byte for byte, without signing in."""
    answer = visitor.get(link)

    assert answer.status_code == 200
    assert answer.content == picture()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Length"] == str(len(picture()))


@either_way
def test_link_sends_harmless_headers(visitor: Person, link: str) -> None:
    """The bytes can't run as anything, and no shared cache keeps them."""
    headers = visitor.get(link).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; sandbox; frame-ancestors 'self'"
    )
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Referrer-Policy"] == "no-referrer"


@either_way
def test_etag_is_the_sha256(visitor: Person, link: str) -> None:
    """The ETag is strong, and is the digest of the bytes."""
    answer = visitor.get(link)

    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'


@either_way
@pytest.mark.parametrize("disposition", ["attachment", "inline"])
def test_disposition_is_the_one_asked_for(
    alice: Person, visitor: Person, image: dict[str, Any], disposition: str
) -> None:
    """A link saves the file or shows it, as its maker wished."""
    url = sign(alice, image["id"], disposition=disposition)["url"]

    told = visitor.get(url).headers["Content-Disposition"]

    assert told == f'{disposition}; filename="A kettle on the moon.png"'


@pytest.mark.parametrize(
    ("prompt", "plain", "full"),
    [
        ("日本の山", "{id}.png", "日本の山.png"),
        ("Café au lait", "Cafe au lait.png", "Café au lait.png"),
        ("a 🐙 b", "a b.png", "a 🐙 b.png"),
        ("．．／etc＂；x", "etc ;x.png", "．．／etc＂；x.png"),
        ('say "cheese"', "say cheese.png", None),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie x=1.png", None),
        ("../../etc/passwd", "etc passwd.png", None),
        ("C:\\windows\\win.ini", "C windows win.ini.png", None),
        ("...", "{id}.png", None),
        ("a;b=c,d", "a;b=c,d.png", None),
        ("100% <b>", "100% b.png", None),
        ("\u202egnp.exe", "gnp.exe.png", None),
        ("x" * 300, "x" * 80 + ".png", None),
    ],
)
def test_file_name_comes_from_the_prompt_and_is_harmless(
    alice: Person, visitor: Person, prompt: str, plain: str, full: str | None
) -> None:
    """The name tells what the picture shows: plain for old clients, in full beside it."""
    image = save_generation(alice, prompt=prompt)
    url = sign(alice, image["id"])["url"]

    told = visitor.get(url).headers["Content-Disposition"]

    parts = told.split("; filename")
    names = [part.partition("=") for part in parts[1:]]
    found = {mark: value for mark, _, value in names}
    assert parts[0] == "attachment"
    assert found[""].strip('"') == plain.format(id=UUID(image["id"]).hex)
    if full is None:
        assert set(found) == {""}
    else:
        charset, _, encoded = found["*"].partition("''")
        assert (charset, unquote(encoded)) == ("UTF-8", full)


@either_way
def test_unchanged_bytes_are_not_sent_again(alice: Person, visitor: Person, link: str) -> None:
    """If-None-Match with the ETag gets a 304, which is no download."""
    etag = visitor.get(link).headers["ETag"]

    answers = [
        visitor.get(link, headers={"If-None-Match": value})
        for value in (etag, f'"other", {etag}', "*", f"W/{etag}")
    ]

    assert [answer.status_code for answer in answers] == [304, 304, 304, 304]
    assert {answer.content for answer in answers} == {b""}
    assert answers[0].headers["ETag"] == etag
    assert downloads(alice) == 1


@either_way
def test_other_etag_gets_the_bytes(visitor: Person, link: str) -> None:
    """A client with other bytes gets these."""
    answer = visitor.get(link, headers={"If-None-Match": '"other"'})

    assert (answer.status_code, answer.content) == (200, picture())


@either_way
@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("0-9", 0, 10), ("10-", 10, None), ("-5", -5, None), ("0-999999", 0, None), ("5-5", 5, 6)],
)
def test_range_is_a_206_with_these_bytes(
    visitor: Person, link: str, wanted: str, start: int, end: int | None
) -> None:
    """A part of the file can be asked for."""
    answer = visitor.get(link, headers={"Range": f"bytes={wanted}"})

    content, size = picture(), len(picture())
    first, last = slice(start, end).indices(size)[:2]
    assert answer.status_code == 206
    assert answer.content == content[start:end]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{size}"
    assert visitor.get(link).headers["Accept-Ranges"] == "bytes"


@either_way
@pytest.mark.parametrize("wanted", ["bytes=999999-", "bytes=-0"])
def test_range_outside_is_a_416(alice: Person, visitor: Person, link: str, wanted: str) -> None:
    """A part that there isn't is told with the size that there is, and is no download."""
    answer = visitor.get(link, headers={"Range": wanted})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(picture())}"
    assert downloads(alice) == 0


@either_way
@pytest.mark.parametrize(("fits", "expected"), [(True, 206), (False, 200)])
def test_if_range_sends_a_part_of_the_same_bytes_only(
    visitor: Person, link: str, fits: bool, expected: int
) -> None:
    """Who resumes another file gets this one whole."""
    etag = visitor.get(link).headers["ETag"] if fits else '"other"'

    answer = visitor.get(link, headers={"Range": "bytes=0-9", "If-Range": etag})

    assert answer.status_code == expected
    assert answer.content == (picture()[:10] if fits else picture())


@either_way
def test_head_tells_the_same_without_the_bytes(alice: Person, visitor: Person, link: str) -> None:
    """A HEAD has the headers of the GET, and is no download."""
    head = visitor.request("HEAD", link)
    counted = downloads(alice)
    get = visitor.get(link)

    names = ("ETag", "Content-Length", "Content-Type", "Content-Disposition")
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]
    assert (counted, downloads(alice)) == (0, 1)


@either_way
def test_limit_lets_as_many_through_as_it_says(
    alice: Person, visitor: Person, image: dict[str, Any]
) -> None:
    """After the last allowed download the link has ended; 304s and HEADs took none of them."""
    url = sign(alice, image["id"], max_downloads=2)["url"]
    etag = visitor.get(url).headers["ETag"]
    visitor.get(url, headers={"If-None-Match": etag})
    visitor.request("HEAD", url)

    statuses = [visitor.get(url).status_code for _ in range(3)]

    assert statuses == [200, 410, 410]
    assert downloads(alice) == 2


def test_link_ends_on_the_second(
    alice: Person, visitor: Person, clock: FixedClock, image: dict[str, Any]
) -> None:
    """A link works until its time, and not a second longer."""
    url = sign(alice, image["id"], expires_in=3600)["url"]
    clock.move(seconds=3599)
    before = visitor.get(url).status_code
    clock.move(seconds=1)

    assert (before, visitor.get(url).status_code) == (200, 410)


def test_link_lasts_seven_days_unless_asked_otherwise(alice: Person, image) -> None:
    """The default is a week."""
    assert sign(alice, image["id"])["expires_at"] == "2026-03-21T15:09:26Z"


@either_way
def test_revoked_link_ends_at_once(alice: Person, visitor: Person, image: dict[str, Any]) -> None:
    """What its owner takes back opens nothing any more, for anybody."""
    made = sign(alice, image["id"])
    alice.delete(f"/api/links/{made['id']}")

    assert visitor.get(made["url"]).status_code == 410
    assert alice.get(made["url"]).status_code == 410


def test_link_tampered_with_anywhere_is_a_404(visitor: Person, link: str) -> None:
    """Each character matters: change any one of them, and there is no such link."""
    token = link.removeprefix("/d/")
    statuses = set()
    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        statuses.add(visitor.get(f"/d/{token[:place]}{other}{token[place + 1 :]}").status_code)

    assert statuses == {404}


def test_last_character_has_one_spelling(visitor: Person, link: str) -> None:
    """Base64's spare bits don't make other tokens of the same link."""
    letters = string.ascii_letters + string.digits + "-_"

    good = [letter for letter in letters if visitor.get(link[:-1] + letter).status_code == 200]

    assert good == [link[-1]]


@pytest.mark.parametrize("tail", ["=", "==", ".", "x", "%00", "%20", "/", "/x"])
def test_link_with_something_behind_is_a_404(visitor: Person, link: str, tail: str) -> None:
    """Padding and other additions make no other token."""
    assert visitor.get(link + tail).status_code == 404


def test_token_of_another_purpose_is_a_404(alice: Person, visitor: Person, link: str) -> None:
    """A share's token downloads nothing, and a download's opens no share."""
    shared = share(alice, "session", open_session(alice))["url"]

    crossed = [shared.replace("/s/", "/d/"), link.replace("/d/", "/s/")]

    assert [visitor.get(path).status_code for path in crossed] == [404, 404]


def test_token_for_another_image_than_its_ledger_entry_is_a_404(
    alice: Person, visitor: Person, house: House, clock: FixedClock, image: dict[str, Any]
) -> None:
    """Even well signed, a token opens only what its ledger entry is for."""
    other = save_generation(alice)
    hung = save_session_image(alice, open_session(alice))
    made = sign(alice, image["id"])

    def opened(target: str) -> int:
        claim = Claim(
            purpose="download",
            link_id=UUID(made["id"]),
            target_id=UUID(target),
            expires_at=clock() + timedelta(days=1),
        )
        return visitor.get(f"/d/{house.signer.sign(claim)}").status_code

    assert [opened(each["id"]) for each in (image, other, hung)] == [200, 404, 404]


def test_standing_link_of_a_round_opens_its_game_alone(
    alice: Person, visitor: Person, house: House, clock: FixedClock
) -> None:
    """The link that a listing signs with is good for the pictures of that gallery."""
    first, second = save_round_image(alice), save_round_image(alice, player="wren")
    elsewhere = save_round_image(alice, code="TEB")
    token = first["download_url"].removeprefix("/d/")
    entry = house.signer.read("download", token).link_id

    def opened(target: str) -> int:
        claim = Claim(
            purpose="download",
            link_id=entry,
            target_id=UUID(target),
            expires_at=clock() + timedelta(days=1),
        )
        return visitor.get(f"/d/{house.signer.sign(claim)}").status_code

    assert [opened(each["id"]) for each in (first, second, elsewhere)] == [200, 200, 404]


@either_way
@pytest.mark.parametrize("variant", ["320", "640", "1280"])
def test_variant_is_a_webp_of_at_most_that_width(
    alice: Person, visitor: Person, variant: str
) -> None:
    """A link may be for a smaller version instead of the original."""
    image = save_generation(alice, picture(size=(1000, 500)))
    url = sign(alice, image["id"], variant=variant)["url"]

    answer = visitor.get(url)

    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Content-Disposition"].endswith('.webp"')
    width = min(int(variant), 1000)
    assert pixels(answer.content).size == (width, width // 2)


@pytest.mark.parametrize(
    "wanted",
    [
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": 315_360_001},
        {"expires_in": "60"},
        {"expires_in": 1.5},
        {"expires_in": 1e400},
        {"expires_in": True},
        {"disposition": "download"},
        {"variant": "160"},
        {"variant": 320},
        {"max_downloads": 0},
        {"max_downloads": 1_000_001},
        {"max_downloads": "2"},
        {"unknown": 1},
    ],
)
def test_link_with_nonsense_is_a_4xx(
    alice: Person, image: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """Values out of bounds or of the wrong type are refused, and no link is made."""
    content = str(wanted).replace("'", '"').replace("inf", "1e400").replace("True", "true")

    answer = alice.post(
        f"/api/images/{image['id']}/links",
        content=content,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422
    assert alice.get("/api/links").json()["links"] == []


def test_list_of_links_is_the_owners(alice: Person, bob: Person, link: str) -> None:
    """Links are listed to whoever may revoke them, newest first, by cursor."""
    own, others = alice.get("/api/links").json(), bob.get("/api/links").json()

    (told,) = own["links"]
    assert others == {"links": [], "next": None}
    assert (
        told
        | {
            "purpose": "download",
            "variant": "original",
            "disposition": "attachment",
            "live": True,
            "downloads": 0,
            "max_downloads": None,
            "revoked_at": None,
            "standing": False,
        }
        == told
    )


def test_links_are_walked_by_cursor(
    alice: Person, image: dict[str, Any], clock: FixedClock
) -> None:
    """Following `next` shows each link once."""
    made = []
    for _ in range(3):
        made.append(sign(alice, image["id"])["id"])
        clock.move(seconds=1)

    first = alice.get("/api/links?limit=2")
    second = alice.get(first.links["next"]["url"])

    seen = [link["id"] for answer in (first, second) for link in answer.json()["links"]]
    assert seen == made[::-1]


def test_revoking_twice_changes_nothing(alice: Person, link: str, clock: FixedClock) -> None:
    """The first time counts."""
    (told,) = alice.get("/api/links").json()["links"]
    statuses = [alice.delete(f"/api/links/{told['id']}").status_code for _ in range(2)]

    (after,) = alice.get("/api/links").json()["links"]
    assert statuses == [204, 204]
    assert (after["live"], after["revoked_at"]) == (False, "2026-03-14T15:09:26Z")
