"""Fill a gallery over HTTP, the way front ends do."""

from typing import Any

import httpx

from tests.conftest import Person
from tests.pictures import picture

SENTENCE = "The fox sells moonlight to the owls."


def open_session(person: Person, **wanted: Any) -> str:
    """Open a session and return its id."""
    answer = person.post("/api/sessions", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def open_story(person: Person, **wanted: Any) -> str:
    """Begin a story and return its id."""
    answer = person.post("/api/stories", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def save_session_image(
    person: Person,
    session_id: str,
    image_type: str = "main",
    content: bytes | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Save one of a session's images and return it."""
    answer = person.put(
        f"/api/sessions/{session_id}/images/{image_type}",
        files={"image": ("p.png", content or picture(), "image/png")},
        data=fields,
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def save_round_image(
    person: Person,
    code: str = "TEA",
    number: int = 1,
    player: str = "fox",
    content: bytes | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Save a player's picture and return it."""
    told = {"submission_id": "s-1", "completed_sentence": SENTENCE, "cards": ["moonlight"]}
    answer = person.put(
        f"/api/games/{code}/rounds/{number}/players/{player}/image",
        files={"image": ("p.jpg", content or picture("JPEG"), "image/jpeg")},
        data=told | fields,
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def illustrate(
    person: Person, story_id: str, page: int = 1, content: bytes | None = None, **fields: Any
) -> dict[str, Any]:
    """Save an illustration and return it."""
    answer = person.post(
        f"/api/stories/{story_id}/illustrations",
        files={"image": ("p.png", content or picture(), "image/png")},
        data={"description": "A lighthouse that reads.", "pageNumber": str(page), **fields},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def save_generation(person: Person, content: bytes | None = None, **fields: Any) -> dict[str, Any]:
    """Save a single generation and return it."""
    answer = person.post(
        "/api/images",
        files={"image": ("p.png", content or picture(), "image/png")},
        data={"prompt": "A kettle on the moon", "model": "papercut-1", **fields},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def sign(person: Person, image_id: str, **wanted: Any) -> dict[str, Any]:
    """Make a download link and return it."""
    answer = person.post(f"/api/images/{image_id}/links", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def share(person: Person, kind: str, slug: str, **wanted: Any) -> dict[str, Any]:
    """Make a link to a gallery and return it."""
    answer = person.post(f"/api/galleries/{kind}/{slug}/links", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def show_to(person: Person, visibility: str, kind: str, slug: str) -> None:
    """Change who may see a gallery."""
    answer = person.patch(f"/api/galleries/{kind}/{slug}", json={"visibility": visibility})
    assert answer.status_code == 200, answer.text


def make_product(
    person: Person,
    count: int = 1,
    text: str = "A copper kettle on white",
    files: list[tuple[str, bytes]] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Make a product of *count* photos and return it."""
    answer = send_product(person, count, text, files, **options)
    assert answer.status_code == 201, answer.text
    return answer.json()


def send_product(
    person: Person,
    count: int = 1,
    text: str = "A copper kettle on white",
    files: list[tuple[str, bytes]] | None = None,
    *,
    field: str = "images[]",
    **options: Any,
) -> httpx.Response:
    """Send what makes a product, and return the answer."""
    return person.post(
        "/api/products",
        data={"prompt_text": text} | options.pop("data", {}),
        files=form_files(count, files, field),
        **options,
    )


def form_files(
    count: int = 1, files: list[tuple[str, bytes]] | None = None, field: str = "images[]"
) -> list[Any]:
    """Return photos as a form has them."""
    if files is None:
        files = [(f"{n}.jpg", picture("JPEG", colour=(20 * n, 9, 9))) for n in range(count)]
    return [(field, (name, content, "image/jpeg")) for name, content in files]
