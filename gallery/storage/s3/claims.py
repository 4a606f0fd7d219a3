"""Let a key be taken once, whatever the server knows of conditions.

S3 itself replaces what lies under a key without a word, unless it is asked
not to (``If-None-Match: *``); some servers overlook that question. Which
kind this one is, it is asked once. Where it can't refuse, one process is
safe by what it remembers here; between processes, whoever names keys has to
see to it (``Storage.claims_keys``).
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from gallery.errors import ObjectExists, ObjectNotFound, StorageError
from gallery.storage.s3.errors import status_of, translated

log = logging.getLogger(__name__)
PROBE = "probe"
_ONLY_IF_FREE = {"IfNoneMatch": "*"}
_REFUSED = 412
# 501 is how a server says that it doesn't know this header.
_NOT_KNOWN = (*range(400, 500), 501)


class Claims:
    """Who writes to which key of one bucket just now."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._refuses: bool | None = None
        self._changing = threading.Lock()
        self._held: set[str] = set()

    def server_refuses(self) -> bool:
        """Tell whether the server refuses a key that is taken; asked until it has answered.

        Raises:
            StorageUnavailable: it can't be asked.
        """
        if self._refuses is None:
            # Several threads may ask at first. Were each to wait for the one before it, a server
            # that is away would keep the last of them for minutes.
            self._refuses = self._ask()
            log.info("S3 %s a key that is taken", "refuses" if self._refuses else "replaces")
        return self._refuses

    @contextmanager
    def held(self, key: str) -> Iterator[dict[str, str]]:
        """Hold *key* for one writer, and return what has to be sent along.

        Raises:
            ObjectExists: it is taken, or another writes to it.
        """
        if self.server_refuses():
            yield _ONLY_IF_FREE
            return
        with self._changing:
            if key in self._held:
                raise ObjectExists(f"{key} is taken")
            self._held.add(key)
        try:
            self._require_free(key)
            yield {}
        finally:
            with self._changing:
                self._held.discard(key)

    def _require_free(self, key: str) -> None:
        with suppress(ObjectNotFound), translated(key):
            self._client.head_object(Bucket=self._bucket, Key=key)
            raise ObjectExists(f"{key} is taken")

    def _ask(self) -> bool:
        """Put and copy to a key that is taken for certain, with the condition."""
        one, other = (f"{PROBE}/{uuid4().hex}" for _ in range(2))
        source = {"Bucket": self._bucket, "Key": one}
        put: list[str] = []
        try:
            with translated():
                for key in (one, other):
                    self._client.put_object(Bucket=self._bucket, Key=key, Body=b"taken")
                    put.append(key)
            return self._is_refused(
                self._client.put_object, Key=other, Body=b"taken"
            ) and self._is_refused(self._client.copy_object, Key=other, CopySource=source)
        finally:
            for key in put:
                with suppress(StorageError), translated():
                    self._client.delete_object(Bucket=self._bucket, Key=key)

    def _is_refused(self, call: Any, **options: Any) -> bool:
        with translated():
            try:
                call(Bucket=self._bucket, **options, **_ONLY_IF_FREE)
            except ClientError as error:
                if status_of(error) not in _NOT_KNOWN:
                    raise
                return status_of(error) == _REFUSED
        return False
