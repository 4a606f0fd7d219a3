"""What is wrong with a form, told field by field in the words of its page."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge

from gallery.errors import FilesRejected, FilesTooLarge, GalleryError, InvalidField

log = logging.getLogger(__name__)

NOTHING_KEPT = "Nothing was kept."
TOO_LARGE = "Together the photos have more than the 50 MB that are taken."


@dataclass(frozen=True, kw_only=True)
class RefusedFile:
    """A file that is not taken: its place from 0, what its sender calls it, and why."""

    index: int
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Complaints:
    """What was wrong: with the form as a whole, with its fields, with single files.

    ``notice`` is about what was asked for, where that has no field.
    """

    status: int = 422
    form: str = ""
    notice: str = ""
    prompt_text: str = ""
    images: str = ""
    files: Sequence[RefusedFile] = ()


NOTHING_WRONG = Complaints(status=200)


def complaints_about(error: GalleryError | RequestEntityTooLarge) -> Complaints:
    """Return what a page tells of *error*, each part beside the field that it is about."""
    if isinstance(error, RequestEntityTooLarge | FilesTooLarge):
        return Complaints(status=413, form=NOTHING_KEPT, images=TOO_LARGE)
    if isinstance(error, FilesRejected):
        files = [RefusedFile(index=n, name=name, why=why.detail) for n, name, why in error.refusals]
        return Complaints(status=error.status, form=NOTHING_KEPT, files=files)
    if isinstance(error, InvalidField):
        return _complaints_about_field(f"{error.detail}.")
    if error.status >= 500:
        log.error("%s: %s", error.code, error)
    return Complaints(status=error.status, notice=f"{error.title}. {error.detail}.")


def _complaints_about_field(told: str) -> Complaints:
    if told.startswith("prompt_text"):
        words = told.replace("prompt_text", "The text")
        return Complaints(form=NOTHING_KEPT, prompt_text=words)
    return Complaints(form=NOTHING_KEPT, images=told)
