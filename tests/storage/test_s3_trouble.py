"""Servers that fail: each way is an error of ours, is tried again within caps, keeps nothing."""

import hashlib
import io
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from cluster.s3 import S3Server
from gallery.errors import (
    ObjectExists,
    StorageFull,
    StorageUnavailable,
)
from gallery.storage.s3.client import connect
from gallery.storage.s3.storage import S3Storage
from tests.storage.between import (
    Between,
    Fault,
    another_etag,
    answering,
    deaf,
    dripping,
    half,
    other_bytes,
    redirecting,
    reset,
    standing_between,
    unlabelled,
    unspoilt,
)

TEN = b"ten bytes!"
TOMORROW = datetime.now(UTC) + timedelta(days=1)
LARGE = bytes(9 * 1024 * 1024)


@pytest.fixture
def s3(s3_that_refuses: S3Storage, between: Between) -> S3Storage:
    """A storage that has asked already what its server does about keys that are taken."""
    assert s3_that_refuses.claims_keys
    between.asked.clear()
    return s3_that_refuses


def put(s3: S3Storage, content: bytes = TEN) -> Any:
    return s3.put("a.bin", io.BytesIO(content))


def read(s3: S3Storage, start: int = 0) -> bytes:
    with s3.open("a.bin", start) as file:
        return file.read()


class TestPut:
    """Objects that were on their way."""

    @pytest.mark.parametrize(
        "fault",
        [answering(503, "SlowDown"), answering(500, "InternalError"), reset, deaf],
        ids=["slow down", "internal error", "reset", "answer lost"],
    )
    def test_is_tried_again(self, s3: S3Storage, between: Between, fault: Fault) -> None:
        """A server that fails once is no trouble; nor is an answer that was lost."""
        between.spoil("PUT", fault)

        stored = put(s3)

        assert stored.sha256 == hashlib.sha256(TEN).hexdigest()
        assert read(s3) == TEN
        assert list(s3.iter_keys()) == ["a.bin"]

    def test_is_not_tried_for_ever(self, s3: S3Storage, between: Between) -> None:
        """As often as was set, twice here; and nothing is there."""
        between.spoil("PUT", *[answering(503, "SlowDown")] * 2)

        with pytest.raises(StorageUnavailable, match="SlowDown"):
            put(s3)

        assert sum(asked.startswith("PUT") for asked in between.asked) == 2
        assert list(s3.iter_keys()) == []

    def test_of_which_no_answer_came_is_found(self, s3: S3Storage, between: Between) -> None:
        """It is there, and nobody else's: so it was kept."""
        between.spoil("PUT", deaf, deaf)

        stored = put(s3)

        assert stored.size_bytes == 10
        assert read(s3) == TEN

    def test_of_somebody_else_is_not_taken_for_ours(self, s3: S3Storage, between: Between) -> None:
        """Though it holds the same bytes."""
        put(s3)
        between.spoil("PUT", reset)

        with pytest.raises(ObjectExists):
            put(s3)

    @pytest.mark.parametrize("code", ["XMinioStorageFull", "InsufficientStorage"])
    def test_without_room_is_told_as_full(self, s3: S3Storage, between: Between, code: str) -> None:
        """As a full disk is."""
        between.spoil("PUT", answering(507, code))

        with pytest.raises(StorageFull):
            put(s3)

    def test_etag_that_proves_nothing_is_no_trouble(self, s3: S3Storage, between: Between) -> None:
        """Not every server's is an MD5: the object is read back then."""
        between.spoil("PUT", another_etag)

        assert put(s3).size_bytes == 10
        assert between.saw("GET ")

    def test_other_bytes_than_were_sent_are_noticed(self, s3: S3Storage, between: Between) -> None:
        """And are not left there."""
        between.spoil("PUT", other_bytes)

        with pytest.raises(StorageUnavailable, match="other bytes"):
            put(s3)

        assert s3.exists("a.bin") is False

    def test_what_can_not_be_read_back_is_not_left(self, s3: S3Storage, between: Between) -> None:
        """Nobody knows what is there, and whoever sent it is told that nothing was kept."""
        between.spoil("PUT", another_etag)
        between.spoil("GET", *[answering(503, "SlowDown")] * 2)

        with pytest.raises(StorageUnavailable):
            put(s3)

        assert s3.exists("a.bin") is False

    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_in_parts_ends_when_one_fails(
        self, s3: S3Storage, between: Between, method: str
    ) -> None:
        """Neither a part nor the beginning of an upload is left."""
        between.spoil(method, *[answering(500, "InternalError")] * 2)

        with pytest.raises(StorageUnavailable):
            put(s3, LARGE)

        assert s3.sweep_temporary(untouched_since=TOMORROW) == 0
        assert list(s3.iter_keys()) == []

    def test_in_parts_whose_end_was_not_heard_is_found(
        self, s3: S3Storage, between: Between
    ) -> None:
        """The server says that there is no such upload: because it has become the object."""
        between.spoil("POST", unspoilt, deaf)

        stored = put(s3, LARGE)

        assert stored.size_bytes == len(LARGE)
        assert s3.stat("a.bin").size_bytes == len(LARGE)


class TestRead:
    """Objects that were on their way back."""

    def test_goes_on_where_it_broke_off(self, s3: S3Storage, between: Between) -> None:
        """Half a body is no end: the rest is fetched."""
        content = bytes(range(256)) * 1_000
        put(s3, content)
        between.spoil("GET", half, half)

        assert read(s3) == content

    def test_never_ends_early(self, s3: S3Storage, between: Between) -> None:
        """Where it breaks off again and again, that is told."""
        put(s3, bytes(range(256)) * 1_000)
        between.spoil("GET", half, half, half, half)

        with pytest.raises(StorageUnavailable):
            read(s3)

    def test_another_part_than_was_asked_for_is_refused(
        self, s3: S3Storage, between: Between
    ) -> None:
        """Nor is one that isn't said to be the right one."""
        put(s3)
        between.spoil("GET", unlabelled)

        with pytest.raises(StorageUnavailable, match="another part"):
            read(s3, start=4)

    def test_one_that_drips_is_given_up(
        self, s3_bucket: S3Server, between: Between, tmp_path: Path
    ) -> None:
        """Though each byte comes in time, all of them never would."""
        s3 = reached_at(
            between.address,
            tmp_path,
            bucket=s3_bucket.bucket_name,
            access_key_id=s3_bucket.access_key_id,
            secret_access_key=s3_bucket.secret_access_key,
            read_seconds=0.4,
        )
        put(s3, bytes(100_000))
        between.persist({"GET": dripping})

        with pytest.raises(StorageUnavailable, match="too slowly"):
            read(s3)

        assert sum(asked.startswith("GET") for asked in between.asked) == 1

    def test_server_that_fails_is_unavailable(self, s3: S3Storage, between: Between) -> None:
        """The object isn't missing: nobody knows."""
        put(s3)
        between.spoil("GET", *[answering(503, "ServiceUnavailable")] * 2)

        with pytest.raises(StorageUnavailable):
            read(s3)


CALLS: list[Callable[[S3Storage], object]] = [
    lambda s3: s3.put("a.bin", io.BytesIO(TEN)),
    lambda s3: s3.open("a.bin"),
    lambda s3: s3.open("a.bin", 1, 2),
    lambda s3: s3.exists("a.bin"),
    lambda s3: s3.stat("a.bin"),
    lambda s3: s3.delete("a.bin"),
    lambda s3: list(s3.iter_keys()),
    lambda s3: s3.copy("a.bin", "b.bin"),
    lambda s3: s3.sweep_temporary(untouched_since=TOMORROW),
    lambda s3: s3.claims_keys,
]
NAMES = ["put", "open", "open part", "exists", "stat", "delete", "list", "copy", "sweep", "claims"]


def reached_at(
    address: str, folder: Path, *, bucket: str = "pictures", **options: Any
) -> S3Storage:
    """Return a storage somewhere, of which everything is tried once."""
    told = {"access_key_id": "key", "secret_access_key": "a great secret", "attempts": 1}
    told |= {"region": "us-east-1", "is_path_style": True}
    client = connect(endpoint_url=address, **told | options)
    return S3Storage(client, bucket=bucket, spool_root=folder)


@pytest.mark.parametrize("call", CALLS, ids=NAMES)
class TestEveryCall:
    """No call lets an error of the SDK out."""

    def test_nobody_answers(self, call: Callable[[S3Storage], object], nowhere: S3Storage) -> None:
        """Nobody listens at the address."""
        with pytest.raises(StorageUnavailable):
            call(nowhere)

    def test_wrong_secret(
        self,
        call: Callable[[S3Storage], object],
        stranger: S3Storage,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The log names the settings, and holds no secret."""
        with caplog.at_level(logging.DEBUG, "gallery"), pytest.raises(StorageUnavailable) as error:
            call(stranger)

        assert "S3_SECRET_ACCESS_KEY must be right" in caplog.text
        assert "a great secret" not in caplog.text + str(error.value)


def test_server_that_sends_elsewhere_is_not_followed(
    s3: S3Storage, s3_server: S3Server, between: Between
) -> None:
    """What is signed for one server, and what is in the picture, is nobody else's."""
    put(s3)
    with standing_between(s3_server) as elsewhere:
        told = redirecting(f"{elsewhere.address}/a.bin")
        between.persist(dict.fromkeys(("GET", "HEAD", "PUT", "DELETE"), told))

        for call in CALLS[:2]:
            with pytest.raises(StorageUnavailable):
                call(s3)

    assert elsewhere.asked == []


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> S3Storage:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return reached_at(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(scope="module")
def stranger(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> S3Storage:
    """Knows the bucket and a key, and not the right secret."""
    folder = tmp_path_factory.mktemp("stranger")
    return reached_at(s3_server.endpoint_url, folder, access_key_id=s3_server.access_key_id)


def test_server_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """It takes the connection, and that was it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        s3 = reached_at(address, tmp_path, read_seconds=0.2)

        with pytest.raises(StorageUnavailable, match="ReadTimeoutError"):
            s3.exists("a.bin")


def test_missing_bucket_is_no_missing_object(s3_client: Any, tmp_path: Path) -> None:
    """Or the storage check would call every picture lost."""
    s3 = S3Storage(s3_client, bucket="nosuchbucket", spool_root=tmp_path)

    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        s3.open("a.bin")


def test_stream_that_breaks_is_not_the_storages_fault(s3: S3Storage) -> None:
    """Whoever sends has their own error, not ours."""

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("the client went away")

    stream: BinaryIO = Broken()
    with pytest.raises(ConnectionResetError, match="the client went away"):
        s3.put("a.bin", stream)
