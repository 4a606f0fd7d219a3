"""Every error that Gallery raises on purpose, under one parent.

An error is named for what happened and carries facts, never HTML: each
door (pages, JSON, command line) decides how to tell it. ``status`` is the
answer over HTTP, kept here so that no error can be forgotten in a table
elsewhere; ``title`` is the same for every occurrence, ``detail`` tells of
this one (RFC 9457).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


class GalleryError(Exception):
    """The parent of all errors that are Gallery's own."""

    status = 500
    title = "Something went wrong"
    # What was wrong with each field, where several may be.
    errors: dict[str, Any] | None = None

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail

    @property
    def code(self) -> str:
        """The error's name for programs: ``ImageTooLarge`` is ``image-too-large``."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class InvalidSetting(GalleryError):
    """A setting holds nonsense; the start stops and names the variable."""

    title = "A setting is not valid"


class InvalidRequest(GalleryError):
    """What was asked can't be understood as it stands."""

    status = 400
    title = "The request is not valid"


class InvalidName(InvalidRequest):
    """A code, id or slug holds characters that it can't."""

    title = "A name is not valid"


class InvalidCursor(InvalidRequest):
    """A cursor did not come from a ``next`` of this list."""

    title = "The cursor is not valid"


class InvalidField(GalleryError):
    """A field was understood, but its value is out of bounds."""

    status = 422
    title = "A field is not valid"


class SignInRequired(GalleryError):
    """Only somebody who is signed in may do this."""

    status = 401
    title = "Sign in to do this"


class SignInNeeded(GalleryError):
    """An API key is not enough for this; only somebody with the password may do it."""

    status = 403
    title = "An API key may not do this"


class AdminRequired(GalleryError):
    """Only an admin may do this, or the operator at the command line."""

    status = 403
    title = "Only an admin may do this"


class RegistrationClosed(GalleryError):
    """Only the operator makes accounts here."""

    status = 403
    title = "Nobody can register here"


class SignInBusy(GalleryError):
    """More passwords wait to be checked than are let wait."""

    status = 503
    title = "Too many are signing in at once"


class WrongCredentials(GalleryError):
    """The address and password, the key or the token don't fit; which one is not told."""

    status = 401
    title = "These credentials are not right"


class NotFound(GalleryError):
    """It does not exist, or is not the asker's to see: the two look alike."""

    status = 404
    title = "Not found"


class AlreadyExists(GalleryError):
    """The name is taken."""

    status = 409
    title = "It exists already"


class RequestInProgress(GalleryError):
    """The first request with this idempotency key has not been answered yet."""

    status = 409
    title = "The same request is still being answered"


class IdempotencyKeyReused(GalleryError):
    """The key was used before, with another request."""

    status = 422
    title = "The idempotency key belongs to another request"


class LeaseNotHeld(GalleryError):
    """A lease was sent that is not the sender's to use (any more)."""

    status = 409
    title = "This lease can't be used"

    def __init__(self) -> None:
        super().__init__(
            "It was used already, has expired and gone to somebody else, or is for another prompt."
            " Without lease_id the picture is saved all the same"
        )


class GeneratorBusy(GalleryError):
    """More pictures are waiting to be drawn than the generator takes on."""

    status = 503
    title = "The generator is busy"


class TooManyListeners(GalleryError):
    """Every place for requests that stay for a while is taken."""

    status = 503
    title = "Too many are listening already"


class ImageRejected(GalleryError):
    """The bytes are not a picture that Gallery takes."""

    status = 422
    title = "The image was not accepted"


class UnsupportedImage(ImageRejected):
    """Not a static PNG, JPEG or WebP."""

    status = 415
    title = "The image's format is not supported"


class ImageTooLarge(ImageRejected):
    """More bytes or pixels than are taken."""

    status = 413
    title = "The image is too large"


class DamagedImage(ImageRejected):
    """It starts as an image, but can't be decoded to its end."""

    title = "The image is damaged"


class TooManyRequests(GalleryError):
    """More often than the limits allow; ``retry_after_seconds`` is when to try again."""

    status = 429
    title = "Too many requests"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(f"Try again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class FilesTooLarge(ImageRejected):
    """Files that came together have more bytes than are taken together."""

    status = 413
    title = "The files are too large together"


class FilesRejected(ImageRejected):
    """Of files that came together, some are not taken; so none of them was kept.

    ``refusals`` are the place of each such file from 0, its name, and why.
    The status is theirs where they have one in common.
    """

    title = "Not all of the files were accepted"

    def __init__(self, refusals: Sequence[tuple[int, str, GalleryError]]) -> None:
        told = "; ".join(f"file {n + 1} ({name}): {why.detail}" for n, name, why in refusals)
        super().__init__(f"Nothing was kept. {told[:1].upper()}{told[1:]}")
        self.refusals = refusals
        self.errors = {"images": {str(n): [why.detail] for n, _, why in refusals}}
        statuses = {why.status for _, _, why in refusals}
        if len(statuses) == 1:
            (self.status,) = statuses


class IllegalMove(GalleryError):
    """A product can't go to this status from the one that it has."""

    status = 409
    title = "The product can't be moved there"


class ProductAtWork(GalleryError):
    """Somebody works on the product as it is, so it can't be changed now."""

    status = 409
    title = "The product is being worked on"


class LastImage(GalleryError):
    """A product without an image is none."""

    status = 409
    title = "A product keeps one image at least"


class LinkEnded(GalleryError):
    """A signed link was genuine, and has ended.

    ``reason`` is ``expired``, ``revoked``, ``used_up`` or ``gone`` (the
    picture itself is no longer kept); ``shared_by`` is whom to ask.
    """

    status = 410
    title = "This link has ended"

    def __init__(self, reason: str, *, ended_at: datetime | None, shared_by: str | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ended_at = ended_at
        self.shared_by = shared_by


class PictureLost(GalleryError):
    """The storage check found that an image's object is gone."""

    status = 404
    title = "The file of this picture is missing"

    def __init__(self) -> None:
        super().__init__("Only a backup may still have it")


class PictureDamaged(GalleryError):
    """An image's object is not what was kept, so nobody gets it."""

    status = 503
    title = "The file of this picture is damaged"

    def __init__(self) -> None:
        super().__init__("It is not what was kept; only a backup may still have that")


class DatabaseFull(GalleryError):
    """The database has no room to write; nothing was changed."""

    status = 507
    title = "The database is full"


class SweepStopped(GalleryError):
    """A sweep would have removed so large a share of all images that it removed none."""

    status = 409
    title = "The sweep stopped before it removed anything"

    def __init__(self, *, doomed: int, images: int) -> None:
        super().__init__(
            f"It would remove {doomed:,} of {images:,} images, more than SWEEP_MOST_SHARE allows:"
            " gallery sweep --dry-run lists them, and with --force they go"
        )
        self.doomed = doomed


class CopyRefused(GalleryError):
    """A database can't be copied to where it was to go; nothing was written there."""

    status = 409
    title = "The database can't be copied there"


class CopyDiffers(GalleryError):
    """What was written to another database is not what it holds; nothing of it was kept."""

    title = "The copy is not the same"


class BackupError(GalleryError):
    """The parent of what can go wrong with backups."""

    title = "The backup can't be used"


class BackupNotFound(BackupError):
    """There is no backup of this name, or none at all."""

    status = 404
    title = "There is no such backup"


class BackupBusy(BackupError):
    """Only one at a time may write where backups are kept, or to what is being restored."""

    status = 409
    title = "Somebody else is at work"


class BackupUnusable(BackupError):
    """A backup can't be made or restored here; nothing was changed."""

    status = 409


class BackupDamaged(BackupError):
    """Something in a backup is not what was written there; no row was changed."""

    title = "The backup is damaged"


class StorageError(GalleryError):
    """The parent of what can go wrong with stored bytes."""

    status = 503
    title = "The storage can't be reached"


class InvalidKey(StorageError):
    """A storage key that must not become a path."""

    status = 500
    title = "The storage key is not valid"


class ObjectExists(StorageError):
    """A key never changes what it holds, so it can't be put twice."""

    title = "The object exists already"


class ObjectNotFound(StorageError):
    """No object has this key."""

    status = 500
    title = "The stored object is missing"


class StorageFull(StorageError):
    """No room for the object; nothing of it was kept."""

    status = 507
    title = "The storage is full"


class StorageUnavailable(StorageError):
    """The provider could not be reached or refused to work."""


class StorageNotOurs(StorageUnavailable):
    """What answers is not the storage that this database belongs to: unmounted, or another's."""

    title = "The storage is not the one of this database"
