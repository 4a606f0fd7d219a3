"""Pictures that are asked for in rounds: a row at once, and what becomes of it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gallery.errors import GeneratorBusy, InvalidField, InvalidName, NotFound, SignInRequired
from gallery.extensions import db
from gallery.generators.base import GenerationFailed
from gallery.models import Gallery
from gallery.services import catalog, galleries, generation
from gallery.services.access import Viewer
from gallery.services.generation import Studio
from gallery.services.prompt_cache import Wish
from tests.conftest import FixedClock
from tests.pictures import picture, pixels
from tests.services.artists import (
    PATIENCE_SECONDS,
    SENTENCE,
    Artist,
    Host,
    counted,
    entry,
    requests,
    settle,
)
from tests.services.conftest import Easel, month, row, rows, stored

KEY = "generated-images/game-TEA/round-1/player-fox.jpg"


class TestAsking:
    """What is there at once."""

    def test_row_waits_for_its_picture(
        self, host: Host, artist: Artist, alice: Viewer, clock: FixedClock
    ) -> None:
        """Who asks gets a row that tells all that is known already."""
        artist.may_go_on.clear()

        asked = host.round(cards=("fox",), style="gouache", submission_id="s-1")

        image = row(asked)
        assert (asked.is_finished, asked.replaced) == (False, False)
        assert image.status in ("pending", "processing")
        assert (image.owner_id, image.kind, image.player) == (alice.user_id, "round", "fox")
        assert (image.visibility, image.submission_id) == ("unlisted", "s-1")
        assert (image.completed_sentence, image.cards) == (SENTENCE, ["fox"])
        assert (image.prompt, image.style, image.service) == (SENTENCE, "gouache", "demo")
        assert image.prompt_hash == Wish(sentence=SENTENCE, cards=("fox",), style="gouache").hash
        assert (image.storage_key, image.expires_at) == (None, clock() + month())

    def test_picture_is_drawn_and_kept(
        self, host: Host, artist: Artist, folder: Path, clock: FixedClock
    ) -> None:
        """The row gets its picture, as JPEG, and what is known of how it came to be."""
        artist.may_go_on.clear()
        asked = host.round(style="gouache")
        artist.begun.wait(PATIENCE_SECONDS)
        clock.move(seconds=9)
        artist.may_go_on.set()
        settle(host.studio)

        image = row(asked)
        assert (image.status, image.failure, image.is_cached) == ("completed", None, False)
        assert (image.storage_key, image.format) == (KEY, "jpeg")
        assert (image.width, image.height) == (48, 32)
        assert (image.model, image.service, image.style) == ("artist-1", "demo", "gouache")
        assert image.parameters == {"seed": 1}
        assert (image.generated_at, image.completed_at) == (clock(), clock())
        assert image.expires_at == clock() + month()
        assert pixels((folder / KEY).read_bytes()).format == "JPEG"
        assert requests() == []

    def test_generator_is_asked_for_the_prompt(self, host: Host, artist: Artist) -> None:
        """Sentence, cards and style, each once."""
        host.drawn(sentence="A ___ at tea", cards=("fox",), style="gouache")

        assert artist.asked == ["A fox at tea\nIn the style of gouache."]
        assert artist.references == [None]

    def test_picture_is_found_by_its_words(self, host: Host, alice: Viewer) -> None:
        """The search knows what was drawn."""
        asked = host.drawn(sentence="A ___ at tea", cards=("walrus",))

        found = catalog.search_images("walrus", viewer=alice).items

        assert [image.id for image in found] == [asked.image_id]

    def test_picture_costs_what_its_generator_told(self, host: Host, artist: Artist) -> None:
        """In millionths, and None where nothing was told."""
        told = [row(host.drawn("fox")).cost_micros]
        artist.cost = 0.167
        told += [row(host.drawn("wren", sentence="A wren")).cost_micros]

        assert told == [None, 167_000]

    def test_picture_comes_as_jpeg_byte_for_byte(
        self, host: Host, artist: Artist, folder: Path
    ) -> None:
        """What comes in the stored format is not touched."""
        artist.content = picture("JPEG", quality=71)

        host.drawn()

        assert (folder / KEY).read_bytes() == artist.content

    def test_completed_sentence_may_be_told(self, host: Host) -> None:
        """A front end's own wording is what the round shows."""
        asked = host.drawn(sentence="A ___", cards=("fox",), completed_sentence="A fox!")

        assert (row(asked).completed_sentence, row(asked).prompt) == ("A fox!", "A fox")

    def test_waiting_ends_with_the_picture(self, host: Host) -> None:
        """Who waits gets the finished row."""
        asked = host.round()

        generation.wait_for(asked.image_id, seconds=30)

        assert row(asked).status == "completed"

    def test_waiting_ends_with_its_time(self, host: Host, artist: Artist) -> None:
        """Who waited long enough gets the row as it stands."""
        artist.may_go_on.clear()
        asked = host.round()

        generation.wait_for(asked.image_id, seconds=0.05)

        assert row(asked).status != "completed"


class TestFailing:
    """When nothing comes of it."""

    def test_reason_is_told(self, host: Host, artist: Artist, alice: Viewer) -> None:
        """The row failed, and says why in the generator's words; nothing is counted."""
        artist.error = GenerationFailed("The prompt was refused.")

        asked = host.drawn()

        image = row(asked)
        assert (image.status, image.failure) == ("failed", "The prompt was refused.")
        assert (image.storage_key, requests()) == (None, [])
        assert (entry(alice.user_id).lease_id, counted(alice.user_id)) == (None, (0, 0, 0))

    def test_all_who_wait_are_told(self, host: Host, artist: Artist) -> None:
        """A prompt that fails is not tried once for each of them."""
        artist.error = GenerationFailed("The prompt was refused.")
        artist.may_go_on.clear()
        asked = [host.round(player) for player in ("fox", "wren", "lynx")]
        artist.may_go_on.set()
        settle(host.studio)

        assert {row(each).failure for each in asked} == {"The prompt was refused."}
        assert len(artist.asked) == 1

    def test_next_try_may_succeed(self, host: Host, artist: Artist) -> None:
        """A failure is not remembered for good."""
        artist.error = GenerationFailed("The server is down.")
        host.drawn()
        artist.error = None

        asked = host.drawn()

        assert (row(asked).status, row(asked).failure) == ("completed", None)

    def test_picture_that_hung_before_hangs_again(
        self, host: Host, artist: Artist, folder: Path
    ) -> None:
        """The old picture, as it was, and why there is no new one."""
        first = host.drawn()
        before = (row(first).storage_key, row(first).sha256, row(first).prompt)
        artist.error = GenerationFailed("The prompt was refused.")

        host.drawn(sentence="A hare at tea", submission_id="s-2")

        image = row(first)
        assert (image.status, image.failure) == ("completed", "The prompt was refused.")
        assert (image.storage_key, image.sha256, image.prompt) == before
        assert (image.submission_id, stored(folder)) == (None, [image.storage_key])

    @pytest.mark.parametrize("content", [b"no picture", b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
    def test_answer_that_is_no_picture_fails(
        self, host: Host, artist: Artist, folder: Path, content: bytes
    ) -> None:
        """A generator is not believed: what it returns is verified as an upload is."""
        artist.content = content

        image = row(host.drawn())

        assert (image.status, image.storage_key) == ("failed", None)
        assert image.failure
        assert stored(folder) == []

    def test_unexpected_error_is_logged_and_not_told(
        self, host: Host, artist: Artist, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is inside stays inside."""
        artist.error = RuntimeError("the password is hunter2")

        image = row(host.drawn())

        assert image.status == "failed"
        assert image.failure == "Something went wrong while it was drawn."
        assert "hunter2" in caplog.text


class TestRefusing:
    """What is refused changes nothing."""

    @pytest.fixture(autouse=True)
    def nothing_changes(self, host: Host, artist: Artist, folder: Path) -> Any:
        """No gallery, row, request or object, and no drawing."""
        yield
        db.session.commit()
        assert (rows(), requests(), stored(folder), artist.asked) == (0, [], [], [])
        assert db.session.query(Gallery).count() == 0
        assert entry(host.viewer.user_id) is None

    def test_unknown_generator(self, host: Host) -> None:
        """The generators that there are, are named."""
        with pytest.raises(InvalidField, match="ai_service may be demo"):
            host.round(service="nobody")

    def test_visitor(self, host: Host, visitor: Viewer) -> None:
        """Who is not signed in asks for nothing."""
        with pytest.raises(SignInRequired):
            host.round(viewer=visitor)

    @pytest.mark.parametrize("names", [("", 1, "TEA"), ("fox", 0, "TEA"), ("fox", 1, "../TEA")])
    def test_impossible_name(self, host: Host, names: tuple[str, int, str]) -> None:
        """Code, number and player are names in addresses and keys."""
        with pytest.raises(InvalidName):
            host.round(*names)

    @pytest.mark.parametrize(
        "told",
        [
            {"sentence": " "},
            {"cards": ("x",) * 33},
            {"submission_id": "s" * 129},
            {"completed_sentence": "s" * 10_001},
            {"style": "s" * 101},
        ],
    )
    def test_value_out_of_bounds(self, host: Host, told: dict[str, Any]) -> None:
        """What a row can't hold is refused before one is written."""
        with pytest.raises(InvalidField):
            host.round(**told)

    def test_full_studio(self, host: Host, studio: Studio) -> None:
        """Too much waits: come again later."""
        gate = threading.Event()
        full = replace(studio, workers=1, most_waiting=1)
        under_way = full.submit(lambda: gate.wait(PATIENCE_SECONDS))

        with pytest.raises(GeneratorBusy):
            host.round(studio=full)

        gate.set()
        under_way.result()


def test_game_of_another_is_not_found(
    host: Host, easel: Easel, bob: Viewer, artist: Artist
) -> None:
    """Nobody has pictures hung in somebody else's game."""
    easel.open("game", "TEA", visibility="public")

    with pytest.raises(NotFound):
        host.round(viewer=bob)

    assert (rows(), requests(), artist.asked) == (0, [], [])


def test_picture_in_a_hidden_round_stays_hidden(
    host: Host, artist: Artist, alice: Viewer, visitor: Viewer
) -> None:
    """Hidden while it was drawn, hidden when it is there."""
    artist.may_go_on.clear()
    asked = host.round()
    galleries.change_round("TEA", 1, viewer=alice, now=host.clock(), is_hidden=True)
    artist.may_go_on.set()
    settle(host.studio)

    assert (row(asked).status, row(asked).is_hidden) == ("completed", True)
    with pytest.raises(NotFound):
        catalog.show_image(asked.image_id, viewer=visitor)
