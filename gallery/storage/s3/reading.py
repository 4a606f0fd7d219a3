"""An object of a bucket as a file that can be read from any place.

One request goes out, and its answer is read piece by piece; another only
where somebody seeks, or where the connection breaks. What is answered is
held against what was asked: the same object, the right place, all of it.
A server that sends a byte now and then would never be met by a time-out for
each read, so what comes is held to a pace as well.
"""

import io
import os
import re
import time
from contextlib import suppress
from typing import Any, BinaryIO, cast

from gallery.errors import ObjectExists, ObjectNotFound, StorageError, StorageUnavailable
from gallery.storage.s3.errors import translated

BUFFER_BYTES = 64 * 1024
MOST_RESUMED = 3
SLOWEST_BYTES_PER_SECOND = 1024
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def open_object(client: Any, bucket: str, key: str, start: int, end: int | None) -> BinaryIO:
    """Open the bytes of *key* from *start* up to, not including, *end*.

    Places in it are counted from *start*.

    Raises:
        ObjectNotFound: no object has this key.
        StorageUnavailable: it can't be read; reading may raise it, too.
    """
    raw = ObjectStream(client, bucket, key, start, end)
    return cast(BinaryIO, io.BufferedReader(raw, BUFFER_BYTES))


class ObjectStream(io.RawIOBase):
    """The unbuffered stream: what it knows of the object is what the first answer said."""

    def __init__(self, client: Any, bucket: str, key: str, start: int, end: int | None) -> None:
        super().__init__()
        self._client = client
        self._object = {"Bucket": bucket, "Key": key}
        self._key = key
        self._start = start
        self._place = 0
        self._body: Any = None
        self._body_place = 0
        self._resumed = 0
        # How long the server may say nothing, and what it kept us waiting so far.
        self._patience_seconds = float(client.meta.config.read_timeout)
        self._waited_seconds = 0.0
        self._received_bytes = 0
        self._etag = ""
        self._size_bytes = 0
        self._begin(end)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place that is read next."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; nothing is asked of the server until it is read."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size_bytes}[whence]
        if origin + offset < 0:
            raise ValueError("there is nothing before the beginning")
        self._place = origin + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read into *buffer*; 0 means that the object ends here, and nothing else."""
        view = memoryview(buffer)[: max(0, self._size_bytes - self._place)]
        if not view:
            return 0
        while True:
            self._require_pace()
            self._fetch()
            try:
                count = self._read(view)
            except StorageUnavailable:
                # What was read so far stays read; only an answer that broke off is worth another.
                self._drop()
                if self._resumed == MOST_RESUMED:
                    raise
                self._resumed += 1
                continue
            self._place += count
            self._body_place = self._place
            return count

    def readall(self) -> bytes:
        """Read what is left, in large pieces."""
        pieces = iter(lambda: self.read(1024 * 1024), b"")
        return b"".join(cast("list[bytes]", list(pieces)))

    def close(self) -> None:
        """Let go of the connection."""
        if not self.closed:
            self._drop()
        super().close()

    def _begin(self, end: int | None) -> None:
        """Learn the object's size and ETag, by the answer that is read from as well."""
        if self._start == 0 and end is None:
            answer = self._get()
            self._size_bytes = int(answer["ContentLength"])
            self._body = answer["Body"]
        else:
            # A server refuses ranges with nothing in them, so it is asked for the size alone.
            answer = self._ask(self._client.head_object)
            whole = int(answer["ContentLength"])
            stop = whole if end is None else min(end, whole)
            self._size_bytes = max(0, stop - self._start)
        self._etag = answer["ETag"]

    def _fetch(self) -> None:
        """See to it that there is an answer, and that it goes on at the place that is read next."""
        if self._body is None or self._body_place != self._place:
            self._drop()
            self._body = self._get_from(self._start + self._place)
            self._body_place = self._place

    def _require_pace(self) -> None:
        earned = self._received_bytes / SLOWEST_BYTES_PER_SECOND
        if self._waited_seconds > self._patience_seconds + earned:
            self._drop(reads_on=False)
            raise StorageUnavailable(f"{self._key} comes too slowly")

    def _read(self, view: memoryview) -> int:
        began = time.monotonic()
        with translated(self._key):
            # What is there by now, where the SDK's own reading waits until the view is full.
            piece: bytes = self._body.__enter__().read1(len(view))
        self._waited_seconds += time.monotonic() - began
        self._received_bytes += len(piece)
        if not piece:
            raise StorageUnavailable(f"{self._key} ended before its end")
        view[: len(piece)] = piece
        return len(piece)

    def _get_from(self, first: int) -> Any:
        last = self._start + self._size_bytes - 1
        try:
            answer = self._get(Range=f"bytes={first}-{last}", IfMatch=self._etag)
        except ObjectExists:
            raise ObjectNotFound(f"{self._key} is another object now") from None
        # Not every server knows conditions.
        if answer["ETag"] != self._etag:
            answer["Body"].close()
            raise ObjectNotFound(f"{self._key} is another object now")
        told = _RANGE.fullmatch(answer.get("ContentRange", ""))
        if told is None or int(told[1]) != first:
            answer["Body"].close()
            raise StorageUnavailable(f"S3 sent another part of {self._key} than it was asked for")
        return answer["Body"]

    def _get(self, **options: str) -> Any:
        return self._ask(self._client.get_object, **options)

    def _ask(self, call: Any, **options: str) -> Any:
        with translated(self._key):
            return call(**self._object, **options)

    def _drop(self, *, reads_on: bool = True) -> None:
        """Let go of an answer: a connection is used again only where its answer was read out."""
        if self._body is None:
            return
        if reads_on and self._size_bytes - self._body_place <= BUFFER_BYTES:
            with suppress(StorageError), translated(self._key):
                self._body.read()
        self._body.close()
        self._body = None
