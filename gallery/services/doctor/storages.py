"""Whether the storages take bytes, hold this database's pictures, and keep them to themselves."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sqlalchemy import Connection, select

from gallery.config import exposed_folders
from gallery.errors import InvalidSetting, StorageError
from gallery.models import Image, StorageMark
from gallery.services.doctor.database import judge_clock
from gallery.services.doctor.findings import Finding, Setup, error, fine, hint, warning
from gallery.storage import Storage, open_storages

# Enough to tell a storage that is gone from one that has lost a picture.
_SAMPLE = 20
_PATIENCE_SECONDS = 5
_QUARANTINE = "quarantine/"
_MOST_COUNTED = 10_000
_NOBODYS_KEY = "health/nobodys"


def look_at_storages(setup: Setup, connection: Connection | None) -> Iterator[Finding]:
    """Look at each storage that is configured; None for a database that doesn't answer."""
    try:
        storages = open_storages(setup.settings)
    except InvalidSetting as problem:
        if str(problem) not in map(str, setup.errors):
            yield error(str(problem), "Gallery does not start until this is changed.")
        return
    # Nothing is written where anybody could fetch it: that is to be mended first.
    is_exposed = any(exposed_folders(setup.settings, instance=setup.instance, home=setup.home))
    for storage in () if is_exposed else storages:
        kept = _newest_keys(connection, storage.name)
        mark = _noted_mark(connection, storage.name)
        yield from _look_at(storage, setup, kept, mark)
    for name in sorted(_providers(connection) - {each.name for each in storages}):
        yield error(
            f"There are pictures kept by {name}, which is not configured",
            "Set it up again, or bring the pictures over by `gallery storage migrate`.",
        )


def _look_at(
    storage: Storage, setup: Setup, kept: list[str], mark: str | None
) -> Iterator[Finding]:
    if storage.name == "local" and not setup.settings.IMAGE_STORAGE_BASE_DIR.is_dir():
        yield _missing_folder(setup.settings.IMAGE_STORAGE_BASE_DIR, kept)
        return
    try:
        yield from list(_look_inside(storage, kept, mark))
    except (StorageError, InvalidSetting) as problem:
        yield error(
            f"The storage {storage.name} can't be used: {problem}",
            "See whether it runs and is mounted, whether its address and keys are right, and"
            " whether they allow reading and writing.",
        )
        return
    yield from look_from_outside(storage, setup, kept)


def _look_inside(storage: Storage, kept: list[str], mark: str | None) -> Iterator[Finding]:
    with storage.spool() as file:
        file.write(b"ready?")
    # Asked for one key, a server doesn't tell a bucket that isn't there from an object.
    put_away = sum(1 for _ in islice(storage.iter_keys(_QUARANTINE), _MOST_COUNTED))
    there = storage.read_mark()
    missing = sum(not storage.exists(key) for key in kept)
    if mark and there != mark:
        found = "carries no mark" if there is None else "carries the mark of another gallery"
        yield error(
            f"The storage {storage.name} {found}, so nothing is kept, swept or repaired there",
            "See whether it is mounted, and the right one. If it is:"
            f" `gallery storage mark --adopt {storage.name}`.",
        )
    if put_away:
        yield _quarantined(storage.name, put_away)
    if missing:
        yield _missing_objects(storage.name, missing, of=len(kept))
    else:
        yield fine(f"The storage {storage.name} answers, and has what was asked for")


def _quarantined(name: str, count: int) -> Finding:
    counted = f"{count:,}" if count < _MOST_COUNTED else f"{count:,} or more"
    return hint(
        f"In the quarantine of {name}: {counted} objects that no picture uses",
        "A later `gallery storage check --repair` deletes what lies there for QUARANTINE_DAYS, and"
        " brings back what a picture turns out to need.",
    )


def _missing_folder(folder: Path, kept: list[str]) -> Finding:
    if kept:
        return error(
            f"The storage folder {folder} is gone, and there are pictures that lie in it",
            "Mount it, or set IMAGE_STORAGE_BASE_DIR to where it is now. Start no server before.",
        )
    return hint(f"The storage folder {folder} is not there yet", "The first picture makes it.")


def _missing_objects(name: str, missing: int, *, of: int) -> Finding:
    found = f"Of the {of} newest pictures kept by {name}, {missing} are not there"
    if missing == of:
        return error(
            found,
            "This looks like another storage, or one that is not mounted: check its folder or"
            " bucket before anything is swept.",
        )
    return error(found, "`gallery storage check` lists all; bring them back from a backup.")


def _newest_keys(connection: Connection | None, provider: str) -> list[str]:
    if connection is None:
        return []
    newest = (
        select(Image.storage_key)
        .where(Image.storage_provider == provider, Image.storage_key.is_not(None))
        .order_by(Image.id.desc())
        .limit(_SAMPLE)
    )
    return [key for key in connection.scalars(newest) if key]


def _noted_mark(connection: Connection | None, provider: str) -> str | None:
    """Return the mark that the storage should carry; None where it may still be given one."""
    if connection is None:
        return None
    noted = select(StorageMark.mark).where(
        StorageMark.provider == provider, StorageMark.is_confirmed
    )
    return connection.scalar(noted)


def _providers(connection: Connection | None) -> set[str]:
    if connection is None:
        return set()
    named = select(Image.storage_provider).where(Image.storage_key.is_not(None))
    return {name for name in connection.scalars(named.group_by(Image.storage_provider)) if name}


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """Follow nothing: where else it leads is not this bucket's business."""
        return


def look_from_outside(storage: Storage, setup: Setup, kept: list[str]) -> Iterator[Finding]:
    """Ask a storage that serves by itself as a stranger does: without a signature."""
    key = kept[0] if kept else _NOBODYS_KEY
    signed = storage.presigned_url(key, expires_in=timedelta(minutes=1))
    if signed is None:
        return
    address = signed.partition("?")[0]
    bucket = f"{address.removesuffix(key)}?list-type=2&max-keys=1"
    answers = {"list what is in it": _ask(bucket), "read a picture": _ask(address)}
    for what, (status, _head) in answers.items():
        if status is not None and status < 400:
            yield error(
                f"Strangers can {what} in the bucket of {storage.name}, without a signature",
                "Make the bucket private: no public access, no anonymous policy. Everything in it"
                " counts as seen.",
            )
    dates = [head["Date"] for _, head in answers.values() if head and head["Date"]]
    if dates:
        yield from judge_clock(
            f"storage {storage.name}", parsedate_to_datetime(dates[0]), setup.now()
        )
    if all(status is None for status, _ in answers.values()):
        yield warning(
            f"{address.removesuffix(key)} does not answer, where browsers are sent for pictures",
            "See whether S3_CDN_URL or S3_ENDPOINT_URL is right as seen from here and outside.",
        )


def _ask(address: str) -> tuple[int | None, Message | None]:
    """Return the status and the head of the answer; None where there is none."""
    request = Request(address, headers={"Range": "bytes=0-0"})  # noqa: S310 - checked when it was set
    try:
        with build_opener(_Stay).open(request, timeout=_PATIENCE_SECONDS) as answer:
            return answer.status, answer.headers
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers
    except (URLError, OSError):
        return None, None
