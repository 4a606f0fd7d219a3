"""A sweep of 10,000 expired images, against deleting as many files."""

import os
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.measure import Result, compare
from bench.seed import OBJECT, insert_images, new_gallery
from gallery.extensions import House
from gallery.services.retention import expire_images

IMAGES = 10_000


def measure_sweeping(folder: Path) -> list[Result]:
    """Return how many images a second are forgotten."""
    with new_gallery(folder / "sweeping") as (app, viewer, _key):
        house: House = app.extensions["gallery"]
        return [
            compare(
                f"sweep {IMAGES:,} images",
                partial(_sweep, house, viewer),
                "bare os.unlink",
                partial(_unlink, folder / "unlinked"),
                unit="images/s",
                rounds=3,
                least=0.6,
            )
        ]


def _sweep(house: House, viewer) -> float:
    insert_images(
        viewer.user_id, IMAGES, expired=True, folder=house.settings.IMAGE_STORAGE_BASE_DIR
    )
    # Kept images are on the disk, not in a buffer that is simply dropped.
    os.sync()
    began = time.perf_counter()
    result = expire_images(storages=house.storages, now=datetime.now(UTC))
    seconds = time.perf_counter() - began
    if len(result.deleted) != IMAGES:
        raise RuntimeError(f"{len(result.deleted)} images were swept")
    return IMAGES / seconds


def _unlink(folder: Path) -> float:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.png" for number in range(IMAGES)]
    for path in paths:
        path.write_bytes(OBJECT)
    os.sync()
    began = time.perf_counter()
    for path in paths:
        os.unlink(path)
    return IMAGES / (time.perf_counter() - began)
