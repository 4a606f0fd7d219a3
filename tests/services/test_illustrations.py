"""Illustrations of stories that are asked for: how they are made, after which picture, and kept."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gallery.errors import GeneratorBusy, InvalidField, NotFound, SignInRequired
from gallery.extensions import House, db
from gallery.generators.base import GenerationFailed
from gallery.services import galleries, retention
from gallery.services.access import Viewer
from gallery.services.generation import Studio
from gallery.services.prompt_cache import Wish
from tests.conftest import FixedClock
from tests.pictures import picture, pixels
from tests.services.artists import (
    PATIENCE_SECONDS,
    SENTENCE,
    WISH,
    Artist,
    Host,
    counted,
    entry,
    requests,
    settle,
)
from tests.services.conftest import PNG, Easel, row, rows, stored

HERO = picture("PNG", colour=(10, 200, 30))


@pytest.fixture(autouse=True)
def fable(host: Host) -> str:
    """Alice's story, without a picture yet."""
    return host.open_story("fable")


@pytest.fixture
def hero(easel: Easel) -> Any:
    """The picture on its first page."""
    return row(easel.story("fable", 1, HERO))


def drawn(host: Host, **options: Any) -> Any:
    """Ask for page 2, wait until it is drawn, and return its row."""
    asked = host.story(page=2, **options)
    settle(host.studio)
    return row(asked)


class TestKeeping:
    """What is there in the end."""

    def test_illustration_is_kept_as_it_came(
        self, host: Host, alice: Viewer, clock: FixedClock, folder: Path
    ) -> None:
        """In the format that stories are stored in; the key tells when, how and which page."""
        image = drawn(host)

        assert (image.status, image.kind, image.page_number) == ("completed", "story", 2)
        assert (image.owner_id, image.visibility) == (alice.user_id, "unlisted")
        assert (image.prompt, image.prompt_hash) == (SENTENCE, WISH.hash)
        assert (image.model, image.service) == ("artist-1", "demo")
        assert (image.is_character_referenced, image.is_cached) == (False, False)
        assert image.storage_key == f"generated/story-{int(clock().timestamp())}-p2.png"
        assert stored(folder) == [image.storage_key]

    def test_second_illustration_of_a_page_stands_beside_the_first(self, host: Host) -> None:
        """A page may have several; within one second the keys differ all the same."""
        first, second = drawn(host), drawn(host, wish=Wish(sentence="A hare"))

        assert (rows(), first.id != second.id) == (2, True)
        assert second.storage_key == first.storage_key.replace(".png", ".v2.png")

    def test_same_scene_costs_nothing_again(
        self, host: Host, artist: Artist, alice: Viewer
    ) -> None:
        """Stories go through the prompt cache as well."""
        first = drawn(host)

        asked = host.story(page=5)

        assert (asked.is_finished, row(asked).sha256) == (True, first.sha256)
        assert (row(asked).page_number, row(asked).is_cached) == (5, True)
        assert (len(artist.asked), counted(alice.user_id)) == (1, (1, 1, 40_000))

    @pytest.mark.parametrize("settings", [{"GENERATED_IMAGE_FORMAT": "jpeg"}])
    def test_illustration_is_stored_in_the_format_that_is_set(
        self, host: Host, folder: Path
    ) -> None:
        """GENERATED_IMAGE_FORMAT holds for what is drawn here, too."""
        image = drawn(host)

        assert (image.format, image.storage_key.rpartition(".")[2]) == ("jpeg", "jpg")
        assert pixels((folder / image.storage_key).read_bytes()).format == "JPEG"


class TestMethods:
    """The way a page is made, which its file's name tells."""

    @pytest.mark.parametrize(
        ("model", "is_referenced", "method", "name"),
        [
            ("artist-1", False, None, "story"),
            ("gpt-image-1", False, None, "story"),
            ("artist-1", True, None, "consistent"),
            ("gpt-image-1", True, None, "gptimg"),
            ("gpt-image-1-mini", True, None, "gptimg"),
            ("artist-1", True, "story", "story"),
            ("artist-1", False, "consistent", "consistent"),
            ("gpt-image-1", True, "consistent", "consistent"),
            ("artist-1", False, "gptimg", "gptimg"),
        ],
    )
    @pytest.mark.usefixtures("hero")
    def test_name_tells_the_method(
        self, host: Host, artist: Artist, model: str, is_referenced: bool, method: str | None,
        name: str,
    ) -> None:  # fmt: skip
        """As asked; else by whether a reference was used, and by which model."""
        artist.model = model

        image = drawn(host, is_character_referenced=is_referenced, method=method)

        assert Path(image.storage_key).name.startswith(f"{name}-")
        assert image.is_character_referenced is is_referenced

    def test_unknown_method_is_refused(self, host: Host) -> None:
        """A file's name is not for anybody to choose."""
        with pytest.raises(InvalidField, match="method must be one of story, consistent, gptimg"):
            host.story(method="../x")


class TestReference:
    """The picture that an illustration is to look like."""

    @pytest.mark.usefixtures("hero")
    def test_first_illustration_shows_the_character(
        self, host: Host, easel: Easel, artist: Artist
    ) -> None:
        """The generator gets the picture of the first page, whichever came last."""
        easel.story("fable", 3, PNG)

        image = drawn(host, is_character_referenced=True)

        assert artist.references == [HERO]
        assert image.is_character_referenced is True

    @pytest.mark.usefixtures("hero")
    def test_reference_may_be_named(self, host: Host, easel: Easel, artist: Artist) -> None:
        """By the id of any picture that the asker sees."""
        other = easel.generation(picture("PNG", colour=(1, 1, 1)))

        image = drawn(host, reference_id=other.image_id)

        assert hashlib.sha256(artist.references[0] or b"").hexdigest() == row(other).sha256
        assert image.is_character_referenced is True

    def test_hash_differs_with_the_reference(self, host: Host, hero: Any, artist: Artist) -> None:
        """The same scene with the hero in it is another picture."""
        plain = drawn(host)
        referenced = drawn(host, is_character_referenced=True)

        assert referenced.prompt_hash == Wish(sentence=SENTENCE, reference=hero.sha256).hash
        assert referenced.prompt_hash != plain.prompt_hash
        assert len(artist.asked) == 2

    @pytest.mark.usefixtures("hero")
    def test_same_reference_costs_nothing_again(self, host: Host, artist: Artist) -> None:
        """Same scene, same hero."""
        drawn(host, is_character_referenced=True)

        asked = host.story(page=7, is_character_referenced=True)

        assert (asked.is_finished, len(artist.asked)) == (True, 1)
        assert row(asked).is_character_referenced is True

    def test_story_without_a_picture_has_no_character(self, host: Host) -> None:
        """There is nothing to go by yet."""
        with pytest.raises(InvalidField, match="no picture yet"):
            host.story(is_character_referenced=True)

    @pytest.mark.parametrize("visibility", ["public", "unlisted"])
    def test_reference_of_another_that_is_seen_is_used(
        self, host: Host, easel: Easel, artist: Artist, bob: Viewer, visibility: str
    ) -> None:
        """What one sees, one may have a picture made after."""
        bobs = Easel(bob, easel.intake, easel.clock)
        saved = bobs.generation(HERO, visibility=visibility)

        drawn(host, reference_id=saved.image_id)

        assert artist.references == [HERO]

    def test_reference_that_is_not_seen_is_refused(
        self, host: Host, easel: Easel, bob: Viewer
    ) -> None:
        """A private picture of another's looks like none at all."""
        bobs = Easel(bob, easel.intake, easel.clock)
        hidden = bobs.round(code="RUM")
        galleries.change_round("RUM", 1, viewer=bob, now=easel.clock(), is_hidden=True)
        private = bobs.generation(HERO, visibility="private")
        told = set()

        for image_id in (uuid4(), private.image_id, hidden.image_id):
            with pytest.raises(InvalidField) as caught:
                host.story(reference_id=image_id)
            told.add(str(caught.value))

        assert told == {"referenceImageId: there is no such picture"}
        assert requests() == []

    def test_reference_that_is_still_to_come_is_refused(self, host: Host, artist: Artist) -> None:
        """Nothing can look like what is not drawn yet."""
        artist.may_go_on.clear()
        asked = host.story(page=1)

        with pytest.raises(InvalidField, match="there is no such picture"):
            host.story(page=2, reference_id=asked.image_id)

    def test_reference_that_goes_before_its_turn_fails(
        self, host: Host, hero: Any, artist: Artist, house: House
    ) -> None:
        """A picture that looks like nobody is not what was wanted."""
        artist.may_go_on.clear()
        for page in (4, 5):
            host.story(page=page, wish=Wish(sentence=f"Scene {page}"))
        asked = host.story(page=2, is_character_referenced=True)
        retention.delete_image(
            hero.id, viewer=host.viewer, storages=house.storages, now=house.now()
        )
        artist.may_go_on.set()
        settle(host.studio)

        image = row(asked)
        assert image.status == "failed"
        assert image.failure == "The picture that it should look like is gone."

    def test_reference_that_is_replaced_before_its_turn_fails(
        self, host: Host, easel: Easel, artist: Artist
    ) -> None:
        """What was promised is a picture like that one, not like what hangs there now."""
        easel.open("session", "s1")
        hero = easel.session("s1", content=HERO)
        artist.may_go_on.clear()
        for page in (4, 5):
            host.story(page=page, wish=Wish(sentence=f"Scene {page}"))
        asked = host.story(page=2, reference_id=hero.image_id)
        easel.session("s1", content=PNG)
        artist.may_go_on.set()
        settle(host.studio)

        assert (row(asked).status, artist.references) == ("failed", [None, None])
        assert row(asked).failure == "The picture that it should look like is gone."


class TestRefusing:
    """What is refused changes nothing."""

    @pytest.mark.parametrize(
        "told",
        [
            {"page": 0},
            {"page": 10_001},
            {"sentence": " "},
            {"wish": Wish(sentence="a", service="nobody")},
        ],
    )
    def test_value_out_of_bounds(self, host: Host, artist: Artist, told: dict[str, Any]) -> None:
        """No page, no scene, no such generator."""
        with pytest.raises(InvalidField):
            host.story(**told)

        assert (rows(), requests(), artist.asked) == (0, [], [])

    @pytest.mark.parametrize(("name", "error"), [("bob", NotFound), ("visitor", SignInRequired)])
    @pytest.mark.parametrize("ask", [Host.story, Host.sketch])
    def test_story_of_another(
        self,
        host: Host,
        artist: Artist,
        request: pytest.FixtureRequest,
        ask: Callable[..., Any],
        name: str,
        error: type[Exception],
    ) -> None:
        """Kept or not, nobody has somebody else's story illustrated."""
        with pytest.raises(error):
            ask(host, viewer=request.getfixturevalue(name))

        assert (rows(), requests(), artist.asked) == (0, [], [])


class TestSketch:
    """An illustration that is not to be kept."""

    def test_nothing_is_kept(self, host: Host, artist: Artist, folder: Path, alice: Viewer) -> None:
        """The picture comes back, and leaves no row, object, entry or count."""
        made, is_referenced = host.sketch()

        assert pixels(made.content).size == (48, 32)
        assert (made.model, is_referenced, artist.asked) == ("artist-1", False, [SENTENCE])
        db.session.commit()
        assert (rows(), stored(folder), requests()) == (0, [], [])
        assert (entry(alice.user_id), counted(alice.user_id)) == (None, (0, 0, 0))

    @pytest.mark.usefixtures("hero")
    def test_reference_is_used(self, host: Host, artist: Artist) -> None:
        """The hero of the story's first page."""
        _, is_referenced = host.sketch(is_character_referenced=True)

        assert (artist.references, is_referenced) == ([HERO], True)

    def test_failure_is_told(self, host: Host, artist: Artist) -> None:
        """Who asked hears at once why nothing came of it."""
        artist.error = GenerationFailed("The prompt was refused.")

        with pytest.raises(GenerationFailed, match="The prompt was refused"):
            host.sketch()

    def test_full_studio_is_busy(self, host: Host, studio: Studio, artist: Artist) -> None:
        """Ask again later."""
        artist.may_go_on.clear()
        full = replace(studio, workers=1, most_waiting=1)
        under_way = full.submit(lambda: artist.may_go_on.wait(PATIENCE_SECONDS))

        with pytest.raises(GeneratorBusy):
            host.sketch(studio=full)

        artist.may_go_on.set()
        assert under_way.result() is True
        assert artist.asked == []

    def test_turn_that_never_comes_is_given_up(
        self, host: Host, studio: Studio, artist: Artist
    ) -> None:
        """It is told, it is drawn for nobody, and it takes no place in the queue any more."""
        # Half a minute is for saving: this leaves no time at all.
        artist.longest_seconds = -30.0
        artist.may_go_on.clear()
        narrow = replace(studio, workers=1, most_waiting=2)
        under_way = narrow.submit(lambda: artist.may_go_on.wait(PATIENCE_SECONDS))

        for _ in range(3):
            with pytest.raises(GenerationFailed, match="not drawn in time"):
                host.sketch(studio=narrow)

        artist.may_go_on.set()
        assert under_way.result() is True
        settle(narrow)
        assert artist.asked == []
