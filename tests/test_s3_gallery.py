"""A gallery whose pictures lie in a bucket: the main way, by a server that checks signatures."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from cluster.s3 import S3Server
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services import integrity
from gallery.services.galleries import open_gallery
from gallery.services.ingest import Details, save_session_image
from gallery.storage import Storage, Storages
from gallery.storage.s3.storage import S3Storage
from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views import saving

CONTENT = picture("PNG", size=(400, 300))


@pytest.fixture
def settings(s3_bucket: S3Server) -> dict[str, Any]:
    return s3_bucket.settings() | {"IMAGE_STORAGE_TYPE": "s3"}


@pytest.fixture
def bucket(house: House) -> Storage:
    return house.storages.named("s3")


@pytest.fixture
def image(alice: Person) -> dict[str, Any]:
    return saving.save_session_image(alice, saving.open_session(alice), content=CONTENT)


def link_to(alice: Person, image: dict[str, Any], **wanted: Any) -> str:
    return alice.post(f"/api/images/{image['id']}/links", json=wanted).json()["url"]


def test_picture_is_kept_in_the_bucket(
    alice: Person, image: dict[str, Any], bucket: Storage
) -> None:
    """And its row knows."""
    listed = alice.get("/api/images?provider=s3").json()["images"]

    assert [each["id"] for each in listed] == [image["id"]]
    (key,) = bucket.iter_keys()
    assert key.startswith("generated/")
    assert bucket.stat(key).size_bytes == len(CONTENT)


def test_link_leads_to_the_bucket(alice: Person, image: dict[str, Any], visitor: Person) -> None:
    """A few minutes long; and the file has the type and the name that it has from here."""
    url = link_to(alice, image, disposition="attachment")

    answer = visitor.get(url)
    followed = httpx.get(answer.headers["Location"])

    assert answer.status_code == 302
    assert "X-Amz-Expires=300" in answer.headers["Location"]
    assert (followed.status_code, followed.content) == (200, CONTENT)
    assert followed.headers["Content-Type"] == "image/png"
    assert followed.headers["Content-Disposition"].startswith("attachment; filename=")


def test_owner_looks_without_a_link(alice: Person, image: dict[str, Any]) -> None:
    """The original, a part of it, and a thumbnail that is made and then kept."""
    whole = alice.get(image["image_url"], follow_redirects=True)
    thumbnails = [alice.get(image["thumbnails"]["320"], follow_redirects=True) for _ in range(2)]

    assert whole.content == CONTENT
    assert [each.headers["Content-Type"] for each in thumbnails] == ["image/webp"] * 2
    assert thumbnails[0].content == thumbnails[1].content


def test_deleted_picture_leaves_nothing(
    alice: Person, image: dict[str, Any], bucket: Storage
) -> None:
    """Neither the object nor its thumbnails."""
    alice.get(image["thumbnails"]["320"])

    assert alice.delete(f"/api/images/{image['id']}").status_code == 204
    assert list(bucket.iter_keys()) == []


def test_check_finds_what_is_wrong(
    app: Flask, house: House, image: dict[str, Any], bucket: Storage, clock: FixedClock
) -> None:
    """By the clock of the bucket: what was just put is no orphan, later it is one."""
    bucket.put("generated/stray.png", io.BytesIO(b"stray"))
    now = bucket.stat("generated/stray.png").put_at
    with app.app_context():
        young = integrity.check_objects(storages=house.storages, now=now)
        old = integrity.check_objects(storages=house.storages, now=now + timedelta(hours=2))
        bucket.delete(next(key for key in bucket.iter_keys() if "stray" not in key))
        lost = integrity.check_objects(storages=house.storages, now=now)

    assert young.is_sound
    assert old.findings.orphaned == ["generated/stray.png"]
    assert len(lost.findings.missing) == 1


@pytest.fixture
def machines(house: House, s3_client: Any, s3_bucket: S3Server, tmp_path: Path) -> list[House]:
    """Eight of them, with one database and one bucket; none knows what the others are at."""

    def machine() -> House:
        s3 = S3Storage(s3_client, bucket=s3_bucket.bucket_name, spool_root=tmp_path)
        storages = Storages({"s3": s3}, default="s3")
        return replace(house, storages=storages, intake=replace(house.intake, storages=storages))

    return [machine() for _ in range(8)]


def test_of_many_machines_none_replaces_the_others_bytes(
    app: Flask, machines: list[House], alice: Person, bucket: Storage, clock: FixedClock
) -> None:
    """All save to one slot, in a bucket that would let them: the row has its own picture."""
    pictures = [picture("PNG", colour=(n * 30, 0, 0)) for n in range(len(machines))]
    with app.app_context():
        slug = open_gallery("session", slug="race", viewer=alice.viewer, now=clock()).slug

    def save(machine: House, content: bytes) -> None:
        with app.app_context():
            save_session_image(
                slug,
                "main",
                content,
                details=Details(),
                viewer=alice.viewer,
                intake=machine.intake,
                now=clock(),
            )

    assert bucket.claims_keys is False
    with ThreadPoolExecutor(len(machines)) as pool:
        list(pool.map(save, machines, pictures))

    with app.app_context():
        row = db.session.scalars(select(Image)).one()
    (key,) = bucket.iter_keys()
    with bucket.open(key) as file:
        kept = file.read()
    assert (row.storage_key, row.sha256) == (key, sha256(kept).hexdigest())
    assert kept in pictures
