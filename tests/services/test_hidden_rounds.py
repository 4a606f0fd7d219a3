"""Rounds that are hidden until their reveal: what strangers hear of them, which is nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from gallery.errors import InvalidField, InvalidName, NotFound, SignInRequired
from gallery.extensions import House, db
from gallery.models import Gallery, Image, Round
from gallery.services import catalog, links, retention, stats
from gallery.services.access import Viewer
from gallery.services.galleries import change_gallery, change_round
from gallery.services.ingest import Details, Submission
from gallery.services.prompt_cache import Wish
from tests.conftest import FixedClock
from tests.services.artists import Look
from tests.services.conftest import Easel, row

WEEK = timedelta(days=7)
SENTENCE = "A walrus in disguise"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Two pictures of a round, and all that tells of them."""

    ids: tuple[UUID, UUID]
    keys: tuple[str, str]

    def is_in(self, answer: object) -> bool:
        """Tell whether anything in *answer* gives one of them away."""
        words = (*map(str, self.ids), *self.keys, "walrus", "marmot", "m-secret")
        return any(word in repr(answer) for word in words)


@pytest.fixture
def secret(easel: Easel, look_up: Look) -> Secret:
    """Two pictures in the second round of a public game, whose first round has another."""
    easel.open("game", "TEA", visibility="public")
    easel.round("wren", details=Details(prompt="A wren", model="m-open"))
    told = Submission(completed_sentence=SENTENCE, cards=["walrus"])
    details = Details(model="m-secret")
    saved = [easel.round(p, 2, submission=told, details=details) for p in ("marmot", "marten")]
    look_up(Wish(sentence=SENTENCE, cards=("walrus",)))
    images = [row(each) for each in saved]
    return Secret(
        ids=(images[0].id, images[1].id),
        keys=(str(images[0].storage_key), str(images[1].storage_key)),
    )


@pytest.fixture
def hide(easel: Easel) -> Callable[..., Round]:
    """Hide the second round, or tell of another."""

    def hide(number: int = 2, code: str = "TEA", *, is_hidden: bool = True, **told: Any) -> Round:
        told = {"viewer": easel.viewer, "now": easel.clock()} | told
        return change_round(code, number, is_hidden=is_hidden, **told)

    return hide


Hide = Callable[..., Round]


def neighbours(secret: Secret, viewer: Viewer) -> Any:
    """Ask what hangs beside the second picture; its row is what an admin reads."""
    image = catalog.show_image(secret.ids[1], viewer=Viewer(is_admin=True))
    return catalog.neighbours(image, viewer=viewer)


def rounds(secret: Secret, viewer: Viewer) -> Any:
    game = catalog.show_gallery("game", "TEA", viewer=viewer)
    return catalog.list_rounds(game, viewer=viewer)


DOORS: dict[str, Callable[[Secret, Viewer], Any]] = {
    "list": lambda _, viewer: catalog.list_images(viewer=viewer),
    "search by card": lambda _, viewer: catalog.search_images("walrus", viewer=viewer),
    "search by player": lambda _, viewer: catalog.search_images("marm", viewer=viewer),
    "facets": lambda _, viewer: catalog.facets("model", viewer=viewer, kind="round"),
    "games": lambda _, viewer: catalog.list_galleries("game", viewer=viewer),
    "rounds": rounds,
    "round": lambda _, viewer: catalog.show_round("TEA", 2, viewer=viewer),
    "round, briefly": lambda _, viewer: catalog.list_round("TEA", 2, viewer=viewer),
    "image": lambda secret, viewer: catalog.show_image(secret.ids[0], viewer=viewer),
    "picture": lambda secret, viewer: catalog.show_picture(secret.ids[0], viewer=viewer),
    "key": lambda secret, viewer: catalog.show_image_by_key(secret.keys[0], viewer=viewer),
    "name": lambda _, viewer: catalog.show_round_image("TEA", 2, "marmot", viewer=viewer),
    "neighbours": neighbours,
    # Of hits, others hear only where they hung for everybody.
    "most reused": lambda _, viewer: (
        stats.gather_stats(viewer=viewer, now=FixedClock().now).most_reused
    ),
}


def sees(door: str, secret: Secret, viewer: Viewer) -> bool:
    """Tell whether *viewer* learns anything of the secret behind this door."""
    try:
        return secret.is_in(DOORS[door](secret, viewer))
    except NotFound:
        return False


@pytest.mark.parametrize("door", DOORS)
class TestDoors:
    """Every function that lists or shows."""

    def test_strangers_learn_nothing_while_it_is_hidden(
        self, secret: Secret, hide: Hide, bob: Viewer, visitor: Viewer, door: str
    ) -> None:
        """No id, player, prompt, model or key; though the game is public."""
        hide()

        assert [sees(door, secret, viewer) for viewer in (visitor, bob)] == [False, False]

    def test_owner_and_admin_see_it_all_the_while(
        self, secret: Secret, hide: Hide, alice: Viewer, root: Viewer, door: str
    ) -> None:
        """The host of the game needs to."""
        hide()

        assert [sees(door, secret, viewer) for viewer in (alice, root)] == [True, True]


@pytest.mark.parametrize("door", sorted(DOORS.keys() - {"most reused"}))
def test_reveal_shows_it_to_everybody(
    secret: Secret, hide: Hide, bob: Viewer, visitor: Viewer, door: str
) -> None:
    """As if it had never been hidden."""
    hide()
    hide(is_hidden=False)

    assert [sees(door, secret, viewer) for viewer in (visitor, bob)] == [True, True]


class TestListing:
    """What a stranger's round tells instead."""

    @pytest.mark.usefixtures("secret")
    def test_stranger_hears_how_many_there_are(
        self, hide: Hide, visitor: Viewer, alice: Viewer
    ) -> None:
        """Players with a picture and those who are expected, each once, without their names."""
        hide(players=["marten", "lynx"])

        told = catalog.list_round("TEA", 2, viewer=visitor)
        whole = catalog.list_round("TEA", 2, viewer=alice)

        assert (told.is_hidden, told.images, told.expected) == (True, (), ())
        assert (told.hidden_count, whole.hidden_count) == (3, 0)
        assert [image.player for image in whole.images] == ["marmot", "marten"]
        assert whole.expected == ("lynx",)
        assert "lynx" not in repr(told.images) + repr(told.expected)

    @pytest.mark.usefixtures("secret")
    def test_figures_leave_it_out(
        self, hide: Hide, visitor: Viewer, alice: Viewer, clock: FixedClock
    ) -> None:
        """Counts, bytes, days and what was saved are those of the round that is open."""
        hide()

        told = stats.gather_stats(viewer=visitor, now=clock())
        whole = stats.gather_stats(viewer=alice, now=clock())

        assert (told.total_images, whole.total_images) == (1, 3)
        assert (told.days[-1].images, told.days[-1].hits, told.days[-1].originals) == (1, 0, 1)
        assert (told.cache_hits, told.cost_saved) == (0, 0.0)
        assert (whole.cache_hits, whole.cost_saved) == (1, 0.04)

    @pytest.mark.usefixtures("secret")
    def test_game_tells_its_rounds_without_their_pictures(
        self, hide: Hide, visitor: Viewer
    ) -> None:
        """That there is a second round is no secret."""
        hide()
        game = catalog.show_gallery("game", "TEA", viewer=visitor)

        cards = catalog.list_rounds(game, viewer=visitor)

        assert [(card.number, card.is_hidden, card.image_count) for card in cards] == [
            (1, False, 1),
            (2, True, 0),
        ]

    @pytest.mark.usefixtures("secret")
    def test_private_game_is_not_there_at_all(
        self, hide: Hide, visitor: Viewer, alice: Viewer, clock: FixedClock
    ) -> None:
        """Hidden or not, nothing is told of it, not even a number."""
        hide()
        change_gallery("game", "TEA", visibility="private", viewer=alice, now=clock())

        for show in (catalog.show_round, catalog.list_round):
            with pytest.raises(NotFound):
                show("TEA", 2, viewer=visitor)


class TestLinks:
    """Links don't open what is hidden, whenever they were made."""

    def download(self, house: House, alice: Viewer, image_id: UUID) -> str:
        return links.sign_download(
            image_id, viewer=alice, signer=house.signer, now=house.now(), lasts=WEEK
        ).token

    def share(self, house: House, alice: Viewer) -> Gallery:
        made = links.share_gallery(
            "game", "TEA", viewer=alice, signer=house.signer, now=house.now(), lasts=WEEK
        )
        return links.open_share(made.token, signer=house.signer, now=house.now()).gallery

    def standing(self, house: House, secret: Secret, alice: Viewer) -> str:
        image = catalog.show_image(secret.ids[0], viewer=alice)
        standing = links.standing_link(image, now=house.now(), lasts=WEEK)
        return links.download_tokens(standing, signer=house.signer)(secret.ids[0])

    def test_download_that_was_signed_before_opens_after_the_reveal(
        self, secret: Secret, hide: Hide, house: House, alice: Viewer
    ) -> None:
        """Meanwhile it looks like a link that never was."""
        token = self.download(house, alice, secret.ids[0])
        hide()
        with pytest.raises(NotFound):
            links.read_download(token, signer=house.signer, now=house.now())
        hide(is_hidden=False)

        followed = links.read_download(token, signer=house.signer, now=house.now())

        assert followed.image.id == secret.ids[0]

    def test_download_that_was_signed_meanwhile_is_closed_too(
        self, secret: Secret, hide: Hide, house: House, alice: Viewer
    ) -> None:
        """Even the owner's own link waits for the reveal."""
        hide()
        token = self.download(house, alice, secret.ids[0])

        with pytest.raises(NotFound):
            links.read_download(token, signer=house.signer, now=house.now())

    def test_address_from_a_listing_is_closed_too(
        self, secret: Secret, hide: Hide, house: House, alice: Viewer
    ) -> None:
        """What a listing handed out before the round was hidden."""
        token = self.standing(house, secret, alice)
        hide()

        with pytest.raises(NotFound):
            links.read_download(token, signer=house.signer, now=house.now())

    def test_shared_game_leaves_it_out(
        self, secret: Secret, hide: Hide, house: House, alice: Viewer
    ) -> None:
        """Who follows a share sees what strangers see; after the reveal, all."""
        gallery = self.share(house, alice)
        hide()
        hidden = catalog.gallery_images(gallery)
        with pytest.raises(NotFound):
            catalog.show_shared_image(secret.ids[0], gallery=gallery)
        hide(is_hidden=False)

        shown = catalog.gallery_images(gallery)

        assert [image.player for image in hidden] == ["wren"]
        assert [image.player for image in shown] == ["wren", "marmot", "marten"]
        assert catalog.show_shared_image(secret.ids[0], gallery=gallery).id == secret.ids[0]


class TestSaving:
    """Pictures that come while a round is hidden."""

    def test_they_are_hidden_and_revealed_with_it(
        self, easel: Easel, hide: Hide, visitor: Viewer
    ) -> None:
        """New ones, and those that take another's place."""
        easel.round("fox", 2)
        hide()
        saved = [easel.round("fox", 2), easel.round("wren", 2)]
        while_hidden = [row(each).is_hidden for each in saved]
        hide(is_hidden=False)

        assert while_hidden == [True, True]
        assert [row(each).is_hidden for each in saved] == [False, False]
        assert len(catalog.list_round("TEA", 2, viewer=visitor).images) == 2

    def test_other_rounds_stay_open(self, easel: Easel, hide: Hide, visitor: Viewer) -> None:
        """Hiding a round hides that round."""
        easel.round("fox", 1)
        hide(2)
        easel.round("fox", 3)
        hide(1, code="RUM")

        assert [
            len(catalog.list_round("TEA", number, viewer=visitor).images) for number in (1, 3)
        ] == [1, 1]

    def test_round_can_be_hidden_before_its_first_picture(
        self, easel: Easel, hide: Hide, alice: Viewer, visitor: Viewer
    ) -> None:
        """Game and round appear with it, and belong to who hid it."""
        made = hide(1, code="NEW", players=["fox", "wren"])
        saved = easel.round("fox", 1, code="NEW")

        game = catalog.show_gallery("game", "NEW", viewer=visitor)
        assert (game.owner_id, game.visibility) == (alice.user_id, "unlisted")
        assert (made.number, made.is_hidden, made.players) == (1, True, ["fox", "wren"])
        assert row(saved).is_hidden is True
        assert catalog.list_round("NEW", 1, viewer=visitor).hidden_count == 2

    @pytest.mark.parametrize(("is_hidden", "is_left"), [(True, True), (False, False)])
    def test_hidden_round_waits_for_its_pictures_however_long(
        self, easel: Easel, hide: Hide, house: House, clock: FixedClock, is_hidden: bool,
        is_left: bool,
    ) -> None:  # fmt: skip
        """A sweep forgets old rounds without a picture, but not that one is hidden."""
        hide(is_hidden=is_hidden)
        clock.move(days=8)

        retention.expire_images(storages=house.storages, now=clock())

        assert (db.session.query(Round).count() == 1) is is_left
        assert row(easel.round("fox", 2)).is_hidden is is_left

    def test_none_that_is_saved_at_the_same_moment_escapes(
        self, easel: Easel, hide: Hide, app: Flask
    ) -> None:
        """Whoever comes first, afterwards all of the round is hidden."""
        easel.round("fox", 2)
        barrier = threading.Barrier(9)

        def work(number: int) -> None:
            with app.app_context():
                barrier.wait()
                if number == 4:
                    hide()
                else:
                    easel.round(f"player-{number}", 2)

        with ThreadPoolExecutor(9) as pool:
            list(pool.map(work, range(9)))

        hidden = db.session.query(Image.is_hidden).all()
        assert hidden == [(True,)] * 9


class TestChanging:
    """Who hides and reveals, and what can be told of a round."""

    @pytest.mark.parametrize(("name", "error"), [("bob", NotFound), ("visitor", SignInRequired)])
    @pytest.mark.parametrize("is_hidden", [True, False])
    @pytest.mark.usefixtures("secret")
    def test_strangers_neither_hide_nor_reveal(
        self, hide: Hide, request: pytest.FixtureRequest, name: str, error: type[Exception],
        is_hidden: bool,
    ) -> None:  # fmt: skip
        """Nothing changes."""
        hide(is_hidden=not is_hidden, players=["fox"])

        with pytest.raises(error):
            hide(is_hidden=is_hidden, players=["mole"], viewer=request.getfixturevalue(name))

        db.session.expire_all()
        states = db.session.query(Round.number, Round.is_hidden, Round.players).order_by(
            Round.number
        )
        assert states.all() == [(1, False, None), (2, not is_hidden, ["fox"])]

    @pytest.mark.usefixtures("secret")
    def test_admin_hides(self, hide: Hide, root: Viewer, visitor: Viewer) -> None:
        """In whose game it may be."""
        hide(viewer=root)

        assert catalog.list_round("TEA", 2, viewer=visitor).hidden_count == 2

    def test_what_is_not_told_stays(self, hide: Hide, easel: Easel) -> None:
        """Naming the players doesn't reveal, and revealing keeps the players."""
        hide(players=["fox"])
        named = change_round("TEA", 2, viewer=easel.viewer, now=easel.clock(), players=["wren"])
        state = (named.is_hidden, named.players)

        revealed = hide(is_hidden=False)

        assert state == (True, ["wren"])
        assert (revealed.is_hidden, revealed.players) == (False, ["wren"])

    @pytest.mark.parametrize(
        ("told", "kept"),
        [
            (["fox", "wren", "fox"], ["fox", "wren"]),
            ([], []),
            ([f"p{n}" for n in range(200)], [f"p{n}" for n in range(200)]),
        ],
    )
    def test_players_are_named_once_in_their_order(
        self, hide: Hide, told: list[str], kept: list[str]
    ) -> None:
        """Up to two hundred."""
        assert hide(players=told).players == kept

    @pytest.mark.parametrize(
        ("names", "error"),
        [
            ({"code": "../TEA"}, InvalidName),
            ({"number": 0}, InvalidName),
            ({"number": 1_000_001}, InvalidName),
            ({"players": ["a b"]}, InvalidName),
            ({"players": [f"p{n}" for n in range(201)]}, InvalidField),
        ],
    )
    def test_value_out_of_bounds_is_refused(
        self, hide: Hide, names: dict[str, Any], error: type[Exception]
    ) -> None:
        """And nothing appears by it."""
        with pytest.raises(error):
            hide(**names)

        assert db.session.query(Gallery).count() == db.session.query(Round).count() == 0
