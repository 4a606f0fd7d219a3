"""Lists, searches and single pictures: who finds what, and in which order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from gallery.errors import InvalidCursor, NotFound
from gallery.extensions import db
from gallery.models import Image
from gallery.services import catalog, galleries
from gallery.services.access import Viewer
from gallery.services.catalog import ImageFilter
from gallery.services.ingest import Details, Submission
from tests.conftest import FixedClock
from tests.services.conftest import Easel, row

CAST = ("alice", "bob", "root", "visitor")


@pytest.fixture
def cast(alice: Viewer, bob: Viewer, root: Viewer, visitor: Viewer) -> dict[str, Viewer]:
    return {"alice": alice, "bob": bob, "root": root, "visitor": visitor}


def ids(page: Any) -> list[UUID]:
    return [item.id for item in page.items]


def walk(call: Callable[..., Any], limit: int, between: Callable[[], object]) -> list[UUID]:
    """Read page after page, doing something in between."""
    found, cursor = [], None
    while True:
        page = call(cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return found
        between()


class TestVisibility:
    """The table of DESIGN §2, row by row."""

    @pytest.mark.parametrize(
        ("visibility", "finders", "seers"),
        [
            ("public", {"alice", "bob", "root", "visitor"}, {"alice", "bob", "root", "visitor"}),
            ("unlisted", {"alice", "root"}, {"alice", "bob", "root", "visitor"}),
            ("private", {"alice", "root"}, {"alice", "root"}),
        ],
    )
    def test_image(
        self, easel: Easel, cast: dict[str, Viewer], visibility: str, finders: set[str],
        seers: set[str],
    ) -> None:  # fmt: skip
        """Who finds an image in lists and searches, and who sees it by its address."""
        details = Details(prompt="a fox", model="m1")
        saved = easel.generation(visibility=visibility, details=details)
        key = row(saved).storage_key

        def sees(call: Callable[..., Any], *names: Any) -> set[str]:
            seen = set()
            for name, viewer in cast.items():
                try:
                    seen |= {name} if call(*names, viewer=viewer).id == saved.image_id else set()
                except NotFound:
                    continue
            return seen

        def finds(call: Callable[..., Any]) -> set[str]:
            return {name for name, viewer in cast.items() if call(viewer)}

        assert finds(lambda viewer: ids(catalog.list_images(viewer=viewer))) == finders
        assert finds(lambda viewer: ids(catalog.search_images("fox", viewer=viewer))) == finders
        assert (
            finds(lambda viewer: catalog.facets("model", viewer=viewer, kind="generation"))
            == finders
        )
        assert sees(catalog.show_image, saved.image_id) == seers
        assert sees(catalog.show_image_by_key, key) == seers

    @pytest.mark.parametrize(
        ("visibility", "finders", "seers"),
        [
            ("public", {"alice", "bob", "root", "visitor"}, {"alice", "bob", "root", "visitor"}),
            ("unlisted", {"alice", "root"}, {"alice", "bob", "root", "visitor"}),
            ("private", {"alice", "root"}, {"alice", "root"}),
        ],
    )
    @pytest.mark.parametrize("kind", ["session", "game", "story"])
    def test_gallery(
        self, easel: Easel, cast: dict[str, Viewer], kind: str, visibility: str,
        finders: set[str], seers: set[str],
    ) -> None:  # fmt: skip
        """Who finds a gallery in its list, and who sees it, and all that is in it."""
        easel.open(kind, "g1")
        saved = easel.round(code="g1") if kind == "game" else getattr(easel, kind)("g1")
        galleries.change_gallery(
            kind, "g1", visibility=visibility, viewer=easel.viewer, now=easel.clock()
        )
        shows: dict[str, Callable[[Viewer], Any]] = {
            "gallery": lambda viewer: catalog.show_gallery(kind, "g1", viewer=viewer),
            "by id": lambda viewer: catalog.show_gallery_by_id(
                row(saved).gallery_id, viewer=viewer
            ),
            "image": lambda viewer: catalog.show_image(saved.image_id, viewer=viewer),
        }
        if kind == "session":
            shows["named"] = lambda viewer: catalog.show_session_image("g1", "main", viewer=viewer)
        if kind == "game":
            shows["round"] = lambda viewer: catalog.show_round("g1", 1, viewer=viewer)
            shows["briefly"] = lambda viewer: catalog.list_round("g1", 1, viewer=viewer)
            shows["named"] = lambda viewer: catalog.show_round_image("g1", 1, "fox", viewer=viewer)

        found = {
            name
            for name, viewer in cast.items()
            if [card.slug for card in catalog.list_galleries(kind, viewer=viewer).items] == ["g1"]
        }
        assert found == finders
        for way, show in shows.items():
            seen = set()
            for name, viewer in cast.items():
                try:
                    show(viewer)
                except NotFound:
                    continue
                seen.add(name)
            assert seen == seers, way

    def test_stories_files_are_listed_to_who_finds_them(
        self, easel: Easel, cast: dict[str, Viewer]
    ) -> None:
        """The list of saved illustrations follows the same rules, and holds stories alone."""
        easel.open("story", "fable", visibility="public")
        easel.open("story", "secret", visibility="private")
        public, private = easel.story("fable"), easel.story("secret")
        easel.generation(visibility="public")

        found = {
            name: ids(catalog.list_story_files(viewer=viewer)) for name, viewer in cast.items()
        }

        all_of_them = [private.image_id, public.image_id]
        assert found["alice"] == found["root"] == all_of_them
        assert found["bob"] == found["visitor"] == [public.image_id]

    @pytest.mark.parametrize("status", ["pending", "processing", "failed"])
    def test_image_without_a_picture_is_in_no_list(
        self, easel: Easel, alice: Viewer, status: str
    ) -> None:
        """What is still being made, or failed, has no picture to show, and no list has it."""
        saved = easel.generation(details=Details(prompt="a fox"))
        row(saved).status = status
        db.session.commit()

        with pytest.raises(NotFound):
            catalog.show_picture(saved.image_id, viewer=alice)
        assert ids(catalog.list_images(viewer=alice)) == []
        assert ids(catalog.search_images("fox", viewer=alice)) == []

    @pytest.mark.parametrize("status", ["pending", "processing", "failed"])
    def test_image_without_a_picture_tells_how_it_stands(
        self, easel: Easel, cast: dict[str, Viewer], status: str
    ) -> None:
        """Who may see the picture may watch it come; to others there is nothing."""
        saved = easel.generation(details=Details(prompt="a fox"))
        row(saved).status = status
        db.session.commit()

        seen = {
            name: catalog.show_image(saved.image_id, viewer=cast[name]).status
            for name in ("alice", "root")
        }

        assert seen == {"alice": status, "root": status}
        for name in ("bob", "visitor"):
            with pytest.raises(NotFound):
                catalog.show_image(saved.image_id, viewer=cast[name])


class TestPaging:
    """Keyset pages."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
    def test_walk_has_no_gaps_or_repeats_while_rows_are_added(
        self, easel: Easel, alice: Viewer, limit: int
    ) -> None:
        """Whoever turns the pages sees each image once, newest first, whatever comes meanwhile."""
        saved = [easel.generation().image_id for _ in range(7)]

        found = walk(
            lambda **options: catalog.list_images(viewer=alice, **options),
            limit,
            easel.generation,
        )

        assert found == saved[::-1]

    def test_walk_survives_a_delete_under_its_feet(self, easel: Easel, alice: Viewer) -> None:
        """The row that a cursor names may be gone by then."""
        saved = [easel.generation().image_id for _ in range(4)]
        page = catalog.list_images(viewer=alice, limit=2)
        db.session.delete(db.session.get(Image, saved[2]))
        db.session.commit()

        following = catalog.list_images(viewer=alice, limit=2, cursor=page.next_cursor)

        assert ids(following) == [saved[1], saved[0]]
        assert following.next_cursor is None

    @pytest.mark.usefixtures("inside")
    @pytest.mark.parametrize("cursor", ["x", "1", "-1", "0" * 31, "g" * 32, "' OR 1=1", "é" * 32])
    def test_other_cursor_is_refused(self, alice: Viewer, cursor: str) -> None:
        """A cursor that came from no page is told."""
        with pytest.raises(InvalidCursor):
            catalog.list_images(viewer=alice, cursor=cursor)
        with pytest.raises(InvalidCursor):
            catalog.list_galleries("game", viewer=alice, cursor=cursor)
        with pytest.raises(InvalidCursor):
            catalog.search_images("fox", viewer=alice, cursor=cursor)

    def test_galleries_are_paged_too(self, easel: Easel, alice: Viewer) -> None:
        """A list of galleries walks the same way."""
        for slug in ("a", "b", "c"):
            easel.clock.move(seconds=1)
            easel.open("game", slug)

        first = catalog.list_galleries("game", viewer=alice, limit=2)
        second = catalog.list_galleries("game", viewer=alice, limit=2, cursor=first.next_cursor)

        assert [card.slug for card in (*first.items, *second.items)] == ["c", "b", "a"]
        assert second.next_cursor is None


class TestFilters:
    """Narrowed lists."""

    @pytest.mark.parametrize(
        ("only", "expected"),
        [
            (ImageFilter(), "cba"),
            (ImageFilter(kind="round"), "a"),
            (ImageFilter(kind="generation"), "cb"),
            (ImageFilter(model="m1"), "b"),
            (ImageFilter(category="birds"), "c"),
            (ImageFilter(provider="local"), "cba"),
            (ImageFilter(provider="s3"), ""),
            (ImageFilter(kind="generation", model="m2", category="birds"), "c"),
            (ImageFilter(model="m1", category="birds"), ""),
            (ImageFilter(model=""), ""),
        ],
        ids=str,
    )
    def test_list_and_search_are_narrowed_alike(
        self, easel: Easel, alice: Viewer, only: ImageFilter, expected: str
    ) -> None:
        """Every filter that is given has to fit."""
        named = {
            easel.round(details=Details(prompt="fox")).image_id: "a",
            easel.generation(details=Details(prompt="fox", model="m1")).image_id: "b",
            easel.generation(
                details=Details(prompt="fox", model="m2", category="birds")
            ).image_id: "c",
        }

        listed = ids(catalog.list_images(viewer=alice, only=only))
        searched = ids(catalog.search_images("fox", viewer=alice, only=only))

        assert "".join(named[each] for each in listed) == expected
        assert searched == listed

    def test_time_is_half_open(self, easel: Easel, alice: Viewer, clock: FixedClock) -> None:
        """From includes its moment, to doesn't."""
        saved = [easel.generation().image_id for _ in range(3)]
        middle = clock() - timedelta(seconds=1)

        since = catalog.list_images(viewer=alice, only=ImageFilter(made_from=middle))
        until = catalog.list_images(viewer=alice, only=ImageFilter(made_to=middle))

        assert ids(since) == [saved[2], saved[1]]
        assert ids(until) == [saved[0]]

    def test_facets_are_what_a_list_can_be_narrowed_to(self, easel: Easel, alice: Viewer) -> None:
        """Each value once, in order; of the kind that was asked for."""
        for model, category in (("m2", None), ("m1", "birds"), ("m2", None)):
            easel.generation(details=Details(model=model, category=category))
        easel.round(details=Details(model="m3"))

        assert catalog.facets("model", viewer=alice, kind="generation") == ["m1", "m2"]
        assert catalog.facets("category", viewer=alice, kind="generation") == ["birds"]


class TestSearch:
    """Words."""

    @pytest.mark.parametrize(
        "query",
        [
            "fox", "FOX", "moonlight", "moon", "fox moonlight", "moonlight fox", "owls", "ecole",
            "école", "gouache", "heron", "m-7b", "fox,moonlight!", '"fox"', "fox*", "(fox)",
        ],
    )  # fmt: skip
    def test_image_is_found_by_its_words(self, easel: Easel, alice: Viewer, query: str) -> None:
        """Sentence, cards, player, model and style find an image, by words or how they begin."""
        saved = easel.round(
            "heron",
            submission=Submission(
                completed_sentence="The fox sells moonlight.", cards=["the owls", "École"]
            ),
            details=Details(model="m-7b", style="gouache"),
        )
        easel.round("wren", submission=Submission(completed_sentence="Rain."))

        assert ids(catalog.search_images(query, viewer=alice)) == [saved.image_id]

    @pytest.mark.parametrize(
        "query",
        [
            "", " ", "!?", "_", "___", "oonlight", "fox rain", "NOT", "fox NOT", "fox OR rain",
            "NEAR(fox rain)", "body:rain_x", "^", '"', "'", "a\x00b", "\ud800", "x" * 10_000,
            "🦊", "^fox:*(",
        ],
    )  # fmt: skip
    def test_query_that_fits_nothing_finds_nothing(
        self, easel: Easel, alice: Viewer, query: str
    ) -> None:
        """No text is an operator of the index, and none breaks it."""
        easel.round("heron", submission=Submission(completed_sentence="The hare sells moonlight."))

        assert ids(catalog.search_images(query, viewer=alice)) == []

    def test_only_sixteen_words_count(self, easel: Easel, alice: Viewer) -> None:
        """A query of a thousand words costs what sixteen cost."""
        saved = easel.round(submission=Submission(completed_sentence="fox"))

        page = catalog.search_images("fox " * 16 + "absent", viewer=alice)

        assert ids(page) == [saved.image_id]

    def test_found_images_are_paged(self, easel: Easel, alice: Viewer) -> None:
        """A search walks like a list."""
        saved = [easel.generation(details=Details(prompt="fox")).image_id for _ in range(3)]

        found = walk(
            lambda **options: catalog.search_images("fox", viewer=alice, **options),
            2,
            lambda: easel.generation(details=Details(prompt="fox")),
        )

        assert found == saved[::-1]


class TestGalleries:
    """Cards, rounds, and what hangs where."""

    def test_card_shows_the_first_five_and_counts_all(self, easel: Easel, alice: Viewer) -> None:
        """A card previews its first pictures and tells how many images and rounds there are."""
        saved = [
            easel.round(player, number).image_id
            for number in (1, 2)
            for player in ("fox", "heron", "wren")
        ]
        easel.round(code="RUM")

        card = catalog.list_galleries("game", viewer=alice).items[1]

        assert (card.slug, card.image_count, card.round_count) == ("TEA", 6, 2)
        assert [preview.id for preview in card.previews] == saved[:5]

    def test_empty_gallery_has_an_empty_card(self, easel: Easel, alice: Viewer) -> None:
        """A session that was only opened is listed with nothing in it."""
        easel.open("session", "s1", title="Mugs")

        card = catalog.list_galleries("session", viewer=alice).items[0]

        assert (card.title, card.image_count, card.round_count) == ("Mugs", 0, 0)
        assert list(card.previews) == []

    def test_list_holds_one_kind(self, easel: Easel, alice: Viewer) -> None:
        """Stories are no games."""
        easel.open("story", "fable")
        easel.open("game", "TEA")

        assert [c.slug for c in catalog.list_galleries("story", viewer=alice).items] == ["fable"]

    def test_session_hangs_in_the_order_of_its_types(self, easel: Easel, alice: Viewer) -> None:
        """The main image first, the comparison last, whenever they came."""
        easel.open("session", "s1")
        for image_type in ("comparison", "lifestyle", "infographic_2", "main", "infographic_1"):
            easel.session("s1", image_type)

        hung = catalog.gallery_images(catalog.show_gallery("session", "s1", viewer=alice))

        assert [each.image_type for each in hung] == [
            "main", "infographic_1", "infographic_2", "lifestyle", "comparison",
        ]  # fmt: skip

    def test_story_hangs_in_the_order_of_its_pages(self, easel: Easel, alice: Viewer) -> None:
        """Page 1 first, though page 2 was drawn before."""
        easel.open("story", "fable")
        for page in (2, 10, 1):
            easel.story("fable", page)

        hung = catalog.gallery_images(catalog.show_gallery("story", "fable", viewer=alice))

        assert [each.page_number for each in hung] == [1, 2, 10]

    def test_game_hangs_in_the_order_of_its_rounds(self, easel: Easel, alice: Viewer) -> None:
        """Round by round, and within one in the order in which they came."""
        for player, number in (("fox", 2), ("wren", 1), ("heron", 2), ("fox", 1)):
            easel.round(player, number)

        hung = catalog.gallery_images(catalog.show_gallery("game", "TEA", viewer=alice))

        assert [(each.round_number, each.player) for each in hung] == [
            (1, "wren"), (1, "fox"), (2, "fox"), (2, "heron"),
        ]  # fmt: skip

    def test_rounds_are_listed_in_order(self, easel: Easel, alice: Viewer) -> None:
        """Each round of a game with its count and first pictures."""
        saved = {n: easel.round(number=n).image_id for n in (3, 1)}
        easel.round("heron", 3)

        cards = catalog.list_rounds(catalog.show_gallery("game", "TEA", viewer=alice), viewer=alice)

        assert [(card.number, card.image_count) for card in cards] == [(1, 1), (3, 2)]
        assert cards[1].previews[0].id == saved[3]

    @pytest.mark.parametrize("show", [catalog.show_round, catalog.list_round])
    def test_round_has_its_images_in_order(
        self, easel: Easel, alice: Viewer, show: Callable[..., Any]
    ) -> None:
        """Both ways of asking for a round give its pictures in the order in which they came."""
        saved = [easel.round(player, 2).image_id for player in ("wren", "fox")]
        easel.round("fox", 3)

        listing = show("TEA", 2, viewer=alice)

        assert [UUID(str(each.id)) for each in listing.images] == saved
        assert (listing.game.slug, listing.number) == ("TEA", 2)

    @pytest.mark.parametrize(("code", "number"), [("TEA", 2), ("RUM", 1), ("tea", 1)])
    @pytest.mark.parametrize("show", [catalog.show_round, catalog.list_round])
    def test_round_that_is_not_there(
        self, easel: Easel, alice: Viewer, show: Callable[..., Any], code: str, number: int
    ) -> None:
        """Another game, another number and another case are not found."""
        easel.round()

        with pytest.raises(NotFound):
            show(code, number, viewer=alice)

    def test_rounds_beside_are_told(self, easel: Easel, alice: Viewer) -> None:
        """Numbers may have gaps; the first and the last round have one neighbour."""
        for number in (1, 4, 9):
            easel.round(number=number)
        game = catalog.show_round("TEA", 1, viewer=alice).game

        beside = [catalog.neighbouring_rounds(game, number) for number in (1, 4, 9)]

        assert beside == [(None, 4), (1, 9), (4, None)]

    def test_shared_gallery_shows_its_own_images_alone(self, easel: Easel, alice: Viewer) -> None:
        """Behind a share link, an image of another gallery is not found."""
        easel.open("session", "s1")
        inside, outside = easel.session("s1"), easel.generation()
        gallery = catalog.show_gallery("session", "s1", viewer=alice)

        shown = catalog.show_shared_image(inside.image_id, gallery=gallery)

        assert shown.id == inside.image_id
        with pytest.raises(NotFound):
            catalog.show_shared_image(outside.image_id, gallery=gallery)

    @pytest.mark.usefixtures("inside")
    def test_unknown_gallery_is_not_found(self, alice: Viewer) -> None:
        """No id at all is not found either."""
        with pytest.raises(NotFound):
            catalog.show_gallery_by_id(None, viewer=alice)


class TestNeighbours:
    """The pictures before and after."""

    def beside(self, image_ids: list[UUID], viewer: Viewer) -> list[tuple[Any, Any]]:
        return [
            catalog.neighbours(catalog.show_image(each, viewer=viewer), viewer=viewer)
            for each in image_ids
        ]

    def test_round(self, easel: Easel, alice: Viewer) -> None:
        """Within a round, in the order in which the pictures came."""
        a, b, c = [easel.round(player).image_id for player in ("fox", "heron", "wren")]
        easel.round("fox", 2)

        assert self.beside([a, b, c], alice) == [(None, b), (a, c), (b, None)]

    def test_session(self, easel: Easel, alice: Viewer) -> None:
        """Within a session, in the order in which its pictures hang."""
        easel.open("session", "s1")
        last = easel.session("s1", "comparison").image_id
        first = easel.session("s1", "main").image_id
        middle = easel.session("s1", "lifestyle").image_id

        assert self.beside([first, middle, last], alice) == [
            (None, middle), (first, last), (middle, None),
        ]  # fmt: skip

    def test_story(self, easel: Easel, alice: Viewer) -> None:
        """Within a story, page by page, and both pictures of one page."""
        easel.open("story", "fable")
        three = easel.story("fable", 3).image_id
        one = easel.story("fable", 1).image_id
        again = easel.story("fable", 1).image_id

        assert self.beside([one, again, three], alice) == [
            (None, again), (one, three), (again, None),
        ]  # fmt: skip

    @pytest.mark.usefixtures("intake")
    def test_generations_hang_newest_first(self, easel: Easel, alice: Viewer, bob: Viewer) -> None:
        """In the list of generations, before is newer; what one doesn't find is passed over."""
        old = easel.generation(visibility="public").image_id
        hidden = easel.generation(visibility="unlisted").image_id
        easel.round()
        new = easel.generation(visibility="public").image_id

        assert self.beside([new, hidden, old], alice) == [
            (None, hidden), (new, old), (hidden, None),
        ]  # fmt: skip
        assert self.beside([new, old], bob) == [(None, old), (new, None)]


def test_embedded_text_is_shown(easel: Easel) -> None:
    """What the generator wrote is looked up by the image; nothing is no error."""
    saved = easel.generation()

    assert catalog.show_embedded(saved.image_id) is None
