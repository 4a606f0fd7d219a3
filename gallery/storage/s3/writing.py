"""Put objects into a bucket, and believe nothing until the server has proved it.

Each request carries the MD5 of its bytes, which the server must find in
them as well; the ETag that it answers is held against ours, and where a
server's ETag is something else, the object is read back. Large objects go
in parts, so that no more than one part is in memory.

Each put leaves a mark of its own beside its object: an answer that was lost
may have been to a request that was carried out, and the mark tells.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import uuid4

from gallery.errors import ObjectNotFound, StorageError, StorageUnavailable
from gallery.storage.base import CHUNK_BYTES, StoredObject
from gallery.storage.s3.errors import may_be_done, translated
from gallery.storage.s3.reading import open_object

PART_BYTES = 8 * 1024 * 1024
SHA256 = "sha256"
_MARK = "put"


@dataclass
class _Sent:
    """The parts of an object that were sent so far."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    md5s: list[bytes] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    size_bytes: int = 0

    @property
    def etag(self) -> str:
        """What the whole object's ETag is at most servers."""
        return f"{_md5(b''.join(self.md5s)).hex()}-{len(self.md5s)}"

    def add(self, part: bytearray) -> int:
        """Count a part in, and return its number."""
        self.digest.update(part)
        self.md5s.append(_md5(part))
        self.size_bytes += len(part)
        return len(self.md5s)


class Writer:
    """Writes to one bucket. Who calls holds the key, and says what is sent along."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(
        self, key: str, stream: BinaryIO, expected: str, held: Mapping[str, str]
    ) -> StoredObject:
        """Keep what *stream* yields; *expected* is its SHA-256 where that is known, or empty."""
        # A list, to be emptied: each part is let go of before the next is read.
        read = [_read_part(stream)]
        if len(read[0]) < PART_BYTES:
            stored = self._put_whole(key, read.pop(), held)
        else:
            stored = self._put_parts(key, read, stream, expected, held)
        if expected and stored.sha256 != expected:
            self._delete(key)
            raise StorageUnavailable(f"The bytes of {key} changed on their way")
        return stored

    def copy(self, source: str, target: str, held: Mapping[str, str]) -> StoredObject:
        """Let the server copy; what it can't prove to be the same is read."""
        known = self.head(source)
        sha256 = metadata_of(known).get(SHA256, "")
        mark = uuid4().hex

        def copy() -> str:
            answer = self._client.copy_object(
                Bucket=self._bucket,
                Key=target,
                CopySource={"Bucket": self._bucket, "Key": source},
                MetadataDirective="REPLACE",
                Metadata=_metadata(mark, sha256),
                **held,
            )
            return str(answer["CopyObjectResult"]["ETag"])

        try:
            etag = self._kept(target, mark, copy)
        except ObjectNotFound:
            raise ObjectNotFound(f"{source} is missing") from None
        if not sha256 or _bare(etag) != _bare(known["ETag"]):
            sha256 = self._digest(target)
        return StoredObject(key=target, size_bytes=int(known["ContentLength"]), sha256=sha256)

    def head(self, key: str) -> Any:
        """Return what the server tells of an object."""
        with translated(key):
            return self._client.head_object(Bucket=self._bucket, Key=key)

    def _put_whole(self, key: str, content: bytearray, held: Mapping[str, str]) -> StoredObject:
        mark, md5 = uuid4().hex, _md5(content)
        sha256 = hashlib.sha256(content).hexdigest()

        def put() -> str:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentMD5=b64encode(md5).decode(),
                Metadata=_metadata(mark, sha256),
                **held,
            )
            return str(answer["ETag"])

        etag = self._kept(key, mark, put)
        self._prove(key, etag, md5.hex(), sha256)
        return StoredObject(key=key, size_bytes=len(content), sha256=sha256)

    def _put_parts(
        self,
        key: str,
        read: list[bytearray],
        stream: BinaryIO,
        expected: str,
        held: Mapping[str, str],
    ) -> StoredObject:
        mark = uuid4().hex
        with translated(key):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, Metadata=_metadata(mark, expected)
            )
        upload = {"Bucket": self._bucket, "Key": key, "UploadId": begun["UploadId"]}
        try:
            sent = self._send_parts(upload, read, stream)

            def complete() -> str:
                answer = self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": sent.parts}, **held
                )
                return str(answer["ETag"])

            etag = self._kept(key, mark, complete)
        except BaseException:
            with suppress(StorageError), translated(key):
                self._client.abort_multipart_upload(**upload)
            raise
        self._prove(key, etag, sent.etag, sent.digest.hexdigest())
        return StoredObject(key=key, size_bytes=sent.size_bytes, sha256=sent.digest.hexdigest())

    def _send_parts(
        self, upload: Mapping[str, str], read: list[bytearray], stream: BinaryIO
    ) -> "_Sent":
        sent = _Sent()
        while read[0]:
            part = read.pop()
            sent.parts.append(self._put_part(upload, sent.add(part), part, sent.md5s[-1]))
            del part
            read.append(_read_part(stream))
        return sent

    def _put_part(
        self, upload: Mapping[str, str], number: int, part: bytearray, md5: bytes
    ) -> dict[str, Any]:
        with translated(upload["Key"]):
            answer = self._client.upload_part(
                **upload,
                PartNumber=number,
                Body=part,
                ContentMD5=b64encode(md5).decode(),
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _kept(self, key: str, mark: str, request: Callable[[], str]) -> str:
        """Make the request that gives the object its key, and return the ETag.

        Where it fails, but may have been carried out, the object is asked
        whether it is this one.
        """
        try:
            with translated(key):
                return request()
        except StorageError as error:
            if may_be_done(error):
                with suppress(StorageError):
                    found = self.head(key)
                    if metadata_of(found).get(_MARK) == mark:
                        return str(found["ETag"])
            raise

    def _prove(self, key: str, etag: str, expected: str, sha256: str) -> None:
        if _bare(etag) == expected or self._digest(key) == sha256:
            return
        self._delete(key)
        raise StorageUnavailable(f"S3 kept other bytes of {key} than it was sent")

    def _digest(self, key: str) -> str:
        """Read back what was just put under *key*; what can't be read back does not stay."""
        digest = hashlib.sha256()
        try:
            with open_object(self._client, self._bucket, key, 0, None) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    digest.update(chunk)
        except StorageError:
            self._delete(key)
            raise
        return digest.hexdigest()

    def _delete(self, key: str) -> None:
        with suppress(StorageError), translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)


def metadata_of(head: Any) -> dict[str, str]:
    """Return an object's metadata; some servers write the names as header fields are written."""
    return {name.lower(): value for name, value in head.get("Metadata", {}).items()}


def _metadata(mark: str, sha256: str) -> dict[str, str]:
    return {_MARK: mark} | ({SHA256: sha256} if sha256 else {})


def _read_part(stream: BinaryIO) -> bytearray:
    part = bytearray()
    while len(part) < PART_BYTES and (
        chunk := stream.read(min(CHUNK_BYTES, PART_BYTES - len(part)))
    ):
        part += chunk
    return part


def _md5(content: bytes | bytearray) -> bytes:
    # S3's own checksum, against accidents; SHA-256 is what we go by.
    return hashlib.md5(content, usedforsecurity=False).digest()


def _bare(etag: str) -> str:
    return etag.strip('"')
