"""Objects in an S3 bucket: AWS, R2, MinIO and whoever else speaks its protocol.

The bucket is the gallery's own, and stays private: what is shown goes
through the gallery, or by an address that was presigned for a few minutes.
"""

from gallery.config import Settings
from gallery.errors import InvalidSetting
from gallery.storage.base import Storage


def open_s3(settings: Settings) -> Storage | None:
    """Return the bucket that *settings* name, or None where they name none.

    Nothing is asked of the server yet: a gallery starts while its storage is away.

    Raises:
        InvalidSetting: what is set can't be one, or the SDK is not installed.
    """
    if not settings.S3_BUCKET_NAME:
        if settings.IMAGE_STORAGE_TYPE == "s3":
            raise InvalidSetting("S3_BUCKET_NAME must be set where IMAGE_STORAGE_TYPE is s3")
        return None
    if bool(settings.S3_ACCESS_KEY_ID) != bool(settings.S3_SECRET_ACCESS_KEY):
        raise InvalidSetting("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together")
    try:
        # The SDK takes as long to load as the rest of the gallery: who has no bucket doesn't.
        from gallery.storage.s3.client import connect
        from gallery.storage.s3.storage import S3Storage
    except ImportError as error:
        raise InvalidSetting(
            f"S3_BUCKET_NAME is set, which needs the extra gallery[s3] ({error})"
        ) from None
    is_path_style = settings.S3_PATH_STYLE
    if is_path_style is None:
        is_path_style = bool(settings.S3_ENDPOINT_URL)
    client = connect(
        endpoint_url=settings.S3_ENDPOINT_URL,
        access_key_id=settings.S3_ACCESS_KEY_ID,
        secret_access_key=settings.S3_SECRET_ACCESS_KEY,
        region=settings.S3_REGION,
        is_path_style=is_path_style,
        attempts=settings.S3_ATTEMPTS,
        read_seconds=settings.S3_TIMEOUT,
    )
    return S3Storage(
        client,
        bucket=settings.S3_BUCKET_NAME,
        spool_root=settings.IMAGE_STORAGE_BASE_DIR,
        cdn_url=settings.S3_CDN_URL,
    )
