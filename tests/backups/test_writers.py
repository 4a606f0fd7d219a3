"""A backup made while others save, replace and delete as fast as they can is whole."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tests.backups.conftest import Commands, check, hashes
from tests.conftest import Person
from tests.pictures import picture
from tests.reliability import SEED, tell, trials
from tests.views import saving

SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}
WRITERS = 3
IMAGE_TYPES = ("main", "infographic_1", "infographic_2", "lifestyle", "comparison")


class Writer:
    """Saves, replaces and deletes, and remembers what it was told is kept.

    ``versions`` are all the hashes that an image has had since *settled*, by
    the image's id, and None where it was deleted.
    """

    def __init__(self, person: Person, number: int) -> None:
        self._person = person
        self._random = random.Random(SEED + number)
        self._session = saving.open_session(person)
        self._singles: list[str] = []
        self.versions: dict[str, list[str | None]] = {}

    def settle(self) -> None:
        """Forget what was before the last of each: from here on, any that follows may be found."""
        self.versions = {image: each[-1:] for image, each in self.versions.items()}

    def step(self) -> None:
        """Do one thing more."""
        content = picture(colour=tuple(self._random.randbytes(3)))
        chance = self._random.random()
        if chance < 0.2 and self._singles:
            image_id = self._singles.pop(0)
            # What is being deleted may be gone before its deletion is told.
            self.versions[image_id].append(None)
            assert self._person.delete(f"/api/images/{image_id}").status_code == 204
        elif chance < 0.6:
            image_type = self._random.choice(IMAGE_TYPES)
            self._note(
                saving.save_session_image(self._person, self._session, image_type, content), content
            )
        else:
            image = saving.save_generation(self._person, content)
            self._singles.append(image["id"])
            self._note(image, content)

    def _note(self, image: dict[str, str], content: bytes) -> None:
        self.versions.setdefault(image["id"], []).append(sha256(content).hexdigest())


@contextmanager
def all_at_work(writers: list[Writer]) -> Iterator[None]:
    ended = threading.Event()
    failures: list[BaseException] = []

    def work(step: Callable[[], None]) -> None:
        try:
            while not ended.is_set():
                step()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(writer.step,)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_what_was_acknowledged_before_is_there(
    alice: Person, bob: Person, root: Person, gallery: Commands, other: Commands, path: Path
) -> None:
    """Each as it was, or as it became while the backup was made; and each with its own bytes."""
    writers = [Writer(each, number) for number, each in enumerate((alice, bob, root))]
    for writer in writers:
        for _ in range(8):
            writer.step()
    found = {"there, whole": 0, "deleted meanwhile": 0, "lost or mixed up": 0}
    for _ in range(trials(2, full=40)):
        # Nobody writes at this moment: what is remembered is exactly what is there.
        for writer in writers:
            writer.settle()
        acknowledged = [image for writer in writers for image in writer.versions]
        with all_at_work(writers):
            made = gallery.told("backup", "create", path)
        restored = other.told("backup", "restore", path, "--yes")

        there = hashes(other)
        versions = {image: each for writer in writers for image, each in writer.versions.items()}
        for image in acknowledged:
            found[verdict(there.get(image), versions[image])] += 1
        assert made["gone"] == restored["lacking"] == []
        assert {image: each for image, each in there.items() if each not in versions[image]} == {}
        assert {**check(other), "orphaned": []} == SOUND

    tell("backup", "images saved before a backup that is made while others write", found)
    assert found["lost or mixed up"] == 0
    assert found["there, whole"] > 0


def verdict(there: str | None, versions: list[str | None]) -> str:
    if there is None:
        return "deleted meanwhile" if None in versions else "lost or mixed up"
    return "there, whole" if there in versions else "lost or mixed up"
