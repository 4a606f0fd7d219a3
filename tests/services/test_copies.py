"""Pictures that were asked for before: one generation however many ask, and the last wish wins."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from flask import Flask
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import select

from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import catalog, generation, retention
from gallery.services.access import Viewer
from gallery.services.generation import Asked, Studio
from gallery.services.ingest import Details, Submission
from gallery.storage import LocalStorage, Storages, StoredObject
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
from tests.services.conftest import JPEG, Easel, month, row, rows, stored

KEY = "generated-images/game-TEA/round-1/player-fox.jpg"
GENERATED = "A fox\nSteps: 20, Seed: 7, Size: 48x32, Model: m1"
SAME = Submission(completed_sentence=SENTENCE)


class TestSamePrompt:
    """One prompt, one generation."""

    @pytest.mark.parametrize("at_once", [True, False])
    def test_twenty_players_get_one_drawing(
        self, host: Host, artist: Artist, app: Flask, alice: Viewer, folder: Path, at_once: bool
    ) -> None:
        """One is the original; nineteen are copies, hits, and links to the same file."""
        barrier = threading.Barrier(20)

        def ask(number: int) -> Any:
            with app.app_context():
                barrier.wait()
                return host.round(f"player-{number:02}")

        if at_once:
            with ThreadPoolExecutor(20) as pool:
                list(pool.map(ask, range(20)))
            settle(host.studio)
            generation.tend(studio=host.studio)
        else:
            for number in range(20):
                host.drawn(f"player-{number:02}")
        settle(host.studio)

        images = db.session.query(Image).all()
        assert len(artist.asked) == 1
        assert [image.status for image in images] == ["completed"] * 20
        assert sorted(image.is_cached for image in images) == [False] + [True] * 19
        assert len({image.sha256 for image in images}) == 1
        assert stored(folder) == sorted(image.storage_key for image in images)
        assert {(folder / name).stat().st_nlink for name in stored(folder)} == {20}
        assert counted(alice.user_id) == (1, 19, 19 * 40_000)
        assert (entry(alice.user_id).hits, entry(alice.user_id).lease_id) == (19, None)
        assert requests() == []

    def test_copy_is_there_at_once(self, host: Host, artist: Artist) -> None:
        """What is drawn already needs no waiting, and no generator."""
        first = row(host.drawn("fox"))
        asked = host.round("wren")

        image = row(asked)
        assert (asked.is_finished, asked.replaced) == (True, False)
        assert (image.status, image.is_cached, image.sha256) == ("completed", True, first.sha256)
        assert image.storage_key == "generated-images/game-TEA/round-1/player-wren.jpg"
        assert len(artist.asked) == 1

    def test_copy_is_told_as_its_original(self, host: Host, clock: FixedClock) -> None:
        """Model and parameters are those of the drawing; the times are its own."""
        first = row(host.drawn("fox"))
        clock.move(days=3)

        second = row(host.round("wren"))

        for name in ("model", "parameters", "style", "prompt", "prompt_hash", "placeholder"):
            assert getattr(second, name) == getattr(first, name), name
        assert (second.width, second.height, second.size_bytes) == (48, 32, first.size_bytes)
        assert (second.created_at, second.expires_at) == (clock(), clock() + month())

    def test_copy_outlives_its_original(
        self, host: Host, folder: Path, house: House, alice: Viewer
    ) -> None:
        """Deleting the original takes nothing from the copy."""
        first, second = host.drawn("fox"), host.round("wren")

        retention.delete_image(
            first.image_id, viewer=alice, storages=house.storages, now=house.now()
        )

        key = row(second).storage_key
        assert stored(folder) == [key]
        assert pixels((folder / key).read_bytes()).size == (48, 32)

    def test_copy_saves_what_the_original_cost(
        self, host: Host, artist: Artist, alice: Viewer
    ) -> None:
        """The price that was told, not the one that is set."""
        artist.cost = 0.25
        host.drawn("fox")

        host.round("wren")

        assert counted(alice.user_id) == (1, 1, 250_000)

    def test_other_style_is_drawn(self, host: Host, artist: Artist) -> None:
        """A prompt in another style is another prompt."""
        host.drawn("fox", style="gouache")
        host.drawn("wren", style="night print")

        assert len(artist.asked) == 2

    def test_uploaded_picture_is_copied(self, host: Host, easel: Easel, artist: Artist) -> None:
        """What a front end saved with the same prompt need not be drawn."""
        saved = easel.round("wren", submission=SAME)

        asked = host.round("fox")

        assert (artist.asked, row(asked).sha256) == ([], row(saved).sha256)

    def test_picture_of_another_format_is_converted(
        self, host: Host, easel: Easel, artist: Artist, folder: Path
    ) -> None:
        """A round's copy of a PNG is a JPEG, and still cost nothing."""
        saved = easel.generation(details=Details(prompt=SENTENCE))

        image = row(host.round())

        assert (artist.asked, image.is_cached, image.format) == ([], True, "jpeg")
        assert image.sha256 != row(saved).sha256
        assert counted(host.viewer.user_id) == (1, 1, 40_000)
        assert pixels((folder / image.storage_key).read_bytes()).format == "JPEG"

    def test_copy_keeps_what_its_generator_wrote_into_the_file(
        self, host: Host, artist: Artist
    ) -> None:
        """Read once, and told of each copy."""
        written = PngInfo()
        written.add_text("parameters", GENERATED)
        artist.content = picture("PNG", pnginfo=written)

        first, second = host.drawn("fox"), host.round("wren")

        original, copy = (catalog.show_embedded(each.image_id) for each in (first, second))
        assert original is not None
        assert copy is not None
        assert original.raw == copy.raw == {"parameters": GENERATED}
        assert original.read == copy.read

    def test_picture_in_another_storage_is_brought_over(
        self, host: Host, easel: Easel, artist: Artist, studio: Studio, folder: Path
    ) -> None:
        """What can't be copied inside one storage is read from the other, and costs nothing."""

        class Elsewhere(LocalStorage):
            name = "elsewhere"

        here, elsewhere = LocalStorage(folder), Elsewhere(folder / "elsewhere")
        both = {"local": here, "elsewhere": elsewhere}
        away = replace(easel.intake, storages=Storages(both, default="elsewhere"))
        saved = easel.round("wren", submission=SAME, intake=away)
        home = replace(easel.intake, storages=Storages(both, default="local"))

        image = row(host.round("fox", studio=replace(studio, intake=home)))

        assert (artist.asked, image.is_cached) == ([], True)
        assert (image.storage_provider, image.sha256) == ("local", row(saved).sha256)
        assert here.exists(str(image.storage_key))

    def test_public_picture_of_another_is_copied(
        self, host: Host, easel: Easel, artist: Artist, alice: Viewer, bob: Viewer
    ) -> None:
        """What everybody finds need not be drawn for anybody; the hit is the asker's."""
        saved = easel.generation(details=Details(prompt=SENTENCE), visibility="public")

        asked = host.round("fox", code="RUM", viewer=bob)

        assert (artist.asked, row(asked).owner_id) == ([], bob.user_id)
        assert (row(asked).is_cached, row(asked).visibility) == (True, "unlisted")
        assert (counted(alice.user_id), counted(bob.user_id)) == ((1, 0, 0), (0, 1, 40_000))
        assert row(saved).owner_id == alice.user_id

    def test_copy_of_anothers_picture_is_ones_own_from_then_on(
        self, host: Host, easel: Easel, house: House, artist: Artist, alice: Viewer, bob: Viewer
    ) -> None:
        """What becomes of the other's picture makes no difference any more."""
        saved = easel.generation(JPEG, details=Details(prompt=SENTENCE), visibility="public")
        copy = host.round("fox", code="RUM", viewer=bob)
        retention.delete_image(
            saved.image_id, viewer=alice, storages=house.storages, now=house.now()
        )

        asked = host.round("wren", code="RUM", viewer=bob)

        assert entry(bob.user_id).image_id == copy.image_id
        assert (asked.is_finished, artist.asked) == (True, [])

    def test_only_public_pictures_of_others_are_copied(
        self, host: Host, easel: Easel, artist: Artist, bob: Viewer
    ) -> None:
        """An unlisted picture with the same prompt is drawn anew for somebody else."""
        easel.round("wren", submission=SAME)

        host.drawn("fox", code="RUM", viewer=bob)

        assert len(artist.asked) == 1

    def test_admin_copies_nothing_private_into_anothers_game(
        self, host: Host, easel: Easel, artist: Artist, root: Viewer
    ) -> None:
        """What counts is whose the picture will be, not who asks for it."""
        roots = Easel(root, easel.intake, easel.clock)
        roots.generation(details=Details(prompt=SENTENCE))
        easel.open("game", "TEA")

        asked = host.drawn(viewer=root)

        assert (len(artist.asked), row(asked).owner_id) == (1, host.viewer.user_id)
        assert row(asked).is_cached is False

    def test_admin_in_anothers_game_has_its_owners_pictures(
        self, host: Host, easel: Easel, artist: Artist, root: Viewer, alice: Viewer
    ) -> None:
        """The owner's cache is asked, and the owner's hit is counted."""
        easel.round("wren", submission=SAME)

        asked = host.round("fox", viewer=root)

        assert (artist.asked, row(asked).is_cached) == ([], True)
        assert (entry(alice.user_id).hits, entry(root.user_id)) == (1, None)


class TestReplacing:
    """A player who asks again."""

    def test_next_picture_takes_the_firsts_place(
        self, host: Host, folder: Path, alice: Viewer
    ) -> None:
        """The same row, the next key, and the old object goes."""
        first = host.drawn()
        second = host.drawn(sentence="A hare at tea", submission_id="s-2")

        image = row(second)
        assert (second.image_id, second.replaced, rows()) == (first.image_id, True, 1)
        assert (image.prompt, image.submission_id) == ("A hare at tea", "s-2")
        assert image.storage_key == KEY.replace(".jpg", ".v2.jpg")
        assert stored(folder) == [image.storage_key]
        assert (
            catalog.search_images("fox", viewer=alice).items
            == catalog.search_images("hare", viewer=alice).items
        )  # the player is fox

    def test_copy_takes_its_own_originals_place(self, host: Host, folder: Path) -> None:
        """Asked again for what hangs there, the player gets it again, for nothing."""
        first = row(host.drawn()).sha256

        second = row(host.round())

        assert (second.sha256, second.is_cached) == (first, True)
        assert stored(folder) == [KEY.replace(".jpg", ".v2.jpg")]

    def test_old_picture_is_a_hit_while_the_new_one_is_drawn(
        self, host: Host, artist: Artist
    ) -> None:
        """It hangs until then, and whoever asks for it gets a copy that stays."""
        host.drawn("fox")
        artist.may_go_on.clear()
        host.round("fox", sentence="A hare at tea")

        asked = host.round("wren")

        assert asked.is_finished is True

    def test_next_picture_of_the_old_prompt_is_its_hit(
        self, host: Host, easel: Easel, artist: Artist
    ) -> None:
        """The one that is about to go doesn't stand in the way of one that stays."""
        host.drawn("fox")
        artist.may_go_on.clear()
        host.round("fox", sentence="A hare at tea")
        saved = easel.round("wren", submission=SAME)
        artist.may_go_on.set()
        settle(host.studio)

        asked = host.round("lynx")

        assert (asked.is_finished, row(asked).sha256) == (True, row(saved).sha256)

    def test_asked_again_meanwhile_the_last_wish_counts(
        self, host: Host, artist: Artist, folder: Path
    ) -> None:
        """Nobody waits for the first picture any more: it goes to the generations."""
        artist.may_go_on.clear()
        first = host.round(sentence="A hare at tea")
        artist.begun.wait(PATIENCE_SECONDS)
        second = host.round(sentence="A wren at tea")
        artist.may_go_on.set()
        settle(host.studio)

        assert first.image_id == second.image_id
        assert (row(second).prompt, row(second).status) == ("A wren at tea", "completed")
        (unclaimed,) = db.session.scalars(select(Image).where(Image.kind == "generation"))
        assert (unclaimed.prompt, unclaimed.visibility) == ("A hare at tea", "private")
        assert stored(folder) == [row(second).storage_key, unclaimed.storage_key]
        assert requests() == []

    def test_asked_again_while_the_object_is_written(
        self, host: Host, artist: Artist, studio: Studio, folder: Path
    ) -> None:
        """The last wish counts until the row is written, and who waits next gets the drawing."""

        class Meanwhile(LocalStorage):
            """A storage that is so slow that the player asks for something else."""

            def put(self, key: str, stream: BinaryIO) -> StoredObject:
                if not again:
                    artist.may_go_on.clear()
                    again.append(host.round("fox", sentence="A hare at tea"))
                return super().put(key, stream)

        again: list[Asked] = []
        slow = Storages({"local": Meanwhile(folder)}, default="local")
        artist.may_go_on.clear()
        told = {"studio": replace(studio, intake=replace(studio.intake, storages=slow))}
        first, next_one = host.round("fox", **told), host.round("wren", **told)
        artist.may_go_on.set()
        settle(told["studio"])
        artist.may_go_on.set()
        settle(studio)

        assert [each.image_id for each in again] == [first.image_id]
        assert (row(first).prompt, row(first).status) == ("A hare at tea", "completed")
        assert (row(next_one).prompt, row(next_one).is_cached) == (SENTENCE, False)
        assert sorted(artist.asked) == [SENTENCE, "A hare at tea"]
        assert stored(folder) == sorted(str(row(each).storage_key) for each in (first, next_one))

    def test_upload_meanwhile_wins(
        self, host: Host, easel: Easel, artist: Artist, folder: Path
    ) -> None:
        """Who saved a picture there doesn't lose it to one that was asked for before."""
        artist.may_go_on.clear()
        asked = host.round()
        artist.begun.wait(PATIENCE_SECONDS)
        uploaded = picture("JPEG", colour=(1, 2, 3))
        saved = easel.round("fox", content=uploaded, details=Details(prompt="A hare"))
        artist.may_go_on.set()
        settle(host.studio)

        image = row(asked)
        assert saved.image_id == asked.image_id
        assert (image.prompt, image.status, image.is_cached) == ("A hare", "completed", False)
        assert (folder / image.storage_key).read_bytes() == uploaded
        assert (requests(), entry(host.viewer.user_id).lease_id) == ([], None)

    def test_deleted_meanwhile_it_stays_deleted(
        self, host: Host, artist: Artist, house: House, folder: Path
    ) -> None:
        """A picture for a row that is gone is thrown away."""
        artist.may_go_on.clear()
        asked = host.round()
        artist.begun.wait(PATIENCE_SECONDS)
        retention.delete_image(
            asked.image_id, viewer=host.viewer, storages=house.storages, now=house.now()
        )
        artist.may_go_on.set()
        settle(host.studio)

        assert (rows(), stored(folder), requests()) == (0, [], [])

    def test_next_in_line_gets_the_drawing_that_the_first_gave_up(
        self, host: Host, easel: Easel, artist: Artist
    ) -> None:
        """It was paid for, so whoever else waits for the prompt gets it as the original."""
        artist.may_go_on.clear()
        host.round("fox")
        second = host.round("wren")
        artist.begun.wait(PATIENCE_SECONDS)
        easel.round("fox", details=Details(prompt="A hare"))
        artist.may_go_on.set()
        settle(host.studio)

        assert (len(artist.asked), row(second).status) == (1, "completed")
        assert row(second).is_cached is False


def test_full_studio_still_copies(host: Host, studio: Studio) -> None:
    """What is there already needs no room."""
    host.drawn("fox")
    gate = threading.Event()
    full = replace(studio, workers=1, most_waiting=1)
    under_way = full.submit(lambda: gate.wait(PATIENCE_SECONDS))

    asked = host.round("wren", studio=full)

    gate.set()
    under_way.result()
    assert (asked.is_finished, row(asked).is_cached) == (True, True)
