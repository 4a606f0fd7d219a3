"""Moving objects from a folder to S3, against bare puts of the same by as many threads."""

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
from botocore.config import Config
from sqlalchemy import delete, insert

from bench.measure import Result, compare
from bench.seed import image_row, new_gallery
from cluster.s3 import S3Server, running_s3
from gallery.extensions import House, db
from gallery.models import Image
from gallery.services.migration import migrate_objects
from gallery.services.migration.moving import MOVERS

SIZES = ((300, 1_000_000), (1_000, 50_000))


def measure_migrating(folder: Path) -> list[Result]:
    """Return how many objects a second move, for large ones and for small ones."""
    # What was put stays there: a server whose files vanish behind it waits for them in vain.
    with (
        running_s3(folder / "s3") as server,
        new_gallery(folder / "gallery", **server.settings()) as (app, viewer, _key),
    ):
        house: House = app.extensions["gallery"]
        return [
            compare(
                f"move {count:,} objects of {size / 1e3:,.0f} kB to S3",
                partial(_move, house, viewer.user_id, count, size),
                f"{MOVERS} threads of bare put_object",
                partial(_put, server, folder / "bare", count, size),
                unit="objects/s",
                rounds=3,
                least=0.5,
            )
            for count, size in SIZES
        ]


def _move(house: House, owner_id: UUID, count: int, size: int) -> float:
    _fill(owner_id, count, size, house.settings.IMAGE_STORAGE_BASE_DIR)
    began = time.perf_counter()
    # Nobody reads here, so nothing has to linger for them.
    result = migrate_objects(
        storages=house.storages, source="local", target="s3", linger=timedelta()
    )
    seconds = time.perf_counter() - began
    if result.moved != count:
        raise RuntimeError(f"{result.moved} objects were moved: {result.errors}")
    db.session.execute(delete(Image))
    db.session.commit()
    return count / seconds


def _fill(owner_id: UUID, count: int, size: int, folder: Path) -> None:
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        content = os.urandom(size)
        told = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": size}
        row = image_row(owner_id, now, number, expired=False) | told
        path = folder / str(row["storage_key"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        rows.append(row)
    db.session.execute(insert(Image), rows)
    db.session.commit()
    os.sync()


def _put(server: S3Server, folder: Path, count: int, size: int) -> float:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"bare-{number}.png" for number in range(count)]
    for path in paths:
        path.write_bytes(os.urandom(size))
    os.sync()
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
        region_name=server.region,
        config=Config(max_pool_connections=MOVERS, request_checksum_calculation="when_required"),
    )

    def put(path: Path) -> None:
        with path.open("rb") as file:
            client.put_object(Bucket=server.bucket_name, Key=f"bare/{path.name}", Body=file)

    began = time.perf_counter()
    with ThreadPoolExecutor(MOVERS) as pool:
        list(pool.map(put, paths))
    seconds = time.perf_counter() - began
    shutil.rmtree(folder)
    return count / seconds
