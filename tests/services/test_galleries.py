"""Opening galleries, and changing who may see them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from gallery.errors import AlreadyExists, InvalidField, InvalidName, NotFound, SignInRequired
from gallery.extensions import db
from gallery.models import Gallery, Image
from gallery.services.access import Viewer
from gallery.services.galleries import change_gallery, check_round_number, open_gallery
from gallery.services.identifiers import new_id
from tests.conftest import FixedClock
from tests.services.conftest import Easel, row


@pytest.mark.parametrize(
    ("kind", "visibility"), [("session", "private"), ("game", "unlisted"), ("story", "unlisted")]
)
def test_new_gallery_has_its_kinds_visibility(
    alice: Viewer, clock: FixedClock, kind: str, visibility: str
) -> None:
    """Sessions are private, games and stories unlisted, unless their owner says otherwise."""
    opened = open_gallery(kind, viewer=alice, now=clock(), title=" Mugs ")

    assert (opened.visibility, opened.title, opened.kind) == (visibility, "Mugs", kind)
    assert (opened.owner_id, opened.created_at) == (alice.user_id, clock())


def test_name_is_made_where_none_was_given(alice: Viewer, clock: FixedClock) -> None:
    """A made name is 32 hex digits that differ each time."""
    slugs = [open_gallery("session", viewer=alice, now=clock()).slug for _ in range(2)]

    assert slugs[0] != slugs[1]
    assert all(len(slug) == 32 and UUID(slug).version == 7 for slug in slugs)


def test_given_name_and_visibility_are_kept(alice: Viewer, clock: FixedClock) -> None:
    """An owner may name a gallery and say who sees it."""
    opened = open_gallery("game", slug="TEA", visibility="public", viewer=alice, now=clock())

    assert (opened.slug, opened.visibility) == ("TEA", "public")


def test_taken_name_is_refused_to_everybody(alice: Viewer, bob: Viewer, clock: FixedClock) -> None:
    """Names are one a kind, whoever asks; another kind may have the same."""
    open_gallery("game", slug="TEA", viewer=alice, now=clock())

    for viewer in (alice, bob):
        with pytest.raises(AlreadyExists):
            open_gallery("game", slug="TEA", viewer=viewer, now=clock())
    assert open_gallery("story", slug="TEA", viewer=bob, now=clock()).slug == "TEA"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"slug": ""}, InvalidName), ({"slug": "a b"}, InvalidName),
        ({"slug": "s" * 65}, InvalidName), ({"slug": "é"}, InvalidName),
        ({"slug": "_a"}, InvalidName), ({"slug": "a\n"}, InvalidName),
        ({"title": "t" * 201}, InvalidField), ({"title": "a\x00b"}, InvalidField),
        ({"visibility": "secret"}, InvalidField),
    ],
)  # fmt: skip
def test_value_out_of_bounds_opens_nothing(
    alice: Viewer, clock: FixedClock, values: dict[str, str], error: type[Exception]
) -> None:
    """What can't be named, told or seen is not opened."""
    with pytest.raises(error):
        open_gallery("session", viewer=alice, now=clock(), **values)

    assert db.session.scalar(select(func.count()).select_from(Gallery)) == 0


def test_visitor_opens_nothing(inside: Flask, visitor: Viewer, clock: FixedClock) -> None:
    """A gallery has an owner."""
    with pytest.raises(SignInRequired):
        open_gallery("game", viewer=visitor, now=clock())


def test_visibility_is_that_of_every_image(easel: Easel, alice: Viewer) -> None:
    """Making a game public shows all its pictures at once, and no others."""
    inside, outside = easel.round(), easel.round(code="RUM")

    change_gallery("game", "TEA", visibility="public", viewer=alice, now=easel.clock())

    assert row(inside).visibility == "public"
    assert row(outside).visibility == "unlisted"
    assert row(easel.round("heron")).visibility == "public"


def test_title_alone_is_changed(easel: Easel, alice: Viewer) -> None:
    """A new title leaves everything else."""
    easel.open("session", "s1", title="Mugs", visibility="unlisted")

    changed = change_gallery("session", "s1", title=" Cups ", viewer=alice, now=easel.clock())

    assert (changed.title, changed.visibility) == ("Cups", "unlisted")


@pytest.mark.parametrize("values", [{"visibility": "secret"}, {"title": "t" * 201}])
def test_bad_change_is_refused(easel: Easel, alice: Viewer, values: dict[str, str]) -> None:
    """A change out of bounds changes nothing."""
    saved = easel.round()

    with pytest.raises(InvalidField):
        change_gallery("game", "TEA", viewer=alice, now=easel.clock(), **values)

    db.session.expire_all()
    assert db.session.scalars(select(Gallery)).one().title == ""
    assert db.session.get(Image, saved.image_id).visibility == "unlisted"


def test_only_owner_and_admin_change(
    easel: Easel, alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer
) -> None:
    """What everybody sees is not everybody's to hide."""
    easel.open("game", "TEA", visibility="public")
    now = easel.clock()

    with pytest.raises(NotFound):
        change_gallery("game", "TEA", visibility="private", viewer=bob, now=now)
    with pytest.raises(NotFound):
        change_gallery("game", "RUM", visibility="private", viewer=alice, now=now)
    with pytest.raises(SignInRequired):
        change_gallery("game", "TEA", visibility="private", viewer=visitor, now=now)
    changed = change_gallery("game", "TEA", visibility="private", viewer=root, now=now)
    assert (changed.visibility, changed.owner_id) == ("private", alice.user_id)


@pytest.mark.parametrize("number", [1, 1_000_000])
def test_round_may_have_this_number(number: int) -> None:
    """Rounds are numbered from 1 to a million."""
    assert check_round_number(number) == number


def test_ids_sort_by_time_and_hide_the_rest() -> None:
    """An id is a UUID of version 7 (RFC 9562): its first 48 bits are milliseconds."""
    moment = datetime(2026, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)

    one, other = new_id(moment), new_id(moment)

    assert one != other
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert one.int >> 80 == other.int >> 80 == 1_773_500_966_535
