"""A storage that serves its objects by itself, as S3 does, though they lie in a folder."""

from datetime import timedelta

from gallery.extensions import current_session
from gallery.storage import LocalStorage


class Presigning(LocalStorage):
    """It notes each key that it presigned, and whether the database was held meanwhile."""

    name = "s3"
    origin = "https://objects.example"

    def __init__(self, root) -> None:
        super().__init__(root)
        self.presigned: list[str] = []
        self.looked_for: list[str] = []
        self.held: set[bool] = set()

    def exists(self, key: str) -> bool:
        self.looked_for.append(key)
        self.held.add(current_session().in_transaction())
        return super().exists(key)

    def presigned_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        media_type: str | None = None,
        disposition: str | None = None,
    ) -> str:
        self.presigned.append(key)
        self.held.add(current_session().in_transaction())
        name = (disposition or "").partition(";")[0]
        return (
            f"{self.origin}/{key}?lasts={int(expires_in.total_seconds())}"
            f"&type={media_type}&disposition={name}"
        )
