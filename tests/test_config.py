"""Settings: where they come from, what they default to, and nonsense."""

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger

from gallery import create_app
from gallery.config import (
    Settings,
    describe_settings,
    load_settings,
    read_settings,
    secrets_of,
)
from gallery.config.secret_keys import is_monotonous, weakness_of
from gallery.errors import InvalidSetting
from gallery.rates import Rate
from tests.conftest import SECRET


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to start in, where a ``.env`` may lie."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def load(instance: Path, **environ: str) -> Settings:
    return load_settings(instance, environ={"SECRET_KEY": SECRET} | environ)


class TestDefaults:
    """What holds where nothing is set."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("IMAGE_STORAGE_TYPE", "local"),
            ("IMAGE_RETENTION_DAYS", 30),
            ("IMAGE_CLEANUP_ENABLED", True),
            ("IMAGE_CLEANUP_CRON", "0 2 * * *"),
            ("DOWNLOAD_LINK_DAYS", 7),
            ("SAVE_GENERATED_IMAGES", True),
            ("GENERATED_IMAGE_DIR", "generated"),
            ("GENERATED_IMAGE_FORMAT", "png"),
            ("IMAGE_GENERATOR", "demo"),
            ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
            ("OPENAI_API_KEY", ""),
            ("OPENAI_IMAGE_MODEL", "gpt-image-1"),
            ("OPENAI_IMAGE_SIZE", "1024x1024"),
            ("GENERATOR_TIMEOUT", 60),
            ("GENERATOR_ATTEMPTS", 3),
            ("GENERATOR_WORKERS", 2),
            ("GENERATOR_QUEUE", 64),
            ("PROMPT_LEASE_SECONDS", 120),
            ("COST_PER_IMAGE", 0.04),
            ("SWEEP_MOST_SHARE", 0.5),
            ("QUARANTINE_DAYS", 7),
            ("CHECK_BYTES_PER_SECOND", None),
            ("MAX_STORAGE_BYTES", None),
            ("THUMBNAILS_AHEAD", False),
            ("PUBLIC_URL", ""),
            ("CONTACT", ""),
            ("TRUSTED_PROXIES", 0),
            ("RATE_LIMIT_LOGIN", Rate(10, 60)),
            ("RATE_LIMIT_WRITES", Rate(1_200, 60)),
            ("RATE_LIMIT_READS", Rate(12_000, 60)),
            ("NGINX_SECRET", ""),
            ("REDIS_URL", ""),
            ("CORS_ORIGINS", ()),
            ("HOST", "127.0.0.1"),
            ("PORT", 8000),
        ],
    )
    @pytest.mark.parametrize("environ", ["unset", "empty", "blank"])
    def test_default(self, tmp_path: Path, name: str, expected: Any, environ: str) -> None:
        """A setting that is not set, empty or blank has its default."""
        given = {"unset": {}, "empty": {name: ""}, "blank": {name: "  "}}[environ]

        assert getattr(load(tmp_path, **given), name) == expected

    def test_folder_and_database_lie_in_the_instance(self, tmp_path: Path) -> None:
        """Everything that is kept is in one folder, unless told otherwise."""
        settings = load(tmp_path, IMAGE_STORAGE_BASE_DIR="", DATABASE_URL="")

        assert tmp_path / "storage" == settings.IMAGE_STORAGE_BASE_DIR
        assert f"sqlite:///{tmp_path}/gallery.db" == settings.DATABASE_URL

    def test_one_worker_a_core_and_at_most_four(self, tmp_path: Path) -> None:
        """The number of workers follows the machine."""
        assert min(os.cpu_count() or 1, 4) == load(tmp_path).WEB_CONCURRENCY
        assert min(os.cpu_count() or 1, 4) == load(tmp_path, WEB_CONCURRENCY="").WEB_CONCURRENCY

    def test_each_setting_is_described(self) -> None:
        """The docs get a name, a default and a reason for every setting."""
        described = {name: (default, reason) for name, default, reason in describe_settings()}

        assert set(described) == set(Settings.__dataclass_fields__)
        assert all(reason.endswith(".") for _, reason in described.values())
        assert described["IMAGE_CLEANUP_ENABLED"][0] == "true"
        assert described["IMAGE_RETENTION_DAYS"][0] == "30"
        assert described["MAX_STORAGE_BYTES"][0] == described["WEB_CONCURRENCY"][0] == ""


class TestValues:
    """What is understood."""

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("IMAGE_STORAGE_TYPE", " LOCAL ", "local"),
            ("S3_ENDPOINT_URL", "https://minio.example:9000/", "https://minio.example:9000"),
            ("S3_BUCKET_NAME", "my.pictures-2", "my.pictures-2"),
            ("S3_PATH_STYLE", "", None),
            ("S3_PATH_STYLE", "no", False),
            ("IMAGE_RETENTION_DAYS", "1", 1),
            ("IMAGE_RETENTION_DAYS", "36500", 36_500),
            ("IMAGE_CLEANUP_ENABLED", "false", False),
            ("IMAGE_CLEANUP_ENABLED", "0", False),
            ("IMAGE_CLEANUP_ENABLED", "No", False),
            ("IMAGE_CLEANUP_ENABLED", "OFF", False),
            ("THUMBNAILS_AHEAD", "true", True),
            ("THUMBNAILS_AHEAD", "1", True),
            ("THUMBNAILS_AHEAD", "Yes", True),
            ("THUMBNAILS_AHEAD", " on ", True),
            ("DOWNLOAD_LINK_DAYS", "3650", 3_650),
            ("GENERATED_IMAGE_DIR", "my_tales-2", "my_tales-2"),
            ("GENERATED_IMAGE_FORMAT", "WebP", "webp"),
            ("IMAGE_GENERATOR", "OpenAI", "openai"),
            ("OPENAI_BASE_URL", "http://127.0.0.1:8188/v1/", "http://127.0.0.1:8188/v1"),
            ("OPENAI_API_KEY", " sk-1 ", "sk-1"),
            ("OPENAI_IMAGE_SIZE", " AUTO ", "auto"),
            ("OPENAI_IMAGE_SIZE", "1536X1024", "1536x1024"),
            ("GENERATOR_TIMEOUT", "600", 600),
            ("GENERATOR_ATTEMPTS", "1", 1),
            ("GENERATOR_WORKERS", "32", 32),
            ("GENERATOR_QUEUE", "10000", 10_000),
            ("PROMPT_LEASE_SECONDS", "86400", 86_400),
            ("COST_PER_IMAGE", "0", 0.0),
            ("COST_PER_IMAGE", "0.125", 0.125),
            ("SWEEP_MOST_SHARE", "1", 1.0),
            ("SWEEP_MOST_SHARE", "0.01", 0.01),
            ("MAX_STORAGE_BYTES", "1", 1),
            ("PUBLIC_URL", "https://gallery.example/pictures/", "https://gallery.example/pictures"),
            ("CONTACT", " ask@gallery.example ", "ask@gallery.example"),
            ("TRUSTED_PROXIES", "10", 10),
            ("RATE_LIMIT_READS", "5/second", Rate(5, 1)),
            ("RATE_LIMIT_READS", "none", None),
            ("NGINX_SECRET", " 0123456789abcdef ", "0123456789abcdef"),
            ("REDIS_URL", " redis://127.0.0.1/1 ", "redis://127.0.0.1/1"),
            ("CORS_ORIGINS", "https://a.example, https://b.example,",
             ("https://a.example", "https://b.example")),
            ("PORT", "65535", 65_535),
            ("WEB_CONCURRENCY", "64", 64),
            ("DATABASE_URL", " sqlite:///x.db ", "sqlite:///x.db"),
        ],
    )  # fmt: skip
    def test_text_is_read(self, tmp_path: Path, name: str, text: str, expected: Any) -> None:
        """Each setting is typed."""
        assert getattr(load(tmp_path, **{name: text}), name) == expected

    def test_storage_folder_is_absolute(self, tmp_path: Path, home: Path) -> None:
        """A relative folder is meant from where the gallery starts, and stays there."""
        settings = load(tmp_path, IMAGE_STORAGE_BASE_DIR="pictures")

        assert home / "pictures" == settings.IMAGE_STORAGE_BASE_DIR

    @pytest.mark.parametrize(
        ("cron", "days"),
        [
            ("0 2 * * 0", "sun"),
            ("0 2 * * 7", "sun"),
            ("0 2 * * 1", "mon"),
            ("0 2 * * 6", "sat"),
            ("0 2 * * 1-5", "mon,tue,wed,thu,fri"),
            ("0 2 * * 5-7", "fri,sat,sun"),
            ("0 2 * * 0,3", "sun,wed"),
            ("0 2 * * */2", "sun,tue,thu,sat"),
            ("0 2 * * 1-5/2", "mon,wed,fri"),
            ("0 2 * * sun", "sun"),
            ("0 2 * * mon-fri", "mon-fri"),
            ("0 2 * * *", "*"),
        ],
    )
    def test_weekdays_are_crons(self, tmp_path: Path, cron: str, days: str) -> None:
        """Cron counts from Sunday, which is 0 and 7; names mean the same to everybody."""
        read = load(tmp_path, IMAGE_CLEANUP_CRON=cron).IMAGE_CLEANUP_CRON

        assert read == f"0 2 * * {days}"
        assert CronTrigger.from_crontab(read, timezone="UTC")


class TestNonsense:
    """What stops the start."""

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("SECRET_KEY", ""),
            ("SECRET_KEY", " , "),
            ("SECRET_KEY", "short"),
            ("SECRET_KEY", "thirty-one letters are too few."),
            ("SECRET_KEY", f"{SECRET},short"),
            ("DATABASE_URL", "nonsense"),
            ("DATABASE_URL", "nosuchdatabase://x"),
            ("S3_BUCKET_NAME", "Pictures"),
            ("S3_BUCKET_NAME", "ab"),
            ("S3_BUCKET_NAME", "https://pictures.example"),
            ("S3_ENDPOINT_URL", "minio:9000"),
            ("S3_CDN_URL", "cdn.example"),
            ("S3_TIMEOUT", "0"),
            ("S3_ATTEMPTS", "eleven"),
            ("DATABASE_TIMEOUT", "0"),
            ("S3_PATH_STYLE", "path"),
            ("IMAGE_RETENTION_DAYS", "0"),
            ("IMAGE_RETENTION_DAYS", "-1"),
            ("IMAGE_RETENTION_DAYS", "36501"),
            ("IMAGE_RETENTION_DAYS", "30 days"),
            ("IMAGE_RETENTION_DAYS", "7.5"),
            ("IMAGE_CLEANUP_ENABLED", "maybe"),
            ("IMAGE_CLEANUP_ENABLED", "2"),
            ("IMAGE_CLEANUP_CRON", "daily"),
            ("IMAGE_CLEANUP_CRON", "0 2 * *"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * * *"),
            ("IMAGE_CLEANUP_CRON", "61 2 * * *"),
            ("IMAGE_CLEANUP_CRON", "0 25 * * *"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * 8"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * 5-1"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * 1-5/0"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * 1-5/x"),
            ("IMAGE_CLEANUP_CRON", "0 2 * * someday"),
            ("DOWNLOAD_LINK_DAYS", "0"),
            ("DOWNLOAD_LINK_DAYS", "3651"),
            ("SAVE_GENERATED_IMAGES", "y e s"),
            ("GENERATED_IMAGE_DIR", "../up"),
            ("GENERATED_IMAGE_DIR", "a/b"),
            ("GENERATED_IMAGE_DIR", ".hidden"),
            ("GENERATED_IMAGE_DIR", "bücher"),
            ("GENERATED_IMAGE_DIR", "-rf"),
            ("GENERATED_IMAGE_DIR", "variants"),
            ("GENERATED_IMAGE_DIR", "migrations"),
            ("GENERATED_IMAGE_DIR", "quarantine"),
            ("GENERATED_IMAGE_FORMAT", "gif"),
            ("IMAGE_GENERATOR", "midjourney"),
            ("OPENAI_BASE_URL", "api.openai.com"),
            ("OPENAI_IMAGE_SIZE", "1024"),
            ("OPENAI_IMAGE_SIZE", "0x1024"),
            ("OPENAI_IMAGE_SIZE", "1024x100000"),
            ("OPENAI_IMAGE_SIZE", "large"),
            ("GENERATOR_TIMEOUT", "0"),
            ("GENERATOR_TIMEOUT", "601"),
            ("GENERATOR_ATTEMPTS", "0"),
            ("GENERATOR_ATTEMPTS", "11"),
            ("GENERATOR_WORKERS", "0"),
            ("GENERATOR_WORKERS", "33"),
            ("GENERATOR_QUEUE", "0"),
            ("GENERATOR_QUEUE", "10001"),
            ("PROMPT_LEASE_SECONDS", "0"),
            ("PROMPT_LEASE_SECONDS", "86401"),
            ("PROMPT_LEASE_SECONDS", "2 minutes"),
            ("COST_PER_IMAGE", "-0.01"),
            ("COST_PER_IMAGE", "nan"),
            ("COST_PER_IMAGE", "inf"),
            ("COST_PER_IMAGE", "four cents"),
            ("SWEEP_MOST_SHARE", "0"),
            ("SWEEP_MOST_SHARE", "1.01"),
            ("SWEEP_MOST_SHARE", "nan"),
            ("SWEEP_MOST_SHARE", "half"),
            ("QUARANTINE_DAYS", "-1"),
            ("CHECK_BYTES_PER_SECOND", "0"),
            ("MAX_STORAGE_BYTES", "0"),
            ("MAX_STORAGE_BYTES", "1 GB"),
            ("THUMBNAILS_AHEAD", "later"),
            ("PUBLIC_URL", "gallery.example"),
            ("PUBLIC_URL", "ftp://gallery.example"),
            ("PUBLIC_URL", "https://"),
            ("TRUSTED_PROXIES", "-1"),
            ("TRUSTED_PROXIES", "11"),
            ("RATE_LIMIT_LOGIN", "10"),
            ("RATE_LIMIT_WRITES", "0/minute"),
            ("RATE_LIMIT_READS", "never"),
            ("NGINX_SECRET", "0123456789abcde"),
            ("NGINX_SECRET", 'a "quoted" $secret; in it'),
            ("REDIS_URL", "127.0.0.1:6379"),
            ("LOG_FORMAT", "xml"),
            ("LOG_LEVEL", "chatty"),
            ("METRICS_TOKEN", "short"),
            ("METRICS_TOKEN", "a token with spaces in it"),
            ("CORS_ORIGINS", "shop.example"),
            ("CORS_ORIGINS", "https://a.example, b"),
            ("CORS_ORIGINS", "https://*.example.org"),
            ("PORT", "0"),
            ("PORT", "65536"),
            ("PORT", "http"),
            ("WEB_CONCURRENCY", "0"),
            ("WEB_CONCURRENCY", "65"),
        ],
    )
    def test_nonsense_names_the_variable(self, tmp_path: Path, name: str, text: str) -> None:
        """The start stops, and says which variable it is about and what it must be."""
        with pytest.raises(InvalidSetting, match=rf"^{name} (must|needs|is)"):
            load(tmp_path, **{name: text})

    def test_secret_is_not_told(self, tmp_path: Path) -> None:
        """A key that is too short does not end up in a log."""
        with pytest.raises(InvalidSetting) as caught:
            load(tmp_path, SECRET_KEY="hunter2")

        assert "hunter2" not in str(caught.value)

    def test_everything_that_must_not_be_told_is_known(self, tmp_path: Path) -> None:
        """Keys, tokens and the passwords in addresses, as written there and as meant."""
        settings = load(
            tmp_path,
            SECRET_KEY="the-newest-secret-that-signs-links,the-older-secret-that-signed-links",
            METRICS_TOKEN="a-token-for-prometheus",
            OPENAI_API_KEY="sk-drawing",
            REDIS_URL="redis://:count%2Fing@127.0.0.1/0",
        )

        assert {each for each in secrets_of(settings) if each} == {
            "the-newest-secret-that-signs-links",
            "the-older-secret-that-signed-links",
            "a-token-for-prometheus",
            "sk-drawing",
            "count%2Fing",
            "count/ing",
        }

    def test_application_does_not_start(self, tmp_path: Path) -> None:
        """Nonsense stops create_app too."""
        with pytest.raises(InvalidSetting, match=r"^PORT "):
            create_app({"SECRET_KEY": SECRET, "PORT": "x"}, instance_path=str(tmp_path))


class TestPrecedence:
    """Overrides, the environment, .env, instance/config.py, defaults."""

    @pytest.mark.parametrize(
        ("places", "expected"),
        [
            ("file", 1), ("dotenv", 2), ("environ", 3), ("overrides", 4),
            ("file dotenv", 2), ("file dotenv environ", 3), ("file environ", 3),
            ("file dotenv environ overrides", 4), ("", 30),
        ],
    )  # fmt: skip
    def test_stronger_place_wins(
        self, tmp_path: Path, home: Path, places: str, expected: int
    ) -> None:
        """The environment is stronger than .env, which is stronger than instance/config.py."""
        if "file" in places:
            (tmp_path / "config.py").write_text("IMAGE_RETENTION_DAYS = 1\n")
        if "dotenv" in places:
            (home / ".env").write_text("IMAGE_RETENTION_DAYS=2\n")
        environ = {"IMAGE_RETENTION_DAYS": "3"} if "environ" in places else {}
        overrides = {"IMAGE_RETENTION_DAYS": 4} if "overrides" in places else {}

        settings = load_settings(
            tmp_path, environ={"SECRET_KEY": SECRET} | environ, overrides=overrides
        )

        assert expected == settings.IMAGE_RETENTION_DAYS

    def test_python_values_are_taken_from_the_file(self, tmp_path: Path) -> None:
        """In instance/config.py numbers, lists, truth and None are written as in Python."""
        (tmp_path / "config.py").write_text(
            "DAY = 24\n"
            "IMAGE_RETENTION_DAYS = DAY * 2\n"
            "IMAGE_CLEANUP_ENABLED = False\n"
            "CORS_ORIGINS = ['https://a.example', 'https://b.example']\n"
            "MAX_STORAGE_BYTES = None\n"
            "CONTACT = None\n"
        )

        settings = load(tmp_path)

        assert (settings.IMAGE_RETENTION_DAYS, settings.IMAGE_CLEANUP_ENABLED) == (48, False)
        assert settings.CORS_ORIGINS == ("https://a.example", "https://b.example")
        assert (settings.MAX_STORAGE_BYTES, settings.CONTACT) == (None, "")

    def test_file_that_does_not_run_is_named(self, tmp_path: Path) -> None:
        """A slip in instance/config.py is told in one line, whatever kind it is."""
        (tmp_path / "config.py").write_text("IMAGE_RETENTION_DAYS = thirty\n")

        with pytest.raises(InvalidSetting, match=r"config\.py can't be run: NameError: .*thirty"):
            load(tmp_path)

    def test_name_alone_in_dotenv_is_empty(self, tmp_path: Path, home: Path) -> None:
        """A line without a value means the default."""
        (home / ".env").write_text("CONTACT\nIMAGE_RETENTION_DAYS\n")

        settings = load(tmp_path)

        assert (settings.CONTACT, settings.IMAGE_RETENTION_DAYS) == ("", 30)


class TestSecret:
    """The key that signs links and cookies."""

    def test_secret_is_made_once_and_kept_for_its_owner_alone(self, tmp_path: Path) -> None:
        """Without SECRET_KEY one is made, and reused by the next start."""
        instance = tmp_path / "new" / "instance"

        first = load_settings(instance, environ={}).SECRET_KEY
        second = load_settings(instance, environ={}).SECRET_KEY

        path = instance / "secret_key"
        assert first == second == (path.read_text(),)
        assert len(first[0]) == 43
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [each.name for each in instance.iterdir()] == ["secret_key"]

    def test_two_galleries_have_two_secrets(self, tmp_path: Path) -> None:
        """No secret comes with the code."""
        one = load_settings(tmp_path / "a", environ={}).SECRET_KEY
        other = load_settings(tmp_path / "b", environ={}).SECRET_KEY

        assert one != other

    def test_given_secret_is_not_written_down(self, tmp_path: Path) -> None:
        """What comes from the environment stays there."""
        assert load(tmp_path).SECRET_KEY == (SECRET,)
        assert not (tmp_path / "secret_key").exists()

    def test_several_secrets_are_newest_first(self, tmp_path: Path) -> None:
        """Commas part the keys of a rotation."""
        keys = load(
            tmp_path,
            SECRET_KEY="the newest of the keys that sign, the oldest of the keys that sign",
        ).SECRET_KEY

        assert keys == (
            "the newest of the keys that sign",
            "the oldest of the keys that sign",
        )

    def test_shortest_secret_has_32_bytes(self, tmp_path: Path) -> None:
        """Sixteen random bytes in hexadecimal digits are enough; one digit less is not."""
        shortest = "ab2fe51c2ab2b7b6a5bb4ecb5d0e3c1f"

        assert (shortest,) == load(tmp_path, SECRET_KEY=shortest).SECRET_KEY
        with pytest.raises(InvalidSetting, match=r"^SECRET_KEY needs at least 32 characters"):
            load(tmp_path, SECRET_KEY=shortest[1:])

    @pytest.mark.parametrize(
        "key",
        [
            "change-me-change-me-change-me-change-me",
            "CHANGE ME before this goes to production",
            "please_replace_this_with_something_random",
            "django-insecure-v3ry-l0ng-4nd-r4nd0m-l00king",
            "this-is-your-secret-key-keep-it-for-yourself",
            "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        ],
    )
    @pytest.mark.parametrize("place", ["alone", "rotated out"])
    def test_placeholder_is_no_secret(self, tmp_path: Path, key: str, place: str) -> None:
        """What manuals write where one's own belongs signs nothing, nor does it as an old key."""
        keys = key if place == "alone" else f"{SECRET},{key}"

        with pytest.raises(InvalidSetting, match=r"^SECRET_KEY is a placeholder") as caught:
            load(tmp_path, SECRET_KEY=keys)

        assert key not in str(caught.value)

    def test_placeholder_is_no_token_either(self, tmp_path: Path) -> None:
        """What nginx and Prometheus know is looked at in the same way, but for its length."""
        with pytest.raises(InvalidSetting, match=r"^METRICS_TOKEN is a placeholder"):
            load(tmp_path, METRICS_TOKEN="changeme-changeme")

    def test_secrets_that_are_made_are_strong(self) -> None:
        """None that chance makes is refused."""
        for _ in range(500):
            for secret in (secrets.token_hex(16), secrets.token_urlsafe(32)):
                assert weakness_of(secret) is None
                assert not is_monotonous(secret)

    @pytest.mark.parametrize("content", ["", "short", "\n\n", "x" * 43])
    def test_useless_secret_file_is_told(self, tmp_path: Path, content: str) -> None:
        """A file that was cut short does not weaken the gallery."""
        (tmp_path / "secret_key").write_text(content)

        with pytest.raises(InvalidSetting, match="secret_key holds no usable secret"):
            load_settings(tmp_path, environ={})


class TestReadingWhatIsWrong:
    """What the doctor is given where nothing would start."""

    def test_all_errors_are_told_and_the_rest_is_read(self, tmp_path: Path) -> None:
        """A setting that makes no sense has its default."""
        settings, errors = read_settings(
            tmp_path, environ={"SECRET_KEY": "dev", "PORT": "x", "CONTACT": "ask@gallery.example"}
        )

        assert [str(each).split()[0] for each in errors] == ["SECRET_KEY", "PORT"]
        assert (settings.PORT, settings.CONTACT) == (8000, "ask@gallery.example")
        assert settings.SECRET_KEY == ()

    def test_nothing_is_made(self, tmp_path: Path) -> None:
        """Who only looks leaves neither a folder nor a secret."""
        read_settings(tmp_path / "instance", environ={})

        assert not (tmp_path / "instance").exists()

    def test_kept_secret_is_read(self, tmp_path: Path) -> None:
        """The secret that an earlier start made is the one that is looked at."""
        made = load_settings(tmp_path, environ={}).SECRET_KEY

        assert made == read_settings(tmp_path, environ={})[0].SECRET_KEY

    def test_file_that_does_not_run_hides_nothing_else(self, tmp_path: Path) -> None:
        """What the environment says is still read."""
        (tmp_path / "config.py").write_text("def\n")

        settings, errors = read_settings(tmp_path, environ={"PORT": "9000"})

        assert settings.PORT == 9000
        assert "config.py can't be run: SyntaxError" in str(errors[0])
