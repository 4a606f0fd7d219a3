"""The S3 provider: what ``base.Storage`` promises, kept by a bucket."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from gallery.errors import ObjectNotFound, StorageError
from gallery.storage.base import (
    MARK,
    MOST_MARK_BYTES,
    ObjectInfo,
    StoredObject,
    check_key,
    is_key,
)
from gallery.storage.s3.claims import Claims
from gallery.storage.s3.errors import translated
from gallery.storage.s3.reading import open_object
from gallery.storage.s3.writing import Writer
from gallery.storage.spool import SpooledFile, storage_error
from gallery.storage.temporary import TEMPORARY, sweep

# What S3 allows: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
LONGEST_PRESIGNED = timedelta(days=7)
# A key that can be in every bucket; only its address is looked at.
_ANY_KEY = "a"


class S3Storage:
    """A bucket of objects. *spool_root* is a folder of this machine for bytes that arrive."""

    name = "s3"
    # Who has the key to a bucket has it for good.
    is_mounted = False

    def __init__(self, client: Any, *, bucket: str, spool_root: Path, cdn_url: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._spool_root = spool_root
        self._cdn_url = cdn_url
        self._origin: str | None = None
        self._claims = Claims(client, bucket)
        self._writer = Writer(client, bucket)

    @property
    def claims_keys(self) -> bool:
        """Tell whether the server refuses a key that is taken; it is asked once a process.

        Raises:
            StorageUnavailable: it can't be asked.
        """
        return self._claims.server_refuses()

    @property
    def origin(self) -> str | None:
        """Return scheme, host and port of presigned addresses; None while nothing can be signed."""
        if self._origin is None:
            with suppress(StorageError):
                parts = urlsplit(self._presigned(_ANY_KEY, timedelta(seconds=1)))
                self._origin = f"{parts.scheme}://{parts.netloc}"
        return self._origin

    def read_mark(self) -> str | None:
        """Read an object whose key no picture can have."""
        try:
            with translated(MARK):
                answer = self._client.get_object(Bucket=self._bucket, Key=MARK)
                mark: bytes = answer["Body"].read(MOST_MARK_BYTES)
        except ObjectNotFound:
            return None
        return mark.decode("ascii", "replace").strip()

    def write_mark(self, mark: str) -> None:
        """Put that object, in place of any before."""
        with translated(MARK):
            self._client.put_object(Bucket=self._bucket, Key=MARK, Body=mark.encode())

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        """Keep *stream* under *key*: sent in parts, proved by checksums."""
        with self._claims.held(check_key(key)) as held:
            if not isinstance(stream, SpooledFile):
                return self._writer.put(key, stream, "", held)
            with stream.reopen() as file:
                return self._writer.put(key, file, stream.sha256, held)

    def spool(self) -> SpooledFile:
        """Return an empty file of this machine."""
        return SpooledFile(self._spool_root / TEMPORARY)

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        """Open the object; it is fetched while it is read."""
        return open_object(self._client, self._bucket, check_key(key), start, end)

    def exists(self, key: str) -> bool:
        """Ask the server."""
        try:
            self._writer.head(check_key(key))
        except ObjectNotFound:
            return False
        return True

    def stat(self, key: str) -> ObjectInfo:
        """Ask the server, by whose clock an object has its age."""
        found = self._writer.head(check_key(key))
        return ObjectInfo(
            size_bytes=int(found["ContentLength"]),
            put_at=found["LastModified"].astimezone(UTC),
            version=f"{found['ETag']}-{found['LastModified'].timestamp()}",
        )

    def delete(self, key: str) -> None:
        """Delete the object; S3 doesn't mind where there is none."""
        with translated(check_key(key)):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def iter_keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys, page by page; none that can't be of ours."""
        for page in self._pages("list_objects_v2", Prefix=prefix):
            keys = [each["Key"] for each in page.get("Contents", ())]
            yield from filter(is_key, keys)

    def copy(self, source: str, target: str) -> StoredObject:
        """Let the server copy, without a byte coming here unless it has to be proved."""
        check_key(source)
        with self._claims.held(check_key(target)) as held:
            return self._writer.copy(source, target, held)

    def presigned_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        media_type: str | None = None,
        disposition: str | None = None,
    ) -> str | None:
        """Return an address at the CDN where there is one, else at the bucket.

        A CDN hands path and query on to the bucket's own host, for which they are signed.
        """
        asked = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition}
        told = {name: value for name, value in asked.items() if value is not None}
        return self._presigned(check_key(key), min(expires_in, LONGEST_PRESIGNED), **told)

    def sweep_temporary(self, *, untouched_since: datetime) -> int:
        """End uploads in parts that nobody goes on with, and remove spooled files left here."""
        try:
            removed = sweep(self._spool_root, untouched_since=untouched_since)
        except OSError as error:
            raise storage_error(error) from error
        # Of a bucket without such uploads, some servers say that there is no such upload.
        with suppress(ObjectNotFound):
            for page in self._pages("list_multipart_uploads"):
                uploads = page.get("Uploads", ())
                removed += sum(self._end_upload(each, untouched_since) for each in uploads)
        return removed

    def _presigned(self, key: str, expires_in: timedelta, **told: str) -> str:
        with translated(key):
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseCacheControl": "private",
                    **told,
                },
                # Nothing lasts for no time at all, and a server refuses to try.
                ExpiresIn=max(1, int(expires_in.total_seconds())),
            )
        if not self._cdn_url:
            return url
        parts = urlsplit(url)
        return f"{self._cdn_url}{parts.path}?{parts.query}"

    def _pages(self, operation: str, **options: Any) -> Iterator[Any]:
        paginator = self._client.get_paginator(operation)
        with translated():
            yield from paginator.paginate(Bucket=self._bucket, **options)

    def _end_upload(self, begun: Any, untouched_since: datetime) -> bool:
        upload = {"Bucket": self._bucket, "Key": begun["Key"], "UploadId": begun["UploadId"]}
        if not is_key(begun["Key"]) or begun["Initiated"] >= untouched_since:
            return False
        try:
            with translated(begun["Key"]):
                parts = self._client.get_paginator("list_parts").paginate(**upload)
                times = [each["LastModified"] for page in parts for each in page.get("Parts", ())]
                if any(time >= untouched_since for time in times):
                    return False
                self._client.abort_multipart_upload(**upload)
        except ObjectNotFound:
            # Its writer has ended it, or another sweep was faster.
            return False
        return True
