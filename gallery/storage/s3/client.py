"""The SDK's client, with every wait bounded.

A request is tried three times, with random pauses that grow, and a client
whose server goes on failing stops repeating: botocore's standard mode keeps
a budget of retries. So a server that is away is told within seconds, and
one that takes connections and never answers within a minute.
"""

from typing import Any

import boto3
from botocore.config import Config

from gallery.errors import InvalidSetting

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 3
# Every thread of a worker, those that make thumbnails and those that check may be at it at once.
CONNECTIONS = 64


def connect(
    *,
    endpoint_url: str,
    access_key_id: str,
    secret_access_key: str,
    region: str,
    is_path_style: bool,
    attempts: int = ATTEMPTS,
    read_seconds: float = READ_SECONDS,
) -> Any:
    """Return a client, safe for many threads; nothing is sent yet.

    Without keys the SDK looks for them where its users expect it to: the
    role of the machine, for one.

    Raises:
        InvalidSetting: the endpoint can't be one.
    """
    config = Config(
        # Without this, presigned addresses are of a version that is being turned off.
        signature_version="s3v4",
        s3={"addressing_style": "path" if is_path_style else "virtual"},
        # Newer checksums, in trailers, are not understood by everybody: Content-MD5 is.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url or None,
            aws_access_key_id=access_key_id or None,
            aws_secret_access_key=secret_access_key or None,
            region_name=region,
            config=config,
        )
    except ValueError as error:
        raise InvalidSetting(f"S3_ENDPOINT_URL or S3_REGION can't be used: {error}") from None
