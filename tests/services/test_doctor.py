"""The doctor: what is told of real set-ups, each broken in one way."""

import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from cluster.processes import answers, free_port, running
from cluster.s3 import RCLONE, S3Server
from gallery import HOME
from gallery.config import read_settings
from gallery.extensions import House, db, writing
from gallery.models import Image, Sweep
from gallery.services import accounts, demo, doctor, ingest
from gallery.services.access import Viewer
from gallery.services.demo_card import DemoCard, write_card
from gallery.services.doctor import Finding, Severity
from gallery.services.doctor.database import judge_clock
from gallery.services.doctor.files import file_system_of, judge_file_system, judge_room
from gallery.services.identifiers import new_id
from gallery.services.ingest import Details
from tests.conftest import PASSWORD, SECRET, FixedClock
from tests.pictures import picture

Look = Callable[..., list[Finding]]
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 30 8:2 / /srv/own\\040disk rw,relatime - xfs /dev/sdb1 rw
30 22 0:26 / /srv rw,relatime shared:2 - nfs4 store.example:/srv rw
32 22 0:27 / /run rw,nosuid shared:3 - tmpfs tmpfs rw
"""
only_once = pytest.mark.only_on("sqlite", because="no row is asked for")


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Look a set-up over, by the settings in its environment."""
    folder = tmp_path / "started-here"
    folder.mkdir()

    def look(
        instance: Path = tmp_path / "instance",
        *,
        home: Path = HOME,
        now: datetime | None = None,
        is_debug: bool = False,
        **environ: str,
    ) -> list[Finding]:
        environ = {"SECRET_KEY": SECRET} | environ
        settings, errors = read_settings(instance, environ=environ)
        return doctor.examine(
            doctor.Setup(
                instance=instance,
                home=home,
                folder=folder,
                environ=environ,
                settings=settings,
                errors=errors,
                is_debug=is_debug,
                clock=lambda: now or datetime.now(UTC),
            )
        )

    return look


def of(findings: list[Finding], check: str) -> list[tuple[str, str]]:
    """Return the severity and the words of what *check* found."""
    return [(each.severity.word, each.found) for each in findings if each.check == check]


def has(findings: list[Finding], check: str, severity: str, words: str) -> bool:
    """Tell whether *check* found what has these *words* in it, and advised on it unless fine."""
    return any(
        each.check == check
        and each.severity.word == severity
        and words in each.found
        and (bool(each.advice) or severity == "ok")
        for each in findings
    )


class TestSettings:
    """What is told without looking at anything but the settings."""

    pytestmark = only_once

    def test_nothing_there_yet_is_no_error(self, look: Look, tmp_path: Path) -> None:
        """A set-up that was never started has nothing wrong, and still has nothing afterwards."""
        findings = look()

        assert {each.severity for each in findings} <= {Severity.OK, Severity.HINT}
        assert has(findings, "database", "hint", "There is no database yet")
        assert not (tmp_path / "instance").exists()

    def test_every_setting_that_makes_no_sense_is_told(self, look: Look) -> None:
        """All at once, so that nobody has to start ten times."""
        findings = look(PORT="http", SECRET_KEY="dev", COST_PER_IMAGE="four cents")

        assert [severity for severity, _ in of(findings, "settings")] == ["error"] * 3
        assert has(findings, "settings", "error", "SECRET_KEY needs at least 32")

    @pytest.mark.parametrize(
        "environ",
        [
            {"SECRET_KEY": "a-secret-in-vain"},
            {"SECRET_KEY": "changeme-by-somebody-who-never-did"},
            {"NGINX_SECRET": "what $nginx knows is this"},
            {"METRICS_TOKEN": "prometheus knows this token"},
            {"DATABASE_URL": "postgresql://gallery:word-that-passes@127.0.0.1:9/x"},
            {"REDIS_URL": "redis:/:word-that-passes@127.0.0.1"},
            {"S3_BUCKET_NAME": "Not A Bucket", "S3_SECRET_ACCESS_KEY": "bucket-opener-9000"},
        ],
    )
    def test_secrets_are_not_told(self, look: Look, environ: dict[str, str]) -> None:
        """Neither those that are used, nor those that were refused."""
        findings = look(**environ)

        told = " ".join(f"{each.found} {each.advice}" for each in findings)
        for secret in [*environ.values(), "word-that-passes"]:
            assert secret == "Not A Bucket" or secret not in told

    def test_secret_in_a_message_is_blotted_out(self, look: Look, tmp_path: Path) -> None:
        """What a failing config.py says may hold anything."""
        (tmp_path / "instance").mkdir()
        (tmp_path / "instance" / "config.py").write_text("raise ValueError('bucket-opener-9000')")

        findings = look(S3_SECRET_ACCESS_KEY="bucket-opener-9000")

        assert has(findings, "settings", "error", "can't be run: ValueError: [secret]")

    def test_name_that_nobody_reads(self, look: Look) -> None:
        """A slip in a name would else go unseen."""
        findings = look(IMAGE_RETENTION_DAY="3")

        assert has(findings, "settings", "hint", "IMAGE_RETENTION_DAY is set, which nobody reads")

    def test_other_programs_names_are_theirs(self, look: Look) -> None:
        """An environment is full of what isn't the gallery's."""
        findings = look(PATH="/bin", HOSTNAME="here", LANG="C", HOME="/root", PORTS="1")

        assert not any(
            "HOSTNAME" in found or "PATH" in found for _, found in of(findings, "settings")
        )

    def test_storage_inside_static(self, look: Look) -> None:
        """What stops the start is explained."""
        findings = look(IMAGE_STORAGE_BASE_DIR=str(HOME / "static" / "pictures"))

        assert has(findings, "folders", "error", "IMAGE_STORAGE_BASE_DIR is")

    def test_debugging(self, look: Look) -> None:
        """A warning on this machine alone, and an error where others come."""
        assert has(look(is_debug=True), "debugging", "warning", "FLASK_DEBUG is on")
        assert has(look(is_debug=True, HOST="0.0.0.0"), "debugging", "error", "HOST is 0.0.0.0")
        assert has(look(), "debugging", "ok", "off")

    @pytest.mark.parametrize(
        ("check", "severity", "words", "environ"),
        [
            ("secrets", "error", "SECRET_KEY is a few characters", {"SECRET_KEY": "x" * 40}),
            ("secrets", "error", "SECRET_KEY is a few", {"SECRET_KEY": f"{SECRET},{'abc' * 20}"}),
            ("secrets", "error", "NGINX_SECRET is a few characters", {"NGINX_SECRET": "0" * 32}),
            ("secrets", "hint", "NGINX_SECRET has fewer", {"NGINX_SECRET": "0123456789abcdef"}),
            ("secrets", "ok", "in all 2 keys", {"SECRET_KEY": f"{SECRET},{SECRET} of old"}),
            ("addresses", "warning", "PUBLIC_URL is not set", {"HOST": "0.0.0.0"}),
            ("addresses", "warning", "unencrypted", {"PUBLIC_URL": "http://gallery.example"}),
            ("addresses", "ok", "", {"PUBLIC_URL": "https://gallery.example"}),
            ("addresses", "ok", "", {"PUBLIC_URL": "http://127.0.0.1:8000"}),
            ("addresses", "hint", "CORS_ORIGINS is *", {"CORS_ORIGINS": "*"}),
            ("proxies", "hint", "and HOST is", {"TRUSTED_PROXIES": "1", "HOST": "0.0.0.0"}),
            ("proxies", "warning", "TRUSTED_PROXIES is 0", {"PUBLIC_URL": "https://g.example"}),
            ("proxies", "warning", "NGINX_SECRET is set", {"NGINX_SECRET": "0123456789abcdef"}),
            ("proxies", "ok", "believed: 1", {"TRUSTED_PROXIES": "1", "PUBLIC_URL": "https://g.ex"}),
            ("limits", "warning", "RATE_LIMIT_LOGIN is none",
             {"RATE_LIMIT_LOGIN": "none", "HOST": "0.0.0.0"}),
            ("limits", "warning", "without RATE_LIMIT_WRITES or MAX_STORAGE_BYTES",
             {"REGISTRATION": "open", "RATE_LIMIT_WRITES": "none"}),
            ("limits", "hint", "3 workers count", {"WEB_CONCURRENCY": "3", "HOST": "0.0.0.0"}),
            ("limits", "ok", "", {"WEB_CONCURRENCY": "3"}),
            ("packages", "hint", "OPENAI_API_KEY is not set", {"IMAGE_GENERATOR": "openai"}),
            ("packages", "warning", "S3_ENDPOINT_URL begins with http://",
             {"S3_BUCKET_NAME": "pictures", "S3_ENDPOINT_URL": "http://192.0.2.999.example:1"}),
            ("storages", "error", "S3_BUCKET_NAME must be set", {"IMAGE_STORAGE_TYPE": "s3"}),
        ],
    )  # fmt: skip
    def test_settings_that_do_not_go_together(
        self, look: Look, check: str, severity: str, words: str, environ: dict[str, str]
    ) -> None:
        """Each by itself makes sense; what they say together is told."""
        assert has(look(**environ), check, severity, words)

    def test_server_of_the_own_network_needs_no_certificate(self, look: Look) -> None:
        """Nobody else is on the way to it."""
        for host in ("127.0.0.1", "10.1.2.3", "minio", "store.internal"):
            environ = {"OPENAI_BASE_URL": f"http://{host}:9", "IMAGE_GENERATOR": "openai"}
            findings = look(OPENAI_API_KEY="sk-0123456789", **environ)

            assert of(findings, "packages") == []


class TestFiles:
    """What other users of the machine can read, and what kind of disk it is."""

    pytestmark = only_once

    @pytest.fixture
    def in_the_open(self) -> Iterator[Path]:
        """A folder to which others come; those of tests are closed further up."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            yield Path(folder)

    def test_others_read_the_instance(self, look: Look, in_the_open: Path) -> None:
        """The folder, and each file in it that lets them."""
        for name, mode in (("secret_key", 0o644), ("demo.json", 0o600), ("gallery.db", 0o604)):
            (in_the_open / name).write_text(SECRET)
            (in_the_open / name).chmod(mode)

        told = of(look(in_the_open), "permissions")

        assert {found.rpartition(" ")[2] for severity, found in told if severity == "warning"} == {
            str(in_the_open),
            str(in_the_open / "secret_key"),
            str(in_the_open / "gallery.db"),
        }

    def test_closed_folder_closes_what_is_in_it(self, look: Look, in_the_open: Path) -> None:
        """Nobody comes past it."""
        (in_the_open / "secret_key").write_text(SECRET)
        in_the_open.chmod(0o700)

        assert of(look(in_the_open), "permissions") == [
            ("ok", "Other users of this machine can't read what is private")
        ]

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/home/gallery", "ext4"), ("/srv/pictures", "nfs4"), ("/srv/own disk/x", "xfs"),
            ("/srvant", "ext4"), ("/run", "tmpfs"),
        ],
    )  # fmt: skip
    def test_file_system_is_that_of_the_nearest_mount(self, path: str, expected: str) -> None:
        """The deepest folder at which something is mounted decides."""
        assert file_system_of(Path(path), MOUNTS) == expected

    @pytest.mark.parametrize(
        ("what", "kind", "expected"),
        [
            ("database", "nfs4", ["error"]), ("database", "cifs", ["error"]),
            ("storage folder", "nfs4", []), ("database", "ext4", []),
            ("storage folder", "tmpfs", ["warning"]), ("database", "overlay", ["hint"]),
        ],
    )  # fmt: skip
    def test_file_system_is_judged(self, what: str, kind: str, expected: list[str]) -> None:
        """Pictures may lie on a network's disk, and SQLite's file may not."""
        judged = judge_file_system(what, Path("/srv"), kind)

        assert [each.severity.word for each in judged] == expected

    @pytest.mark.skipif(
        not Path("/dev/shm").is_dir() or "tmpfs" not in file_system_of(
            Path("/dev/shm"), Path("/proc/self/mountinfo").read_text()
        ),
        reason="there is no folder in memory",
    )  # fmt: skip
    def test_folder_in_memory_is_told(self, look: Look) -> None:
        """A real one, found by what the system says."""
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            findings = look(Path(folder))

        assert has(findings, "disks", "warning", "which forgets all with the next restart")

    def test_one_disk_is_told_of_once(self, look: Look, tmp_path: Path) -> None:
        """Pictures and rows share it, until somebody parts them."""
        (tmp_path / "instance" / "storage").mkdir(parents=True)

        told = of(look(), "disks")

        assert len([found for _, found in told if "are free at" in found]) == 1

    @pytest.mark.parametrize(
        ("free", "expected"),
        [(50 * 10**9, "ok"), (4 * 10**9, "warning"), (9 * 10**8, "warning"), (9 * 10**7, "error")],
    )
    def test_room_is_judged(self, free: int, expected: str) -> None:
        """A share of a large disk is little, and so are few bytes."""
        judged = judge_room(Path("/srv"), total=100 * 10**9, free=free)

        assert judged.severity.word == expected


class TestDatabase:
    """Whether it can be used, and is as this program expects it."""

    def test_good_one(self, look: Look, instance: Path) -> None:
        """Nothing is wrong with what tests use, on either kind of database."""
        findings = look(instance)

        assert of(findings, "migrations")[0][0] == "ok"
        assert not [each for each in findings if each.severity is Severity.ERROR]

    def test_older_tables(self, look: Look, instance: Path, app: Flask) -> None:
        """What the next start does is told before."""
        with stamped(app, "0003"):
            findings = look(instance)

        assert has(findings, "migrations", "warning", "older version (0003)")

    def test_tables_of_tomorrow(self, look: Look, instance: Path, app: Flask) -> None:
        """An older program must not touch them."""
        with stamped(app, "9999"):
            findings = look(instance)

        assert has(findings, "migrations", "error", "doesn't know (9999)")

    @only_once
    def test_file_without_tables(self, look: Look, tmp_path: Path) -> None:
        """It is to be migrated, and everything else is still looked at."""
        (tmp_path / "instance").mkdir()
        with closing(sqlite3.connect(tmp_path / "instance" / "gallery.db")) as empty:
            empty.execute("VACUUM")
            empty.execute("CREATE TABLE somebodys (thing TEXT)")

        findings = look()

        assert has(findings, "migrations", "hint", "has no tables yet")
        assert of(findings, "accounts") == []

    @only_once
    def test_file_that_is_no_database(self, look: Look, tmp_path: Path) -> None:
        """A damaged file is named, and the rest is looked at all the same."""
        (tmp_path / "instance").mkdir()
        (tmp_path / "instance" / "gallery.db").write_bytes(b"not a database at all, but long" * 99)

        findings = look()

        assert has(findings, "database", "error", "file is not a database")
        assert of(findings, "storages")

    @only_once
    def test_locked_file(self, look: Look, instance: Path) -> None:
        """Who holds the lock is not told by SQLite; that somebody does, is."""
        with closing(sqlite3.connect(instance / "gallery.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")

            findings = look(instance, DATABASE_URL=f"sqlite:///{instance}/gallery.db?timeout=0.01")

        assert has(findings, "database", "warning", "keeps the database locked")

    @only_once
    def test_server_that_is_away(self, look: Look) -> None:
        """It is told which, and what else is wrong."""
        away = f"postgresql://gallery:word-that-passes@127.0.0.1:{free_port()}/pictures"

        findings = look(DATABASE_URL=away, PORT="http")

        assert has(findings, "database", "error", "can't be used")
        assert has(findings, "settings", "error", "PORT")

    @pytest.mark.only_on("postgresql", because="SQLite has no connections to run out of")
    def test_more_workers_than_connections(self, look: Look, instance: Path) -> None:
        """The last worker would find no place."""
        findings = look(instance, WEB_CONCURRENCY="64", DATABASE_CONNECTIONS="100")

        assert has(findings, "database", "warning", "want up to 6400 connections")

    @pytest.mark.only_on("postgresql", because="SQLite has this machine's clock")
    def test_clock_that_is_wrong(self, look: Look, instance: Path) -> None:
        """The database's clock is a second opinion."""
        findings = look(instance, now=datetime.now(UTC) + timedelta(hours=1))

        assert has(findings, "database", "warning", "differ by 3,")

    @pytest.mark.only_on("postgresql", because="who has an SQLite file has its secret's folder too")
    def test_own_secret_over_a_shared_database(self, look: Look, instance: Path) -> None:
        """Other machines can't read what this one signs."""
        (instance / "secret_key").write_text(SECRET)

        assert has(look(instance), "secrets", "warning", "a SECRET_KEY of its own")

    @pytest.mark.parametrize(("seconds", "count"), [(5, 0), (6, 1), (-6, 1)])
    def test_clocks_are_compared(self, seconds: int, count: int) -> None:
        """A few seconds are what an answer takes."""
        judged = list(judge_clock("database", NOW, NOW + timedelta(seconds=seconds)))

        assert len(judged) == count


@contextmanager
def stamped(app: Flask, revision: str) -> Iterator[None]:
    """Let the tables be of another version, as far as they say; a server's are used again."""

    def stamp(revision: str) -> str:
        change = text("UPDATE alembic_version SET version_num = :revision")
        with app.app_context(), writing() as session:
            before = session.scalar(text("SELECT version_num FROM alembic_version"))
            session.execute(change, {"revision": revision})
        return str(before)

    before = stamp(revision)
    try:
        yield
    finally:
        stamp(before)


@pytest.mark.usefixtures("inside")
class TestAccounts:
    """Who gets in."""

    def test_nobody(self, look: Look, instance: Path) -> None:
        """The first account is the operator's to make."""
        assert has(look(instance), "accounts", "hint", "Nobody is an admin")

    def test_admin(self, look: Look, instance: Path) -> None:
        """All is well."""
        accounts.create_user("root@gallery.example", PASSWORD, is_admin=True, now=NOW)

        assert has(look(instance), "accounts", "ok", "")

    def test_demo(self, look: Look, instance: Path) -> None:
        """It is welcome at home, and not where others come."""
        accounts.create_user(demo.EMAIL, PASSWORD, is_admin=True, now=NOW)

        assert has(look(instance), "accounts", "hint", "This is the demo")
        assert has(
            look(instance, HOST="0.0.0.0"), "accounts", "warning", "an admin, is still there"
        )
        assert has(look(instance, TRUSTED_PROXIES="1"), "accounts", "warning", demo.EMAIL)

    def test_card_without_its_demo(self, look: Look, instance: Path) -> None:
        """A file with a password in it that opens nothing."""
        accounts.create_user("root@gallery.example", PASSWORD, is_admin=True, now=NOW)
        write_card(instance, DemoCard(email=demo.EMAIL, password=PASSWORD, key="gallery_x"))

        findings = look(instance)

        assert has(findings, "accounts", "hint", "no longer works")
        assert PASSWORD not in str(findings)


@pytest.fixture
def alice(inside: Flask) -> Viewer:
    user = accounts.create_user("alice@gallery.example", PASSWORD, now=NOW)
    return Viewer(user_id=user.id, name=user.name)


@pytest.fixture
def save(alice: Viewer, house: House) -> Callable[[], Image]:
    """Save a generation of alice's."""

    def save() -> Image:
        saved = ingest.save_generation(
            picture(), details=Details(), viewer=alice, intake=house.intake, now=house.now()
        )
        return db.session.get_one(Image, saved.image_id)

    return save


class TestSweeps:
    """Whether what is over is gone."""

    def test_nothing_is_overdue(
        self, look: Look, instance: Path, save: Callable[[], Image], clock: FixedClock
    ) -> None:
        """A picture that goes with the next sweep is none."""
        save()
        clock.move(days=31)

        assert has(look(instance, now=clock()), "sweeps", "ok", "no sweep ran")

    def test_overdue(
        self, look: Look, instance: Path, save: Callable[[], Image], clock: FixedClock
    ) -> None:
        """A sweep that doesn't run shows in what it left."""
        save()
        clock.move(days=33)

        assert has(look(instance, now=clock()), "sweeps", "warning", "1 images should have gone")

    @pytest.mark.usefixtures("inside")
    def test_errors(self, look: Look, instance: Path, clock: FixedClock) -> None:
        """What a sweep could not delete is somewhere."""
        with writing() as session:
            session.add(Sweep(id=new_id(clock()), started_at=clock(), rule={}, errors=3))

        assert has(look(instance, now=clock()), "sweeps", "warning", "2026-03-14 15:09 UTC met 3")

    def test_switched_off(self, look: Look, instance: Path) -> None:
        """It may be meant so."""
        findings = look(instance, IMAGE_CLEANUP_ENABLED="false")

        assert has(findings, "sweeps", "hint", "nothing is swept by itself")


class TestLocalStorage:
    """The folder of this database's pictures."""

    def test_whole(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """Nothing is left behind by the looking."""
        save()
        before = sorted((instance / "storage").rglob("*"))

        assert has(look(instance), "storages", "ok", "local answers")
        assert sorted((instance / "storage").rglob("*")) == before

    def test_unmounted(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """An empty folder is not this gallery's storage, and neither is none."""
        save()
        shutil.rmtree(instance / "storage")

        assert has(look(instance), "storages", "error", "is gone, and there are pictures")
        (instance / "storage").mkdir()
        assert has(look(instance), "storages", "error", "newest pictures kept by local, 1 are not")

    def test_one_is_missing(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """That is another illness, with another cure."""
        save()
        (instance / "storage" / str(save().storage_key)).unlink()

        found = next(each for each in look(instance) if "1 are not there" in each.found)

        assert "storage check" in found.advice

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_read_only(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """Nobody could save."""
        save()
        (instance / "storage" / ".tmp").chmod(0o500)

        assert has(look(instance), "storages", "error", "can't be used")

    def test_file_in_its_place(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """What can't be written to is told with the system's own reason."""
        save()
        shutil.rmtree(instance / "storage" / ".tmp")
        (instance / "storage" / ".tmp").write_text("in the way")

        assert has(look(instance), "storages", "error", "The storage local can't be used")

    def test_storage_of_another_gallery(
        self, look: Look, instance: Path, save: Callable[[], Image]
    ) -> None:
        """Each storage carries a mark that its database knows."""
        save()
        mark = next(each for each in (instance / "storage").iterdir() if each.is_file())

        mark.write_text("somebody else's")
        assert has(look(instance), "storages", "error", "the mark of another gallery")
        mark.unlink()
        assert has(look(instance), "storages", "error", "local carries no mark")

    def test_quarantine(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """What the storage check put away is not forgotten."""
        save()
        for name in ("a", "b"):
            put_away = instance / "storage" / "quarantine" / "2026-03-14" / name
            put_away.parent.mkdir(parents=True, exist_ok=True)
            put_away.write_text("nobody's")

        assert has(look(instance), "storages", "hint", "quarantine of local: 2 objects")

    def test_marked_pictures(self, look: Look, instance: Path, save: Callable[[], Image]) -> None:
        """What the storage check found stays an error until it is mended."""
        for fault in ("missing", "wrong_size"):
            image = save()
            with writing():
                image.fault = fault

        assert has(look(instance), "pictures", "error", "1 missing, 1 wrong size")

    def test_pictures_at_a_provider_that_is_gone(
        self, look: Look, instance: Path, save: Callable[[], Image]
    ) -> None:
        """Who takes the bucket out of the settings is told what was in it."""
        image = save()
        with writing():
            image.storage_provider = "s3"

        assert has(look(instance), "storages", "error", "pictures kept by s3, which is not")


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[S3Server]:
    """A server that asks nobody for a signature."""
    port = free_port()
    server = S3Server(endpoint_url=f"http://127.0.0.1:{port}", buckets=tmp_path / "buckets")
    (server.buckets / server.bucket_name).mkdir(parents=True)
    (server.buckets / server.bucket_name / "hello").write_text("hello")
    command = [str(RCLONE), "serve", "s3", str(server.buckets), "--addr", f"127.0.0.1:{port}"]
    with running(
        [*command, "--config", "/dev/null"],
        log=tmp_path / "rclone.log",
        is_ready=lambda: answers(port),
        environ={"RCLONE_CACHE_DIR": str(tmp_path / "cache")},
    ):
        yield server


@only_once
class TestS3:
    """A bucket, as its gallery sees it and as strangers do."""

    def test_private(self, look: Look, s3_bucket: S3Server) -> None:
        """A server that checks signatures sends strangers away."""
        findings = look(**s3_bucket.settings())

        assert has(findings, "storages", "ok", "s3 answers")
        assert not has(findings, "storages", "error", "")

    def test_public(self, look: Look, open_server: S3Server) -> None:
        """Whoever knows its name reads everybody's private pictures."""
        findings = look(**open_server.settings())

        assert has(findings, "storages", "error", "Strangers can list what is in it")

    def test_clock(self, look: Look, s3_bucket: S3Server) -> None:
        """The server's own time is in the head of each answer."""
        findings = look(**s3_bucket.settings(), now=datetime.now(UTC) - timedelta(minutes=20))

        assert has(findings, "storages", "warning", "the storage s3's differ by 1,")

    def test_wrong_key(self, look: Look, s3_bucket: S3Server) -> None:
        """What the server refuses is told without the key."""
        wrong: dict[str, Any] = {"S3_SECRET_ACCESS_KEY": "another-bucket-opener"}

        findings = look(**s3_bucket.settings() | wrong)

        assert has(findings, "storages", "error", "The storage s3 can't be used")
        assert "another-bucket-opener" not in str(findings)

    def test_no_such_bucket(self, look: Look, s3_bucket: S3Server) -> None:
        """A slip in its name."""
        findings = look(**s3_bucket.settings() | {"S3_BUCKET_NAME": "picturse"})

        assert has(findings, "storages", "error", "The storage s3 can't be used")

    def test_cdn_that_is_not_there(self, look: Look, s3_bucket: S3Server) -> None:
        """Browsers are sent to an address where nobody is."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{nobody.getsockname()[1]}"

            findings = look(**s3_bucket.settings(), S3_CDN_URL=address)

        assert has(findings, "storages", "warning", "does not answer, where browsers are sent")


@only_once
def test_check_that_fails_hides_no_other(look: Look, tmp_path: Path) -> None:
    """A program whose own files are gone is told of, beside the rest."""
    (tmp_path / "instance").mkdir()
    with closing(sqlite3.connect(tmp_path / "instance" / "gallery.db")) as database:
        database.execute("CREATE TABLE somebodys (thing TEXT)")

    findings = look(home=tmp_path)

    assert has(findings, "migrations", "error", "This could not be looked at")
    assert has(findings, "settings", "ok", "")
