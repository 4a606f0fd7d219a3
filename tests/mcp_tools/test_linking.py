"""Tools that hand out addresses: what the links open, and for how long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gallery.schemas.fields import instant
from tests.conftest import FixedClock, Person
from tests.mcp_tools.conftest import Save
from tests.mcp_tools.talking import Assistant
from tests.pictures import picture

Assisted = Callable[[Person], Assistant]


def test_signed_link_opens_a_private_image_to_everybody(
    alice: Person, visitor: Person, clock: FixedClock, save: Save, assisted: Assisted
) -> None:
    """It lasts as long as links do, and leads to the stored bytes."""
    image_id = save(alice)

    link = assisted(alice).ask("sign_link", image_id=str(image_id))

    assert visitor.get(link["url"]).content == picture()
    assert link["expires_at"] == instant(clock() + timedelta(days=7))


def test_link_is_signed_with_the_options_of_the_json_endpoint(
    alice: Person, visitor: Person, clock: FixedClock, save: Save, assisted: Assisted
) -> None:
    """Seconds, variant, disposition and the number of downloads are what was asked for."""
    image_id = save(alice)

    link = assisted(alice).ask(
        "sign_link",
        image_id=str(image_id),
        expires_in=60,
        variant="320",
        disposition="inline",
        max_downloads=1,
    )

    first, second = visitor.get(link["url"]), visitor.get(link["url"])
    assert first.headers["Content-Type"] == "image/webp"
    assert first.headers["Content-Disposition"].startswith("inline")
    assert second.status_code == 410
    assert link["expires_at"] == instant(clock() + timedelta(seconds=60))


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_only_the_owner_signs(
    visibility: str, alice: Person, bob: Person, save: Save, assisted: Assisted
) -> None:
    """To bob, an image that isn't his is none that he could hand out."""
    image_id = save(alice, visibility=visibility)

    assert assisted(bob).refusal("sign_link", image_id=str(image_id)) == "Not found"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"expires_in": 0}, "expires_in: Must be greater than or equal to 1"),
        ({"variant": "99"}, "variant: Must be one of: original, 320, 640, 1280."),
        ({"image_id": "the heron"}, "image_id: Not a valid UUID."),
        ({"image_id": None}, "image_id: Missing data for required field."),
    ],
)
def test_bad_options_are_named(
    alice: Person, save: Save, assisted: Assisted, wanted: dict[str, Any], told: str
) -> None:
    """Nothing is signed, and the refusal says why."""
    arguments = {"image_id": str(save(alice))} | wanted

    refusal = assisted(alice).refusal("sign_link", **arguments)

    assert refusal.startswith(f"A field is not valid: {told}")


def test_revoked_link_ends_at_once(
    alice: Person, visitor: Person, save: Save, assisted: Assisted
) -> None:
    """Whoever follows it afterwards is told that it has ended; revoking again changes nothing."""
    assistant = assisted(alice)
    link = assistant.ask("sign_link", image_id=str(save(alice)))

    revoked = assistant.ask("revoke_link", link_id=link["id"])

    assert revoked["live"] is False
    assert visitor.get(link["url"]).status_code == 410
    assert assistant.ask("revoke_link", link_id=link["id"]) == revoked


def test_only_the_owner_revokes(
    alice: Person, bob: Person, visitor: Person, save: Save, assisted: Assisted
) -> None:
    """To bob there is no such link, and it goes on working."""
    link = assisted(alice).ask("sign_link", image_id=str(save(alice)))

    told = assisted(bob).refusal("revoke_link", link_id=link["id"])

    assert told == "Not found"
    assert visitor.get(link["url"]).status_code == 200


def test_shared_gallery_opens_to_who_has_the_link(
    alice: Person, visitor: Person, assisted: Assisted
) -> None:
    """A private session is shown whole."""
    session_id = alice.post("/api/sessions", json={}).json()["id"]

    link = assisted(alice).ask("share_gallery", kind="session", gallery=session_id)

    assert visitor.get(f"/sessions/{session_id}").status_code == 404
    assert visitor.get(link["url"]).status_code == 200


def test_only_the_owner_shares(alice: Person, bob: Person, assisted: Assisted) -> None:
    """To bob there is no such session."""
    session_id = alice.post("/api/sessions", json={}).json()["id"]

    told = assisted(bob).refusal("share_gallery", kind="session", gallery=session_id)

    assert told == "Not found"
