"""The images of products in the catalogue, and products for who doesn't own them."""

import io
from typing import Any

from PIL import Image as PillowImage

from tests.conftest import Person
from tests.views.saving import form_files, make_product, save_generation

NOWHERE = "00000000-0000-7000-8000-000000000000"
TEXT = "A copper kettle on white"


def detail(person: Person, product: dict[str, Any]) -> dict[str, Any]:
    answer = person.get(f"/api/products/{product['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestCatalogue:
    """A product's images are images like others, of one who sees them."""

    def test_list_by_kind(self, alice: Person) -> None:
        """They say what they belong to."""
        product = make_product(alice, 2)
        save_generation(alice)

        found = alice.get("/api/images?kind=product").json()["images"]

        assert {image["product_id"] for image in found} == {product["id"]}
        assert {(image["prompt"], image["visibility"]) for image in found} == {(TEXT, "private")}

    def test_pages(self, alice: Person, bob: Person) -> None:
        """Its own page, and thumbnails; for bob there are none."""
        image = detail(alice, make_product(alice))["images"][0]

        for path in (f"/images/{image['id']}", image["thumbnails"]["320"]):
            assert alice.get(path).status_code == 200
            assert bob.get(path).status_code == 404

    def test_home_shows_what_was_made(self, alice: Person) -> None:
        """Not what was put in."""
        generation = save_generation(alice)["id"]
        image = detail(alice, make_product(alice))["images"][0]["id"]

        page = alice.get("/").text

        assert (generation in page, image in page) == (True, False)

    def test_visibility_is_no_matter_of_choice(self, alice: Person) -> None:
        """It can't be changed."""
        image = detail(alice, make_product(alice))["images"][0]["id"]

        answer = alice.patch(f"/api/images/{image}", json={"visibility": "public"})

        assert answer.status_code == 422

    def test_camera_data_is_not_shown(self, alice: Person) -> None:
        """It stays in the file."""
        exif = PillowImage.Exif()
        exif[0x010F] = "Camera-of-alice"
        output = io.BytesIO()
        PillowImage.new("RGB", (40, 30)).save(output, "JPEG", exif=exif)
        product = make_product(alice, files=[("p.jpg", output.getvalue())])
        image = detail(alice, product)["images"][0]

        assert alice.get(f"/api/images/{image['id']}").json()["embedded"] is None
        assert b"Camera-of-alice" in alice.get(image["image_url"]).content


class TestStrangers:
    """What is alice's isn't there for anybody else."""

    def test_every_route_answers_as_if_there_were_nothing(
        self, alice: Person, bob: Person, visitor: Person
    ) -> None:
        """The same status and the same words as for what never existed."""
        product = make_product(alice, 2)
        image = detail(alice, product)["images"][1]["id"]
        requests: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", "", {}),
            ("PATCH", "", {"json": {"prompt_text": "A silver teapot"}}),
            ("DELETE", "", {}),
            ("POST", "/images", {"files": form_files(1)}),
            ("DELETE", f"/images/{image}", {}),
            ("PUT", "/primary", {"json": {"image_id": image}}),
            ("POST", "/status", {"json": {"status": "processing"}}),
        ]

        for method, rest, options in requests:
            there, nowhere = (
                bob.request(method, f"/api/products/{product_id}{rest}", **options)
                for product_id in (product["id"], NOWHERE)
            )
            assert (there.status_code, there.content) == (404, nowhere.content), rest
            expected = 404 if method == "GET" else 401
            answer = visitor.request(method, f"/api/products/{product['id']}{rest}", **options)
            assert answer.status_code == expected, rest
        assert detail(alice, product)["status"] == "uploading"

    def test_lists_and_counts(self, alice: Person, bob: Person, visitor: Person) -> None:
        """Neither in lists nor in searches, nor counted in statistics."""
        make_product(alice, 2)

        assert bob.get("/api/products").json() == {"products": [], "next": None}
        assert visitor.get("/api/products").status_code == 401
        for who in (bob, visitor):
            assert who.get("/api/images?kind=product").json()["images"] == []
            assert who.get("/api/images?q=kettle").json()["images"] == []
            assert who.get("/api/stats").json()["total_images"] == 0

    def test_cursor_of_somebody_else(self, alice: Person, bob: Person) -> None:
        """It leads to one's own, whoever it came from."""
        for _ in range(2):
            make_product(alice)
        cursor = alice.get("/api/products?limit=1").json()["next"]

        assert bob.get(f"/api/products?cursor={cursor}").json()["products"] == []
