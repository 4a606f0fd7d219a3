"""gallery storage migrate, stats and list: what they tell people and programs."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask

from gallery.cli import cli
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details, Submission
from gallery.storage import Storages
from tests.conftest import PASSWORD, FixedClock
from tests.pictures import picture
from tests.services.vaults import Vault, furnish

Run = Callable[..., Result]
PNG, JPEG = picture(), picture("JPEG")
WAY = ("migrate", "--from", "local", "--to", "vault", "--linger", "0")


@pytest.fixture
def storages(inside: Flask, tmp_path: Path) -> Storages:
    return furnish(inside, Vault(tmp_path / "attic"))


@pytest.fixture
def run(app: Flask, storages: Storages) -> Run:
    """Run a command of the storage group, as an operator would."""

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(cli, ["storage", *arguments])

    return run


@pytest.fixture
def images(inside: Flask, house: House, clock: FixedClock) -> list[Image]:
    """A generation, and a round's picture of the day after."""
    user = accounts.create_user("alice@gallery.example", PASSWORD, now=clock())
    viewer, intake = Viewer(user_id=user.id), house.intake
    single = ingest.save_generation(
        PNG, details=Details(model="ink-2", category="sea"), viewer=viewer, intake=intake,
        now=clock(),
    )  # fmt: skip
    clock.move(days=1)
    played = ingest.save_round_image(
        "TEA", 1, "fox", JPEG, submission=Submission(), details=Details(model="ink-2"),
        viewer=viewer, intake=intake, now=clock(),
    )  # fmt: skip
    return [db.session.get_one(Image, each.image_id) for each in (single, played)]


class TestMigrate:
    """Moving objects."""

    @pytest.mark.usefixtures("images")
    def test_people_read_what_was_moved(self, run: Run) -> None:
        """And that new images still go where the others came from."""
        done = run(*WAY)

        assert (done.exit_code, done.stdout) == (
            0,
            f"2 images moved, {len(PNG) + len(JPEG):,} bytes\n",
        )
        assert done.stderr.endswith("New images still go to local: see IMAGE_STORAGE_TYPE\n")

    @pytest.mark.usefixtures("images")
    def test_programs_read_a_summary(self, run: Run) -> None:
        """Counts, bytes and errors."""
        done = run(*WAY, "--kind", "round", "--json")

        assert (done.exit_code, json.loads(done.stdout)) == (
            0,
            {"moved": 1, "bytes": len(JPEG), "skipped": 0, "errors": []},
        )

    def test_dry_run_lists_keys_and_moves_nothing(
        self, run: Run, images: list[Image], storages: Storages
    ) -> None:
        """One key a line."""
        done = run(*WAY, "--dry-run")

        *keys, total = done.stdout.splitlines()
        assert set(keys) == {image.storage_key for image in images}
        assert total == f"2 images would be moved, {len(PNG) + len(JPEG):,} bytes"
        assert list(storages.named("vault").iter_keys()) == []

    @pytest.mark.parametrize("options", [[], ["--dry-run"]])
    def test_missing_object_is_an_error(
        self, run: Run, images: list[Image], storages: Storages, options: list[str]
    ) -> None:
        """It is told, the rest goes on, and the exit code is 1."""
        key = str(images[0].storage_key)
        storages.default.delete(key)

        done = run(*WAY, *options, "--json")

        told = json.loads(done.stdout)
        assert (done.exit_code, told["moved"]) == (1, 1)
        assert told["errors"] == [f"{key}: missing at local"]

    @pytest.mark.usefixtures("images")
    def test_unknown_provider_is_told_in_a_line(self, run: Run) -> None:
        """Nothing is moved."""
        done = run("migrate", "--from", "local", "--to", "tape")

        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.endswith("The provider tape is not configured\n")


class TestStats:
    """What is held."""

    @pytest.mark.usefixtures("images")
    def test_people_read_a_table(self, run: Run) -> None:
        """A line for each provider and kind, and all of them together."""
        run(*WAY, "--kind", "round")

        done = run("stats")

        lines = done.stdout.splitlines()
        cells = [line.replace("│", " ").split() for line in lines]
        assert ["local", "generation", "1", str(len(PNG)), "0", "0", *["2026-03-14"] * 2] in cells
        assert ["vault", "round", "1", str(len(JPEG)), "0", "0", *["2026-03-15"] * 2] in cells
        assert lines[-1] == f"2 images, {len(PNG) + len(JPEG):,} bytes"

    def test_programs_read_all_of_it(self, run: Run, images: list[Image]) -> None:
        """Times are instants."""
        done = run("stats", "--json")

        told = json.loads(done.stdout)
        assert {
            name: told[name] for name in ("images", "bytes", "counted_bytes", "most_bytes")
        } == {
            "images": 2,
            "bytes": len(PNG) + len(JPEG),
            "counted_bytes": len(PNG) + len(JPEG),
            "most_bytes": None,
        }
        assert told["holdings"][0] == {
            "provider": "local", "kind": "generation", "images": 1, "bytes": len(PNG), "kept": 0,
            "copies": 0, "copied_bytes": 0, "oldest": images[0].created_at.isoformat(),
            "newest": images[0].created_at.isoformat(),
        }  # fmt: skip


class TestQuota:
    """Where there is one."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MAX_STORAGE_BYTES": "1000"}

    @pytest.mark.usefixtures("images")
    def test_people_read_how_much_of_it_is_used(self, run: Run) -> None:
        """In bytes, and as a share."""
        used = len(PNG) + len(JPEG)

        assert run("stats").stdout.splitlines()[-1] == (
            f"{used:,} of 1,000 bytes ({used / 1000:.1%}) of MAX_STORAGE_BYTES used"
        )


class TestList:
    """Every image, narrowed."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ([], [1, 0]),
            (["--provider", "vault"], [1]),
            (["--provider", "tape"], []),
            (["--kind", "generation"], [0]),
            (["--model", "ink-2"], [1, 0]),
            (["--model", "ink-2", "--category", "sea"], [0]),
            (["--from", "2026-03-15"], [1]),
            (["--to", "2026-03-15"], [0]),
            (["--from", "2026-03-14T15:09:26", "--to", "2026-03-15T15:09:26"], [0]),
            (["--from", "2026-03-16"], []),
        ],
        ids=str,
    )
    def test_list_is_narrowed(
        self, run: Run, images: list[Image], options: list[str], expected: list[int]
    ) -> None:
        """Newest first; from includes its moment, to doesn't."""
        run(*WAY, "--kind", "round")

        told = json.loads(run("list", *options, "--json").stdout)

        assert [each["id"] for each in told] == [str(images[n].id) for n in expected]

    def test_people_read_a_line_each(self, run: Run, images: list[Image]) -> None:
        """Id, day, provider, kind, bytes and key."""
        first, second = (line.split() for line in run("list").stdout.splitlines())

        assert first[0] == str(images[1].id)
        assert second == [
            str(images[0].id), "2026-03-14", "15:09", "local", "generation", str(len(PNG)),
            images[0].storage_key,
        ]  # fmt: skip

    def test_nonsense_is_a_usage_error(self, run: Run) -> None:
        """A date has to be one."""
        done = run("list", "--from", "yesterday")

        assert done.exit_code == 2
        assert "must be a date such as 2026-11-20" in done.stderr


def test_cursor_and_filters_go_together(run: Run, images: list[Image], clock: FixedClock) -> None:
    """A provider that has more than a page is listed to its end."""
    image = images[0]
    values = {column.name: getattr(image, column.name) for column in Image.__table__.columns}
    for n in range(401):
        more = {"storage_key": f"again/{n}.png", "created_at": clock() + timedelta(seconds=n)}
        db.session.add(Image(**values | more | {"id": UUID(int=n + 1)}))
    db.session.commit()

    listed = run("list", "--provider", "local", "--category", "sea").stdout.splitlines()

    assert len({line.split()[0] for line in listed}) == len(listed) == 402
