"""Over HTTP each request brings a key, and comes from where it may."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask

from gallery.extensions import House
from gallery.services import accounts, catalog
from tests.conftest import Person

Post = Callable[..., httpx.Response]


@pytest.fixture
def post(mcp_address: str) -> Post:
    """Ask for the tools, as a client does, and return the whole answer."""

    def post(key: str | None, **headers: str) -> httpx.Response:
        asked: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        sent = {"Accept": "application/json, text/event-stream"} | headers
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        return httpx.post(f"{mcp_address}/mcp", json=asked, headers=sent, verify=False)

    return post


def test_a_key_is_let_in(alice: Person, post: Post) -> None:
    """Alice's key gets an answer."""
    assert post(alice.key).status_code == 200


@pytest.mark.parametrize("key", [None, "gallery_wrong"])
def test_nobody_else_is(key: str | None, post: Post) -> None:
    """Not even the list of tools is told without a key that is right."""
    answer = post(key)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_revoked_key_is_refused(app: Flask, house: House, alice: Person, post: Post) -> None:
    """At once."""
    with app.app_context():
        (key,) = catalog.list_own_keys(viewer=alice.viewer)
        accounts.revoke_key(key.id, viewer=alice.viewer, now=house.now())

    assert post(alice.key).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Host": "elsewhere.example"}, 421),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_foreign_pages_are_refused(
    alice: Person, post: Post, headers: dict[str, str], status: int
) -> None:
    """A page elsewhere can't lead a browser here, not by a name that it makes up either."""
    assert post(alice.key, **headers).status_code == status
