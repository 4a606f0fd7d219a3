"""What was backed up is there again: in an empty gallery, and in one that went on meanwhile."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from flask_migrate import downgrade

from gallery.extensions import db
from gallery.models import Image
from tests.backups.conftest import Commands, check, file_of, hashes, keys
from tests.conftest import FixedClock, Person, client_of, serving
from tests.pictures import picture
from tests.views import saving

Save = Callable[..., dict[str, Any]]
SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


class TestEmptyGallery:
    """Restoring on a new machine."""

    def test_everything_is_there(
        self, alice: Person, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """Every kind of image, with its bytes; and nothing is wrong with any."""
        content = picture(colour=(1, 2, 3))
        session = saving.open_session(alice)
        saving.save_session_image(alice, session, content=content)
        saving.save_round_image(alice)
        saving.illustrate(alice, saving.open_story(alice))
        saving.save_generation(alice)
        saving.make_product(alice, 2)
        gallery.told("backup", "create", path)

        restored = other.told("backup", "restore", path)

        assert (restored["images"], restored["brought"], restored["safety_copy"]) == (6, 6, None)
        assert hashes(other) == hashes(gallery)
        assert sha256(content).hexdigest() in hashes(other).values()
        assert check(other) == SOUND

    def test_people_and_programs_come_in(
        self, alice: Person, save: Save, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """A key opens what it opened, and the search finds what it found."""
        image = save(prompt="A walrus in the library")
        gallery.told("backup", "create", path)
        other.told("backup", "restore", path)

        with serving(other.app) as address, client_of(address) as http:
            there = Person(http=http, key=alice.key)
            found = there.get("/api/images?q=walrus").json()["images"]
            original = there.get(found[0]["image_url"])

        assert [each["id"] for each in found] == [image["id"]]
        assert original.content == alice.get(image["image_url"]).content

    def test_thumbnails_are_made_anew(
        self, alice: Person, save: Save, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """They aren't backed up: whoever looks at a picture makes them."""
        image = save()
        assert alice.get(image["thumbnails"]["320"]).status_code == 200
        gallery.told("backup", "create", path)
        other.told("backup", "restore", path)

        with serving(other.app) as address, client_of(address) as http:
            answer = Person(http=http, key=alice.key).get(image["thumbnails"]["320"])

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")

    def test_rows_of_an_earlier_gallery_are_brought_up_to_date(
        self, save: Save, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """The migrations that it lacked run when it is restored."""
        image = save()
        with gallery.app.app_context():
            downgrade(revision="0004")
        made = gallery.told("backup", "create", path)

        other.told("backup", "restore", path)

        assert made["revision"] == "0004"
        assert list(hashes(other)) == [image["id"]]


class TestUsedGallery:
    """Going back to what was, where something has happened since."""

    def test_is_as_it_was(self, alice: Person, save: Save, gallery: Commands, path: Path) -> None:
        """What was deleted is back, what was replaced is what it was, what came later is gone."""
        session = saving.open_session(alice)
        first = saving.save_session_image(alice, session, content=picture(colour=(1, 1, 1)))
        deleted = save()
        before = hashes(gallery)
        gallery.told("backup", "create", path)
        saving.save_session_image(alice, session, content=picture(colour=(2, 2, 2)))
        alice.delete(f"/api/images/{deleted['id']}")
        save()

        gallery.told("backup", "restore", path, "--yes")

        assert set(before) == {first["id"], deleted["id"]}
        assert hashes(gallery) == before
        assert {**check(gallery), "orphaned": []} == SOUND

    def test_rows_that_went_are_kept(self, save: Save, gallery: Commands, path: Path) -> None:
        """A copy of them tells what was saved since, and can be looked into."""
        save()
        gallery.told("backup", "create", path)
        lost = save()

        safety_copy = Path(gallery.told("backup", "restore", path, "--yes")["safety_copy"])

        assert lost["id"] not in hashes(gallery)
        assert safety_copy.stat().st_mode & 0o777 == 0o600
        assert safety_copy.stat().st_size > 0

    def test_newer_objects_are_orphans(
        self, save: Save, gallery: Commands, path: Path, clock: FixedClock
    ) -> None:
        """They stay, and the storage check tells of them and of nothing else."""
        save()
        gallery.told("backup", "create", path)
        newer = keys(gallery).keys()
        late = save()
        key = keys(gallery)[late["id"]]

        gallery.told("backup", "restore", path, "--yes")

        clock.move(days=10_000)
        assert late["id"] not in newer
        assert check(gallery) == SOUND | {"orphaned": [key]}

    def test_key_that_was_used_since_does_not_come_back(
        self, alice: Person, gallery: Commands, path: Path
    ) -> None:
        """Caches may hold what had it, whoever has forgotten."""
        session = saving.open_session(alice)
        saving.save_session_image(alice, session, content=picture(colour=(1, 1, 1)))
        gallery.told("backup", "create", path)
        image = saving.save_session_image(alice, session, content=picture(colour=(2, 2, 2)))
        used = keys(gallery)[image["id"]]
        gallery.told("backup", "restore", path, "--yes")
        file_of(gallery, used).unlink()

        saving.save_session_image(alice, session, content=picture(colour=(3, 3, 3)))

        assert used.endswith("main.v2.png")
        assert keys(gallery)[image["id"]].endswith("main.v3.png")

    def test_twice_is_as_once(self, save: Save, gallery: Commands, path: Path) -> None:
        """The second time nothing is to be brought."""
        save()
        gallery.told("backup", "create", path)
        gallery.told("backup", "restore", path, "--yes")

        again = gallery.told("backup", "restore", path, "--yes")

        assert (again["brought"], again["rekeyed"], again["set_aside"]) == (0, [], [])
        assert check(gallery) == SOUND

    def test_nothing_is_replaced_without_asking(
        self, save: Save, gallery: Commands, path: Path
    ) -> None:
        """Whoever says no keeps what there is."""
        gallery.told("backup", "create", path)
        image = save()

        done = gallery("backup", "restore", path, input="n\n")

        assert done.exit_code == 1
        assert "Replace everybody and everything in it?" in done.stderr
        assert list(hashes(gallery)) == [image["id"]]

    def test_an_older_backup_can_be_named(self, save: Save, gallery: Commands, path: Path) -> None:
        """The newest is only what is taken where nobody says."""
        image = save()
        name = gallery.told("backup", "create", path)["backup"]
        save()
        gallery.told("backup", "create", path)

        restored = gallery.told("backup", "restore", path, "--yes", "--backup", name)

        assert restored["backup"] == name
        assert list(hashes(gallery)) == [image["id"]]


class TestTakenKeys:
    """Something else lies where an object belongs."""

    def test_another_picture_keeps_its_key(
        self, alice: Person, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """The restored one gets the next, so that neither gallery is ever wrong."""
        session = saving.open_session(alice)
        image = saving.save_session_image(alice, session, content=picture(colour=(1, 1, 1)))
        gallery.told("backup", "create", path)
        other.told("backup", "restore", path)
        key = keys(other)[image["id"]]
        expected = hashes(gallery)
        with serving(other.app) as address, client_of(address) as http:
            there = Person(http=http, key=alice.key)
            saving.save_session_image(there, session, content=picture(colour=(2, 2, 2)))
        bring_under(other, image["id"], key)

        restored = other.told("backup", "restore", path, "--yes")

        assert restored["rekeyed"] == [key]
        assert hashes(other) == expected
        assert keys(other)[image["id"]] != key
        assert {**check(other), "orphaned": []} == SOUND

    def test_what_is_nobodys_is_set_aside(
        self, save: Save, gallery: Commands, other: Commands, path: Path
    ) -> None:
        """It isn't deleted: nobody knows whose it was."""
        image = save()
        key = keys(gallery)[image["id"]]
        gallery.told("backup", "create", path)
        file_of(other, key).parent.mkdir(parents=True)
        file_of(other, key).write_bytes(b"somebody's")

        (aside,) = other.told("backup", "restore", path)["set_aside"]

        assert file_of(other, aside).read_bytes() == b"somebody's"
        assert hashes(other) == hashes(gallery)
        assert {**check(other), "orphaned": []} == SOUND

    def test_damaged_object_is_whole_again(self, save: Save, gallery: Commands, path: Path) -> None:
        """The picture keeps its key: it holds what it always should have."""
        image = save()
        key = keys(gallery)[image["id"]]
        gallery.told("backup", "create", path)
        file_of(gallery, key).write_bytes(b"rotten")

        restored = gallery.told("backup", "restore", path, "--yes")

        assert (restored["rekeyed"], restored["brought"]) == ([], 1)
        assert {**check(gallery), "orphaned": []} == SOUND


def bring_under(commands: Commands, image_id: str, key: str) -> None:
    """Let an image's object lie under *key*, as in a gallery whose history was another."""
    with commands.app.app_context():
        storage = commands.app.extensions["gallery"].storages.default
        image = db.session.get_one(Image, UUID(image_id))
        storage.copy(image.storage_key, key)
        image.storage_key = key
        db.session.commit()
