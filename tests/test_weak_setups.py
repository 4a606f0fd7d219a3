"""Set-ups that would let strangers in don't start, and say what to change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gallery import HOME, create_app
from gallery.cli import cli
from gallery.config import Settings, is_loopback, load_settings, refuse_weaknesses
from gallery.errors import InvalidSetting
from tests.conftest import SECRET

STATIC = HOME / "static"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout of its own, so that links may be laid in its static folder."""
    for folder in ("static/css", "templates", "migrations"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    return tmp_path / "home"


def refused(instance: Path, home: Path = HOME, *, is_debug: bool = False, **environ: str) -> str:
    """Return why a gallery with these settings does not start."""
    settings: Settings = load_settings(instance, environ={"SECRET_KEY": SECRET} | environ)
    with pytest.raises(InvalidSetting) as caught:
        refuse_weaknesses(settings, instance=instance, home=home, is_debug=is_debug)
    return str(caught.value)


def accepted(instance: Path, home: Path = HOME, *, is_debug: bool = False, **environ: str) -> bool:
    settings = load_settings(instance, environ={"SECRET_KEY": SECRET} | environ)
    refuse_weaknesses(settings, instance=instance, home=home, is_debug=is_debug)
    return True


class TestFolders:
    """What is kept lies where nobody can fetch it past the gallery."""

    @pytest.mark.parametrize("folder", [STATIC, STATIC / "pictures", STATIC / "css" / ".." / "x"])
    def test_storage_inside_static(self, tmp_path: Path, folder: Path) -> None:
        """The files of static/ are sent to whoever asks."""
        why = refused(tmp_path, IMAGE_STORAGE_BASE_DIR=str(folder))

        assert why.startswith("IMAGE_STORAGE_BASE_DIR is")
        assert "sent to whoever asks" in why

    def test_storage_inside_static_by_a_link(self, tmp_path: Path) -> None:
        """Where a link leads is what counts."""
        (tmp_path / "pictures").symlink_to(STATIC)

        why = refused(tmp_path / "instance", IMAGE_STORAGE_BASE_DIR=str(tmp_path / "pictures/here"))

        assert why.startswith("IMAGE_STORAGE_BASE_DIR is")

    @pytest.mark.parametrize("folder", ["templates", "migrations", "gallery/views"])
    def test_storage_inside_the_program(self, tmp_path: Path, folder: str) -> None:
        """An update replaces the program's folders."""
        why = refused(tmp_path, IMAGE_STORAGE_BASE_DIR=str(HOME / folder))

        assert "the program's own folder" in why

    def test_storage_around_the_program(self, tmp_path: Path) -> None:
        """The program is no picture."""
        why = refused(tmp_path, IMAGE_STORAGE_BASE_DIR=str(HOME))

        assert "which holds the program itself" in why

    def test_instance_inside_static(self, home: Path) -> None:
        """The database and the secret would be anybody's."""
        why = refused(
            home / "static" / "instance", home, IMAGE_STORAGE_BASE_DIR=str(home.parent / "pictures")
        )

        assert why.startswith("INSTANCE_PATH is")

    def test_database_inside_static(self, tmp_path: Path) -> None:
        """All rows in one file that anybody may fetch."""
        why = refused(tmp_path, DATABASE_URL=f"sqlite:///{STATIC}/gallery.db")

        assert why.startswith("DATABASE_URL is")

    def test_database_among_the_pictures(self, tmp_path: Path) -> None:
        """The storage check would take it for an object that no picture uses."""
        pictures = tmp_path / "pictures"

        why = refused(
            tmp_path / "instance",
            IMAGE_STORAGE_BASE_DIR=str(pictures),
            DATABASE_URL=f"sqlite:///{pictures}/gallery.db",
        )

        assert why.startswith("DATABASE_URL is")
        assert "takes every file for a picture" in why

    def test_instance_among_the_pictures(self, tmp_path: Path) -> None:
        """The secret is no picture either."""
        why = refused(tmp_path, IMAGE_STORAGE_BASE_DIR=str(tmp_path))

        assert why.startswith("INSTANCE_PATH is")

    @pytest.mark.parametrize("leads_to", ["pictures", "pictures/generated", "."])
    def test_link_in_static_to_the_pictures(
        self, tmp_path: Path, home: Path, leads_to: str
    ) -> None:
        """A link opens what lies behind it, above it and below it."""
        (home / "static" / "css" / "all").symlink_to(tmp_path / leads_to)

        why = refused(
            tmp_path / "instance", home, IMAGE_STORAGE_BASE_DIR=str(tmp_path / "pictures")
        )

        assert "css/all sends it to whoever asks" in why

    def test_links_to_elsewhere_are_nobodys_business(self, tmp_path: Path, home: Path) -> None:
        """An operator may lay out the style sheets as they please."""
        (tmp_path / "styles").mkdir()
        (home / "static" / "css" / "own").symlink_to(tmp_path / "styles")

        assert accepted(tmp_path / "instance", home)

    def test_usual_places_are_good(self, tmp_path: Path) -> None:
        """The folder beside the program, which is the default, and any other."""
        assert accepted(HOME / "instance")
        assert accepted(tmp_path, IMAGE_STORAGE_BASE_DIR=str(tmp_path / "elsewhere"))
        assert accepted(tmp_path, IMAGE_STORAGE_BASE_DIR=f"{STATIC}-pictures")
        assert accepted(tmp_path, DATABASE_URL="sqlite://")

    def test_application_does_not_start(self, tmp_path: Path) -> None:
        """Neither by a command nor by a server that finds the application itself."""
        with pytest.raises(InvalidSetting, match=r"^IMAGE_STORAGE_BASE_DIR is"):
            create_app(
                {"SECRET_KEY": SECRET, "IMAGE_STORAGE_BASE_DIR": str(STATIC)},
                instance_path=str(tmp_path),
            )


class TestDebugging:
    """Debug mode lets whoever reaches it run programs here."""

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "gallery.example"])
    def test_others_reach_it(self, tmp_path: Path, host: str) -> None:
        """Only addresses of this machine are its own."""
        why = refused(tmp_path, is_debug=True, HOST=host)

        assert why.startswith(f"FLASK_DEBUG is on, and HOST is {host}")

    def test_others_reach_it_by_its_public_address(self, tmp_path: Path) -> None:
        """A proxy on this machine brings the whole world to 127.0.0.1."""
        why = refused(tmp_path, is_debug=True, PUBLIC_URL="https://gallery.example/pictures")

        assert why.startswith("FLASK_DEBUG is on, and PUBLIC_URL is gallery.example")

    def test_nobody_else_reaches_it(self, tmp_path: Path) -> None:
        """On the loopback anybody may debug, and elsewhere serve."""
        assert accepted(tmp_path, is_debug=True)
        assert accepted(tmp_path, is_debug=True, PUBLIC_URL="http://localhost:8000")
        assert accepted(tmp_path, HOST="0.0.0.0", PUBLIC_URL="https://gallery.example")

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True),
            ("localhost", True), ("gallery.localhost", True), ("", False), ("0.0.0.0", False),
            ("10.0.0.1", False), ("localhost.example", False), ("notlocalhost", False),
        ],
    )  # fmt: skip
    def test_loopback(self, host: str, expected: bool) -> None:
        """What only this machine reaches."""
        assert is_loopback(host) is expected

    @pytest.mark.only_on("sqlite", because="no row is asked for")
    def test_server_does_not_start(self, tmp_path: Path) -> None:
        """The production server, with the variable of a developer left in the environment."""
        environ = {"INSTANCE_PATH": str(tmp_path), "FLASK_DEBUG": "1", "HOST": "0.0.0.0"}

        ran = subprocess.run(
            [sys.executable, "-c", "from gallery.cli import cli; cli()", "serve"],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=60,
        )

        assert ran.returncode == 1
        assert "FLASK_DEBUG is on, and HOST is 0.0.0.0" in ran.stderr
        assert "Traceback" not in ran.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--debug", "run", "--host", "192.0.2.7"),
            ("run", "--debug", "--host", "192.0.2.7"),
            ("run", "--debugger", "--host", "2001:db8::7"),
        ],
    )
    def test_development_server_does_not_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        """However debug mode is asked for. At addresses that nobody has, nothing could start."""
        ran = start(tmp_path, monkeypatch, *arguments)

        assert ran.exit_code == 1
        assert "Debug mode lets whoever reaches" in ran.stderr

    def test_development_server_starts_otherwise(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it says then is about the port, which nobody can have."""
        ran = start(tmp_path, monkeypatch, "run", "--no-debugger", "--host", "192.0.2.7")

        assert "Debug mode" not in ran.stderr
        assert ran.exit_code != 0


def start(instance: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Run a command in this process, with nothing of it left in the environment."""
    monkeypatch.setenv("INSTANCE_PATH", str(instance))
    monkeypatch.setenv("FLASK_DEBUG", "0")
    return CliRunner().invoke(cli, arguments)
