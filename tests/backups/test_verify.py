"""A backup that is not what was written is found out, exactly; and nothing is restored from it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gallery.services.backup import Repository
from gallery.services.backup.repository import object_key
from tests.backups.conftest import Commands, check, file_of, hashes, keys

Save = Callable[..., dict[str, Any]]
SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


@pytest.fixture
def made(save: Save, gallery: Commands, path: Path) -> dict[str, str]:
    """A backup of three images: the SHA-256 of each by its id."""
    for _ in range(3):
        save()
    gallery.told("backup", "create", path)
    return hashes(gallery)


def object_of(path: Path, sha256: str) -> Path:
    return path / "objects" / object_key(sha256)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_whole_backups_pass(made: dict[str, str], gallery: Commands, path: Path) -> None:
    """Each object is read once, however many backups it is in."""
    gallery.told("backup", "create", path)

    told = gallery.told("backup", "verify", path)

    assert (len(told["backups"]), told["objects"]) == (2, 3)
    assert (told["damaged"], told["missing"], told["broken"]) == ([], [], [])


def test_flipped_bit_is_found(made: dict[str, str], gallery: Commands, path: Path) -> None:
    """It, and nothing else; by its size alone it would not be."""
    flipped = sorted(made.values())[1]
    flip_a_bit(object_of(path, flipped))

    done = gallery("backup", "verify", path, "--json")

    assert (done.exit_code, json.loads(done.stdout)["damaged"]) == (1, [flipped])
    assert gallery.told("backup", "verify", path, "--quick")["damaged"] == []


def test_cut_and_missing_objects_are_found_quickly(
    made: dict[str, str], gallery: Commands, path: Path
) -> None:
    """By a look at each, without reading it."""
    cut, missing, _ = made.values()
    object_of(path, cut).write_bytes(b"")
    object_of(path, missing).unlink()

    done = gallery("backup", "verify", path, "--quick", "--json")

    told = json.loads(done.stdout)
    assert (done.exit_code, told["damaged"], told["missing"]) == (1, [cut], [missing])


@pytest.mark.parametrize("name", ["manifest.json", "objects.jsonl", "rows"])
def test_changed_file_breaks_its_backup(
    made: dict[str, str], gallery: Commands, other: Commands, path: Path, name: str
) -> None:
    """Which backup it is, is told; nothing is restored from it."""
    (folder,) = (path / "backups").iterdir()
    (file,) = folder.glob(f"{name}*")
    flip_a_bit(file)

    verified = gallery("backup", "verify", path, "--json")
    restored = other("backup", "restore", path)

    (broken,) = json.loads(verified.stdout)["broken"]
    assert (verified.exit_code, broken["backup"]) == (1, folder.name)
    assert (restored.exit_code, "damaged" in restored.stderr) == (1, True)


def test_people_read_which_files(made: dict[str, str], gallery: Commands, path: Path) -> None:
    """Paths below the repository, to be looked at or removed."""
    flipped = min(made.values())
    flip_a_bit(object_of(path, flipped))

    done = gallery("backup", "verify", path)

    assert f"Damaged: objects/{flipped[:2]}/{flipped}" in done.stdout
    assert "1 backups and 3 objects verified: see above." in done.stdout


def test_damaged_object_is_never_restored(
    made: dict[str, str], save: Save, gallery: Commands, other: Commands, path: Path
) -> None:
    """Nothing is replaced, and which picture it is, is said; the rest comes when asked for."""
    image, flipped = next(iter(made.items()))
    key = keys(gallery)[image]
    flip_a_bit(object_of(path, flipped))

    refused = other("backup", "restore", path)
    partly = other("backup", "restore", path, "--partial", "--json")

    assert (refused.exit_code, key in refused.stderr) == (1, True)
    assert (partly.exit_code, json.loads(partly.stdout)["lacking"]) == (1, [key])
    assert check(other) == SOUND | {"missing": [key]}


def test_gallery_stays_as_it_is_where_a_backup_is_refused(
    made: dict[str, str], save: Save, gallery: Commands, path: Path
) -> None:
    """What was saved since is there, though the backup has lost what the gallery has lost too."""
    image, lost = next(iter(made.items()))
    flip_a_bit(object_of(path, lost))
    file_of(gallery, keys(gallery)[image]).unlink()
    save()
    before = hashes(gallery)

    done = gallery("backup", "restore", path, "--yes")

    assert (done.exit_code, "nothing was replaced" in done.stderr) == (1, True)
    assert hashes(gallery) == before


def test_what_the_backup_has_lost_is_not_missed_where_it_still_is(
    made: dict[str, str], gallery: Commands, path: Path
) -> None:
    """The gallery's own object is whole, so nothing has to be brought."""
    flip_a_bit(object_of(path, min(made.values())))

    restored = gallery.told("backup", "restore", path, "--yes")

    assert (restored["brought"], restored["lacking"], hashes(gallery)) == (0, [], made)


def test_object_that_is_damaged_is_copied_again_once_it_is_removed(
    made: dict[str, str], gallery: Commands, path: Path
) -> None:
    """So a repository is mended by what the gallery still has."""
    flipped = min(made.values())
    object_of(path, flipped).unlink()

    again = gallery.told("backup", "create", path)

    assert again["copied"] == 1
    assert gallery.told("backup", "verify", path)["missing"] == []


def test_backup_that_was_interrupted_is_none(
    made: dict[str, str], gallery: Commands, repository: Repository, path: Path
) -> None:
    """Without its manifest nobody lists it, restores it or counts on it; the next clears it."""
    (name,) = repository.names()
    (repository.folder(name) / "manifest.json").unlink()

    listed = gallery.told("backup", "list", path)
    restored = gallery("backup", "restore", path, "--yes")
    gallery.told("backup", "create", path)

    assert listed == []
    assert (restored.exit_code, "There is no whole backup" in restored.stderr) == (1, True)
    assert len(list((path / "backups").iterdir())) == 1


@pytest.mark.parametrize("command", ["verify", "restore", "list", "prune"])
def test_where_there_are_no_backups_it_is_said(gallery: Commands, path: Path, command: str) -> None:
    """An unmounted disk must not look like a sound repository; nothing is made there."""
    done = gallery("backup", command, path, *(["--keep-last", "1"] if command == "prune" else []))

    assert (done.exit_code, "There are no backups in" in done.stderr) == (1, True)
    assert not path.exists()
