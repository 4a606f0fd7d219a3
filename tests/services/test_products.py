"""Products: made of files that arrived; all of it, or nothing."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage
from sqlalchemy import event, func, select
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import (
    FilesRejected,
    FilesTooLarge,
    InvalidField,
    NotFound,
    SignInRequired,
    StorageFull,
)
from gallery.extensions import House, db
from gallery.imaging.thumbnails import WIDTHS
from gallery.models import Product
from gallery.services.access import Viewer
from gallery.services.ingest import Spooled
from gallery.services.thumbnails import open_thumbnail
from gallery.storage import LocalStorage, SpooledFile, Storages, StoredObject
from tests.conftest import FixedClock
from tests.pictures import picture
from tests.services.conftest import JPEG, PNG, rows, stored
from tests.services.shelf import Shelf, photos


def products() -> int:
    return db.session.scalar(select(func.count()).select_from(Product))


class TestCreate:
    """What a new product is."""

    def test_files_hang_in_the_order_in_which_they_came(self, shelf: Shelf) -> None:
        """Each has its place, and one of them is primary."""
        product = shelf.create(4, primary=2)

        assert shelf.places(product.id) == [(1, False), (2, False), (3, True), (4, False)]

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
    def test_files_are_kept_byte_for_byte(
        self,
        shelf: Shelf,
        folder: Path,
        format: str,  # noqa: A002
    ) -> None:
        """At a key of the product's and the image's id, with their own hash, size and format."""
        content = picture(format)

        product = shelf.create([("p", content)])

        image = shelf.show(product.id).primary
        extension = {"JPEG": "jpg"}.get(format, format.lower())
        assert image.storage_key == f"products/{product.id}/{image.id}.{extension}"
        assert (folder / image.storage_key).read_bytes() == content
        assert (image.sha256, image.size_bytes) == (
            hashlib.sha256(content).hexdigest(), len(content),
        )  # fmt: skip
        assert (image.width, image.height, image.format) == (48, 32, format.lower())

    def test_it_is_uploading_since_now(self, shelf: Shelf, clock: FixedClock) -> None:
        """Nobody has begun to work on it, and its history says who made it."""
        page = shelf.show(shelf.create().id)

        assert (page.product.status, page.product.processing_started_at) == ("uploading", None)
        (move,) = page.moves
        assert (move.from_status, move.to_status, move.actor_name, move.at) == (
            None, "uploading", "alice", clock(),
        )  # fmt: skip

    def test_images_are_private_and_stay(self, shelf: Shelf) -> None:
        """They never expire, and nobody but their owner sees them."""
        image = shelf.show(shelf.create().id).primary

        assert (image.kind, image.visibility, image.expires_at) == ("product", "private", None)

    @pytest.mark.parametrize("count", [1, 8])
    def test_one_to_eight_files(self, shelf: Shelf, count: int) -> None:
        """As many as are taken."""
        assert len(shelf.show(shelf.create(count).id).images) == count

    @pytest.mark.parametrize("text", ["x" * 10, "ü" * 500, "  " + "x" * 10 + "\r\n"])
    def test_text_of_10_to_500_characters(self, shelf: Shelf, text: str) -> None:
        """Characters count, not bytes, and no blanks around them."""
        assert shelf.create(text=text).prompt_text == text.strip()

    def test_text_of_several_lines_is_counted_as_it_was_typed(self, shelf: Shelf) -> None:
        """A form sends two characters for each line break."""
        text = "\r\n".join("x" * 250)

        product = shelf.create(text=text)

        assert len(product.prompt_text) == 499

    def test_turned_photo_is_measured_as_it_is_shown(self, shelf: Shelf) -> None:
        """A camera that was held upright says so in the file."""
        exif = PillowImage.Exif()
        exif[0x0112] = 6

        product = shelf.create([("p.jpg", picture("JPEG", size=(480, 320), exif=exif))])

        image = shelf.show(product.id).primary
        assert (image.width, image.height) == (320, 480)

    def test_thumbnails_tell_nothing_of_where_it_was_taken(
        self, shelf: Shelf, house: House, folder: Path
    ) -> None:
        """The place stays in the original, which is the owner's alone."""
        exif = PillowImage.Exif()
        exif[0x8825] = {1: "N", 2: (51.0, 28.0, 38.0)}
        exif[0x010F] = "Camera-of-alice"
        content = picture("JPEG", size=(400, 300), exif=exif)

        image = shelf.show(shelf.create([("p.jpg", content)]).id).primary

        assert b"Camera-of-alice" in (folder / image.storage_key).read_bytes()
        with open_thumbnail(image.storage_key, 320, storage=house.storages.default) as file:
            thumbnail = PillowImage.open(file)
            assert not thumbnail.getexif()
            file.seek(0)
            assert b"Camera-of-alice" not in file.read()

    def test_thumbnails_may_be_made_ahead(self, shelf: Shelf, house: House) -> None:
        """Where the setting says so."""
        intake = replace(house.intake, makes_thumbnails_ahead=True)

        product = shelf.create(2, intake=intake)

        keys = list(house.storages.default.iter_keys("variants/"))
        assert len(keys) == 2 * len(WIDTHS)
        assert all(str(product.id) in key for key in keys)


class TestRefusals:
    """What is refused leaves no row, no object and no temporary file."""

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"hello", 415), (PNG[:60], 422), (JPEG[:200], 422), (picture("GIF"), 415), (b"", 422)],
        ids=["text", "half a PNG", "half a JPEG", "GIF", "empty"],
    )
    def test_one_bad_file_of_eight(
        self, shelf: Shelf, folder: Path, content: bytes, status: int
    ) -> None:
        """None is kept, and the answer tells which is bad and why."""
        files = [*photos(7), ("../evil\x00name.png", content)]

        with pytest.raises(FilesRejected) as refused:
            shelf.create(files)

        assert (products(), rows(), stored(folder)) == (0, 0, [])
        assert refused.value.status == status
        assert "File 8 (evil name.png): " in refused.value.detail
        assert list(refused.value.errors["images"]) == ["7"]

    def test_all_bad_files_are_told_of(self, shelf: Shelf) -> None:
        """Not one after another, and with the status that stands for several reasons."""
        files = [("a.txt", b"hello"), *photos(1), ("b.png", PNG[:60])]

        with pytest.raises(FilesRejected) as refused:
            shelf.create(files)

        assert refused.value.status == 422
        assert list(refused.value.errors["images"]) == ["0", "2"]

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"files": 0}, "at least one file"),
            ({"files": 9}, "9 files"),
            ({"text": "too short"}, "at least 10"),
            ({"text": "x" * 501}, "at most 500"),
            ({"text": "nul \x00 in text"}, "not text"),
            ({"primary": 1}, "primary"),
            ({"primary": -1}, "primary"),
        ],
    )
    def test_bad_fields(
        self, shelf: Shelf, folder: Path, options: dict[str, Any], told: str
    ) -> None:
        """The message names the bound."""
        with pytest.raises(InvalidField, match=told):
            shelf.create(**options)

        assert (products(), stored(folder)) == (0, [])

    def test_more_than_50_megabytes_together(self, shelf: Shelf, folder: Path) -> None:
        """Before anything is decoded: what is behind the picture's end counts as well."""
        half = JPEG + b"\x00" * (25 * 1024 * 1024 + 1 - len(JPEG))

        with pytest.raises(FilesTooLarge, match="50 MB"):
            shelf.create([("a.jpg", half), ("b.jpg", half)])

        assert (products(), stored(folder)) == (0, [])

    def test_too_many_pixels(self, shelf: Shelf, folder: Path) -> None:
        """A small file can be a huge picture."""
        huge = picture("PNG", size=(10_000, 5_001), mode="1", colour=0)

        with pytest.raises(FilesRejected) as refused:
            shelf.create([("huge.png", huge)])

        assert (refused.value.status, stored(folder)) == (413, [])

    def test_nobody(self, shelf: Shelf, visitor: Viewer) -> None:
        """Only who is signed in may make products."""
        with pytest.raises(SignInRequired):
            shelf.create(viewer=visitor)


def only(storage: Any) -> Storages:
    return Storages({storage.name: storage}, default=storage.name)


class TestFailures:
    """What goes wrong between the first object and the last row."""

    def test_row_that_can_not_be_written_takes_all_objects_along(
        self, shelf: Shelf, folder: Path
    ) -> None:
        """The database fails after everything was put."""

        def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO images"):
                raise SQLAlchemyError("the database is gone")

        event.listen(db.engine, "before_cursor_execute", fail)
        with pytest.raises(SQLAlchemyError):
            shelf.create(3)
        event.remove(db.engine, "before_cursor_execute", fail)

        assert (products(), rows(), stored(folder)) == (0, 0, [])

    def test_storage_that_is_full_in_the_middle(
        self, shelf: Shelf, house: House, folder: Path
    ) -> None:
        """What was put before goes again."""

        class Filling(LocalStorage):
            def put(self, key: str, stream: Any) -> StoredObject:
                if len(list(self.iter_keys())) == 2:
                    raise StorageFull(key)
                return super().put(key, stream)

        intake = replace(house.intake, storages=only(Filling(folder)))
        with pytest.raises(StorageFull):
            shelf.create(3, intake=intake)

        assert (products(), rows(), stored(folder)) == (0, 0, [])

    def test_product_that_is_deleted_meanwhile_takes_nothing(
        self, shelf: Shelf, house: House, folder: Path
    ) -> None:
        """Who may add is decided again with the rows."""
        product = shelf.create()

        class Meanwhile(LocalStorage):
            def put(self, key: str, stream: Any) -> StoredObject:
                shelf.delete(product.id)
                return super().put(key, stream)

        intake = replace(house.intake, storages=only(Meanwhile(folder)))
        with pytest.raises(NotFound):
            shelf.add(product.id, 1, intake=intake)

        assert (rows(), stored(folder)) == (0, [])

    def test_storage_that_keeps_no_files_gets_a_stream(
        self, shelf: Shelf, house: House, folder: Path, tmp_path: Path
    ) -> None:
        """A provider elsewhere reads what was spooled, from its beginning."""

        class Elsewhere(LocalStorage):
            def spool(self) -> SpooledFile:
                return SpooledFile(tmp_path / "spool")

        content = picture("PNG")
        intake = replace(house.intake, storages=only(Elsewhere(folder)))

        image = shelf.show(shelf.create([("p.png", content)], intake=intake).id).primary

        assert (folder / image.storage_key).read_bytes() == content
        assert list((tmp_path / "spool").iterdir()) == []


def test_names_are_shown_without_folders_and_controls() -> None:
    """What a sender calls a file is told back to them, and to logs."""
    names = ["C:\\photos\\a.jpg", "../../b.png", "c\n\x1b[31m.png", "", "x" * 200]

    shown = [Spooled(name=name, file=None).shown_name for name in names]  # type: ignore[arg-type]

    assert shown == ["a.jpg", "b.png", "c [31m.png", "without a name", "x" * 80]
