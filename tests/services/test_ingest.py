"""Taking images in: where they are stored, as what, for how long, and what failure leaves."""

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from flask import Flask
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import (
    GalleryError,
    ImageRejected,
    InvalidField,
    InvalidName,
    NotFound,
    SignInRequired,
    StorageFull,
)
from gallery.extensions import House, db
from gallery.models import EmbeddedText, Gallery, Image, KeyVersion, Round, SearchDocument
from gallery.services import retention
from gallery.services.access import ANONYMOUS, Viewer
from gallery.services.galleries import change_round, open_gallery
from gallery.services.ingest import Details, Intake, Submission, versioned_key
from gallery.services.thumbnails import open_thumbnail
from gallery.storage import LocalStorage, Storages, StoredObject
from tests.conftest import FixedClock
from tests.pictures import picture, pixels
from tests.services.conftest import JPEG, PNG, Easel, row, rows, stored

GENERATED = PngInfo()
GENERATED.add_text(
    "parameters",
    "a fox on the moon\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 48x32, Model: moonlight_v2",
)
BAD = [
    pytest.param(b"", id="empty"),
    pytest.param(b"hello", id="text"),
    pytest.param(PNG[:60], id="truncated"),
    pytest.param(picture("GIF"), id="another format"),
]


def save_each(easel: Easel, kind: str, content: bytes = PNG, **options: Any) -> Any:
    """Save one image of *kind*, in a gallery that is opened for it."""
    if kind in ("session", "story"):
        slug = easel.open(kind, f"{kind}-1")
        return getattr(easel, kind)(slug, content=content, **options)
    return getattr(easel, kind)(content=content, **options)


class TestKeys:
    """Where each kind is stored."""

    @pytest.mark.parametrize(
        "image_type", ["main", "infographic_1", "infographic_2", "lifestyle", "comparison"]
    )
    def test_session_image(self, easel: Easel, image_type: str) -> None:
        """A session's five images lie side by side as PNG."""
        saved = easel.session(easel.open("session", "s1"), image_type)

        assert row(saved).storage_key == f"generated/s1/{image_type}.png"

    def test_round_image(self, easel: Easel) -> None:
        """A player's image lies below its game and round, as JPEG."""
        saved = easel.round("fox_1", number=12, code="TEA-Pot")

        assert row(saved).storage_key == "generated-images/game-TEA-Pot/round-12/player-fox_1.jpg"

    @pytest.mark.parametrize("method", ["story", "consistent", "gptimg"])
    def test_story_image(self, easel: Easel, method: str) -> None:
        """A page's file is named for the way it was made, the second, and the page."""
        slug = easel.open("story", "fable")

        saved = easel.story(slug, 3, method=method)

        # 2026-03-14 15:09:27 UTC
        assert row(saved).storage_key == f"generated/{method}-1773500967-p3.png"

    @pytest.mark.parametrize(
        ("format", "extension"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")]
    )
    def test_story_image_in_another_format(
        self,
        easel: Easel,
        format: str,  # noqa: A002
        extension: str,
    ) -> None:
        """GENERATED_IMAGE_DIR and GENERATED_IMAGE_FORMAT say where and as what."""
        intake = replace(easel.intake, story_prefix="tales", story_format=format)

        saved = easel.story(easel.open("story", "fable"), intake=intake)

        image = row(saved)
        assert image.storage_key == f"tales/story-1773500967-p1.{extension}"
        assert image.format == format

    @pytest.mark.parametrize(
        ("format", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")]
    )
    def test_generation(self, easel: Easel, format: str, extension: str) -> None:  # noqa: A002
        """A generation lies under its day and model, with the end of its id."""
        saved = easel.generation(picture(format), details=Details(model="Stable Diffusion XL 1.0"))

        folder = "images/generations/2026-03-14/stable-diffusion-xl-1-0"
        name = f"20260314_150927_stable-diffusion-xl-1-0_{saved.image_id.hex[-8:]}.{extension}"
        assert row(saved).storage_key == f"{folder}/{name}"

    @pytest.mark.parametrize(
        ("model", "slug"),
        [(None, "unknown"), ("", "unknown"), ("日本", "unknown"), ("../Éa/..", "ea"),
         ("m" * 100, "m" * 48)],
    )  # fmt: skip
    def test_model_of_any_name_makes_a_key(
        self, easel: Easel, model: str | None, slug: str
    ) -> None:
        """A model's name can't lead a key astray."""
        saved = easel.generation(details=Details(model=model))

        assert row(saved).storage_key.split("/")[3] == slug

    def test_embedded_model_names_the_key(self, easel: Easel) -> None:
        """Where no model was told, the one in the file is used."""
        saved = easel.generation(picture("PNG", pnginfo=GENERATED))

        assert row(saved).storage_key.split("/")[3] == "moonlight-v2"

    def test_replacement_gets_the_next_key(self, easel: Easel) -> None:
        """Main.png, main.v2.png, main.v3.png: a key never changes what it holds."""
        slug = easel.open("session", "s1")

        keys = [row(easel.session(slug)).storage_key for _ in range(3)]

        assert keys == [
            "generated/s1/main.png", "generated/s1/main.v2.png", "generated/s1/main.v3.png",
        ]  # fmt: skip

    def test_key_is_not_used_again_after_a_delete(
        self, easel: Easel, house: House, alice: Viewer
    ) -> None:
        """What caches and backups know under a key can't become another picture."""
        first = easel.round()
        retention.delete_image(
            first.image_id, viewer=alice, storages=house.storages, now=house.now()
        )

        second = easel.round()

        assert second.replaced is False
        assert row(second).storage_key == "generated-images/game-TEA/round-1/player-fox.v2.jpg"

    def test_key_of_a_stray_object_is_passed_over(self, easel: Easel) -> None:
        """An object that a crash left behind is neither replaced nor served."""
        slug = easel.open("session", "s1")
        for key in ("generated/s1/main.png", "generated/s1/main.v2.png"):
            easel.intake.storage.put(key, io.BytesIO(b"stray"))

        first, second = easel.session(slug), easel.session(slug, "comparison")
        third = easel.session(slug)

        assert row(second).storage_key == "generated/s1/comparison.png"
        assert (first.image_id, row(third).storage_key) == (
            third.image_id,
            "generated/s1/main.v4.png",
        )

    def test_two_pages_of_one_second_have_keys_of_their_own(self, easel: Easel) -> None:
        """Two ways of illustrating one page in the same second don't collide."""
        slug = easel.open("story", "fable")
        now = easel.clock()

        first = easel.story(slug, 1)
        easel.clock.now = now
        second = easel.story(slug, 1)

        assert first.image_id != second.image_id
        assert row(second).storage_key == "generated/story-1773500967-p1.v2.png"

    @pytest.mark.parametrize(
        ("version", "expected"), [(1, "a.b/c.png"), (2, "a.b/c.v2.png"), (10, "a.b/c.v10.png")]
    )
    def test_version_stands_before_the_extension(self, version: int, expected: str) -> None:
        """Folders with dots stay as they are."""
        assert versioned_key("a.b/c.png", version) == expected


class TestBytes:
    """What is stored."""

    @pytest.mark.parametrize(
        ("kind", "content"),
        [("session", PNG), ("round", JPEG), ("story", PNG), ("generation", picture("WEBP"))],
    )
    def test_stored_format_is_kept_byte_for_byte(
        self, easel: Easel, folder: Path, kind: str, content: bytes
    ) -> None:
        """Bytes that arrive in the stored format are not touched."""
        image = row(save_each(easel, kind, content))

        assert (folder / image.storage_key).read_bytes() == content
        assert (image.sha256, image.size_bytes) == (
            hashlib.sha256(content).hexdigest(),
            len(content),
        )

    @pytest.mark.parametrize(
        ("kind", "content", "format"),
        [("session", JPEG, "png"), ("round", PNG, "jpeg"), ("story", picture("WEBP"), "png")],
    )
    def test_other_formats_are_converted(
        self,
        easel: Easel,
        folder: Path,
        kind: str,
        content: bytes,
        format: str,  # noqa: A002
    ) -> None:
        """Each kind has one stored format; the row tells of what is stored."""
        image = row(save_each(easel, kind, content))

        kept = (folder / image.storage_key).read_bytes()
        assert image.format == format
        assert pixels(kept).format == format.upper()
        assert (image.sha256, image.size_bytes) == (hashlib.sha256(kept).hexdigest(), len(kept))

    def test_row_knows_the_picture(self, easel: Easel) -> None:
        """Size, placeholder, provider and status are in the row."""
        image = row(easel.generation(picture("PNG", size=(30, 20))))

        assert (image.width, image.height, len(image.placeholder)) == (30, 20, 28)
        assert (image.storage_provider, image.status, image.is_cached) == (
            "local", "completed", False,
        )  # fmt: skip

    def test_old_object_and_its_thumbnails_go(self, easel: Easel, folder: Path) -> None:
        """A replaced picture leaves nothing behind."""
        first = row(easel.round()).storage_key
        for width in (320, 640, 1280):
            open_thumbnail(first, width, storage=easel.intake.storage).close()

        easel.round()

        assert stored(folder) == ["generated-images/game-TEA/round-1/player-fox.v2.jpg"]

    def test_thumbnails_are_made_ahead_where_asked(self, easel: Easel, folder: Path) -> None:
        """THUMBNAILS_AHEAD makes all three widths while saving."""
        easel.round(intake=replace(easel.intake, makes_thumbnails_ahead=True))

        key = "generated-images/game-TEA/round-1/player-fox.jpg"
        assert stored(folder) == sorted(
            [key, *(f"variants/{width}/{key}.webp" for width in (320, 640, 1280))]
        )


class TestRows:
    """What is remembered."""

    def test_round_knows_its_submission(self, easel: Easel, alice: Viewer) -> None:
        """Game and round appear on first use, and the image knows player and sentence."""
        submission = Submission(
            submission_id="s-1", completed_sentence="A fox sells tea.", cards=["A fox", "tea"]
        )

        image = row(easel.round("fox", 2, submission=submission))

        game = db.session.get(Gallery, image.gallery_id)
        assert (game.kind, game.slug, game.owner_id) == ("game", "TEA", alice.user_id)
        assert (game.visibility, image.visibility) == ("unlisted", "unlisted")
        assert db.session.get(Round, image.round_id).number == 2
        assert (image.player, image.submission_id) == ("fox", "s-1")
        assert (image.completed_sentence, image.cards) == ("A fox sells tea.", ["A fox", "tea"])

    def test_sentence_stands_for_the_prompt(self, easel: Easel) -> None:
        """Where no prompt was given, a round's prompt is its sentence, whatever the file says."""
        submission = Submission(completed_sentence="A fox sells tea.")

        image = row(easel.round(content=picture("PNG", pnginfo=GENERATED), submission=submission))

        assert image.prompt == "A fox sells tea."

    def test_details_are_kept_as_told(self, easel: Easel) -> None:
        """What the maker tells is stronger than what the file says."""
        details = Details(
            prompt="a heron", negative_prompt="rain", model="m1", service="s1", style="ink",
            category="birds", parameters={"steps": 4},
            generated_at=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip

        image = row(easel.generation(picture("PNG", pnginfo=GENERATED), details=details))

        assert (image.prompt, image.negative_prompt, image.model) == ("a heron", "rain", "m1")
        assert (image.service, image.style, image.category) == ("s1", "ink", "birds")
        assert image.parameters == {"steps": 4}
        assert image.generated_at == datetime(2026, 3, 1, tzinfo=UTC)

    def test_embedded_metadata_fills_what_was_not_told(self, easel: Easel) -> None:
        """A file tells its own prompt and model, and all it said is kept."""
        image = row(easel.generation(picture("PNG", pnginfo=GENERATED)))

        embedded = db.session.get(EmbeddedText, image.id)
        assert (image.prompt, image.negative_prompt, image.model) == (
            "a fox on the moon", "blurry", "moonlight_v2",
        )  # fmt: skip
        assert embedded.read["seed"] == 5
        assert "parameters" in embedded.raw

    def test_replacement_forgets_the_old_metadata(self, easel: Easel) -> None:
        """What the file before had embedded is not told of the new one."""
        slug = easel.open("session", "s1")
        saved = easel.session(slug, content=picture("PNG", pnginfo=GENERATED))

        easel.session(slug)

        assert db.session.get(EmbeddedText, saved.image_id) is None
        assert row(saved).model is None

    def test_replacement_keeps_the_row(self, easel: Easel) -> None:
        """A replaced image keeps its id, its making time, and that it is kept for good."""
        first = easel.round(details=Details(prompt="first"))
        created_at = row(first).created_at
        retention.change_image(first.image_id, {"keep": True}, viewer=easel.viewer)

        second = easel.round(details=Details(prompt="second"))

        image = row(second)
        assert (first.replaced, second.replaced) == (False, True)
        assert (second.image_id, image.created_at) == (first.image_id, created_at)
        assert (image.prompt, image.is_kept, rows()) == ("second", True, 1)

    def test_search_document_follows_the_image(self, easel: Easel) -> None:
        """The words by which an image is found are those of its newest version."""
        sentence = Submission(completed_sentence="A fox sells tea.", cards=["tea"])
        first = easel.round(submission=sentence)
        second = easel.round(submission=Submission(completed_sentence="Rain."))

        documents = db.session.scalars(select(SearchDocument)).all()

        assert first.image_id == second.image_id
        assert [document.body for document in documents] == ["Rain.\nfox"]

    def test_same_wish_has_the_same_hash(self, easel: Easel) -> None:
        """A prompt is recognised however it was typed; another style is another wish."""
        wishes = [
            Details(prompt="a  fox\n", style="ink"),
            Details(prompt="a fox", style="ink"),
            Details(prompt="a fox", style="oil"),
        ]

        hashes = [row(easel.generation(details=details)).prompt_hash for details in wishes]

        assert hashes[0] == hashes[1] != hashes[2]

    def test_cards_are_part_of_a_rounds_wish(self, easel: Easel) -> None:
        """The same sentence from other cards is another wish."""
        submissions = [Submission(completed_sentence="A fox.", cards=[card]) for card in "ab"]

        hashes = [row(easel.round(submission=each)).prompt_hash for each in submissions]

        assert hashes[0] != hashes[1]

    def test_times_are_those_of_the_clock(self, easel: Easel, clock: FixedClock) -> None:
        """An image that tells no time was generated when it came."""
        image = row(easel.generation())

        assert image.created_at == image.generated_at == image.completed_at == clock()


class TestKeeping:
    """How long an image is kept."""

    @pytest.mark.parametrize("kind", ["session", "round", "story", "generation"])
    def test_usual_time(self, easel: Easel, clock: FixedClock, kind: str) -> None:
        """Thirty days from saving, for every kind."""
        assert row(save_each(easel, kind)).expires_at == clock() + timedelta(days=30)

    @pytest.mark.parametrize(
        ("kind", "days"), [("session", 7), ("round", 1), ("story", 1), ("generation", 1)]
    )
    def test_session_is_kept_a_week_at_least(
        self, easel: Easel, clock: FixedClock, kind: str, days: int
    ) -> None:
        """A retention of one day does not shorten a session's week."""
        intake = replace(easel.intake, retention=timedelta(days=1))

        saved = save_each(easel, kind, intake=intake)

        assert row(saved).expires_at == clock() + timedelta(days=days)

    def test_replacement_is_kept_from_now_on(self, easel: Easel, clock: FixedClock) -> None:
        """A replaced image's time begins anew."""
        easel.round()
        clock.move(days=10)

        saved = easel.round()

        assert row(saved).expires_at == clock() + timedelta(days=30)


class TestRefusals:
    """What is refused leaves no row, no object and no temporary file."""

    @pytest.mark.parametrize("content", BAD)
    @pytest.mark.parametrize("kind", ["session", "round", "story", "generation"])
    def test_bad_bytes(self, easel: Easel, folder: Path, kind: str, content: bytes) -> None:
        """Bytes that are no picture are refused, whatever they were for."""
        with pytest.raises((ImageRejected, InvalidField)):
            save_each(easel, kind, content)

        assert (rows(), stored(folder)) == (0, [])
        assert db.session.scalar(select(Gallery).where(Gallery.kind == "game")) is None

    @pytest.mark.parametrize("kind", ["session", "round", "story", "generation"])
    @pytest.mark.parametrize(
        "details",
        [
            pytest.param(Details(prompt="x" * 10_001), id="long prompt"),
            pytest.param(Details(prompt="a\x00b"), id="NUL"),
            pytest.param(Details(negative_prompt="\ud800"), id="half a surrogate pair"),
            pytest.param(Details(model="m" * 101), id="long model"),
            pytest.param(Details(service="s" * 101), id="long service"),
            pytest.param(Details(style="s" * 101), id="long style"),
            pytest.param(Details(category="c" * 101), id="long category"),
        ],
    )
    def test_bad_details(self, easel: Easel, folder: Path, kind: str, details: Details) -> None:
        """Details that a row can't hold are refused before anything is kept."""
        with pytest.raises(InvalidField):
            save_each(easel, kind, details=details)

        assert (rows(), stored(folder)) == (0, [])

    @pytest.mark.parametrize(
        "submission",
        [
            pytest.param(Submission(submission_id="s" * 129), id="long id"),
            pytest.param(Submission(completed_sentence="s" * 10_001), id="long sentence"),
            pytest.param(Submission(cards=["c"] * 33), id="many cards"),
            pytest.param(Submission(cards=["c" * 1001]), id="long card"),
            pytest.param(Submission(cards=["\x00"]), id="NUL"),
        ],
    )
    def test_bad_submission(self, easel: Easel, folder: Path, submission: Submission) -> None:
        """A submission that a row can't hold is refused."""
        with pytest.raises(InvalidField):
            easel.round(submission=submission)

        assert (rows(), stored(folder)) == (0, [])

    @pytest.mark.parametrize(
        ("code", "number", "player"),
        [
            ("", 1, "fox"), ("a b", 1, "fox"), ("../x", 1, "fox"), ("é", 1, "fox"),
            ("c" * 65, 1, "fox"), ("-c", 1, "fox"), ("TEA\n", 1, "fox"),
            ("TEA", 0, "fox"), ("TEA", -1, "fox"), ("TEA", 1_000_001, "fox"),
            ("TEA", 1, ""), ("TEA", 1, "f/x"), ("TEA", 1, "p" * 65), ("TEA", 1, "fox.png"),
        ],
    )  # fmt: skip
    def test_bad_name_of_a_round(
        self, easel: Easel, folder: Path, code: str, number: int, player: str
    ) -> None:
        """Code, number and player have to make an address and a key."""
        with pytest.raises(InvalidName):
            easel.round(player, number, code)

        assert (rows(), stored(folder)) == (0, [])

    def test_bad_image_type(self, easel: Easel) -> None:
        """A session has five images and no others."""
        slug = easel.open("session", "s1")

        with pytest.raises(InvalidName, match="main, infographic_1"):
            easel.session(slug, "infographic_3")

    @pytest.mark.parametrize("page", [0, -1, 10_001])
    def test_bad_page(self, easel: Easel, page: int) -> None:
        """A story's pages are numbered from 1 to 10,000."""
        slug = easel.open("story", "fable")

        with pytest.raises(InvalidField, match="pageNumber"):
            easel.story(slug, page)

    def test_bad_method(self, easel: Easel) -> None:
        """A page is made in one of three ways."""
        slug = easel.open("story", "fable")

        with pytest.raises(InvalidField, match="story, consistent, gptimg"):
            easel.story(slug, method="magic")

    def test_stories_that_are_not_saved_are_verified(self, easel: Easel, folder: Path) -> None:
        """SAVE_GENERATED_IMAGES=false keeps nothing, and still refuses what is no picture."""
        slug = easel.open("story", "fable")
        intake = replace(easel.intake, saves_stories=False)

        saved = easel.story(slug, intake=intake)
        with pytest.raises(ImageRejected):
            easel.story(slug, content=b"hello", intake=intake)

        assert saved is None
        assert (rows(), stored(folder)) == (0, [])

    @pytest.mark.parametrize("kind", ["session", "round", "story"])
    def test_gallery_of_somebody_else(
        self, easel: Easel, bob: Viewer, folder: Path, kind: str
    ) -> None:
        """What is not yours looks as if it were not there, and is not changed."""
        saved = save_each(easel, kind)
        before = (row(saved).storage_key, stored(folder))
        slug = "TEA" if kind == "round" else f"{kind}-1"
        save: Callable[..., Any] = (
            (lambda **who: easel.round(code=slug, **who))
            if kind == "round"
            else (lambda **who: getattr(easel, kind)(slug, **who))
        )

        with pytest.raises(NotFound):
            save(viewer=bob)
        with pytest.raises(SignInRequired):
            save(viewer=ANONYMOUS)

        assert (row(saved).storage_key, stored(folder)) == before

    def test_generation_of_nobody(self, easel: Easel) -> None:
        """Only who is signed in may save a generation."""
        with pytest.raises(SignInRequired):
            easel.generation(viewer=ANONYMOUS)

    @pytest.mark.parametrize("kind", ["session", "story"])
    def test_gallery_that_was_not_opened(self, easel: Easel, kind: str) -> None:
        """Sessions and stories are opened on purpose."""
        with pytest.raises(NotFound):
            getattr(easel, kind)("nowhere")

    def test_admin_saves_for_the_owner(self, easel: Easel, root: Viewer, alice: Viewer) -> None:
        """What an admin saves in alice's game is alice's."""
        easel.round("fox")

        saved = easel.round("heron", viewer=root)

        assert row(saved).owner_id == alice.user_id


def only(storage: Any) -> Storages:
    """Return *storage* as the one provider there is."""
    return Storages({storage.name: storage}, default=storage.name)


class TestFailures:
    """What goes wrong between object and row."""

    def test_row_that_can_not_be_written_takes_its_object_along(
        self, easel: Easel, folder: Path
    ) -> None:
        """An object whose row failed is deleted, and what it was to replace stays."""
        first = easel.round()
        before = stored(folder)

        # From PostgreSQL's driver it comes as it is.
        with pytest.raises((SQLAlchemyError, TypeError)):
            easel.round(details=Details(parameters={"not JSON": object()}))

        assert stored(folder) == before
        assert row(first).storage_key == before[0]

    def test_commit_whose_answer_was_lost_keeps_its_picture(
        self, easel: Easel, folder: Path
    ) -> None:
        """A row that was written after all has its object."""

        def lose_answer(connection: Connection) -> None:
            if connection.get_execution_options().get("gallery_writes"):
                connection.exec_driver_sql("COMMIT")
                raise ConnectionError("the answer got lost")

        event.listen(db.engine, "commit", lose_answer)
        with pytest.raises(ConnectionError):
            easel.round()
        event.remove(db.engine, "commit", lose_answer)

        assert len(stored(folder)) == 1
        assert list(db.session.scalars(select(Image.storage_key))) == stored(folder)

    @pytest.mark.parametrize("has_round", [True, False])
    def test_game_that_a_stranger_opened_meanwhile_is_his(
        self, easel: Easel, bob: Viewer, clock: FixedClock, folder: Path, has_round: bool
    ) -> None:
        """Who may write is decided again with the row; the object of who may not goes."""

        class Meanwhile(LocalStorage):
            def put(self, key: str, stream: BinaryIO) -> StoredObject:
                open_gallery("game", slug="TEA", viewer=bob, now=clock())
                if has_round:
                    change_round("TEA", 1, viewer=bob, now=clock())
                return super().put(key, stream)

        with pytest.raises(NotFound):
            easel.round(intake=replace(easel.intake, storages=only(Meanwhile(folder))))

        assert (rows(), stored(folder)) == (0, [])

    def test_session_that_is_gone_meanwhile_takes_nothing(self, easel: Easel, folder: Path) -> None:
        """A gallery that was deleted while its picture was stored keeps no picture."""

        class Meanwhile(LocalStorage):
            def put(self, key: str, stream: BinaryIO) -> StoredObject:
                db.session.delete(db.session.scalars(select(Gallery)).one())
                db.session.commit()
                return super().put(key, stream)

        slug = easel.open("session", "s1")
        with pytest.raises(NotFound):
            easel.session(slug, intake=replace(easel.intake, storages=only(Meanwhile(folder))))

        assert (rows(), stored(folder)) == (0, [])

    def test_full_storage_changes_nothing(self, easel: Easel, folder: Path) -> None:
        """Without room for the new picture, the old one stays."""

        class Full(LocalStorage):
            def put(self, key: str, _stream: BinaryIO) -> StoredObject:
                raise StorageFull(key)

        first = easel.round()
        before = (row(first).storage_key, stored(folder))

        with pytest.raises(StorageFull):
            easel.round(intake=replace(easel.intake, storages=only(Full(folder))))

        assert (row(first).storage_key, stored(folder)) == before

    def test_endless_strays_are_told(self, easel: Easel, folder: Path) -> None:
        """Looking for a free key ends at last."""

        class Taken(LocalStorage):
            def put(self, _key: str, stream: BinaryIO) -> StoredObject:
                return super().put("taken.png", stream)

        taken = Taken(folder)
        taken.put("taken.png", io.BytesIO(b"one"))

        with pytest.raises(GalleryError, match="No free key"):
            easel.generation(intake=replace(easel.intake, storages=only(taken)))

    def test_object_of_another_provider_is_left_alone(self, easel: Easel, folder: Path) -> None:
        """A replacement deletes only what lies where it went itself."""
        first = row(easel.round()).storage_key

        class Elsewhere(LocalStorage):
            name = "elsewhere"

        elsewhere = Elsewhere(folder / "elsewhere")
        elsewhere.put(first, io.BytesIO(b"another object of the same key"))
        second = easel.round(intake=replace(easel.intake, storages=only(elsewhere)))

        assert row(second).storage_provider == "elsewhere"
        assert (folder / first).exists()
        assert elsewhere.exists(first)

    def test_key_that_was_used_while_we_looked_is_not_used_again(
        self, easel: Easel, folder: Path
    ) -> None:
        """Who is slow to put its object gets no key that held another picture meanwhile."""

        class Slow(LocalStorage):
            overtaken_by = 2

            def put(self, key: str, stream: BinaryIO) -> StoredObject:
                while self.overtaken_by:
                    self.overtaken_by -= 1
                    easel.round(content=picture("JPEG", colour=(self.overtaken_by, 9, 9)))
                return super().put(key, stream)

        intake = replace(easel.intake, storages=only(Slow(folder)))
        last = easel.round(content=picture("JPEG", colour=(99, 9, 9)), intake=intake)

        assert row(last).storage_key.endswith("fox.v3.jpg")
        assert stored(folder) == [row(last).storage_key]

    @pytest.mark.usefixtures("clock")
    def test_many_at_once_leave_one_row_and_one_object(
        self, easel: Easel, app: Flask, folder: Path
    ) -> None:
        """Racing uploads for one player end with one image, whole, at a key of its own."""
        contents = [picture("JPEG", colour=(n * 30, 0, 0)) for n in range(8)]

        def save(content: bytes) -> None:
            with app.app_context():
                easel.round(content=content)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(save, contents))

        image = db.session.scalars(select(Round)).one()
        assert image.number == 1
        assert rows() == 1
        assert len(stored(folder)) == 1
        kept = (folder / stored(folder)[0]).read_bytes()
        known = db.session.scalars(select(KeyVersion)).one()
        assert kept in contents
        assert known.version >= 8


def test_intake_is_built_from_the_settings(intake: Intake) -> None:
    """The defaults are those of the contract."""
    assert intake.retention == timedelta(days=30)
    assert (intake.story_prefix, intake.story_format) == ("generated", "png")
    assert (intake.saves_stories, intake.makes_thumbnails_ahead) == (True, False)
