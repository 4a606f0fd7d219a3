"""Where the settings come from, and what holds where nothing is set."""

import os
import runpy
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from dotenv import dotenv_values

from gallery.config.secret_keys import is_monotonous, weakness_of
from gallery.config.settings import Settings
from gallery.errors import InvalidSetting


def load_settings(
    instance: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Read the settings of the gallery whose folder is *instance*.

    *overrides* (tests, embedders) are stronger than everything and are
    taken as text or as finished values. A missing ``SECRET_KEY`` is made
    once and kept in the instance folder, readable by its owner alone.

    Raises:
        InvalidSetting: a value makes no sense; the message names the variable.
    """
    found = {**_find(instance, environ), **(overrides or {})}
    values = {f.name: _parse(f, found[f.name]) for f in fields(Settings) if f.name in found}
    if not values.get("SECRET_KEY"):
        values["SECRET_KEY"] = (_kept_secret(instance / "secret_key"),)
    return _completed(values, instance)


def read_settings(
    instance: Path, *, environ: Mapping[str, str]
) -> tuple[Settings, list[InvalidSetting]]:
    """Read settings that may not be valid, and change nothing; for who explains what is wrong.

    A setting that makes no sense has its default, and is among the errors. Where
    no ``SECRET_KEY`` is set and none was made yet, there is none.
    """
    errors: list[InvalidSetting] = []
    values: dict[str, Any] = {}
    try:
        found = _find(instance, environ)
    except InvalidSetting as error:
        errors.append(error)
        found = {**dotenv_values(".env"), **environ}
    for entry in fields(Settings):
        if entry.name in found:
            try:
                values[entry.name] = _parse(entry, found[entry.name])
            except InvalidSetting as error:
                errors.append(error)
    kept = instance / "secret_key"
    if "SECRET_KEY" not in found and os.access(kept, os.R_OK):
        try:
            values["SECRET_KEY"] = (_kept_secret(kept),)
        except InvalidSetting as error:
            errors.append(error)
    return _completed(values, instance), errors


def _find(instance: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    # The stronger comes later.
    return {**_from_file(instance / "config.py"), **dotenv_values(".env"), **environ}


def _completed(values: dict[str, Any], instance: Path) -> Settings:
    """Fill in what lies in the instance folder unless something else is said."""
    if not values.get("DATABASE_URL"):
        values["DATABASE_URL"] = f"sqlite:///{instance / 'gallery.db'}"
    base_dir = values.get("IMAGE_STORAGE_BASE_DIR") or Path()
    if base_dir == Path():
        base_dir = instance / "storage"
    return Settings(**values | {"IMAGE_STORAGE_BASE_DIR": base_dir.absolute()})


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return runpy.run_path(str(path)) if path.exists() else {}
    except Exception as error:
        # It is the operator's own program, which may fail in any way there is.
        raise InvalidSetting(f"{path} can't be run: {type(error).__name__}: {error}") from error


def _parse(entry: Field[Any], value: Any) -> Any:
    if value is None:
        value = ""
    if not isinstance(value, str):
        value = ",".join(value) if isinstance(value, list | tuple) else str(value)
    empty_means_default = value.strip() == "" and entry.name != "SECRET_KEY"
    if empty_means_default:
        return entry.default if entry.default_factory is MISSING else entry.default_factory()
    try:
        return entry.metadata["parse"](value)
    except ValueError as error:
        raise InvalidSetting(f"{entry.name} {error}") from None


def _kept_secret(path: Path) -> str:
    """Return the secret in *path*, made on first use; safe with several workers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            # A link appears whole or not at all, so no other worker reads half a secret.
            with suppress(FileExistsError):
                os.link(file.name, path)
    secret = path.read_text().strip()
    if weakness_of(secret) or is_monotonous(secret):
        raise InvalidSetting(f"{path} holds no usable secret. Remove it, or set SECRET_KEY")
    return secret
