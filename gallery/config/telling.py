"""What may be told of the settings, and what never."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gallery.config.settings import Settings

_SECRETIVE = re.compile("SECRET|KEY|TOKEN|PASSWORD")


def describe_settings() -> list[tuple[str, str, str]]:
    """Return (name, default, reason) of each setting, in order, for the docs."""
    return [(f.name, _default_text(f), f.metadata["reason"]) for f in fields(Settings)]


def _default_text(entry: Field[Any]) -> str:
    value = entry.default
    if value is MISSING or value in ((), "", Path(), None):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield what must never be said: keys, tokens, and the passwords in addresses."""
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if _SECRETIVE.search(entry.name):
            yield from value if isinstance(value, tuple) else (value,)
        elif entry.name.endswith("_URL"):
            password = urlsplit(value).password or ""
            yield from (password, unquote(password))
