"""The page of a link that has ended: when, whom to ask, and nothing of the picture."""

from typing import Any

import httpx
import pytest

from tests.conftest import FixedClock, Person
from tests.views.reading import heading, parse, text_of
from tests.views.saving import save_generation, sign


@pytest.fixture
def image(alice: Person) -> dict[str, Any]:
    return save_generation(alice, prompt="Something unspeakable")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"CONTACT": "desk@gallery.example"}


def expired(alice: Person, visitor: Person, clock: FixedClock, image_id: str) -> httpx.Response:
    link = sign(alice, image_id, expires_in=60)
    clock.move(seconds=60)
    return visitor.get(link["url"])


def revoked(alice: Person, visitor: Person, clock: FixedClock, image_id: str) -> httpx.Response:
    link = sign(alice, image_id)
    clock.move(hours=1)
    alice.delete(f"/api/links/{link['id']}")
    return visitor.get(link["url"])


def used_up(alice: Person, visitor: Person, clock: FixedClock, image_id: str) -> httpx.Response:
    link = sign(alice, image_id, max_downloads=1)
    clock.move(hours=2)
    visitor.get(link["url"])
    return visitor.get(link["url"])


def gone(alice: Person, visitor: Person, clock: FixedClock, image_id: str) -> httpx.Response:
    link = sign(alice, image_id)
    alice.delete(f"/api/images/{image_id}")
    return visitor.get(link["url"])


@pytest.mark.parametrize(
    ("end", "expected", "when"),
    [
        (expired, "This link has expired", "14 Mar 2026, 15:10 UTC"),
        (revoked, "This link was withdrawn", "14 Mar 2026, 16:09 UTC"),
        (used_up, "This link has been used as often as it allowed", "14 Mar 2026, 17:09 UTC"),
        (gone, "This picture is no longer kept", None),
    ],
)
def test_page_says_why_and_when(
    alice: Person, visitor: Person, clock: FixedClock, image, end, expected: str, when: str | None
) -> None:
    """Each way in which a link can end has its own heading, and its time."""
    answer = end(alice, visitor, clock, image["id"])

    page = parse(answer)
    assert answer.status_code == 410
    assert heading(page) == expected
    assert [text_of(each) for each in page.select("time")] == ([when] if when else [])


@pytest.mark.parametrize("end", [expired, revoked, used_up])
def test_page_says_whom_to_ask(
    alice: Person, visitor: Person, clock: FixedClock, image, end
) -> None:
    """Whoever made the link can make another, and so can the operator."""
    page = parse(end(alice, visitor, clock, image["id"]))

    assert "Ask alice, or desk@gallery.example for a new one." in text_of(page.main)


@pytest.mark.parametrize("end", [expired, revoked, used_up, gone])
def test_page_tells_nothing_of_the_picture(
    alice: Person, visitor: Person, clock: FixedClock, image, end
) -> None:
    """No picture, no prompt, no id, no way to where it hung."""
    answer = end(alice, visitor, clock, image["id"])

    page = parse(answer)
    assert page.select("img, form, main a") == []
    assert "unspeakable" not in answer.text
    assert image["id"] not in answer.text
    assert image["sha256"][:12] not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("end", [expired, revoked, used_up, gone])
def test_page_is_the_same_for_the_signed_in(
    alice: Person, visitor: Person, clock: FixedClock, image, end
) -> None:
    """A link ends for everybody, its owner too."""
    url = str(end(alice, visitor, clock, image["id"]).url)

    assert alice.get(url).status_code == 410
