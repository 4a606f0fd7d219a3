"""The table of providers: which are configured, which takes new images, and how a third joins."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gallery import create_app
from gallery.config import Settings, load_settings
from gallery.errors import InvalidSetting
from gallery.storage import PROVIDERS, open_storages
from tests.conftest import SECRET, Person
from tests.pictures import picture
from tests.storage.memory import open_memory
from tests.views.saving import open_session, save_session_image

BUCKET = {"S3_BUCKET_NAME": "pictures", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "hush"}


def settings_of(instance: Path, **environ: str) -> Settings:
    return load_settings(instance, environ={"SECRET_KEY": SECRET} | environ)


def test_folder_is_always_there(tmp_path: Path) -> None:
    """And without a bucket it is alone."""
    storages = open_storages(settings_of(tmp_path))

    assert [storage.name for storage in storages] == ["local"]


@pytest.mark.parametrize("default", ["local", "s3"])
def test_bucket_joins_where_it_is_named(tmp_path: Path, default: str) -> None:
    """Whoever takes new images, rows may lie in both."""
    storages = open_storages(settings_of(tmp_path, IMAGE_STORAGE_TYPE=default, **BUCKET))

    assert [storage.name for storage in storages] == ["local", "s3"]
    assert storages.default.name == default


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"IMAGE_STORAGE_TYPE": "tape"}, "IMAGE_STORAGE_TYPE must be one of local, s3"),
        ({"IMAGE_STORAGE_TYPE": "s3"}, "S3_BUCKET_NAME must be set"),
        (BUCKET | {"S3_ACCESS_KEY_ID": ""}, "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"),
        (BUCKET | {"S3_SECRET_ACCESS_KEY": ""}, "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"),
        (BUCKET | {"S3_ENDPOINT_URL": "http://"}, "S3_ENDPOINT_URL"),
    ],
    ids=["unknown", "no bucket", "no key", "no secret", "no host"],
)
def test_nonsense_stops_the_start(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    """And names the variable."""
    with pytest.raises(InvalidSetting, match=told):
        create_app({"SECRET_KEY": SECRET, **environ}, instance_path=str(tmp_path))


def test_chosen_provider_must_be_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that says only that it isn't there."""
    monkeypatch.setitem(PROVIDERS, "tape", lambda _settings: None)

    with pytest.raises(InvalidSetting, match="IMAGE_STORAGE_TYPE is tape, which is not configured"):
        open_storages(settings_of(tmp_path, IMAGE_STORAGE_TYPE="tape"))


def test_bucket_without_the_sdk_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra's name is in it."""
    monkeypatch.delitem(sys.modules, "gallery.storage.s3.client")
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(InvalidSetting, match=r"^[^\n]*gallery\[s3\][^\n]*$"):
        open_storages(settings_of(tmp_path, **BUCKET))


def test_secret_is_never_printed(tmp_path: Path) -> None:
    """Nor is it where somebody prints the settings."""
    assert "hush" not in repr(settings_of(tmp_path, **BUCKET))


@pytest.mark.parametrize(
    ("environ", "origin"),
    [
        ({"S3_ENDPOINT_URL": "https://minio.example"}, "https://minio.example"),
        (
            {"S3_ENDPOINT_URL": "https://minio.example", "S3_PATH_STYLE": "false"},
            "https://pictures.minio.example",
        ),
        ({"S3_PATH_STYLE": "true", "S3_REGION": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com"),
        ({"S3_CDN_URL": "https://cdn.example:8443/p/"}, "https://cdn.example:8443"),
    ],
)
def test_settings_say_what_addresses_begin_with(
    tmp_path: Path, environ: dict[str, str], origin: str
) -> None:
    """The bucket is in the path where there is an endpoint, unless told otherwise."""
    storages = open_storages(settings_of(tmp_path, **BUCKET, **environ))

    assert storages.named("s3").origin == origin


class TestThird:
    """A provider in memory: one file, and the one line that this fixture stands for."""

    @pytest.fixture
    def settings(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setitem(PROVIDERS, "memory", open_memory)
        return {"IMAGE_STORAGE_TYPE": "memory"}

    def test_keeps_and_shows_what_is_saved(self, alice: Person, visitor: Person) -> None:
        """Through every floor of the house, which knows nothing of it."""
        content = picture("PNG", size=(400, 300))
        image = save_session_image(alice, open_session(alice), content=content)

        listed = alice.get("/api/images?provider=memory").json()["images"]
        link = alice.post(f"/api/images/{image['id']}/links", json={}).json()

        assert [each["id"] for each in listed] == [image["id"]]
        assert visitor.get(link["url"]).content == content
        assert alice.get(image["thumbnails"]["320"]).headers["Content-Type"] == "image/webp"
