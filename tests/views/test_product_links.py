"""Links to the inputs of products: short, for one image and one purpose, ended with their owner."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from gallery.extensions import House, db
from gallery.models import User
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import make_product, save_generation, sign

CONTENT = picture("JPEG", colour=(1, 2, 3))


@pytest.fixture
def product(alice: Person) -> dict[str, Any]:
    """A product of alice's with two photos, as the API shows it."""
    made = make_product(alice, files=[("a.jpg", CONTENT), ("b.png", picture())])
    return show(alice, made)


def show(person: Person, product: dict[str, Any]) -> dict[str, Any]:
    return person.get(f"/api/products/{product['id']}").json()


def test_whoever_has_the_link_gets_the_file(product: dict[str, Any], visitor: Person) -> None:
    """To look at, or to save; byte for byte."""
    image = product["images"][0]

    shown, saved = visitor.get(image["image_url"]), visitor.get(image["download_url"])

    assert shown.content == saved.content == CONTENT
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "private" in shown.headers["Cache-Control"]


def test_it_ends_within_fifteen_minutes(
    product: dict[str, Any], visitor: Person, clock: FixedClock
) -> None:
    """And not within ten."""
    url = product["images"][0]["image_url"]

    clock.move(minutes=10)
    before = visitor.get(url).status_code
    clock.move(minutes=5)
    after = visitor.get(url).status_code

    assert (before, after) == (200, 410)


def test_it_repeats_for_some_minutes(
    product: dict[str, Any], alice: Person, clock: FixedClock
) -> None:
    """So that what was fetched need not be fetched again; later there is another."""
    url = product["images"][0]["image_url"]

    clock.move(seconds=20)
    soon = show(alice, product)["images"][0]["image_url"]
    clock.move(minutes=6)
    later = show(alice, product)["images"][0]["image_url"]

    assert url == soon != later


def test_it_opens_nothing_else(product: dict[str, Any], alice: Person, visitor: Person) -> None:
    """Neither another image nor another purpose: what is signed can't be changed."""
    first, second = (image["image_url"] for image in product["images"])
    token = first.removeprefix("/d/")
    other = second.removeprefix("/d/")
    swapped = token.replace(product["images"][0]["id"], product["images"][1]["id"])

    assert token != swapped
    assert visitor.get(f"/d/{swapped}").status_code == 404
    assert (
        visitor.get(f"/d/{other.rpartition('.')[0]}.{token.rpartition('.')[2]}").status_code == 404
    )
    assert visitor.get(f"/s/{token}").status_code == 404


def test_link_of_another_product_does_not_open_it(
    product: dict[str, Any], app: Flask, alice: Person, visitor: Person
) -> None:
    """A link that stands behind one product signs nothing of another."""
    other = show(alice, make_product(alice))
    house: House = app.extensions["gallery"]
    claim = house.signer.read("download", other["images"][0]["image_url"].removeprefix("/d/"))
    forged = house.signer.sign(replace(claim, target_id=UUID(product["images"][0]["id"])))

    assert visitor.get(f"/d/{forged}").status_code == 404


@pytest.mark.parametrize("end", ["revoked", "image deleted", "product deleted", "owner deleted"])
def test_it_ends_with_what_it_stands_on(
    product: dict[str, Any], app: Flask, alice: Person, visitor: Person, end: str
) -> None:
    """At once."""
    url = product["images"][0]["image_url"]
    assert visitor.get(url).status_code == 200

    if end == "revoked":
        (link,) = alice.get("/api/links").json()["links"]
        assert (link["product_id"], link["standing"]) == (product["id"], True)
        alice.delete(f"/api/links/{link['id']}")
    elif end == "image deleted":
        alice.delete(f"/api/images/{product['images'][0]['id']}")
    elif end == "product deleted":
        alice.delete(f"/api/products/{product['id']}")
    else:
        with app.app_context():
            db.session.delete(db.session.get(User, alice.viewer.user_id))
            db.session.commit()

    assert visitor.get(url).status_code == 410


def test_listing_writes_one_link_a_day(
    product: dict[str, Any], alice: Person, clock: FixedClock
) -> None:
    """Not one for each look."""
    for _ in range(5):
        show(alice, product)
        alice.get("/api/products")
        clock.move(minutes=20)

    assert len(alice.get("/api/links").json()["links"]) == 1


def test_owner_may_still_sign_a_longer_one(
    product: dict[str, Any], alice: Person, visitor: Person, clock: FixedClock
) -> None:
    """On purpose, for as long as they say."""
    link = sign(alice, product["images"][0]["id"], expires_in=86_400)
    clock.move(hours=23)

    assert visitor.get(link["url"]).content == CONTENT


@pytest.mark.usefixtures("presigned")
class TestPresigned:
    """Where the storage serves by itself, a link leads there."""

    def test_for_a_few_minutes(self, product: dict[str, Any], visitor: Person) -> None:
        """To the object's own address."""
        answer = visitor.get(product["images"][0]["image_url"])

        assert answer.status_code == 302
        where, _, lasts = answer.headers["Location"].partition("?lasts=")
        assert where.startswith(f"https://objects.example/products/{product['id']}/")
        assert lasts.startswith("300&")

    def test_never_longer_than_the_link_itself(
        self, alice: Person, visitor: Person, clock: FixedClock
    ) -> None:
        """The storage knows nothing of links that end."""
        link = sign(alice, save_generation(alice)["id"], expires_in=60)
        clock.move(seconds=20)

        assert (
            visitor.get(link["url"]).headers["Location"].partition("?")[2].startswith("lasts=40&")
        )

    def test_it_counts_as_a_use(self, alice: Person, visitor: Person) -> None:
        """A link for one download leads there once."""
        link = sign(alice, save_generation(alice)["id"], max_downloads=1)

        assert [visitor.get(link["url"]).status_code for _ in range(2)] == [302, 410]
