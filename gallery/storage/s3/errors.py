"""What the SDK's errors mean here. Nobody above this folder knows the SDK."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from gallery.errors import (
    ObjectExists,
    ObjectNotFound,
    StorageError,
    StorageFull,
    StorageUnavailable,
)

log = logging.getLogger(__name__)
_CREDENTIALS = (
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "403",
    "401",
)
# AWS has room for everybody; others say so in these words, or by status 507.
_FULL = (
    "InsufficientStorage",
    "QuotaExceeded",
    "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded",
)
_ANOTHER_TIME = "RequestTimeTooSkewed"
_MISSING = ("NoSuchKey", "NoSuchUpload", "404")
_TAKEN = (409, 412)
_NOTHING_SENT = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)


@contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Turn whatever the SDK raises into Gallery's errors, at the edge.

    Raises:
        ObjectExists, ObjectNotFound: the server says so of *key*.
        StorageFull, StorageUnavailable: anything else.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(error, key) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        log.error("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not set, nor is there a role")
        raise StorageUnavailable("The S3 storage has no keys") from error
    except (BotoCoreError, HTTPError) as error:
        log.warning("S3 can't be reached: %s", error)
        raise StorageUnavailable(f"S3 can't be reached ({type(error).__name__})") from error
    except RecursionError as error:
        # The SDK follows nobody, and asks for the bucket's region instead; where it is sent
        # elsewhere with that question too, it asks again, and comes to no end.
        log.error("S3 sends us elsewhere: S3_ENDPOINT_URL and S3_REGION must be right")
        raise StorageUnavailable("S3 sends us elsewhere") from error


def status_of(error: ClientError) -> int:
    """Return the status of the server's answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """Return S3's own name for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def may_be_done(error: StorageError) -> bool:
    """Tell whether a request that ended in *error* may have been carried out all the same.

    Its answer was lost then; or it was repeated, and met what it had done before.
    """
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return (
            status_of(cause) in _TAKEN
            or status_of(cause) >= 500
            or code_of(cause) == "NoSuchUpload"
        )
    return not isinstance(cause, _NOTHING_SENT)


def _refusal(error: ClientError, key: str) -> StorageError:
    code, status = code_of(error), status_of(error)
    if code in _MISSING:
        return ObjectNotFound(f"{key} is missing")
    if status in _TAKEN:
        return ObjectExists(f"{key} is taken")
    if code in _FULL or status == 507:
        return StorageFull("There is no room left for this image")
    if code in _CREDENTIALS:
        # The server's own words may hold what was signed; its code says enough.
        log.error(
            "S3 refuses us (%s): S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be right, and may"
            " get, put, delete and list in the bucket",
            code,
        )
    elif code == _ANOTHER_TIME:
        log.error("S3 has another time than this machine: one of the two clocks is wrong")
    else:
        log.warning("S3 answered %s (%s)", status, code)
    return StorageUnavailable(f"S3 refused the request ({code})")
