"""A cookie is sent by browsers whoever makes them ask, so by cookie nothing changes unasked-for.

That cookie and key of the same person get the same is in the table.
"""

from typing import Any

import pytest

from tests.views.access.rules import Role
from tests.views.access.stage import Stage
from tests.views.access.table import TABLE

WRITES = [route for route, row in TABLE.items() if not route.startswith("GET ") and not row.by_body]
AS_SOMEBODY = [route for route in WRITES if not TABLE[route].ends_session]
OWNER, OTHER = Role("alice", "cookie"), Role("bob", "cookie")


def refused(stage: Stage, route: str, headers: dict[str, str]) -> int:
    """Send a good request with these headers, by alice's cookie, about a thing of hers.

    Fail where it changed something, and return the status.
    """
    row = TABLE[route]
    args = stage.one(row.things[0], row.things[0].visibilities[-1])
    request, options = stage.request(route, row, args)
    before: Any = stage.state()

    answer, _ = stage.askers[OWNER].ask(
        request, **options | {"headers": options.get("headers", {}) | headers}
    )

    assert stage.state() == before
    return answer.status_code


@pytest.mark.parametrize("route", WRITES)
def test_write_by_cookie_needs_a_token(stage: Stage, route: str) -> None:
    """Without a CSRF token the owner's own cookie changes nothing."""
    assert refused(stage, route, {"X-CSRFToken": ""}) == 400


@pytest.mark.parametrize("route", WRITES)
def test_write_by_cookie_needs_a_token_of_the_same_browser(stage: Stage, route: str) -> None:
    """A CSRF token that somebody else was given opens nothing."""
    assert refused(stage, route, {"X-CSRFToken": stage.askers[OTHER].csrf}) == 400


@pytest.mark.parametrize("route", AS_SOMEBODY)
def test_bad_key_is_not_made_good_by_a_cookie(stage: Stage, route: str) -> None:
    """Who sends a key that isn't right is refused, whatever cookie comes with it."""
    assert refused(stage, route, {"Authorization": "Bearer gallery_wrong"}) == 401
