"""Look a set-up over, and explain what was found and what to do about it.

Nothing here needs the gallery to start: each part is looked at by itself,
and one that fails hides no other. Nothing is changed either, and no secret
is told.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from gallery.config import secrets_of
from gallery.logs.redaction import Redaction
from gallery.services.doctor import database, files, settings, storages, upkeep
from gallery.services.doctor.findings import Finding, Setup, Severity, error

__all__ = ["Finding", "Setup", "Severity", "examine"]
log = logging.getLogger(__name__)
Look = Callable[[], Iterable[Finding]]


def examine(setup: Setup) -> list[Finding]:
    """Return what was found, each check's findings together; no secret among them."""
    blot = Redaction(_secrets(setup))
    with database.opened(setup) as connection:
        is_current = connection is not None and database.is_current(connection, setup.home)
        rows = connection if is_current else None
        looks: dict[str, Look] = {
            "settings": partial(settings.look_at_settings, setup),
            "secrets": partial(settings.look_at_secrets, setup),
            "debugging": partial(settings.look_at_debugging, setup),
            "folders": partial(settings.look_at_folders, setup),
            "permissions": partial(files.look_at_permissions, setup),
            "disks": partial(files.look_at_disks, setup),
            "addresses": partial(settings.look_at_addresses, setup),
            "proxies": partial(settings.look_at_proxies, setup),
            "limits": partial(settings.look_at_limits, setup),
            "packages": partial(settings.look_at_extras, setup),
            "database": partial(database.look_at_database, setup),
            "storages": partial(storages.look_at_storages, setup, rows),
        }
        if connection is not None:
            looks["migrations"] = partial(database.look_at_migrations, setup, connection)
        if rows is not None:
            looks["accounts"] = partial(upkeep.look_at_accounts, setup, rows)
            looks["sweeps"] = partial(upkeep.look_at_sweeps, setup, rows)
            looks["pictures"] = partial(upkeep.look_at_pictures, rows)
        return [
            replace(each, check=name, found=blot(each.found), advice=blot(each.advice))
            for name, look in looks.items()
            for each in _looked(look)
        ]


def _secrets(setup: Setup) -> Iterator[str]:
    yield from secrets_of(setup.settings)
    # What was refused as a setting may be a secret all the same.
    for name, value in setup.environ.items():
        if any(word in name for word in ("SECRET", "KEY", "TOKEN", "PASSWORD")):
            yield from (each.strip() for each in value.split(","))


def _looked(look: Look) -> Iterator[Finding]:
    """Yield what a check finds; where it fails itself, that is a finding too."""
    try:
        yield from look()
    except Exception as problem:
        # The outer edge of a check: whatever is broken, the others are still to be told.
        log.debug("a check failed", exc_info=True)
        told = str(problem).strip().partition("\n")[0]
        yield error(
            f"This could not be looked at: {type(problem).__name__}: {told}",
            "Mend what the other findings tell first; then look again.",
        )
