"""A POST that is sent again with its Idempotency-Key is answered again, and done once."""

from typing import Any

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import open_story

KEY = {"Idempotency-Key": "k-1"}


def post_session(person: Person, title: str = "A", **headers: str):
    return person.post("/api/sessions", json={"title": title}, headers=KEY | headers)


def count(person: Person) -> int:
    return len(person.get("/api/sessions").json()["galleries"])


def test_repeated_post_gets_the_same_answer_and_makes_one_row(
    alice: Person, clock: FixedClock
) -> None:
    """The second time, nothing is made; status, type, place and body are those of the first."""
    first = post_session(alice)
    clock.move(hours=1)
    second = post_session(alice)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["Content-Type"] == second.headers["Content-Type"]
    assert count(alice) == 1


def test_repeated_post_says_again_where_the_new_thing_is(alice: Person) -> None:
    """The Location header belongs to the answer."""
    first, second = post_session(alice), post_session(alice)

    assert first.headers["Location"] == second.headers["Location"]


def test_without_a_key_each_post_is_done(alice: Person) -> None:
    """A client that sends no key gets a new thing each time."""
    for _ in range(2):
        alice.post("/api/sessions", json={})

    assert count(alice) == 2


def test_same_key_with_another_body_is_a_422(alice: Person) -> None:
    """A key belongs to one request; another one with it is refused, and not done."""
    post_session(alice)

    answer = post_session(alice, title="B")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:gallery:idempotency-key-reused"
    assert count(alice) == 1


def test_same_key_at_another_address_is_a_422(alice: Person) -> None:
    """The address is part of what makes a request."""
    post_session(alice)

    answer = alice.post("/api/stories", json={"title": "A"}, headers=KEY)

    assert answer.status_code == 422


def test_key_belongs_to_its_user(alice: Person, bob: Person) -> None:
    """Two users may choose the same key without meeting."""
    own, others = post_session(alice), post_session(bob)

    assert own.json()["id"] != others.json()["id"]
    assert (count(alice), count(bob)) == (1, 1)


def test_key_is_forgotten_after_a_day(alice: Person, clock: FixedClock) -> None:
    """After 24 hours a key may be used anew."""
    post_session(alice)
    clock.move(hours=24, seconds=1)

    post_session(alice, title="B")

    assert count(alice) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_key_that_is_none_is_a_400(alice: Person, key: str) -> None:
    """A key has 1 to 255 printable characters."""
    answer = alice.post("/api/sessions", json={}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert count(alice) == 0


def test_visitor_with_a_key_is_a_401(visitor: Person) -> None:
    """A key is no way in."""
    assert post_session(visitor).status_code == 401


def test_refused_request_leaves_its_key_free(alice: Person) -> None:
    """After a failure the same key may be sent with the request put right."""
    refused = alice.post("/api/images", content=b"nothing", headers=KEY)
    answer = alice.post("/api/images", content=picture(), headers=KEY)

    assert (refused.status_code, answer.status_code) == (415, 201)


def upload(person: Person, boundary: str, content: bytes, path: str = "/api/images", **fields: Any):
    lines = []
    for name, value in fields.items():
        lines.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        )
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\n'
    body = "\r\n".join([*lines, head]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers = KEY | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return person.post(path, content=body, headers=headers)


def test_form_is_the_same_with_another_boundary(alice: Person) -> None:
    """A client that builds its form anew, with a new boundary, repeats its request."""
    first = upload(alice, "one", picture(), prompt="A boat")
    second = upload(alice, "two", picture(), prompt="A boat")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert len(alice.get("/api/images").json()["images"]) == 1


@pytest.mark.parametrize(
    ("content", "fields"),
    [(picture(colour=(1, 2, 3)), {"prompt": "A boat"}), (picture(), {"prompt": "A cat"})],
)
def test_form_with_another_picture_or_field_is_a_422(
    alice: Person, content: bytes, fields: dict[str, str]
) -> None:
    """Bytes and fields both make the request."""
    upload(alice, "one", picture(), prompt="A boat")

    answer = upload(alice, "one", content, **fields)

    assert answer.status_code == 422
    assert len(alice.get("/api/images").json()["images"]) == 1


def test_value_that_is_called_like_a_field_is_another_request(alice: Person) -> None:
    """Names and values are told apart, however often a field comes."""
    file = {"image": ("a.png", picture(), "image/png")}

    first, second = (
        alice.post("/api/images", data=fields, files=file, headers=KEY)
        for fields in ({"category": "a", "model": "b"}, {"category": ["a", "model", "b"]})
    )

    assert (first.status_code, second.status_code) == (201, 422)


def test_body_upload_is_repeated_too(alice: Person) -> None:
    """A picture that is sent as the body is fingerprinted as well."""
    answers = [
        alice.post("/api/images?prompt=A", content=content, headers=KEY)
        for content in (picture(), picture(), picture(colour=(1, 2, 3)))
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[0].content == answers[1].content


def test_links_shares_and_illustrations_are_repeated_too(alice: Person, generation: str) -> None:
    """Every POST that makes something takes a key."""
    story = open_story(alice)
    fields = {"pageNumber": "1"}
    calls = [
        lambda key: alice.post(f"/api/images/{generation}/links", json={}, headers=key),
        lambda key: alice.post(f"/api/galleries/story/{story}/links", json={}, headers=key),
        lambda key: alice.post(
            f"/api/stories/{story}/illustrations",
            files={"image": ("p.png", picture())},
            data=fields,
            headers=key,
        ),
    ]

    for number, call in enumerate(calls):
        key = {"Idempotency-Key": f"k-{number}"}
        assert call(key).content == call(key).content

    made = [link for link in alice.get("/api/links").json()["links"] if not link["standing"]]
    assert len(made) == 2
    assert len(alice.get(f"/api/stories/{story}").json()["illustrations"]) == 1
