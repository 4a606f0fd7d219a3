"""Forms without files are small: read whole, their fields take forty times their room."""

import pytest

from tests.conftest import Person

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MANY_FIELDS = b"a=b&" * (256 * 1024)


def test_visitor_cannot_fill_the_memory(visitor: Person) -> None:
    """A megabyte of fields is refused where anybody may send a form."""
    assert visitor.http.post("/login", content=MANY_FIELDS, headers=FORM).status_code == 413


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["plain", "idempotent"])
def test_seller_cannot_fill_the_memory(alice: Person, key: dict[str, str]) -> None:
    """Only files may have fifty megabytes, not fields."""
    headers = FORM | key | {"Authorization": f"Bearer {alice.key}"}

    answer = alice.http.post("/api/products", content=MANY_FIELDS, headers=headers)

    assert answer.status_code == 413
