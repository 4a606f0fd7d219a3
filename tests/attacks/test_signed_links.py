"""Signed links in the hands of somebody who has some, and wants more than they are for."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from flask import Flask

from gallery import create_app
from gallery.extensions import db
from tests.attacks.siege import Siege
from tests.conftest import SECRET, FixedClock, Person, client_of, serving
from tests.reliability import SEED, trials
from tests.views.reading import Browser
from tests.views.saving import open_session, save_generation, save_session_image, share, sign

ATTACK = "signed links"
NEWER = "a newer secret that is as long as it"
EVERY_LETTER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.~%/?"


@pytest.fixture
def images(alice: Person) -> list[str]:
    """The ids of two private pictures of alice's."""
    return [save_generation(alice, prompt=f"A kettle, number {n}")["id"] for n in range(2)]


@pytest.fixture
def download(alice: Person, images: list[str]) -> str:
    return sign(alice, images[0])["url"]


@pytest.fixture
def shared(alice: Person) -> str:
    session = open_session(alice)
    save_session_image(alice, session)
    return share(alice, "session", session)["url"]


@pytest.mark.parametrize("door", ["download", "shared"])
def test_any_letter_in_any_place_counts(
    request: pytest.FixtureRequest, visitor: Person, door: str
) -> None:
    """Whatever letter stands in whatever place instead, there is no such link."""
    link = request.getfixturevalue(door)
    places = range(len("/d/"), len(link))
    others = [(place, c) for place in places for c in EVERY_LETTER if link[place] != c]
    tried = Random(SEED).sample(others, min(len(others), trials(60, full=3_000)))

    opened = [
        forged
        for forged in (link[:place] + letter + link[place + 1 :] for place, letter in tried)
        if visitor.get(forged).status_code != 404
    ]

    assert opened == []
    assert visitor.get(link).status_code == 200


def test_parts_of_two_links_make_no_third(
    alice: Person, visitor: Person, images: list[str]
) -> None:
    """No field of one link goes with the rest of another: image, variant, expiry or ledger id."""
    wanted: list[dict[str, Any]] = [{}, {"variant": "320"}, {"disposition": "inline"}]
    links = [sign(alice, image, expires_in=60 * n, **each)["url"].removeprefix("/d/")
             for n, image in enumerate(images, 1) for each in wanted]  # fmt: skip
    split = [(link.rpartition(".")[0].split("_"), link.rpartition(".")[2]) for link in links]

    forged = {
        "_".join([*fields[:place], others[place], *fields[place + 1 :]]) + f".{signature}"
        for fields, signature in split
        for others, _ in split
        for place in range(len(fields))
    } - set(links)

    assert len(forged) > 40
    assert {visitor.get(f"/d/{token}").status_code for token in forged} == {404}
    assert {visitor.get(f"/d/{token}").status_code for token in links} == {200}


def test_link_is_no_other_credential(
    alice: Person, visitor: Person, download: str, shared: str
) -> None:
    """Neither kind is good at the other's door, as a bearer, a cookie, a refresh token or a key."""
    for token in (download[3:], shared[3:]):
        bearer = {"Authorization": f"Bearer {token}"}
        cookies = {"Cookie": f"gallery={token}; gallery-device={token}; session={token}"}
        refresh = visitor.post("/api/auth/refresh", json={"refresh_token": token})
        image = download.split("_")[1]

        assert visitor.get(f"/s/{download[3:]}").status_code == 404
        assert visitor.get(f"/d/{shared[3:]}").status_code == 404
        assert visitor.get("/api/links", headers=bearer).status_code == 401
        assert visitor.get("/api/links", headers=cookies).status_code == 401
        assert refresh.status_code == 401
        assert visitor.get(f"/images/{image}?key={token}&until=99999999").status_code == 404
        assert visitor.get(f"/thumbnails/320/x.webp?key={token}").status_code == 404


def test_other_credentials_are_no_link(alice: Person, visitor: Person, owner: Browser) -> None:
    """What else is signed with the same secret, or given out, opens neither door."""
    told = {"email": alice.email, "password": "correct horse battery"}
    tokens = visitor.post("/api/auth/login", json=told).json()
    others = [*owner.http.cookies.values(), tokens["access_token"], tokens["refresh_token"]]
    others += [alice.key, owner.token()]

    assert len(others) == 6
    assert {visitor.get(f"/{d}/{each}").status_code for d in "ds" for each in others} == {404}


@pytest.mark.parametrize("door", ["download", "share"])
@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 410), (61, 410)])
def test_link_ends_at_its_second(
    alice: Person, visitor: Person, clock: FixedClock, images: list[str], door: str, seconds: int,
    status: int,
) -> None:  # fmt: skip
    """A second before its time it opens, and from then on it doesn't."""
    session = open_session(alice)
    link = (
        sign(alice, images[0], expires_in=60)
        if door == "download"
        else share(alice, "session", session, expires_in=60)
    )

    clock.move(seconds=seconds)

    assert visitor.get(link["url"]).status_code == status


def test_clock_that_is_set_back_revives_nothing(
    alice: Person, visitor: Person, clock: FixedClock, images: list[str]
) -> None:
    """What was revoked or used up has ended, whatever the clock says; what lives goes on living."""
    revoked, used_up, live = (sign(alice, images[0], max_downloads=n) for n in (5, 1, 5))
    assert alice.delete(f"/api/links/{revoked['id']}").status_code == 204
    assert visitor.get(used_up["url"]).status_code == 200

    statuses = []
    for hours in (-1, -24, -24 * 400):
        clock.move(hours=hours)
        links = (revoked, used_up, live)
        statuses.append([visitor.get(link["url"]).status_code for link in links])

    assert statuses == [[410, 410, 200]] * 3


def test_of_twenty_at_once_one_gets_what_is_good_for_one(
    alice: Person, address: str, images: list[str]
) -> None:
    """A link for one download lets one of twenty through, each on a connection of their own."""
    for _ in range(trials(2, full=20)):
        link = sign(alice, images[0], max_downloads=1)["url"]

        def follow(_: int, link: str = link) -> int:
            with client_of(address, timeout=30) as http:
                return http.get(link).status_code

        with ThreadPoolExecutor(20) as crowd:
            statuses = sorted(crowd.map(follow, range(20)))

        assert statuses == [200] + [410] * 19


@pytest.mark.parametrize("ranges", ["bytes=0-0", "bytes=-1", "bytes=0-"])
def test_picture_is_not_got_in_parts_for_nothing(
    alice: Person, visitor: Person, images: list[str], ranges: str
) -> None:
    """Each part that is sent is a use of the link."""
    link = sign(alice, images[0], max_downloads=1)["url"]

    statuses = [visitor.get(link, headers={"Range": ranges}).status_code for _ in range(2)]

    assert statuses[0] in (200, 206)
    assert statuses[1] == 410


@pytest.mark.parametrize(
    ("keys", "status"), [(f"{NEWER},{SECRET}", 200), (NEWER, 404), (f"{SECRET},{NEWER}", 200)]
)
def test_key_that_was_dropped_opens_nothing(
    app: Flask, instance: Path, clock: FixedClock, download: str, shared: str, keys: str,
    status: int,
) -> None:  # fmt: skip
    """Links live as long as the key they were signed with is in the list."""
    rotated = create_app({"SECRET_KEY": keys}, instance_path=str(instance), clock=clock)
    siege = Siege(rotated)

    with serving(rotated) as address, client_of(address) as http:
        statuses = [http.get(link).status_code for link in (download, shared)]

    siege.check()
    rotated.extensions["gallery"].tally.flush()
    with rotated.app_context():
        db.engine.dispose()
    assert statuses == [status, status]


@pytest.mark.parametrize("more", ["", "?x=1", "#x", "?variant=1280", "?purpose=share"])
def test_query_changes_nothing_of_a_link(visitor: Person, download: str, more: str) -> None:
    """What a link opens is in its token alone."""
    plain: httpx.Response = visitor.get(download)

    assert visitor.get(f"{download}{more}").content == plain.content
