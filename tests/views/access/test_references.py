"""What means something of alice's in a body, a header or a link means nothing to others."""

from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from tests.views.access.asking import Told, all_that_is_told
from tests.views.access.rules import About, Role
from tests.views.access.secrets import Kept, texts_in
from tests.views.access.stage import Stage
from tests.views.access.table import TABLE
from tests.views.access.things import (
    DOWNLOAD,
    GENERATION,
    NO_IMAGE,
    ROUND,
    SESSION,
    SHARE,
    STORY,
    Thing,
    content_of,
    missing_like,
)
from tests.views.asking import lease, look_up
from tests.views.saving import open_story, sign

BOB, BOBS_KEY, VISITOR = Role("bob", "cookie"), Role("bob", "key"), Role("visitor", "")
CONDITIONS = [{"If-None-Match": "*"}, {"Range": "bytes=0-9"}, {"Range": "bytes=999999-"}]
BAD: list[dict[str, Any]] = [
    {},
    {"content": b"no picture", "headers": {"Content-Type": "image/png"}},
    {"files": {"image": ("no picture.png", b"no picture", "image/png")}},
    {"content": b"{", "headers": {"Content-Type": "application/json"}},
    {"json": {"title": 7, "visibility": "nobody", "expires_in": -1, "keep": "so", "scene": ""}},
    {"data": {"visibility": "nobody", "expires_in": "soon", "max_downloads": "-1", "keep": "so"}},
]
# Games appear on first use, so there what is bad is told of a game that nobody has.
CHANGES = [route for route, row in TABLE.items() if row.about is About.WRITTEN and not row.missing]
PRIVATE = [SESSION, ROUND, STORY, GENERATION]


@pytest.mark.parametrize("thing", PRIVATE, ids=[thing.name for thing in PRIVATE])
def test_reference_picture_of_another_is_as_none(stage: Stage, thing: Thing) -> None:
    """Bob can't have a scene drawn after alice's private picture, nor learn that there is one."""
    story = open_story(stage.bob)
    bob, there = stage.askers[BOBS_KEY], stage.one(thing, "private")["image_id"]

    def asked(image_id: str) -> Told:
        scene = {"scene": "A fox.", "pageNumber": 1, "referenceImageId": image_id}
        return bob.told(f"POST /api/stories/{story}/illustrations", json=scene)

    assert asked(there) == asked(NO_IMAGE)
    assert asked(there).status == 422


def test_lease_of_another_is_as_none(stage: Stage) -> None:
    """With alice's lease, bob is refused as with one that never was."""
    bob, there = stage.askers[BOBS_KEY], lease(stage.alice, "Alice dreams.")
    save = "PUT /api/games/BOBS/rounds/1/players/bob/image?prompt=Alice+dreams.&lease_id="
    body = {"content": content_of("bob"), "headers": {"Content-Type": "image/png"}}

    of_alice = bob.told(f"{save}{there}", **body)

    assert of_alice == bob.told(f"{save}{uuid4()}", **body)
    assert of_alice.status == 409


def test_wish_of_another_is_nobodys(stage: Stage) -> None:
    """Whether alice wished for it or keeps its picture to herself: to bob a prompt is new."""
    stage.make(GENERATION, "private")
    kept = {
        "sentence": "kettle prompt",
        "art_style": "kettle style",
        "ai_service": "kettle service",
    }
    lease(stage.alice, "Alice dreams of tea.")

    assert look_up(stage.alice, **kept).status_code == 200
    assert look_up(stage.bob, **kept).status_code == 201
    assert look_up(stage.bob, "Alice dreams of tea.").status_code == 201


def test_idempotency_key_of_another_is_ones_own(stage: Stage) -> None:
    """The same key and request of two people are two requests."""
    once = {"json": {}, "headers": {"Idempotency-Key": "the same"}}

    sessions = [
        person.post("/api/sessions", **once).json()["id"] for person in (stage.alice, stage.bob)
    ]

    assert sessions[0] != sessions[1]


@pytest.mark.parametrize("role", [VISITOR, BOB], ids=lambda role: role.name)
@pytest.mark.parametrize("headers", CONDITIONS, ids=str)
def test_who_knows_a_hash_learns_nothing_by_it(
    stage: Stage, headers: dict[str, str], role: Role
) -> None:
    """A condition or a range on a private file is answered as on none, whatever is known of it."""
    for route, row in TABLE.items():
        if route.endswith((".png", ".jpg", ".webp", "filename>", "rest>", "image_id>")):
            for thing in row.things if row.about is About.SEEN else ():
                args = stage.one(thing, "private")
                request, options = stage.request(route, row, args)
                told = stage.askers[role].told(request, args, headers=headers, **options)
                assert told.status == 404, request


@pytest.mark.parametrize("role", [VISITOR, BOB], ids=lambda role: role.name)
@pytest.mark.parametrize("thing", PRIVATE, ids=[thing.name for thing in PRIVATE])
def test_shared_gallery_opens_no_other_picture(stage: Stage, thing: Thing, role: Role) -> None:
    """Below the link to one gallery, pictures that hang elsewhere are as none."""
    token, asker = stage.one(SHARE, "private")["token"], stage.askers[role]
    args = stage.make(thing, "private")

    for path in (
        "images/{image_id}",
        "images/{image_id}/download",
        "thumbnails/{image_id}/{width}-{version}.webp",
    ):
        there, nowhere = (path.format(**each) for each in (args, missing_like(args)))
        told = asker.told(f"GET /s/{token}/{there}", args)
        assert told == asker.told(f"GET /s/{token}/{nowhere}", missing_like(args))
        assert told.status == 404


def test_token_is_good_for_its_purpose_alone(stage: Stage) -> None:
    """A download's token opens no gallery, a gallery's no download; neither signs anybody in."""
    visitor = stage.askers[VISITOR]
    download, shared = (stage.one(each, "private")["token"] for each in (DOWNLOAD, SHARE))

    assert visitor.told(f"GET /s/{download}").status == 404
    assert visitor.told(f"GET /d/{shared}").status == 404
    for token in (download, shared):
        bearer = {"Authorization": f"Bearer {token}"}
        assert visitor.told("GET /api/links", headers=bearer).status == 401


@pytest.mark.parametrize("end", ["revoked", "expired", "used up", "gone"])
def test_ended_link_tells_nothing_of_what_it_opened(stage: Stage, end: str) -> None:
    """Of a link that has ended, the page says that and whom to ask, and nothing of the picture."""
    known = set(texts_in(stage.state()[0]))
    args = GENERATION.make(stage.alice, "private", f"numbat-{end}")
    made = sign(stage.alice, args["image_id"], expires_in=60, max_downloads=1)
    token = made["url"].rpartition("/")[2]
    kept = Kept({}, frozenset(set(texts_in(stage.state()[0])) - known))
    visitor = stage.askers[VISITOR]

    if end == "revoked":
        assert stage.alice.delete(f"/api/links/{made['id']}").status_code == 204
    elif end == "expired":
        stage.clock.move(seconds=61)
    elif end == "used up":
        assert visitor.told(f"GET /d/{token}").status == 200
    else:
        assert stage.alice.delete(f"/api/images/{args['image_id']}").status_code == 204
    answer, body = visitor.ask(f"GET /d/{token}")

    assert answer.status_code == 410
    assert kept.found_in(all_that_is_told(answer, body), {"token": token}) == []
    assert len(kept.secrets) > 10


@pytest.mark.parametrize("route", CHANGES)
def test_bad_request_tells_no_stranger_what_is_there(stage: Stage, route: str) -> None:
    """Whatever is wrong with a request, about alice's things it is answered as about none."""
    row = TABLE[route]
    args = stage.one(row.things[0], row.things[0].visibilities[-1])
    request, _ = stage.request(route, row, args)
    nowhere, _ = stage.request(route, row, missing_like(args))
    before = stage.state()

    for body, role in product(BAD, (VISITOR, BOB)):
        told = stage.askers[role].told(request, args, **body)
        assert told == stage.askers[role].told(nowhere, missing_like(args), **body)
        # Programs are asked who they are before a byte of the body is read.
        is_unnamed = role is VISITOR and "/api/" in route
        assert told.status in ([401] if is_unnamed else range(400, 500))

    assert stage.state() == before
