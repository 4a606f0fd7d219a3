"""A second provider for tests: another folder under another name, and a gallery that has both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from flask import Flask

from gallery.extensions import House
from gallery.storage import LocalStorage, SpooledFile, Storages, StoredObject


class Vault(LocalStorage):
    """Where objects are moved to."""

    name = "vault"


class Meddled(Vault):
    """A vault that lets something happen once, just after an object arrived."""

    def __init__(self, root: Path, meddle: Callable[[], object], *, after: str) -> None:
        super().__init__(root)
        self._meddle, self._after = meddle, after

    def put(self, key: str, stream: BinaryIO | SpooledFile) -> StoredObject:
        stored = super().put(key, stream)
        if key == self._after:
            self._after = ""
            self._meddle()
        return stored


def furnish(app: Flask, vault: LocalStorage, *, default: str = "local") -> Storages:
    """Give a gallery *vault* as a second provider, and return both."""
    house: House = app.extensions["gallery"]
    local = LocalStorage(house.settings.IMAGE_STORAGE_BASE_DIR)
    storages = Storages({"local": local, vault.name: vault}, default=default)
    intake = replace(house.intake, storages=storages)
    studio = replace(house.studio, intake=intake)
    app.extensions["gallery"] = replace(house, storages=storages, intake=intake, studio=studio)
    return storages
