"""A storage that serves by itself: whoever may have a picture is led there when they ask for it."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conftest import Person
from tests.pictures import picture, pixels
from tests.views.presigning import Presigning
from tests.views.reading import Browser
from tests.views.saving import save_generation, save_round_image, share, show_to, sign


def led(answer: httpx.Response) -> tuple[str, dict[str, list[str]]]:
    """Return the object that an answer leads to, and what its address says."""
    assert answer.status_code == 302, answer.text
    url = urlsplit(answer.headers["Location"])
    assert f"{url.scheme}://{url.netloc}" == Presigning.origin
    return url.path[1:], parse_qs(url.query)


@pytest.mark.parametrize("door", ["stored file", "thumbnail", "link", "share"])
def test_each_door_leads_to_the_storage(
    presigned: Presigning, alice: Person, visitor: Person, door: str
) -> None:
    """For five minutes at the most, as what the object is."""
    image = save_round_image(alice)
    key = alice.get(f"/api/images/{image['id']}").json()["key"]
    paths: dict[str, Callable[[], str]] = {
        "stored file": lambda: image["image_url"],
        "thumbnail": lambda: image["thumbnails"]["320"],
        "link": lambda: sign(alice, image["id"])["url"],
        "share": lambda: f"{share(alice, 'game', 'TEA')['url']}/images/{image['id']}",
    }

    where, said = led(visitor.get(paths[door]()))

    is_thumbnail = door == "thumbnail"
    assert where == (f"variants/320/{key}.webp" if is_thumbnail else key)
    assert said["lasts"] == ["300"]
    assert said["type"] == ["image/webp" if is_thumbnail else "image/jpeg"]
    assert said["disposition"] == ["attachment" if door == "link" else "inline"]


def test_page_presigns_nothing(presigned: Presigning, alice: Person, passer_by: Browser) -> None:
    """However many pictures it shows: a URL is made when somebody follows an address."""
    for player in ("fox", "owl", "elk"):
        save_round_image(alice, player=player)

    page = passer_by.page("/games/TEA/rounds/1")
    alice.get("/api/games/TEA/rounds/1/images")

    assert len(page.select("img.real")) == 3
    assert presigned.presigned == []


def test_thumbnail_is_made_before_it_is_led_to(
    presigned: Presigning, alice: Person, visitor: Person
) -> None:
    """The storage can't make one."""
    image = save_generation(alice, picture(size=(700, 350)), visibility="public")

    key, _ = led(visitor.get(image["thumbnails"]["320"]))

    with presigned.open(key) as stream:
        assert pixels(stream.read()).size == (320, 160)


def test_thumbnail_is_looked_for_once(
    presigned: Presigning, alice: Person, visitor: Person
) -> None:
    """That it is there is remembered: a look costs a request to the storage."""
    image = save_generation(alice, visibility="public")
    visitor.get(image["thumbnails"]["320"])
    presigned.looked_for.clear()

    answers = [visitor.get(image["thumbnails"]["320"]) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {302}
    assert presigned.looked_for == []


def test_browser_remembers_where_a_thumbnail_is_for_less_than_that_opens(
    presigned: Presigning, alice: Person
) -> None:
    """Its address names these very bytes; an original's doesn't, so that is asked for anew."""
    image = save_round_image(alice)

    told = [
        alice.get(path).headers["Cache-Control"]
        for path in (image["thumbnails"]["320"], image["image_url"])
    ]

    assert told == ["private, max-age=240", "private, no-cache"]


def test_pages_allow_pictures_from_the_storage(presigned: Presigning, passer_by: Browser) -> None:
    """Else no browser would follow."""
    policy = passer_by.get("/").headers["Content-Security-Policy"]

    assert f"img-src 'self' data: {Presigning.origin};" in policy
    assert policy.count(Presigning.origin) == 1


@pytest.mark.usefixtures("presigned")
class TestWithoutPresigning:
    """What the storage isn't asked for."""

    def test_head_is_answered_here(self, alice: Person, visitor: Person) -> None:
        """A presigned URL is good for one method."""
        url = sign(alice, save_generation(alice)["id"])["url"]

        head = visitor.request("HEAD", url)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(picture()))
        assert head.headers["Content-Type"] == "image/png"

    def test_private_picture_leads_strangers_nowhere(
        self, presigned: Presigning, alice: Person, bob: Person
    ) -> None:
        """What is not theirs isn't there."""
        image = save_generation(alice)

        statuses = [
            bob.get(path).status_code for path in (image["image_url"], image["thumbnails"]["320"])
        ]

        assert statuses == [404, 404]
        assert presigned.presigned == []

    def test_thumbnail_that_can_not_be_kept_is_sent_from_here(
        self, presigned: Presigning, alice: Person
    ) -> None:
        """A storage that takes nothing more still shows its pictures."""
        image: dict[str, Any] = save_generation(alice, visibility="public")
        # Something that is no folder, where the thumbnails' would be.
        presigned.put("variants", io.BytesIO(b"in the way"))

        answer = alice.get(image["thumbnails"]["320"])

        assert (answer.status_code, pixels(answer.content).size) == (200, (48, 32))

    def test_picture_made_private_leads_nowhere_at_once(
        self, alice: Person, visitor: Person
    ) -> None:
        """Old addresses are looked at anew."""
        image = save_round_image(alice)
        show_to(alice, "private", "game", "TEA")

        assert visitor.get(image["thumbnails"]["320"]).status_code == 404


def test_who_has_the_bytes_uses_up_no_download(
    presigned: Presigning, alice: Person, visitor: Person
) -> None:
    """A condition is answered here, and an answer of nothing is no use of a link."""
    link = sign(alice, save_generation(alice)["id"], max_downloads=1)
    etag = visitor.request("HEAD", link["url"]).headers["ETag"]

    unchanged = visitor.get(link["url"], headers={"If-None-Match": etag})
    other = visitor.get(link["url"], headers={"If-None-Match": '"another"'})

    assert unchanged.status_code == 304
    assert led(other)


@pytest.mark.parametrize("kind", ["original", "thumbnail"])
def test_slow_storage_holds_no_connection(
    presigned: Presigning, alice: Person, visitor: Person, kind: str
) -> None:
    """While it is asked, the database is free for others."""
    image = save_generation(alice, visibility="public")
    path = image["image_url"] if kind == "original" else image["thumbnails"]["320"]

    visitor.get(path)

    assert presigned.held == {False}
