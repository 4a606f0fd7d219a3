"""The command line: what each command does, prints for people, and prints for programs."""

import json
import socket
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select

from gallery.cli import cli
from gallery.extensions import House, db
from gallery.generators.base import GeneratedImage
from gallery.models import APIKey, Image, Link, Sweep, User
from gallery.services import accounts, ingest, links
from gallery.services.access import Viewer
from gallery.services.galleries import open_gallery
from gallery.services.ingest import Details, Saved, Submission
from tests.conftest import PASSWORD, SECRET, FixedClock
from tests.pictures import picture

EMAIL = "alice@gallery.example"
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in the application, as an operator would."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("GALLERY_PASSWORD", raising=False)

    def run(*arguments: str, **options: Any) -> Result:
        return app.test_cli_runner().invoke(cli, arguments, **options)

    return run


@pytest.fixture
def alice(inside: Flask, clock: FixedClock) -> Viewer:
    user = accounts.create_user(EMAIL, PASSWORD, now=clock())
    return Viewer(user_id=user.id, name=user.name)


@pytest.fixture
def generation(alice: Viewer, house: House) -> Saved:
    """An image of alice's that belongs to nothing."""
    return ingest.save_generation(
        picture(), details=Details(), viewer=alice, intake=house.intake, now=house.now()
    )


@pytest.fixture
def round_image(alice: Viewer, house: House) -> Saved:
    """An image of alice's in a game."""
    return ingest.save_round_image(
        "TEA", 1, "fox", picture("JPEG"), submission=Submission(), details=Details(),
        viewer=alice, intake=house.intake, now=house.now(),
    )  # fmt: skip


@pytest.fixture
def sign(generation: Saved, alice: Viewer, house: House) -> Callable[..., Link]:
    """Make a link to the generation."""

    def sign(**options: Any) -> Link:
        options = {"lasts": timedelta(days=7)} | options
        return links.sign_download(
            generation.image_id, viewer=alice, signer=house.signer, now=house.now(), **options
        ).link

    return sign


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows nine hours more than UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def remaining() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Image))


class TestUsers:
    """gallery users create."""

    @pytest.mark.usefixtures("inside")
    def test_user_is_created_with_a_password_from_the_environment(self, run: Run) -> None:
        """A program sets GALLERY_PASSWORD and reads JSON."""
        done = run("users", "create", EMAIL, "--json", env={"GALLERY_PASSWORD": PASSWORD})

        user = accounts.sign_in(EMAIL, PASSWORD)
        assert done.exit_code == 0
        assert json.loads(done.output) == {"id": str(user.id), "email": EMAIL, "admin": False}

    @pytest.mark.usefixtures("inside")
    def test_password_is_asked_for_twice_and_not_shown(self, run: Run) -> None:
        """A person types it."""
        done = run("users", "create", EMAIL, "--admin", "--name", "Alice",
                   input=f"{PASSWORD}\n{PASSWORD}\n")  # fmt: skip

        user = accounts.sign_in(EMAIL, PASSWORD)
        assert (user.is_admin, user.name) == (True, "Alice")
        assert "alice@gallery.example may sign in now." in done.output
        assert PASSWORD not in done.output

    @pytest.mark.usefixtures("alice")
    def test_taken_address_is_told_in_a_line(self, run: Run) -> None:
        """An error is one line and exit code 1, never a traceback."""
        done = run("users", "create", EMAIL, env={"GALLERY_PASSWORD": PASSWORD})

        assert done.exit_code == 1
        assert done.stderr == (
            "Error: It exists already: There is a user with this address already\n"
        )

    @pytest.mark.usefixtures("inside")
    def test_short_password_is_told(self, run: Run) -> None:
        """Nobody is created with a password that is too short."""
        done = run("users", "create", EMAIL, env={"GALLERY_PASSWORD": "short"})

        assert (done.exit_code, db.session.scalar(select(User))) == (1, None)
        assert "10 to 200 characters" in done.stderr


class TestKeys:
    """gallery keys create."""

    def test_key_is_printed_once(self, run: Run, alice: Viewer) -> None:
        """The key alone is printed, so that it can be piped."""
        done = run("keys", "create", "party game", "--owner", EMAIL)

        assert accounts.viewer_with_key(done.output.strip()).user_id == alice.user_id

    def test_key_as_json(self, run: Run, alice: Viewer) -> None:
        """A program gets key, id and name."""
        done = run("keys", "create", "party game", "--owner", EMAIL, "--json")

        printed = json.loads(done.output)
        key = db.session.scalars(select(APIKey)).one()
        assert printed == {"key": printed["key"], "id": str(key.id), "name": "party game"}
        assert accounts.viewer_with_key(printed["key"]).user_id == alice.user_id

    @pytest.mark.usefixtures("inside")
    def test_unknown_owner_is_told(self, run: Run) -> None:
        """A key for nobody is not made."""
        done = run("keys", "create", "k", "--owner", "nobody@gallery.example")

        assert done.exit_code == 1
        assert done.stderr == "Error: Not found: Nobody has the address nobody@gallery.example\n"

    def test_owner_has_to_be_named(self, run: Run) -> None:
        """Forgetting the owner is a usage error."""
        done = run("keys", "create", "k")

        assert done.exit_code == 2
        assert "--owner" in done.stderr


class TestSweep:
    """gallery sweep."""

    def test_sweep_deletes_what_is_over(
        self, run: Run, generation: Saved, clock: FixedClock
    ) -> None:
        """People read how many and how much."""
        size = db.session.get(Image, generation.image_id).size_bytes
        clock.move(days=31)

        done = run("sweep")

        assert (done.exit_code, remaining()) == (0, 0)
        assert done.output == f"1 images deleted, {size:,} bytes\n"

    def test_dry_run_lists_and_deletes_nothing(
        self, run: Run, generation: Saved, clock: FixedClock
    ) -> None:
        """What would go is listed by id."""
        size = db.session.get(Image, generation.image_id).size_bytes
        clock.move(days=31)

        done = run("sweep", "--dry-run")

        assert (done.exit_code, remaining()) == (0, 1)
        assert done.output == f"{generation.image_id}\n1 images would be deleted, {size:,} bytes\n"

    @pytest.mark.parametrize("options", [[], ["--dry-run"]])
    def test_sweep_as_json(
        self, run: Run, generation: Saved, clock: FixedClock, options: list[str]
    ) -> None:
        """Dry or not, a program reads the same members."""
        size = db.session.get(Image, generation.image_id).size_bytes
        clock.move(days=31)

        done = run("sweep", "--json", *options)

        assert json.loads(done.output) == {
            "deleted": [str(generation.image_id)], "bytes": size, "errors": [],
        }  # fmt: skip

    @pytest.mark.usefixtures("generation", "round_image")
    @pytest.mark.parametrize(
        ("options", "left"),
        [
            ([], 2),
            (["--kind", "round"], 2),
            (["--keep-count", "1"], 1),
            (["--keep-count", "0"], 0),
            (["--keep-count", "0", "--kind", "round"], 1),
            (["--older-than", "2026-03-14"], 2),
            (["--older-than", "2026-03-15"], 0),
            (["--older-than", "2026-03-14T15:09:27"], 0),
            (["--older-than", "2026-03-14T16:09:26+01:00"], 2),
            (["--older-than", "2026-03-15", "--kind", "generation"], 1),
        ],
        ids=str,
    )
    def test_options_choose_what_goes(self, run: Run, options: list[str], left: int) -> None:
        """Dates are days in UTC unless they tell another zone."""
        done = run("sweep", *options)

        assert (done.exit_code, remaining()) == (0, left)

    @pytest.mark.usefixtures("generation", "tokyo")
    @pytest.mark.parametrize(
        ("day", "left"), [("2026-03-14T15:09:26", 1), ("2026-03-14T15:09:27", 0)]
    )
    def test_day_is_in_utc_wherever_the_operator_is(self, run: Run, day: str, left: int) -> None:
        """A machine that keeps Tokyo's time deletes by UTC all the same."""
        run("sweep", "--older-than", day)

        assert remaining() == left

    @pytest.mark.usefixtures("generation")
    @pytest.mark.parametrize(
        "options",
        [["--older-than", "yesterday"], ["--older-than", "2026-13-01"], ["--keep-count", "-1"],
         ["--keep-count", "x"], ["--kind", "painting"]],
        ids=str,
    )  # fmt: skip
    def test_nonsense_is_a_usage_error(self, run: Run, options: list[str]) -> None:
        """What is not understood deletes nothing."""
        done = run("sweep", *options)

        assert (done.exit_code, remaining()) == (2, 1)
        assert "Invalid value for" in done.stderr

    @pytest.mark.usefixtures("house")
    @pytest.mark.parametrize("as_json", [True, False])
    def test_object_that_can_not_be_deleted_is_told(
        self, run: Run, generation: Saved, clock: FixedClock, as_json: bool
    ) -> None:
        """Errors are printed, and the exit code is 1."""
        image = db.session.get(Image, generation.image_id)
        image.storage_provider = "tape"
        db.session.commit()
        clock.move(days=31)

        done = run("sweep", *(["--json"] if as_json else []))

        told = f"{image.storage_key}: The provider tape is not configured"
        assert (done.exit_code, remaining()) == (1, 0)
        assert told in (json.loads(done.stdout)["errors"] if as_json else done.stderr)

    @pytest.mark.usefixtures("generation")
    def test_sweep_is_recorded(self, run: Run) -> None:
        """A sweep by hand is in the record, a dry run isn't."""
        run("sweep", "--dry-run")
        run("sweep", "--keep-count", "9")

        assert [each.rule for each in db.session.scalars(select(Sweep))] == [{"keep_count": 9}]

    class TestQuota:
        """MAX_STORAGE_BYTES."""

        @pytest.fixture
        def settings(self) -> dict[str, object]:
            return {"MAX_STORAGE_BYTES": 1}

        @pytest.mark.usefixtures("generation")
        def test_limit_holds_by_hand_too(self, run: Run) -> None:
            """A sweep by hand keeps the limit like the scheduled one."""
            assert run("sweep").exit_code == 0
            assert remaining() == 0


class TestLinks:
    """gallery links."""

    def test_links_are_listed_as_json(
        self, run: Run, sign: Callable[..., Link], generation: Saved, clock: FixedClock
    ) -> None:
        """Newest first, with everything that the ledger knows."""
        sign()
        clock.move(seconds=1)
        newest = sign(max_downloads=3, variant="320", disposition="inline")

        listed = json.loads(run("links", "list", "--json").output)

        assert len(listed) == 2
        assert listed[0] == {
            "id": str(newest.id), "purpose": "download", "image_id": str(generation.image_id),
            "gallery_id": None, "product_id": None, "variant": "320", "disposition": "inline",
            "standing": False, "live": True, "downloads": 0, "max_downloads": 3,
            "created_at": "2026-03-14T15:09:27Z", "expires_at": "2026-03-21T15:09:27Z",
            "revoked_at": None, "last_used_at": None,
        }  # fmt: skip

    def test_links_are_listed_for_people(
        self, run: Run, sign: Callable[..., Link], alice: Viewer, house: House, clock: FixedClock
    ) -> None:
        """Each with what it opens, how often it was used, and whether it lives."""
        limited, revoked = sign(max_downloads=3), sign()
        ended = sign(lasts=timedelta(seconds=1))
        links.count_download(limited.id, now=clock())
        links.revoke_link(revoked.id, viewer=alice, now=clock())
        open_gallery("session", slug="s1", viewer=alice, now=clock())
        links.share_gallery(
            "session", "s1", viewer=alice, signer=house.signer, now=clock(),
            lasts=timedelta(days=1),
        )  # fmt: skip
        clock.move(seconds=1)

        lines = run("links", "list").output.splitlines()

        told = {line.split()[0]: line.split() for line in lines if " image " in line}
        assert told[str(limited.id)][3] == "1/3"
        assert told[str(limited.id)][-1] == "live"
        assert told[str(revoked.id)][-1] == "revoked"
        assert told[str(ended.id)][-1] == "ended"
        assert any(" gallery " in line for line in lines)

    def test_live_links_alone(
        self, run: Run, sign: Callable[..., Link], alice: Viewer, clock: FixedClock
    ) -> None:
        """--live leaves out what opens nothing any more."""
        live, revoked = sign(), sign()
        links.revoke_link(revoked.id, viewer=alice, now=clock())

        listed = json.loads(run("links", "list", "--live", "--json").output)

        assert [each["id"] for each in listed] == [str(live.id)]

    def test_more_links_than_a_page_are_all_listed(
        self, run: Run, alice: Viewer, generation: Saved, clock: FixedClock
    ) -> None:
        """The list goes on behind the first two hundred."""
        db.session.add_all(
            Link(
                id=UUID(int=n + 1), purpose="download", image_id=generation.image_id,
                owner_id=alice.user_id, created_at=clock(), expires_at=clock(),
            )
            for n in range(401)
        )  # fmt: skip
        db.session.commit()

        listed = json.loads(run("links", "list", "--json").output)

        assert [each["id"] for each in listed] == [str(UUID(int=n)) for n in range(401, 0, -1)]

    @pytest.mark.parametrize("as_json", [True, False])
    def test_link_is_revoked(self, run: Run, sign: Callable[..., Link], as_json: bool) -> None:
        """An operator ends any link at once."""
        link_id = sign().id

        done = run("links", "revoke", str(link_id), *(["--json"] if as_json else []))

        db.session.expire_all()
        assert db.session.get(Link, link_id).revoked_at is not None
        if as_json:
            assert json.loads(done.output) == {
                "id": str(link_id), "revoked_at": "2026-03-14T15:09:26Z",
            }  # fmt: skip
        else:
            assert done.output == f"The link {link_id} is withdrawn.\n"

    @pytest.mark.usefixtures("inside")
    @pytest.mark.parametrize(("link_id", "code"), [(str(UUID(int=9)), 1), ("no-id", 2)])
    def test_unknown_link_is_told(self, run: Run, link_id: str, code: int) -> None:
        """What is no link, or no id, is an error."""
        done = run("links", "revoke", link_id)

        assert done.exit_code == code
        assert done.stderr.splitlines()[-1].startswith("Error: ")


class QuickGenerator:
    """Draws nothing but a small rectangle, at once."""

    name = "demo"
    model = "quick-1"
    longest_seconds = 1.0

    def generate(
        self,
        prompt: str,  # noqa: ARG002
        *,
        width: int = 1024,
        height: int = 1024,
        format: str = "png",  # noqa: A002 - the word of the contract
        parameters: Mapping[str, object] | None = None,  # noqa: ARG002
        reference: bytes | None = None,  # noqa: ARG002
    ) -> GeneratedImage:
        content = picture(format.upper(), size=(width // 64, height // 64))
        return GeneratedImage(
            content=content, format=format, model="quick-1", seed=1, parameters={}
        )


class TestDemo:
    """gallery demo."""

    @pytest.fixture(autouse=True)
    def quick(self, app: Flask) -> None:
        house: House = app.extensions["gallery"]
        studio = replace(house.studio, generators={"demo": QuickGenerator()})
        app.extensions["gallery"] = replace(house, studio=studio)

    @pytest.mark.usefixtures("inside")
    def test_empty_gallery_is_filled(self, run: Run, app: Flask) -> None:
        """A sign-in and a key are printed and kept, and both work."""
        done = run("demo", "--json")

        card = json.loads(done.stdout)
        path = Path(app.instance_path, "demo.json")
        assert (done.exit_code, remaining() > 30) == (0, True)
        assert accounts.sign_in(card["email"], card["password"]).is_admin is True
        assert accounts.viewer_with_key(card["key"]).is_admin is True
        assert json.loads(path.read_text()) == card
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.usefixtures("inside")
    def test_card_is_printed_for_people(self, run: Run) -> None:
        """Address, sign-in and key, and progress only on the error output."""
        done = run("demo")

        words = done.stdout.split()
        assert "http://127.0.0.1:8000/" in words
        assert "demo@gallery.example" in words
        assert words[-1].startswith("gallery_")
        assert "Drawing the demo" not in done.stdout

    @pytest.mark.usefixtures("inside")
    def test_second_time_only_the_card_is_shown(self, run: Run) -> None:
        """`make run` says --if-empty each time, and each time tells how to get in."""
        first = json.loads(run("demo", "--json").stdout)
        count = remaining()

        second = json.loads(run("demo", "--if-empty", "--json").stdout)

        assert (second, remaining()) == (first, count)

    @pytest.mark.usefixtures("alice")
    def test_gallery_in_use_is_left_alone(self, run: Run) -> None:
        """A demo never mixes with what somebody keeps."""
        done = run("demo")
        quiet = run("demo", "--if-empty")

        assert (done.exit_code, quiet.exit_code, quiet.output) == (1, 0, "")
        assert done.stderr == "Error: This gallery is in use; the demo is for an empty one\n"
        assert remaining() == 0


class TestGroup:
    """The group itself."""

    def test_flask_commands_are_there_too(self, run: Run) -> None:
        """Gallery's own commands stand beside run, db and routes."""
        listed = run("--help").output

        for name in (
            "demo",
            "sweep",
            "users",
            "keys",
            "links",
            "storage",
            "serve",
            "run",
            "db",
            "routes",
        ):
            assert f"\n  {name} " in listed

    def test_version_is_told(self, run: Run) -> None:
        """The package's version, by the program's name."""
        assert run("--version").output == "gallery, version 0.1.0\n"

    def test_every_command_of_ours_has_json(self) -> None:
        """Programs can read each command that answers."""
        groups = [cli.commands[name] for name in ("users", "keys", "links", "storage")]
        commands = [cli.commands["demo"], cli.commands["sweep"]]
        for group in groups:
            commands += group.commands.values()

        assert all(
            any("--json" in option.opts for option in command.params) for command in commands
        )

    def test_nonsense_in_a_setting_is_told_in_a_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A command that can't start says which variable it is about."""
        monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "instance"))
        monkeypatch.setenv("IMAGE_RETENTION_DAYS", "soon")
        monkeypatch.chdir(tmp_path)

        done = CliRunner().invoke(cli, ["sweep"])

        assert done.exit_code == 1
        assert "IMAGE_RETENTION_DAYS must be a whole number" in done.stderr
        assert "Traceback" not in done.output

    @pytest.mark.usefixtures("inside")
    def test_database_without_tables_is_told_in_one_line(self, run: Run) -> None:
        """It says what brings the tables, and prints no traceback."""
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE links")

        done = run("links", "list")

        assert done.exit_code == 1
        assert done.output.startswith("Error: The database can't be used (")
        assert done.output.endswith("; gallery db upgrade brings it up to date\n")
        assert "links" in done.output


class TestServe:
    """The start of the production server; the browser tests go through it."""

    @pytest.fixture
    def settings(self) -> Iterator[dict[str, Any]]:
        """Settings that name a port on which something listens already."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            yield {"PORT": taken.getsockname()[1]}

    @pytest.mark.only_on("postgresql", because="no other machine opens an SQLite file")
    def test_secret_of_this_machine_alone_is_told(self, run: Run, instance: Path) -> None:
        """Another machine over the same database could not read what is signed with it."""
        (instance / "secret_key").write_text(f"{SECRET}\n")

        assert "SECRET_KEY is not set" in run("serve").stderr

    def test_taken_port_is_told_in_one_line(self, run: Run, settings: dict[str, Any]) -> None:
        """Nothing is promised that another program would answer."""
        done = run("serve")

        assert done.exit_code == 1
        assert done.output.splitlines() == [
            f"Error: 127.0.0.1:{settings['PORT']} can't be listened on (Address already in use);"
            " PORT names another port"
        ]
