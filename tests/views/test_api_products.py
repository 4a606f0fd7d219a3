"""Products over HTTP, the way a shop's tools use them."""

from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.extensions import db
from gallery.models import Product
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import form_files, make_product, send_product

NOWHERE = "00000000-0000-7000-8000-000000000000"
TEXT = "A copper kettle on white"


def detail(person: Person, product: dict[str, Any]) -> dict[str, Any]:
    answer = person.get(f"/api/products/{product['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def move(person: Person, product: dict[str, Any], status: str, **fields: Any) -> httpx.Response:
    return person.post(f"/api/products/{product['id']}/status", json={"status": status} | fields)


def count_products(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Product))


class TestCreate:
    """POST /api/products."""

    def test_answer(self, alice: Person) -> None:
        """Exactly what is documented."""
        answer = send_product(alice, 3)

        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/api/products/{made['id']}"
        assert made == {
            "id": made["id"],
            "status": "uploading",
            "prompt_text": TEXT,
            "image_count": 3,
            "created_at": "2026-03-14T15:09:26Z",
            "estimated_processing_time_seconds": 60,
        }

    def test_location_leads_to_it(self, alice: Person) -> None:
        """The address in the answer's header."""
        location = send_product(alice).headers["Location"]

        assert alice.get(location).json()["image_count"] == 1

    def test_field_may_be_called_images(self, alice: Person) -> None:
        """As clients do that don't know of PHP."""
        assert send_product(alice, 2, field="images").json()["image_count"] == 2

    def test_primary_image_may_be_told(self, alice: Person) -> None:
        """By its place among the files."""
        product = make_product(alice, 3, data={"primary": "2"})

        images = detail(alice, product)["images"]
        assert [image["primary"] for image in images] == [False, False, True]

    def test_inputs_that_were_left_empty_are_none(self, alice: Person) -> None:
        """A browser sends them without name and bytes."""
        files = [("images[]", ("", b"", "application/octet-stream")), *form_files(1)]

        answer = alice.post("/api/products", data={"prompt_text": TEXT}, files=files)

        assert answer.json()["image_count"] == 1

    def test_estimate_is_measured(self, alice: Person, clock: FixedClock) -> None:
        """The median of what was finished."""
        product = make_product(alice)
        move(alice, product, "processing")
        clock.move(seconds=42)
        move(alice, product, "ready")

        assert make_product(alice)["estimated_processing_time_seconds"] == 42

    @pytest.mark.parametrize(
        ("wanted", "status", "told"),
        [
            ({"text": "short"}, 422, "at least 10"),
            ({"text": "x" * 501}, 422, "at most 500"),
            ({"count": 0}, 422, "at least one file"),
            ({"count": 9}, 422, "at most 8"),
            ({"data": {"primary": "9"}}, 422, "primary"),
            ({"data": {"primary": "first"}}, 422, "primary"),
            ({"files": [("a.txt", b"hello")]}, 415, "File 1 (a.txt)"),
            ({"files": [("a.png", picture()[:60])]}, 422, "File 1 (a.png)"),
        ],
    )
    def test_refusal(
        self, app: Flask, alice: Person, wanted: dict[str, Any], status: int, told: str
    ) -> None:
        """It says what was wrong, and nothing is made."""
        answer = send_product(alice, **wanted)

        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert told in answer.json()["detail"]
        assert count_products(app) == 0

    def test_bad_file_among_eight_is_named(self, alice: Person) -> None:
        """By its place in the form, and in words."""
        files = [(f"{n}.png", picture()) for n in range(8)]
        files[4] = ("kettle.png", picture()[:60])

        problem = send_product(alice, files=files).json()

        assert problem["type"] == "urn:gallery:files-rejected"
        assert list(problem["errors"]["images"]) == ["4"]
        assert "File 5 (kettle.png): The image can't be decoded" in problem["detail"]

    def test_bytes_that_are_no_form(self, alice: Person) -> None:
        """Are told that there is nothing in them."""
        answer = alice.post(
            "/api/products", content=picture(), headers={"Content-Type": "image/png"}
        )

        assert answer.status_code == 422

    def test_repeated_request_makes_one_product(self, app: Flask, alice: Person) -> None:
        """The same key, the same answer, whatever the form's boundary is."""
        headers = {"Idempotency-Key": "kettle-1"}

        first, second = (send_product(alice, 2, headers=headers) for _ in range(2))

        assert first.json() == second.json()
        assert first.headers["Location"] == second.headers["Location"]
        assert count_products(app) == 1

    def test_key_with_other_files_is_refused(self, app: Flask, alice: Person) -> None:
        """All files count, not the first of each name alone."""
        headers = {"Idempotency-Key": "kettle-1"}
        send_product(alice, 2, headers=headers)

        answer = send_product(alice, 3, headers=headers)

        assert answer.status_code == 422
        assert count_products(app) == 1


class TestShow:
    """GET /api/products/<id>."""

    def test_images(self, alice: Person) -> None:
        """In their order, with what is known of each."""
        product = make_product(alice, files=[("a.png", picture()), ("b.jpg", picture("JPEG"))])

        images = detail(alice, product)["images"]

        assert [(image["position"], image["primary"], image["format"]) for image in images] == [
            (1, True, "png"),
            (2, False, "jpeg"),
        ]
        assert [len(picture()), len(picture("JPEG"))] == [image["size_bytes"] for image in images]
        assert (images[0]["width"], images[0]["height"]) == (48, 32)

    def test_history(self, alice: Person) -> None:
        """Each step with its time and actor, and what may come next."""
        product = make_product(alice)
        move(alice, product, "failed", error="Too dark")

        shown = detail(alice, product)

        assert [(step["from"], step["to"], step["actor"]) for step in shown["moves"]] == [
            (None, "uploading", "alice"),
            ("uploading", "failed", "alice"),
        ]
        assert (shown["processing_error"], shown["next_statuses"]) == ("Too dark", ["processing"])

    def test_not_changed(self, alice: Person) -> None:
        """Its ETag holds as long as its links do."""
        path = f"/api/products/{make_product(alice)['id']}"
        etag = alice.get(path).headers["ETag"]

        answer = alice.get(path, headers={"If-None-Match": etag})

        assert answer.status_code == 304


class TestList:
    """GET /api/products."""

    def test_pages(self, alice: Person, clock: FixedClock) -> None:
        """Newest first; the header leads to the next page."""
        made = []
        for _ in range(3):
            clock.move(seconds=1)
            made.append(make_product(alice)["id"])

        first = alice.get("/api/products?limit=2")
        second = alice.get(first.headers["Link"].split(">")[0].lstrip("<"))

        listed = [each["id"] for page in (first, second) for each in page.json()["products"]]
        assert (listed, second.json()["next"]) == (made[::-1], None)
        assert "Link" not in second.headers

    def test_card(self, alice: Person) -> None:
        """What a list shows of a product."""
        product = make_product(alice, 3, data={"primary": "1"})

        (card,) = alice.get("/api/products").json()["products"]

        assert product.items() <= card.items()
        assert (card["primary_image"]["position"], card["primary_image"]["primary"]) == (2, True)

    def test_by_status(self, alice: Person) -> None:
        """One that doesn't exist is told."""
        product, _ = make_product(alice), make_product(alice)
        move(alice, product, "processing")

        page = alice.get("/api/products?status=processing").json()

        assert [each["id"] for each in page["products"]] == [product["id"]]
        assert alice.get("/api/products?status=lost").status_code == 422


class TestChange:
    """PATCH, PUT, POST and DELETE."""

    def test_text(self, alice: Person) -> None:
        """And nothing else."""
        product = make_product(alice)
        path = f"/api/products/{product['id']}"

        answer = alice.patch(path, json={"prompt_text": "A silver teapot"})

        assert answer.json()["prompt_text"] == "A silver teapot"
        assert alice.patch(path, json={"prompt_text": "short"}).status_code == 422
        assert alice.patch(path, json={"status": "published"}).status_code == 422

    def test_more_images(self, alice: Person) -> None:
        """All of them or none."""
        path = f"/api/products/{make_product(alice, 2)['id']}/images"

        added = alice.post(path, files=form_files(2))
        refused = alice.post(path, files=form_files(files=[("a.jpg", b"-"), ("b.jpg", b"-")]))
        too_many = alice.post(path, files=form_files(5))

        assert (added.status_code, added.json()["image_count"]) == (201, 4)
        assert (refused.status_code, too_many.status_code) == (415, 422)
        assert alice.get(path.removesuffix("/images")).json()["image_count"] == 4

    def test_another_primary(self, alice: Person) -> None:
        """One of its own images."""
        product, other = make_product(alice, 2), make_product(alice)
        path = f"/api/products/{product['id']}/primary"
        second = detail(alice, product)["images"][1]["id"]

        answer = alice.put(path, json={"image_id": second})

        assert [image["primary"] for image in answer.json()["images"]] == [False, True]
        for image_id in (detail(alice, other)["images"][0]["id"], NOWHERE):
            assert alice.put(path, json={"image_id": image_id}).status_code == 404

    def test_removed_image(self, alice: Person) -> None:
        """By the product's address or by its own; never the last."""
        product = make_product(alice, 3)
        ids = [image["id"] for image in detail(alice, product)["images"]]
        path = f"/api/products/{product['id']}/images"

        statuses = [
            alice.delete(f"{path}/{ids[0]}").status_code,
            alice.delete(f"/api/images/{ids[1]}").status_code,
            alice.delete(f"/api/images/{ids[2]}").status_code,
            alice.delete(f"{path}/{ids[2]}").status_code,
        ]

        assert statuses == [204, 204, 409, 409]
        assert [image["id"] for image in detail(alice, product)["images"]] == ids[2:]

    def test_status(self, alice: Person) -> None:
        """The whole way; a second time is a conflict."""
        product = make_product(alice)
        way = ["processing", "ready", "publishing", "published"]

        statuses = [move(alice, product, status).json()["status"] for status in way]
        again = move(alice, product, "published")

        assert statuses == way
        assert (again.status_code, again.json()["type"]) == (409, "urn:gallery:illegal-move")
        assert detail(alice, product)["status"] == "published"

    def test_status_that_does_not_exist(self, alice: Person) -> None:
        """Is no conflict but nonsense."""
        assert move(alice, make_product(alice), "lost").status_code == 422

    def test_product_at_work(self, alice: Person) -> None:
        """It can't be changed, and it can be deleted."""
        product = make_product(alice, 2)
        path = f"/api/products/{product['id']}"
        image_id = detail(alice, product)["images"][0]["id"]
        move(alice, product, "processing")

        answers = [
            alice.patch(path, json={"prompt_text": "A silver teapot"}),
            alice.put(f"{path}/primary", json={"image_id": image_id}),
            alice.post(f"{path}/images", files=form_files(1)),
            alice.delete(f"{path}/images/{image_id}"),
            alice.delete(f"/api/images/{image_id}"),
            alice.delete(path),
            alice.get(path),
        ]

        assert [answer.status_code for answer in answers] == [409] * 5 + [204, 404]
