"""Limits count who asks, whatever the request says of where it comes from."""

from itertools import count
from typing import Any

import httpx
import pytest

from tests.conftest import Person

ATTACK = "forged origins against limits"
pytestmark = pytest.mark.only_on("sqlite", because="limits are counted elsewhere")
MOST = 5
# What proxies, CDNs and clouds call the address of who asks.
FIELDS = (
    "X-Forwarded-For",
    "X-Forwarded",
    "Forwarded",
    "Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Remote-IP",
    "X-Remote-Addr",
    "Remote-Addr",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "X-Azure-ClientIP",
    "X-ProxyUser-Ip",
    "Via",
    "X-HTTP-Method-Override",
    "Cookie",
    "User-Agent",
)
# How an address may be written; each stands for another one at each request.
SHAPES = (
    "198.51.100.{n}",
    "198.51.100.{n}:80",
    "[2001:db8:{n}::1]",
    "2001:db8:{n}::1",
    "::ffff:198.51.100.{n}",
    "for=198.51.100.{n};proto=https",
    'for="[2001:db8:{n}::1]:80"',
    "unknown-{n}",
    "198.51.100.{n}, 198.51.100.{n}",
    ",,198.51.100.{n}",
    "127.0.0.1, 10.0.0.{n}",
    "GET{n}",
    "gallery={n}; gallery-device={n}",
)


@pytest.fixture(params=["0", "1"], ids=["nothing in front", "behind a proxy"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    rates = dict.fromkeys(("READS", "WRITES", "LOGIN"), f"{MOST}/minute")
    return {f"RATE_LIMIT_{name}": rate for name, rate in rates.items()} | {
        "TRUSTED_PROXIES": request.param
    }


def through_the_proxy(settings: dict[str, Any], headers: list[tuple[str, str]]) -> Any:
    """Return the headers as they arrive: a proxy adds the address that it saw at the end."""
    if settings["TRUSTED_PROXIES"] == "0":
        return headers
    sent = [value for name, value in headers if name == "X-Forwarded-For"]
    others = [(name, value) for name, value in headers if name != "X-Forwarded-For"]
    return [*others, ("X-Forwarded-For", ", ".join([*sent, "203.0.113.9"]))]


def test_no_field_buys_a_fresh_counter(visitor: Person, settings: dict[str, Any]) -> None:
    """After five requests there is nothing left, in whatever words the sixth is sent."""
    plain = httpx.Headers(through_the_proxy(settings, []))
    for _ in range(MOST):
        assert visitor.http.get("/api/images", headers=plain).status_code == 200

    numbers, passed = count(1), []
    for field in FIELDS:
        for shape in SHAPES:
            lie = (field, shape.format(n=next(numbers) % 250))
            headers = httpx.Headers(through_the_proxy(settings, [lie]))
            if visitor.http.get("/api/images", headers=headers).status_code != 429:
                passed.append(lie)

    assert passed == []


def test_no_field_buys_another_guess_of_a_password(
    visitor: Person, alice: Person, settings: dict[str, Any]
) -> None:
    """Nor another try to sign in."""
    numbers = count(1)

    def guess(field: str) -> int:
        lie = (field, f"198.51.100.{next(numbers)}")
        headers = httpx.Headers(through_the_proxy(settings, [lie]))
        told = {"email": alice.email, "password": "a guess that is wrong"}
        return visitor.http.post("/api/auth/login", json=told, headers=headers).status_code

    first = [guess("X-Forwarded-For") for _ in range(MOST)]

    assert first == [401] * MOST
    assert {guess(field) for field in FIELDS} == {429}
