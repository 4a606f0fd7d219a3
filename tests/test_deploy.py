"""What lies in deploy/: as far as it can be told without starting it."""

import re
import shlex
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from gallery.config import Settings
from tests.conftest import find_program

HOME = Path(__file__).parents[1]
DEPLOY = HOME / "deploy"
SETTINGS = {field.name for field in fields(Settings)}
# Read before there are settings.
ELSEWHERE = {"INSTANCE_PATH", "PATH", "PYTHONUNBUFFERED"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dockerfile() -> list[list[str]]:
    """The instructions, each as its words."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    return [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]


def test_compose_sets_what_there_is(compose: dict[str, Any]) -> None:
    """A setting that was misspelled would be ignored in silence."""
    for name in ("app", "migrate"):
        assert set(compose["services"][name]["environment"]) <= SETTINGS


def test_compose_asks_for_every_secret() -> None:
    """None has a value in the file, and its head tells how each is made."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    head = text.partition("\nx-app:")[0]

    wanted = set(re.findall(r"\$\{(\w+)", text))

    assert wanted == set(re.findall(r"\$\{(\w+):\?\}", text))
    assert sorted(name for name in wanted if name not in head) == []


def test_compose_waits_for_what_can_be_waited_for(compose: dict[str, Any]) -> None:
    """Whoever is to be healthy first has a check; whoever is to be done first ends."""
    services = compose["services"]
    checked = {name for name, service in services.items() if "healthcheck" in service} | {"app"}
    waits = {
        (condition["condition"], name)
        for service in services.values()
        for name, condition in service.get("depends_on", {}).items()
    }

    assert {name for wanted, name in waits if wanted == "service_healthy"} <= checked - {"migrate"}
    done = {name for wanted, name in waits if wanted == "service_completed_successfully"}
    assert done == {"migrate", "bucket"}


def test_compose_fills_in_what_nginx_conf_leaves_open(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """Its own command is run, up to the point where nginx would start."""
    script = compose["services"]["nginx"]["command"][2].replace("$$", "$")
    script, _, rest = script.partition("exec nginx")
    script = script.replace("/etc/gallery/nginx.conf", str(DEPLOY / "nginx.conf"))
    script = script.replace("/etc/nginx/nginx.conf", str(tmp_path / "nginx.conf"))

    subprocess.run(["sh", "-ec", script], check=True, env={"NGINX_SECRET": "0123456789abcdef"})

    made = (tmp_path / "nginx.conf").read_text(encoding="utf-8")
    assert rest.strip() == "-g 'daemon off;'"
    assert re.search(r"^user nginx;$", made, re.MULTILINE)
    assert "server app:8000;" in made
    assert "set $secret 0123456789abcdef;" in made
    assert "change me" not in made


def test_dockerfile_copies_what_there_is(dockerfile: list[list[str]]) -> None:
    """Each of its sources is in the checkout, and is let through to the builder."""
    let_through = {
        line[1:] for line in (HOME / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }

    copied = {
        source
        for words in dockerfile
        if words[:1] == ["COPY"] and not words[1].startswith("--from")
        for source in words[1:-1]
    }

    assert copied == let_through
    assert sorted(name for name in copied if not (HOME / name).exists()) == []


def test_dockerfile_copies_what_a_wheel_is_made_of(dockerfile: list[list[str]]) -> None:
    """What pyproject.toml puts into a wheel is there when it is built."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}

    copied = {source for words in dockerfile if words[:1] == ["COPY"] for source in words[1:-1]}

    assert sorted(needed - copied) == []


def test_dockerfile_installs_every_extra_but_the_developers(dockerfile: list[list[str]]) -> None:
    """One that is added to pyproject.toml comes into the image too."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    (install,) = [
        words[-1] for words in dockerfile if "install" in words and "--constraint" in words
    ]

    extras = set(re.fullmatch(r"\.\[(.*)\]", install)[1].split(","))

    assert extras == set(project["project"]["optional-dependencies"]) - {"dev"}


def test_dockerfile_sets_what_there_is_and_no_secret(dockerfile: list[list[str]]) -> None:
    """Secrets come with the container, not with the image."""
    last = max(place for place, words in enumerate(dockerfile) if words[:1] == ["FROM"])

    named = {
        word.partition("=")[0]
        for words in dockerfile[last:]
        if words[:1] == ["ENV"]
        for word in words[1:]
    }

    assert named <= {"HOST", "PORT"} | ELSEWHERE
    assert ["USER", "gallery"] in dockerfile


@pytest.mark.parametrize(
    "name", ["gallery.service", "gallery-backup.service", "gallery-backup.timer"]
)
def test_unit_is_one_that_systemd_takes(tmp_path: Path, name: str) -> None:
    """Its own checker finds nothing wrong with it."""
    checker = find_program("systemd-analyze")
    for each in (name, "gallery-backup.service"):
        text = (DEPLOY / each).read_text(encoding="utf-8")
        # It would miss the program, which is nothing of the unit's.
        text = re.sub(r"/opt/gallery/bin/gallery \w+", "/bin/true", text)
        (tmp_path / each).write_text(text, encoding="utf-8")

    checked = subprocess.run([checker, "verify", tmp_path / name], capture_output=True, text=True)

    assert (checked.returncode, checked.stderr) == (0, "")
