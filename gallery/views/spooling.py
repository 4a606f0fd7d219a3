"""Uploads of several files, from the network straight to where they may stay.

Each file of such a form goes, as it arrives, to a named file in the
storage's own temporary folder: never whole into memory, and never onto
another disk that it would have to be copied from. Whatever becomes of the
request, its temporary files are gone when it is over.
"""

from collections.abc import Callable
from typing import IO, Any, TypeVar, cast

from flask import Flask, Request, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from gallery.errors import FilesTooLarge, InvalidRequest
from gallery.extensions import current_house
from gallery.services.access import require_user
from gallery.services.ingest import Spooled
from gallery.services.products import MOST_BYTES
from gallery.storage import SpooledFile
from gallery.views.auth import current_viewer

FIELDS = ("images[]", "images")
# Beside the files, a form has its text and what stands between its parts.
FORM_BYTES = 1024 * 1024
MOST_REQUEST_BYTES = MOST_BYTES + FORM_BYTES
# A form without files is read whole, and its fields take forty times their room.
FIELDS_TYPE = "application/x-www-form-urlencoded"
FIELDS_BYTES = 512 * 1024
PLAIN_CODINGS = {"", "identity", "chunked"}
View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """Let a view take several files, from whoever is signed in."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def arriving_files() -> list[Spooled]:
    """Return the files of this request's form; inputs that were left empty are none.

    Raises:
        SignInRequired: nobody is signed in.
        FilesTooLarge: the whole request is larger than files may be.
        InvalidRequest: the form ends before its end.
        StorageFull, StorageUnavailable: they could not be written down.
    """
    files = [file for name in FIELDS for file in request.files.getlist(name)]
    arrived = [
        Spooled(name=file.filename or "", file=cast(SpooledFile, file.stream)) for file in files
    ]
    return [each for each in arrived if each.name or each.file.size_bytes]


def refuse_compressed() -> None:
    """Refuse a body that says it is compressed: nothing is inflated here, whatever it becomes.

    To take it as it comes would be to keep other bytes than were meant.

    Raises:
        UnsupportedMediaType: see RFC 9110, 15.5.16.
    """
    names = ("Content-Encoding", "Transfer-Encoding")
    codings = ",".join(request.headers.get(name, "") for name in names).lower().split(",")
    if {coding.strip() for coding in codings} - PLAIN_CODINGS:
        raise UnsupportedMediaType("The body is compressed; send it as it is")


class GalleryRequest(Request):
    """A request whose form may carry several files, where its view says so."""

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__ and self.mimetype == FIELDS_TYPE:
            # Only where it is read as a form: curl calls any body one.
            self.max_content_length = FIELDS_BYTES
            arrived = len(getattr(self, "_cached_data", b""))
            if max(arrived, self.content_length or 0) > FIELDS_BYTES:
                raise RequestEntityTooLarge
        if "form" in self.__dict__ or not self._takes_files():
            super()._load_form_data()
            return
        # All of this before a byte of the body is read.
        require_user(current_viewer())
        if self.mimetype != FIELDS_TYPE:
            self.max_content_length = MOST_REQUEST_BYTES
        try:
            super()._load_form_data()
        except RequestEntityTooLarge:
            raise FilesTooLarge(
                f"A product's files may have {MOST_BYTES:,} bytes (50 MB) together,"
                " and a form not much beside them"
            ) from None
        except ValueError:
            raise InvalidRequest("The form ends before its end, or can't be read") from None
        is_form = self.mimetype == "multipart/form-data"
        if is_form and self.content_length and self.stream.tell() < self.content_length:
            # Some servers end a body where its sender hangs up. Nobody waits for this answer.
            raise InvalidRequest("The request ends before the length that it told")

    def make_form_data_parser(self) -> FormDataParser:
        """Return a parser that tells of half a form instead of reading none."""
        parser = super().make_form_data_parser()
        parser.silent = not self._takes_files()
        return parser

    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        if not self._takes_files():
            return super()._get_file_stream(*args, **kwargs)
        file = current_house().storages.default.spool()
        g.setdefault("arriving", []).append(file)
        return cast(IO[bytes], file)

    def _takes_files(self) -> bool:
        view = current_app.view_functions.get(self.endpoint or "")
        return getattr(view, "takes_files", False)


def init_app(app: Flask) -> None:
    """Read forms this way, and clean up behind each request."""
    app.request_class = GalleryRequest
    app.before_request(refuse_compressed)

    @app.teardown_request
    def _forget(_error: BaseException | None) -> None:
        for file in g.pop("arriving", ()):
            file.close()
