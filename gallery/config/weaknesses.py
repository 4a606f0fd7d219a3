"""Set-ups that would let strangers in, or let the gallery eat itself: none of them starts."""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from gallery.config.settings import Settings
from gallery.errors import InvalidSetting

_PACKAGE = Path(__file__).parents[1]


def refuse_weaknesses(settings: Settings, *, instance: Path, home: Path, is_debug: bool) -> None:
    """Stop the start of a weak set-up; *home* is where ``static/`` and ``templates/`` lie.

    Raises:
        InvalidSetting: the first weakness; its message names the variable and says what to do.
    """
    for weakness in exposed_folders(settings, instance=instance, home=home):
        raise weakness
    for weakness in weak_debugging(settings, is_debug=is_debug):
        raise weakness


def weak_debugging(settings: Settings, *, is_debug: bool) -> Iterator[InvalidSetting]:
    """Yield why this gallery can't be debugged: who reaches its debugger runs what they like."""
    listens = {"HOST": settings.HOST, "PUBLIC_URL": urlsplit(settings.PUBLIC_URL).hostname}
    for name, host in listens.items():
        if is_debug and host is not None and not is_loopback(host):
            yield InvalidSetting(
                f"FLASK_DEBUG is on, and {name} is {host}, which others reach: in debug mode they"
                f" could run what they like here. Turn it off, or debug on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches *host*, an address or a name."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        # Whether another name is looked up here or elsewhere, nobody can promise.
        return host == "localhost" or host.endswith(".localhost")


def exposed_folders(settings: Settings, *, instance: Path, home: Path) -> Iterator[InvalidSetting]:
    """Yield what lies where anybody may fetch it, or where it would be taken for something else.

    Links are followed: what counts is where files end up.
    """
    storage = settings.IMAGE_STORAGE_BASE_DIR.resolve()
    kept = {"IMAGE_STORAGE_BASE_DIR": storage, "INSTANCE_PATH": instance.resolve()}
    database = database_file(settings.DATABASE_URL)
    if database:
        kept["DATABASE_URL"] = database.resolve()
    for name, path in kept.items():
        yield from _beside_the_code(name, path, home.resolve())
        if name != "IMAGE_STORAGE_BASE_DIR" and path.is_relative_to(storage):
            yield InvalidSetting(
                f"{name} is {path}, inside the storage folder {storage}, where the storage check"
                " takes every file for a picture: name another folder for one of them"
            )
    yield from _linked_from(home / "static", kept)


def _beside_the_code(name: str, path: Path, home: Path) -> Iterator[InvalidSetting]:
    static = home / "static"
    if path.is_relative_to(static):
        yield InvalidSetting(
            f"{name} is {path}, inside {static}, whose files are sent to whoever asks:"
            " name a folder elsewhere"
        )
        return
    for code in (home / "templates", home / "migrations", _PACKAGE.resolve()):
        if path.is_relative_to(code):
            yield InvalidSetting(
                f"{name} is {path}, inside the program's own folder {code}, which an update"
                " replaces: name a folder elsewhere"
            )
            return
    if name == "IMAGE_STORAGE_BASE_DIR" and static.is_relative_to(path):
        yield InvalidSetting(
            f"{name} is {path}, which holds the program itself: name a folder for pictures alone"
        )


def _linked_from(static: Path, kept: dict[str, Path]) -> Iterator[InvalidSetting]:
    """Yield links in *static* that lead to what is kept, or to a folder around it."""
    for folder, folders, files in os.walk(static):
        for link in (Path(folder, each) for each in [*folders, *files]):
            if not link.is_symlink():
                continue
            target = link.resolve()
            for name, path in kept.items():
                if path.is_relative_to(target) or target.is_relative_to(path):
                    yield InvalidSetting(
                        f"{name} is {path}, and the link {link} sends it to whoever asks:"
                        " remove the link"
                    )


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite database, or None where there is no such file."""
    address = make_url(url)
    named = address.database or ""
    is_file = address.get_backend_name() == "sqlite" and named not in ("", ":memory:")
    return Path(named) if is_file and not named.startswith("file:") else None
