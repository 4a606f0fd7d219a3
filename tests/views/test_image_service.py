"""The whole way to a server that speaks the images API, and what its failures leave behind."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Person
from tests.generators.images_server import (
    ImagesServer,
    pictures,
    raw,
    redirect,
    refusal,
    serving_images,
    stall,
    told,
)
from tests.pictures import picture
from tests.views.saving import illustrate, open_story

WISH = {"sentence": "The fox sells moonlight.", "art_style": "gouache"}


@pytest.fixture
def service() -> Iterator[ImagesServer]:
    with serving_images() as server:
        yield server


@pytest.fixture
def settings(service: ImagesServer) -> dict[str, Any]:
    """A gallery that asks this service."""
    return {
        "IMAGE_GENERATOR": "openai",
        "OPENAI_BASE_URL": service.base_url,
        "OPENAI_API_KEY": "sk-only-for-this-test",
        "GENERATOR_ATTEMPTS": "1",
        "GENERATOR_TIMEOUT": "5",
    }


def generate(person: Person, player: str = "fox", **wish: Any) -> dict[str, Any]:
    """Have a picture made, wait for it, and return the player's place."""
    answer = person.post(
        f"/api/games/TEA/rounds/1/players/{player}/generate",
        json=WISH | wish,
        headers={"Prefer": "wait=20"},
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def stored_picture(person: Person, place: dict[str, Any]) -> dict[str, Any]:
    return person.get(f"/api/images/{place['id']}").json()


def test_picture_comes_from_the_service_and_its_cost_is_saved(
    alice: Person, service: ImagesServer
) -> None:
    """What the service reports as its price is what the next player's copy saves."""
    service.answer_with(pictures(picture("JPEG"), usage={"cost": 0.25}))

    drawn = generate(alice)
    copied = generate(alice, player="heron")

    assert (drawn["status"], drawn["cached"], drawn["ai_service"]) == ("ready", False, "openai")
    assert (copied["status"], copied["cached"]) == ("ready", True)
    assert len(service.received) == 1
    assert "In the style of gouache." in service.received[0].json["prompt"]
    assert service.received[0].headers["Authorization"] == "Bearer sk-only-for-this-test"
    assert alice.get("/api/stats").json()["cost_saved"] == 0.25


def test_picture_arrives_byte_for_byte(alice: Person, service: ImagesServer) -> None:
    """A JPEG of the service is a round's format already, so nothing of it is changed."""
    content = picture("JPEG", size=(60, 40))
    service.answer_with(pictures(content))

    place = generate(alice)

    assert stored_picture(alice, place)["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(400, "Your prompt is unsafe.", code="content_policy_violation"), "refused the"),
        (refusal(401, "Incorrect API key: sk-only-for-this-test"), "not set up"),
        (refusal(429, "Slow down"), "busy"),
        (refusal(500, "Ouch"), "out of order"),
        (raw(b"<html>gateway</html>"), "can't be read"),
        (told({"data": [{"b64_json": "PGh0bWw+"}]}), "not a picture"),
        (told({"data": [{"url": "http://169.254.169.254/latest/meta-data"}]}), "can't be fetched"),
        (told({"data": [{"url": "http://127.0.0.1:9/a.png"}]}), "can't be fetched"),
        (pictures(picture()[:60]), "image"),
    ],
)
def test_failure_is_told_in_words_and_leaves_no_picture(
    alice: Person, service: ImagesServer, answer: Any, reason: str
) -> None:
    """Whatever the service does, the player's place says why nothing came, and nothing inside."""
    service.answer_with(answer)

    place = generate(alice)

    assert place["status"] == "failed"
    assert reason in place["error"]
    assert "sk-only" not in place["error"]
    assert "169.254" not in place["error"]
    assert (place["image_url"], stored_picture(alice, place)["status"]) == (None, "failed")


def test_picture_behind_an_address_of_the_service_itself_is_fetched(
    alice: Person, service: ImagesServer
) -> None:
    """A server of one's own answers with its own address, however private that is."""
    url = f"{service.origin}/files/1.png"
    service.answer_with(told({"data": [{"url": url}]}), raw(picture("PNG")))

    place = generate(alice)

    assert (place["status"], service.received[1].path) == ("ready", "/files/1.png")


def test_redirect_into_the_machine_is_not_followed(alice: Person, service: ImagesServer) -> None:
    """From its own address the service may not lead on to another one inside."""
    url = f"{service.origin}/files/1.png"
    with serving_images() as inside:
        service.answer_with(told({"data": [{"url": url}]}), redirect(f"{inside.origin}/secret.png"))

        place = generate(alice)

        assert (place["status"], inside.received) == ("failed", [])


def test_failed_prompt_may_be_asked_for_again(alice: Person, service: ImagesServer) -> None:
    """A failure is no answer for ever: the next who asks begins anew."""
    service.answer_with(refusal(500, "Ouch"), pictures(picture("JPEG")))

    first, second = generate(alice), generate(alice)

    assert (first["status"], second["status"]) == ("failed", "ready")
    assert first["id"] == second["id"]
    assert second["error"] is None


def test_failure_leaves_the_picture_that_hung_there(alice: Person, service: ImagesServer) -> None:
    """Who has a picture and asks for another keeps the first if the other fails."""
    service.answer_with(pictures(picture("JPEG")), refusal(500, "Ouch"))
    hung = stored_picture(alice, generate(alice))

    again = generate(alice, sentence="The fox buys sunlight.")

    after = stored_picture(alice, again)
    assert (again["status"], after["sha256"]) == ("ready", hung["sha256"])
    assert "out of order" in again["error"]
    assert after["prompt"] == "The fox sells moonlight."


def test_character_goes_along_as_the_reference(alice: Person, service: ImagesServer) -> None:
    """A scene with the story's character is an edit of the story's first picture."""
    story, first = open_story(alice), picture(size=(32, 32))
    illustrate(alice, story, content=first)
    service.answer_with(pictures(picture()))

    page = alice.post(
        f"/api/stories/{story}/illustrations",
        json={"scene": "The lighthouse packs.", "pageNumber": 2, "characterReferenced": True},
        headers={"Prefer": "wait=20"},
    ).json()

    sent = service.received[0]
    assert sent.path == "/v1/images/edits"
    assert sent.form["image"].get_payload(decode=True) == first
    assert (page["status"], page["characterReferenced"]) == ("ready", True)
    assert page["localUrl"].startswith("/generated/gptimg-")


def test_failed_place_tells_of_the_new_wish_while_it_waits(
    alice: Person, service: ImagesServer
) -> None:
    """Who asks for something else after a failure reads of that, not of what failed."""
    service.answer_with(refusal(500, "Ouch"))
    generate(alice)
    service.answer_with(stall)

    alice.post(
        "/api/games/TEA/rounds/1/players/fox/generate", json={"sentence": "The fox buys sunlight."}
    )

    (place,) = alice.get("/api/games/TEA/rounds/1/images").json()["images"]
    told = ("status", "completed_sentence", "error")
    assert tuple(place[name] for name in told) == ("pending", "The fox buys sunlight.", None)
