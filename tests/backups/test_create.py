"""What gets into a backup: all that was saved before it began, once, and nothing by halves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from gallery.errors import ObjectNotFound
from gallery.services.backup import Repository, create_backup
from gallery.storage import LocalStorage, Storages
from tests.backups.conftest import Commands, check, file_of, hashes, house_of, keys
from tests.conftest import Person
from tests.views import saving

Save = Callable[..., dict[str, Any]]
SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


class Slippery(LocalStorage):
    """A storage that has lost an object, whose image is deleted when it is asked a third time."""

    def __init__(self, root: Path, key: str, let_go: Callable[[], object]) -> None:
        super().__init__(root)
        self._key, self._let_go, self._asked = key, let_go, 0

    def open(self, key: str, start: int = 0, end: int | None = None) -> BinaryIO:
        if key != self._key:
            return super().open(key, start, end)
        self._asked += 1
        if self._asked == 3:
            self._let_go()
        raise ObjectNotFound(key)


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def test_next_backup_copies_what_is_new(save: Save, gallery: Commands, path: Path) -> None:
    """What an earlier one has is shared by both."""
    for _ in range(3):
        save()
    first = gallery.told("backup", "create", path)
    save()

    second = gallery.told("backup", "create", path)

    assert (first["images"], first["copied"]) == (3, 3)
    assert (second["images"], second["copied"]) == (4, 1)


def test_same_bytes_are_copied_once(alice: Person, gallery: Commands, path: Path) -> None:
    """However many images have them, as copies out of the prompt cache do."""
    for player in ("ann", "bo", "cy"):
        saving.save_round_image(alice, player=player)

    made = gallery.told("backup", "create", path)

    assert (made["images"], made["copied"]) == (3, 1)
    assert made["copied_bytes"] * 3 == made["bytes"]


def test_backup_shares_no_bytes_with_the_gallery(save: Save, gallery: Commands, path: Path) -> None:
    """A hard link would rot together with what it is a backup of."""
    save()

    gallery.told("backup", "create", path)

    assert {each.stat().st_nlink for each in files(path)} == {1}


def test_backup_is_nobody_elses(save: Save, gallery: Commands, path: Path) -> None:
    """It holds private pictures and passwords' hashes."""
    save()

    gallery.told("backup", "create", path)

    assert path.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in files(path)} == {0o600}


def test_secrets_stay_out(save: Save, gallery: Commands, instance: Path, path: Path) -> None:
    """Whoever finds a backup can't sign links with it."""
    save()
    secret = house_of(gallery.app).settings.SECRET_KEY[0].encode()

    gallery.told("backup", "create", path)

    assert not [each for each in files(path) if secret in each.read_bytes()]


def test_folder_of_something_else_is_left_alone(
    save: Save, gallery: Commands, tmp_path: Path
) -> None:
    """A mistyped path must not become a repository among somebody's papers."""
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "thesis.txt").write_text("done")

    done = gallery("backup", "create", papers)

    assert done.exit_code == 1
    assert "holds something else: thesis.txt" in done.stderr
    assert [each.name for each in papers.iterdir()] == ["thesis.txt"]


def test_only_one_writes_at_a_time(
    save: Save, gallery: Commands, repository: Repository, path: Path
) -> None:
    """A second create says so at once; a cron job that takes too long meets itself."""
    gallery.told("backup", "create", path)

    with repository.locked(for_writing=True):
        done = gallery("backup", "create", path)

    assert (done.exit_code, "Another command is at work" in done.stderr) == (1, True)


def test_lost_objects_are_told(save: Save, gallery: Commands, path: Path) -> None:
    """The backup is kept, and counts as incomplete: the rest may be all that there is."""
    save()
    lost, rotten = save()["id"], save()["id"]
    where = keys(gallery)
    file_of(gallery, where[lost]).unlink()
    file_of(gallery, where[rotten]).write_bytes(b"rotten")

    done = gallery("backup", "create", path, "--json")

    told = json.loads(done.stdout)
    assert (done.exit_code, told["is_complete"]) == (1, False)
    assert (told["missing"], told["damaged"]) == ([where[lost]], [where[rotten]])
    assert (told["images"], told["copied"]) == (3, 1)


def test_incomplete_backup_is_restored_only_when_asked(
    save: Save, gallery: Commands, other: Commands, path: Path
) -> None:
    """Then the rest is there, and the storage check tells what is not."""
    save()
    lost = save()["id"]
    key = keys(gallery)[lost]
    file_of(gallery, key).unlink()
    gallery("backup", "create", path)

    refused = other("backup", "restore", path)
    partly = other("backup", "restore", path, "--partial", "--json")

    assert (refused.exit_code, key in refused.stderr) == (1, True)
    assert (partly.exit_code, json.loads(partly.stdout)["lacking"]) == (1, [key])
    assert check(other) == SOUND | {"missing": [key]}


def test_object_that_was_only_away_is_found_where_it_is(
    save: Save, gallery: Commands, path: Path
) -> None:
    """A backup made while a disk was unmounted is whole again with that disk."""
    key = key_of(gallery, save())
    content = file_of(gallery, key).read_bytes()
    file_of(gallery, key).unlink()
    gallery("backup", "create", path)
    file_of(gallery, key).write_bytes(content)

    restored = gallery.told("backup", "restore", path, "--yes")

    assert (restored["lacking"], check(gallery)) == ([], SOUND)


def test_image_that_goes_meanwhile_is_left_out(
    alice: Person, save: Save, gallery: Commands, other: Commands, path: Path
) -> None:
    """Its row is in the snapshot and its object nowhere: restored, it isn't half there."""
    stays, goes = save(), save()
    house = house_of(gallery.app)
    slippery = Slippery(
        house.settings.IMAGE_STORAGE_BASE_DIR,
        keys(gallery)[goes["id"]],
        lambda: alice.delete(f"/api/images/{goes['id']}"),
    )
    with gallery.app.app_context():
        made = create_backup(
            repository=Repository(path),
            storages=Storages({"local": slippery}, default="local"),
            now=house.now(),
        )

    other.told("backup", "restore", path)

    assert [each.why for each in made.left_out] == ["gone"]
    assert made.manifest.is_complete
    assert list(hashes(other)) == [stays["id"]]
    assert check(other) == SOUND


def test_product_whose_main_photo_goes_meanwhile_has_another(
    alice: Person, gallery: Commands, other: Commands, path: Path
) -> None:
    """Each product has one main photo, also where it is restored from the midst of a change."""
    product = f"/api/products/{saving.make_product(alice, 2)['id']}"
    main, second = (each["id"] for each in alice.get(product).json()["images"])
    house = house_of(gallery.app)
    slippery = Slippery(
        house.settings.IMAGE_STORAGE_BASE_DIR,
        keys(gallery)[main],
        lambda: alice.delete(f"{product}/images/{main}"),
    )
    with gallery.app.app_context():
        create_backup(
            repository=Repository(path),
            storages=Storages({"local": slippery}, default="local"),
            now=house.now(),
        )

    other.told("backup", "restore", path)

    assert list(hashes(other)) == [second]
    assert check(other) == SOUND


def key_of(gallery: Commands, image: dict[str, Any]) -> str:
    return keys(gallery)[image["id"]]
