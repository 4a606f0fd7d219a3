"""``gallery mcp`` as clients start it: a process of its own that speaks over its pipes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from gallery import create_app
from gallery.cli import cli
from gallery.extensions import db
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from tests.conftest import PASSWORD, SECRET
from tests.databases import Databases
from tests.mcp_tools.talking import Assistant, talking
from tests.pictures import picture

HOME = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from gallery.cli import cli; cli()", "mcp"]
DESTRUCTIVE = {"sweep", "revoke_link"}
LOOKING = {"list_images", "image_details", "statistics", "storage_check"}


@dataclass
class Stage:
    """A gallery in a folder, in which alice keeps a private image."""

    app: Flask
    instance: Path
    key: accounts.NewKey
    image_id: str

    @property
    def log(self) -> str:
        """What the processes have written beside the protocol."""
        return (self.instance / "log").read_text()

    def environ(self, **more: str) -> dict[str, str]:
        return {"INSTANCE_PATH": str(self.instance), "SECRET_KEY": SECRET, **more}

    @contextmanager
    def assistant(self, *options: str, **environ: str) -> Iterator[Assistant]:
        """Start ``gallery mcp`` and talk to it."""
        command, *arguments = COMMAND
        parameters = StdioServerParameters(
            command=command, args=[*arguments, *options], env=self.environ(**environ), cwd=HOME
        )
        with (
            (self.instance / "log").open("a") as log,
            talking(stdio_client(parameters, errlog=log)) as assistant,
        ):
            yield assistant


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Stage]:
    with databases.migrated(tmp_path_factory.mktemp("stdio")) as instance:
        app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance))
        house = app.extensions["gallery"]
        with app.app_context():
            user = accounts.create_user("alice@gallery.example", PASSWORD, now=house.now())
            key = accounts.create_key("assistant", owner=user.email, now=house.now())
            saved = ingest.save_generation(
                picture(), details=Details(prompt="A heron – 鷺"), viewer=Viewer(user_id=user.id),
                intake=house.intake, now=house.now(),
            )  # fmt: skip
        yield Stage(app, instance, key, str(saved.image_id))
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def assistant(stage: Stage) -> Iterator[Assistant]:
    """One conversation for all tests that don't change what it is about."""
    with stage.assistant(GALLERY_KEY=stage.key.secret) as assistant:
        yield assistant


def test_tools_are_listed(assistant: Assistant) -> None:
    """Each has a title, says what it does, and what it takes and answers."""
    tools = assistant.tools()

    assert set(tools) == LOOKING | DESTRUCTIVE | {"sign_link", "share_gallery"}
    for tool in tools.values():
        assert tool.title
        assert len(tool.description) > 40
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False


def test_every_parameter_is_described(assistant: Assistant) -> None:
    """An assistant knows of nothing but what the schema tells."""
    silent = [
        f"{tool.name} {name}"
        for tool in assistant.tools().values()
        for name, parameter in tool.input_schema["properties"].items()
        if not parameter.get("description")
    ]

    assert silent == []


def test_hints_tell_what_is_harmless(assistant: Assistant) -> None:
    """A client may let an assistant look unasked, and asks before anything is ended."""
    hints = {name: tool.annotations for name, tool in assistant.tools().items()}

    assert {name for name, hint in hints.items() if hint.read_only_hint} == LOOKING
    assert {name for name, hint in hints.items() if hint.destructive_hint} == DESTRUCTIVE


def test_bounds_are_in_the_schemas(assistant: Assistant) -> None:
    """A client can tell what would be refused without asking."""
    tools = assistant.tools()

    limit = tools["list_images"].input_schema["properties"]["limit"]
    dry_run = tools["sweep"].input_schema["properties"]["dry_run"]

    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 20)
    assert dry_run["default"] is True
    assert tools["sign_link"].input_schema["required"] == ["image_id"]


def test_owner_s_private_image_is_found(stage: Stage, assistant: Assistant) -> None:
    """The process acts as alice, whose key it was given."""
    answer = assistant.ask("list_images", q="鷺")

    assert [image["id"] for image in answer["images"]] == [stage.image_id]
    assert answer["images"][0]["prompt"] == "A heron – 鷺"


def test_text_of_an_answer_is_its_json(stage: Stage, assistant: Assistant) -> None:
    """Clients that don't read structured answers are told the same."""
    result = assistant.call("image_details", {"image_id": stage.image_id})

    (content,) = result.content
    assert '"prompt": "A heron – 鷺"' in content.text
    assert result.structured_content["id"] == stage.image_id


def test_unknown_tool_is_an_error_of_the_protocol(assistant: Assistant) -> None:
    """It says which name there isn't."""
    with pytest.raises(MCPError, match="There is no tool paint"):
        assistant.call("paint", {})


def test_what_went_wrong_inside_stays_inside(stage: Stage, assistant: Assistant) -> None:
    """An assistant hears that something did; the log says what."""
    with stage.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE prompt_days RENAME TO elsewhere")
    try:
        told = assistant.refusal("statistics")
    finally:
        with stage.app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO prompt_days")

    assert told == "Something went wrong"
    assert "prompt_days" in stage.log
    assert stage.key.secret not in stage.log


def test_key_file_is_as_good_and_revoking_ends_it(stage: Stage) -> None:
    """A conversation goes no further once its key is revoked."""
    with stage.app.app_context():
        house = stage.app.extensions["gallery"]
        key = accounts.create_key("another", owner="alice@gallery.example", now=house.now())
    file = stage.instance / "key"
    file.write_text(f"{key.secret}\n")

    with stage.assistant("--key-file", str(file)) as assistant:
        before = assistant.ask("statistics")["total_images"]
        with stage.app.app_context():
            owner = Viewer(user_id=key.key.owner_id)
            accounts.revoke_key(key.key.id, viewer=owner, now=house.now())
        after = assistant.refusal("statistics")

    assert before == 1
    assert after == "These credentials are not right: The API key is not right"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "Error: No API key: put one into GALLERY_KEY"),
        ("gallery_wrong", "Error: These credentials are not right"),
    ],
)
def test_without_a_key_nothing_is_served(stage: Stage, key: str, told: str) -> None:
    """It refuses in one line, and says nothing where the protocol would be spoken."""
    refused = stage.app.test_cli_runner().invoke(cli, ["mcp"], env={"GALLERY_KEY": key})

    assert refused.exit_code == 1
    assert refused.stderr.startswith(told)
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_process_ends_with_its_client(stage: Stage) -> None:
    """Where nobody speaks any more, it goes, and has printed nothing of its own."""
    ended = subprocess.run(
        COMMAND,
        cwd=HOME,
        env=dict(os.environ) | stage.environ(GALLERY_KEY=stage.key.secret),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (0, b"")


@pytest.mark.parametrize("address", ["localhost", "localhost:http", "127.0.0.1:70000"])
def test_addresses_that_can_t_be_served_are_refused(stage: Stage, address: str) -> None:
    """The refusal shows how one is written."""
    refused = stage.app.test_cli_runner().invoke(args=["mcp", "--http", address])

    assert refused.exit_code == 2
    assert "must be HOST:PORT, such as 127.0.0.1:8001" in refused.output
