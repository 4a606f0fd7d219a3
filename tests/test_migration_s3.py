"""From a folder to a real S3 server and back, by the command that operators type."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from cluster.s3 import S3Server
from gallery.cli import cli
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import accounts, ingest
from gallery.services.access import Viewer
from gallery.services.ingest import Details
from gallery.services.migration.moving import PRESIGNED_LASTS, lingering
from gallery.services.thumbnails import open_thumbnail, thumbnail_key
from tests.conftest import PASSWORD, FixedClock
from tests.pictures import picture

Run = Callable[..., Result]


@pytest.fixture
def settings(s3_server: S3Server) -> dict[str, Any]:
    return s3_server.settings()


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(cli, ["storage", *arguments, "--json"])

    return run


@pytest.fixture
def key(inside: Flask, house: House, clock: FixedClock) -> str:
    """A picture in the folder, with a thumbnail."""
    user = accounts.create_user("alice@gallery.example", PASSWORD, now=clock())
    saved = ingest.save_generation(
        picture(), details=Details(), viewer=Viewer(user_id=user.id), intake=house.intake,
        now=clock(),
    )  # fmt: skip
    key = str(db.session.get_one(Image, saved.image_id).storage_key)
    open_thumbnail(key, 320, storage=house.storages.default).close()
    return key


def move(run: Run, source: str, target: str) -> dict[str, Any]:
    done = run("migrate", "--from", source, "--to", target, "--linger", "0")
    return json.loads(done.stdout)


def test_pictures_move_to_s3_and_back(run: Run, key: str, house: House, clock: FixedClock) -> None:
    """Byte for byte, with their thumbnails; nothing is left behind, and the check passes."""
    local, s3 = house.storages.named("local"), house.storages.named("s3")
    both = {key, thumbnail_key(key, 320)}

    there = move(run, "local", "s3")
    at_s3 = set(s3.iter_keys(key)) | set(s3.iter_keys("variants/")), set(local.iter_keys())
    with s3.open(key) as file:
        content = file.read()
    clock.move(days=10_000)
    check = run("check")
    back = move(run, "s3", "local")

    assert there == back == {"moved": 1, "bytes": len(picture()), "skipped": 0, "errors": []}
    assert (at_s3, content, check.exit_code) == ((both, set()), picture(), 0)
    assert (set(local.iter_keys()), s3.exists(key)) == (both, False)


def test_objects_linger_at_s3_as_long_as_its_addresses_last(house: House) -> None:
    """Who was led to one just before still gets it."""
    assert lingering(house.storages.named("s3")) == PRESIGNED_LASTS
    assert lingering(house.storages.named("local")) < timedelta(seconds=2)
