"""Pictures are shown whole while their objects move from one provider to another."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from flask import Flask

from gallery.services.migration import migrate_objects
from gallery.storage import LocalStorage, Storages
from tests.conftest import Person
from tests.pictures import picture
from tests.services.vaults import Vault, furnish
from tests.views.saving import save_generation


class Leaving(LocalStorage):
    """A folder whose objects move away just after somebody has looked where they are."""

    def __init__(self, root: Path, leave: Callable[[], object]) -> None:
        super().__init__(root)
        self._leave: Callable[[], object] | None = leave

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        leave, self._leave = self._leave, None
        if leave:
            leave()
        return super().open(key, start, end)


@pytest.fixture
def storages(app: Flask, tmp_path: Path) -> Storages:
    return furnish(app, Vault(tmp_path / "attic"))


def migrate(app: Flask, storages: Storages, *, source: str, target: str) -> None:
    """Move everything, in a thread of its own as another process would."""

    def move() -> None:
        with app.app_context():
            migrate_objects(storages=storages, source=source, target=target, linger=timedelta())

    thread = threading.Thread(target=move)
    thread.start()
    thread.join()


@pytest.mark.parametrize("name", ["image_url", "thumbnail"])
def test_picture_that_moves_between_look_and_send_is_sent(
    app: Flask, alice: Person, storages: Storages, name: str
) -> None:
    """Who looked its row up just before is led to where it is now."""
    image = save_generation(alice)
    path = image["thumbnails"]["320"] if name == "thumbnail" else image["image_url"]
    root = storages.named("local").root
    leaving = Leaving(root, lambda: migrate(app, storages, source="local", target="vault"))
    storages._providers["local"] = leaving

    answer = alice.get(path)

    assert answer.status_code == 200
    assert name == "thumbnail" or answer.content == picture()
    assert storages.named("vault").exists(alice.get(f"/api/images/{image['id']}").json()["key"])


def test_readers_get_whole_pictures_all_the_while(
    app: Flask, alice: Person, storages: Storages
) -> None:
    """However often everything moves there and back."""
    saved = [save_generation(alice, content=picture(colour=(9, 9, 40 * n))) for n in range(4)]
    is_over = threading.Event()

    def move() -> None:
        for source, target in [("local", "vault"), ("vault", "local")] * 3:
            migrate(app, storages, source=source, target=target)
        is_over.set()

    mover = threading.Thread(target=move)
    mover.start()
    wrong = []
    while not is_over.is_set():
        for n, image in enumerate(saved):
            answer = alice.get(image["image_url"])
            if (answer.status_code, answer.content) != (200, picture(colour=(9, 9, 40 * n))):
                wrong.append((n, answer.status_code))
    mover.join()

    assert wrong == []
