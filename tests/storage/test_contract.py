"""What every storage provider promises; see ``gallery.storage.base``."""

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from gallery.errors import InvalidKey, ObjectExists, ObjectNotFound
from gallery.storage import Storage, StoredObject

CONTENT = b"ten bytes!"
SHA256 = "0425074d7748edc4faa98177678ef8e16a493504dfa15ca02bcdc56a848aca99"


def put(storage: Storage, key: str, content: bytes = CONTENT) -> StoredObject:
    return storage.put(key, io.BytesIO(content))


def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    with storage.open(key, start, end) as stream:
        return stream.read()


class TestStorage:
    """The contract; the ``storage`` fixture runs it over every provider."""

    def test_put_tells_key_size_and_digest(self, storage: Storage) -> None:
        """Whoever puts an object learns what was kept."""
        stored = put(storage, "a/b.png")

        assert stored == StoredObject(key="a/b.png", size_bytes=10, sha256=SHA256)

    @pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])
    def test_what_was_put_is_opened_byte_for_byte(self, storage: Storage, size: int) -> None:
        """An object of any size comes back as it went in, also around the chunk size."""
        content = bytes(range(251)) * (size // 251 + 1)

        stored = put(storage, "a.bin", content[:size])

        assert stored.size_bytes == size
        assert read(storage, "a.bin") == content[:size]

    def test_stream_is_read_to_its_end_even_where_it_gives_little_at_once(
        self, storage: Storage
    ) -> None:
        """A short read is not the end of the stream."""

        class Trickle(io.BytesIO):
            def read(self, _size: int | None = -1, /) -> bytes:
                return super().read(3)

        stored = storage.put("a.bin", Trickle(CONTENT))

        assert (stored.size_bytes, stored.sha256) == (10, SHA256)
        assert read(storage, "a.bin") == CONTENT

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, None, b"ten bytes!"),
            (4, None, b"bytes!"),
            (0, 3, b"ten"),
            (4, 9, b"bytes"),
            (4, 1000, b"bytes!"),
            (0, 0, b""),
            (4, 4, b""),
            (6, 2, b""),
            (10, None, b""),
            (1000, 1001, b""),
        ],
    )
    def test_range_holds_start_and_not_end(
        self, storage: Storage, start: int, end: int | None, expected: bytes
    ) -> None:
        """A part is opened from its first byte up to, not including, its last."""
        put(storage, "a.txt")

        assert read(storage, "a.txt", start, end) == expected

    def test_taken_key_is_refused_and_keeps_its_bytes(self, storage: Storage) -> None:
        """A key never changes what it holds."""
        put(storage, "a.txt", b"first")

        with pytest.raises(ObjectExists, match=r"a\.txt"):
            put(storage, "a.txt", b"second")

        assert read(storage, "a.txt") == b"first"
        assert list(storage.iter_keys()) == ["a.txt"]

    def test_of_many_who_put_one_key_at_once_one_wins(self, storage: Storage) -> None:
        """Racing writers never mix their bytes: one is kept whole, the others are told."""
        contents = [bytes([n]) * 200_000 for n in range(8)]
        barrier = threading.Barrier(len(contents))

        def attempt(content: bytes) -> bytes | None:
            barrier.wait()
            try:
                put(storage, "a.bin", content)
            except ObjectExists:
                return None
            return content

        with ThreadPoolExecutor(len(contents)) as pool:
            winners = [content for content in pool.map(attempt, contents) if content]

        assert len(winners) == 1
        assert read(storage, "a.bin") == winners[0]

    @pytest.mark.parametrize("end", [None, 3])
    def test_missing_object_is_told(self, storage: Storage, end: int | None) -> None:
        """Opening what isn't there says which key it was."""
        with pytest.raises(ObjectNotFound, match=r"b\.txt"):
            storage.open("a/b.txt", 0, end)

    def test_existence_is_told_of_objects_alone(self, storage: Storage) -> None:
        """An object exists from put to delete; the prefix it lies under is no object."""
        before = storage.exists("a/b.txt")
        put(storage, "a/b.txt")
        between = storage.exists("a/b.txt")
        storage.delete("a/b.txt")

        assert (before, between, storage.exists("a/b.txt")) == (False, True, False)
        assert storage.exists("a") is False

    def test_prefix_is_no_object_to_open_either(self, storage: Storage) -> None:
        """What is only a prefix of keys can't be opened."""
        put(storage, "a/b.txt")

        with pytest.raises(ObjectNotFound):
            storage.open("a")

    def test_size_and_age_are_told(self, storage: Storage) -> None:
        """How large an object is, and since when it is there, by an aware time."""
        before = datetime.now(UTC)
        put(storage, "a/b.txt")

        known = storage.stat("a/b.txt")

        # File systems and servers round their times.
        assert abs(known.put_at - before) < timedelta(seconds=30)
        assert known.put_at.tzinfo is UTC
        assert known.size_bytes == 10

    def test_copy_is_as_old_as_its_copying(self, storage: Storage) -> None:
        """A copy that was just made doesn't look like one that has been there for long."""
        put(storage, "a.txt")
        old = storage.stat("a.txt").put_at
        time.sleep(1.1)  # Some providers tell whole seconds.

        storage.copy("a.txt", "b.txt")

        assert storage.stat("b.txt").put_at - old >= timedelta(seconds=1)

    @pytest.mark.parametrize("key", ["b.txt", "a", "a/b.txt/c.txt"])
    def test_of_what_is_no_object_nothing_is_told(self, storage: Storage, key: str) -> None:
        """Neither of a missing object nor of the prefix of another."""
        put(storage, "a/b.txt")

        with pytest.raises(ObjectNotFound):
            storage.stat(key)

    def test_sweep_of_temporary_files_leaves_objects_alone(self, storage: Storage) -> None:
        """However old they are; and a storage that was never used can be swept."""
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        unused = storage.sweep_temporary(untouched_since=tomorrow)
        put(storage, "a.part")

        used = storage.sweep_temporary(untouched_since=tomorrow)

        assert (unused, used) == (0, 0)
        assert list(storage.iter_keys()) == ["a.part"]

    def test_deleting_twice_is_no_error(self, storage: Storage) -> None:
        """Delete may be repeated, and begun with nothing there."""
        put(storage, "a.txt")
        put(storage, "b.txt")

        storage.delete("a.txt")
        storage.delete("a.txt")
        storage.delete("never/there.txt")

        assert list(storage.iter_keys()) == ["b.txt"]

    def test_deleted_key_is_free_again(self, storage: Storage) -> None:
        """That keys don't come back is the catalogue's promise, not the storage's."""
        put(storage, "a.txt", b"first")
        storage.delete("a.txt")

        put(storage, "a.txt", b"second")

        assert read(storage, "a.txt") == b"second"

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", {"a/1.png", "a/2.png", "ab.png", "c/d/e.png"}),
            ("a", {"a/1.png", "a/2.png", "ab.png"}),
            ("a/", {"a/1.png", "a/2.png"}),
            ("c/d/e", {"c/d/e.png"}),
            ("d", set()),
        ],
    )
    def test_keys_are_listed_by_prefix(
        self, storage: Storage, prefix: str, expected: set[str]
    ) -> None:
        """A prefix is text, and need not end at a slash."""
        for key in ("a/1.png", "a/2.png", "ab.png", "c/d/e.png"):
            put(storage, key)

        assert sorted(storage.iter_keys(prefix)) == sorted(expected)

    def test_empty_storage_has_no_keys(self, storage: Storage) -> None:
        """A storage that was never used can be listed."""
        assert list(storage.iter_keys()) == []

    def test_copy_outlives_its_source(self, storage: Storage) -> None:
        """A copy is an object of its own."""
        put(storage, "a.txt")

        copied = storage.copy("a.txt", "deep/down/b.txt")
        storage.delete("a.txt")

        assert copied == StoredObject(key="deep/down/b.txt", size_bytes=10, sha256=SHA256)
        assert read(storage, "deep/down/b.txt") == CONTENT

    def test_copy_of_nothing_is_told(self, storage: Storage) -> None:
        """Copying what isn't there names the source and makes no target."""
        with pytest.raises(ObjectNotFound, match=r"gone\.txt"):
            storage.copy("gone.txt", "b.txt")

        assert list(storage.iter_keys()) == []

    def test_copy_to_a_taken_key_is_refused(self, storage: Storage) -> None:
        """A copy can't replace an object either, and the key that is taken is named."""
        put(storage, "a.txt", b"first")
        put(storage, "b.txt", b"second")

        with pytest.raises(ObjectExists, match=r"b\.txt"):
            storage.copy("a.txt", "b.txt")

        assert read(storage, "b.txt") == b"second"

    def test_stream_that_breaks_leaves_nothing(self, storage: Storage) -> None:
        """What could not be read to its end is not kept, and its key stays free."""

        class Broken(io.BytesIO):
            def read(self, _size: int | None = -1, /) -> bytes:
                if self.tell():
                    raise ConnectionResetError("the client went away")
                return super().read(4)

        with pytest.raises(Exception, match=r"the client went away|can't be used"):
            storage.put("a.txt", Broken(CONTENT))

        assert storage.exists("a.txt") is False
        assert list(storage.iter_keys()) == []
        assert put(storage, "a.txt").size_bytes == 10

    def test_presigned_url_is_an_address_or_none(self, storage: Storage) -> None:
        """A provider that can't be reached from outside says so with None."""
        put(storage, "a.txt")

        url = storage.presigned_url("a.txt", expires_in=timedelta(minutes=5))

        assert url is None or url.startswith(("http://", "https://"))

    @pytest.mark.parametrize(
        "call",
        [
            lambda storage: put(storage, "../a"),
            lambda storage: storage.open("../a"),
            lambda storage: storage.exists("../a"),
            lambda storage: storage.stat("../a"),
            lambda storage: storage.delete("../a"),
            lambda storage: storage.copy("../a", "b"),
            lambda storage: storage.copy("b", "../a"),
        ],
        ids=["put", "open", "exists", "stat", "delete", "copy from", "copy to"],
    )
    def test_every_call_goes_through_the_gate_for_keys(
        self, storage: Storage, call: Callable[[Storage], object]
    ) -> None:
        """No call takes a key that leads out of the storage."""
        put(storage, "b")

        with pytest.raises(InvalidKey):
            call(storage)

    def test_mark_is_in_no_list_of_keys(self, storage: Storage) -> None:
        """A storage that was never marked has none; the last one stays."""
        before = storage.read_mark()
        storage.write_mark("one")
        storage.write_mark("another")
        put(storage, "a/b.png")

        assert (before, storage.read_mark()) == (None, "another")
        assert list(storage.iter_keys()) == ["a/b.png"]

    def test_version_stays_as_long_as_the_object_does(self, storage: Storage) -> None:
        """Whoever has seen that it is whole need not look again."""
        put(storage, "a/b.png")
        first = storage.stat("a/b.png").version
        read(storage, "a/b.png")

        assert first == storage.stat("a/b.png").version != ""
