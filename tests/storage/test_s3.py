"""What is S3's own: parts, ranges, presigned addresses, and uploads that nobody goes on with."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from cluster.s3 import S3Server
from gallery.errors import ObjectNotFound
from gallery.storage.s3.client import connect
from gallery.storage.s3.storage import S3Storage
from tests.pictures import picture
from tests.storage.between import Between

TEN = b"ten bytes!"
# Two parts and a bit, in which no piece is like another.
LARGE = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2**19 + 1_000))
LARGE_SHA256 = hashlib.sha256(LARGE).hexdigest()
TOMORROW = datetime.now(UTC) + timedelta(days=1)


class TestLarge:
    """What does not fit into one request."""

    def test_goes_in_parts(self, s3_that_refuses: S3Storage, between: Between) -> None:
        """Three here; and comes back as it went in."""
        stored = s3_that_refuses.put("large.bin", io.BytesIO(LARGE))

        assert (stored.size_bytes, stored.sha256) == (len(LARGE), LARGE_SHA256)
        assert [n for n in range(1, 9) if between.saw(f"partNumber={n}")] == [1, 2, 3]
        with s3_that_refuses.open("large.bin") as file:
            assert file.read() == LARGE

    def test_spooled_file_is_sent_from_its_beginning(self, s3: S3Storage, folder: Path) -> None:
        """Wherever it stands; and nothing of it is left on this machine."""
        with s3.spool() as file:
            file.write(LARGE)
            stored = s3.put("large.bin", file)

        assert stored.sha256 == LARGE_SHA256
        assert [path for path in folder.rglob("*") if path.is_file()] == []

    def test_stream_that_breaks_in_its_middle_leaves_nothing(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """Neither an object nor parts that somebody pays for."""

        class Broken(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if self.tell() > 9 * 1024 * 1024:
                    raise ConnectionResetError("the client went away")
                return super().read(size)

        with pytest.raises(ConnectionResetError):
            s3.put("large.bin", Broken(LARGE))

        assert list(s3.iter_keys()) == []
        assert begun(s3_client, s3_bucket) == []

    def test_of_a_taken_key_nothing_is_left_either(
        self, s3_that_refuses: S3Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """It is refused when all parts are there."""
        s3_that_refuses.put("large.bin", io.BytesIO(TEN))

        with pytest.raises(Exception, match="is taken"):
            s3_that_refuses.put("large.bin", io.BytesIO(LARGE))

        assert begun(s3_client, s3_bucket) == []
        assert s3_that_refuses.stat("large.bin").size_bytes == 10


def begun(client: Any, bucket: S3Server) -> list[str]:
    """Return the uploads that were begun and not ended."""
    try:
        answer = client.list_multipart_uploads(Bucket=bucket.bucket_name)
    except client.exceptions.NoSuchUpload:
        return []
    return [each["UploadId"] for each in answer.get("Uploads", ())]


class TestReading:
    """An object is a file that can be read from any place."""

    def test_whole_in_one_request(self, s3_that_refuses: S3Storage, between: Between) -> None:
        """Also for who asks for the size first."""
        s3_that_refuses.put("a.bin", io.BytesIO(LARGE[:300_000]))
        between.asked.clear()

        with s3_that_refuses.open("a.bin") as file:
            size = file.seek(0, 2)
            file.seek(0)
            content = file.read()

        assert (size, content) == (300_000, LARGE[:300_000])
        assert len(between.asked) == 1

    def test_any_part_in_any_order(self, s3: S3Storage) -> None:
        """By place, from the end, and into a buffer."""
        s3.put("a.bin", io.BytesIO(LARGE[:400_000]))
        buffer = bytearray(10)

        with s3.open("a.bin") as file:
            file.seek(-5, 2)
            last = file.read(100)
            file.seek(200_000)
            count = file.readinto(buffer)
            place = file.tell()
            file.seek(3)
            early = file.read(4)
            beyond = file.seek(500_000), file.read(1)

        assert last == LARGE[399_995:400_000]
        assert (count, bytes(buffer), place) == (10, LARGE[200_000:200_010], 200_010)
        assert early == LARGE[3:7]
        assert beyond == (500_000, b"")

    def test_pillow_reads_it(self, s3: S3Storage) -> None:
        """Which goes to and fro in a file."""
        s3.put("a.webp", io.BytesIO(picture("WEBP", size=(30, 20))))

        with s3.open("a.webp") as file, Image.open(file) as image:
            image.load()

            assert image.size == (30, 20)

    def test_two_objects_are_never_mixed(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """Who reads on after somebody has replaced the object is told."""
        s3.put("a.bin", io.BytesIO(LARGE[:300_000]))

        with s3.open("a.bin") as file:
            file.read(10)
            s3_client.put_object(Bucket=s3_bucket.bucket_name, Key="a.bin", Body=LARGE[1:300_001])
            file.seek(200_000)
            with pytest.raises(ObjectNotFound, match="another object"):
                file.read(10)


class TestCopies:
    """The server copies by itself."""

    def test_without_a_byte_coming_here(self, s3_that_refuses: S3Storage, between: Between) -> None:
        """The SHA-256 goes along beside the object."""
        s3_that_refuses.put("a.bin", io.BytesIO(TEN))
        between.asked.clear()

        copied = s3_that_refuses.copy("a.bin", "b.bin")

        assert copied.sha256 == hashlib.sha256(TEN).hexdigest()
        assert not between.saw("GET ")

    def test_of_an_object_whose_digest_was_lost_it_is_read(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """Some servers forget what was told beside an object."""
        s3_client.put_object(Bucket=s3_bucket.bucket_name, Key="a.bin", Body=TEN)

        assert s3.copy("a.bin", "b.bin").sha256 == hashlib.sha256(TEN).hexdigest()


class TestPresigned:
    """Addresses that work by themselves, for a while."""

    def test_answers_as_it_was_asked_to(self, s3: S3Storage) -> None:
        """The bytes, their type and their name; kept by nobody but the visitor."""
        s3.put("a.png", io.BytesIO(TEN))

        answer = httpx.get(
            s3.presigned_url(
                "a.png",
                expires_in=timedelta(minutes=5),
                media_type="image/png",
                disposition='attachment; filename="A fox.png"',
            )
        )

        assert (answer.status_code, answer.content) == (200, TEN)
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="A fox.png"'
        assert answer.headers["Cache-Control"] == "private"

    def test_of_another_object_it_is_refused(self, s3: S3Storage) -> None:
        """It is signed for this one alone."""
        s3.put("a.png", io.BytesIO(TEN))
        s3.put("b.png", io.BytesIO(b"somebody else's"))
        url = s3.presigned_url("a.png", expires_in=timedelta(minutes=5))

        assert httpx.get(url.replace("a.png", "b.png")).status_code == 403

    @pytest.mark.parametrize(("asked", "lasts"), [(300, "300"), (8 * 86_400, "604800")])
    def test_lasts_as_asked_and_never_above_a_week(
        self, s3: S3Storage, asked: int, lasts: str
    ) -> None:
        """S3 itself allows no more."""
        url = s3.presigned_url("a.png", expires_in=timedelta(seconds=asked))

        assert httpx.URL(url).params["X-Amz-Expires"] == lasts
        assert httpx.URL(url).params["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"

    def test_begins_with_the_origin(self, s3: S3Storage, s3_server: S3Server) -> None:
        """For who says in advance what a page may load."""
        assert s3.origin == s3_server.endpoint_url

    def test_cdn_hands_path_and_query_on(
        self, s3_client: Any, s3_bucket: S3Server, folder: Path
    ) -> None:
        """Addresses begin with it, and are good at the bucket's own host."""
        cdn = "https://cdn.example"
        s3 = S3Storage(
            s3_client, bucket=s3_bucket.bucket_name, spool_root=folder, cdn_url=f"{cdn}/pictures"
        )
        s3.put("a.png", io.BytesIO(TEN))

        url = s3.presigned_url("a.png", expires_in=timedelta(minutes=5))

        assert url.startswith(f"{cdn}/pictures/{s3_bucket.bucket_name}/a.png?")
        assert s3.origin == cdn
        behind = url.replace(f"{cdn}/pictures", s3_bucket.endpoint_url)
        assert httpx.get(behind).content == TEN

    @pytest.mark.parametrize(
        ("endpoint_url", "is_path_style", "origin"),
        [
            ("", False, "https://pictures.s3.eu-west-1.amazonaws.com"),
            ("", True, "https://s3.eu-west-1.amazonaws.com"),
            ("https://minio.example:9000", False, "https://pictures.minio.example:9000"),
            ("https://minio.example:9000", True, "https://minio.example:9000"),
        ],
    )
    def test_bucket_is_in_the_host_or_in_the_path(
        self, folder: Path, endpoint_url: str, is_path_style: bool, origin: str
    ) -> None:
        """As the server wants it."""
        client = connect(
            endpoint_url=endpoint_url,
            access_key_id="key",
            secret_access_key="secret",
            region="eu-west-1",
            is_path_style=is_path_style,
        )
        s3 = S3Storage(client, bucket="pictures", spool_root=folder)

        url = s3.presigned_url("a.png", expires_in=timedelta(minutes=5))

        path = "/pictures/a.png?" if is_path_style else "/a.png?"
        assert s3.origin == origin
        assert url.startswith(f"{origin}{path}")


class TestListing:
    """What is in the bucket."""

    def test_more_than_a_page(self, s3: S3Storage, s3_bucket: S3Server) -> None:
        """Servers tell a thousand keys at once."""
        keys = {f"many/{n:04}.bin" for n in range(1_005)}
        folder = s3_bucket.buckets / s3_bucket.bucket_name / "many"
        folder.mkdir()
        for key in keys:
            (folder.parent / key).touch()

        listed = list(s3.iter_keys("many/"))

        assert (len(listed), set(listed)) == (1_005, keys)

    def test_what_can_not_be_ours_is_passed_by(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server
    ) -> None:
        """Though the bucket ought to be the gallery's own."""
        s3_client.put_object(Bucket=s3_bucket.bucket_name, Key="holiday in März.txt", Body=b"x")
        s3.put("a.png", io.BytesIO(TEN))

        assert list(s3.iter_keys()) == ["a.png"]


class TestSweep:
    """Uploads in parts whose writer died, and files that it spooled."""

    @pytest.fixture
    def upload(self, s3_client: Any, s3_bucket: S3Server) -> dict[str, str]:
        where = {"Bucket": s3_bucket.bucket_name, "Key": "large.bin"}
        return where | {"UploadId": s3_client.create_multipart_upload(**where)["UploadId"]}

    def test_old_uploads_end(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server, upload: dict[str, str]
    ) -> None:
        """Their parts are paid for until somebody does this."""
        s3_client.upload_part(**upload, PartNumber=1, Body=TEN)

        removed = s3.sweep_temporary(untouched_since=TOMORROW)

        assert removed == 1
        assert begun(s3_client, s3_bucket) == []

    def test_young_uploads_go_on(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server, upload: dict[str, str]
    ) -> None:
        """They may be somebody's who is at it."""
        yesterday = datetime.now(UTC) - timedelta(days=1)

        assert s3.sweep_temporary(untouched_since=yesterday) == 0
        assert begun(s3_client, s3_bucket) == [upload["UploadId"]]

    def test_old_upload_that_is_still_written_to_goes_on(
        self, s3: S3Storage, s3_client: Any, s3_bucket: S3Server, upload: dict[str, str]
    ) -> None:
        """A slow sender is not a dead one."""
        listed = s3_client.list_multipart_uploads(Bucket=s3_bucket.bucket_name)["Uploads"]
        s3_client.upload_part(**upload, PartNumber=1, Body=TEN)
        just_after = listed[0]["Initiated"] + timedelta(milliseconds=1)

        assert s3.sweep_temporary(untouched_since=just_after) == 0
        assert begun(s3_client, s3_bucket) == [upload["UploadId"]]

    def test_spooled_files_of_dead_writers_go(self, s3: S3Storage, folder: Path) -> None:
        """Those of the living stay."""
        left = folder / ".tmp" / "upload-9f2e.part"
        left.parent.mkdir(parents=True)
        left.write_bytes(TEN)

        with s3.spool() as living:
            removed = s3.sweep_temporary(untouched_since=TOMORROW)

            assert (removed, left.exists(), living.path.exists()) == (1, False, True)


def test_whether_keys_are_refused_is_found_out(s3: S3Storage, s3_that_refuses: S3Storage) -> None:
    """The server behind replaces, the one before it refuses; nothing is left of asking."""
    assert (s3.claims_keys, s3_that_refuses.claims_keys) == (False, True)
    assert list(s3.iter_keys()) == []


def test_whether_keys_are_refused_is_asked_once(
    s3_that_refuses: S3Storage, between: Between
) -> None:
    """Each further put is one request."""
    s3_that_refuses.put("a.bin", io.BytesIO(TEN))
    between.asked.clear()

    s3_that_refuses.put("b.bin", io.BytesIO(TEN))

    assert len(between.asked) == 1
