"""Objects of a bucket are backed up and restored as those of a folder are."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cluster.s3 import S3Server
from tests.backups.conftest import Commands, check, hashes, keys, opened
from tests.conftest import FixedClock
from tests.databases import Databases
from tests.pictures import picture
from tests.views import saving

pytestmark = pytest.mark.only_on("sqlite", because="objects don't care where the rows are")
SOUND = {"missing": [], "orphaned": [], "damaged": [], "wrong_size": []}


@pytest.fixture
def settings(s3_bucket: S3Server) -> dict[str, Any]:
    return s3_bucket.settings() | {"IMAGE_STORAGE_TYPE": "s3"}


def test_bucket_is_restored_into_another(
    alice: Any,
    gallery: Commands,
    s3_server: S3Server,
    s3_client: Any,
    databases: Databases,
    tmp_path: Path,
    clock: FixedClock,
    path: Path,
) -> None:
    """On a new machine, with a new bucket: every byte of it."""
    for shade in (1, 2):
        saving.save_generation(alice, picture(colour=(shade, 0, 0)))
    gallery.told("backup", "create", path)
    bucket = replace(s3_server, bucket_name=uuid4().hex)
    s3_client.create_bucket(Bucket=bucket.bucket_name)
    settings = bucket.settings() | {"IMAGE_STORAGE_TYPE": "s3"}

    with (
        databases.empty(tmp_path / "other") as instance,
        opened(instance, clock, **settings) as app,
    ):
        other = Commands(app)
        restored = other.told("backup", "restore", path)

        assert (restored["brought"], hashes(other)) == (2, hashes(gallery))
        assert {**check(other), "orphaned": []} == SOUND


def test_bucket_is_restored_into_a_folder(
    alice: Any, gallery: Commands, other: Commands, path: Path
) -> None:
    """Where no bucket is configured, the default storage stands in for it."""
    image = saving.save_generation(alice)
    gallery.told("backup", "create", path)

    other.told("backup", "restore", path)

    (listed,) = other.told("storage", "list")
    assert (listed["provider"], listed["key"]) == ("local", keys(gallery)[image["id"]])
    assert check(other) == SOUND


def test_damaged_object_of_a_bucket_is_whole_again(
    alice: Any, gallery: Commands, path: Path
) -> None:
    """Also where the server would have replaced it in silence."""
    image = saving.save_generation(alice)
    gallery.told("backup", "create", path)
    key = keys(gallery)[image["id"]]
    bucket = gallery.app.extensions["gallery"].storages.named("s3")
    bucket.delete(key)
    bucket.put(key, io.BytesIO(b"rotten"))

    restored = gallery.told("backup", "restore", path, "--yes")

    assert restored["brought"] == 1
    assert {**check(gallery), "orphaned": []} == SOUND
