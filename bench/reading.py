"""Reading: a round as JSON and as a page, a signed download, a thumbnail."""

import io
import time
from functools import partial
from pathlib import Path
from uuid import UUID

from bench.load import ask
from bench.measure import Result, compare
from bench.seed import fill_round, megabyte_png, new_gallery, save_one
from bench.servers import Server, bare_server, gallery_server
from gallery.extensions import House
from gallery.imaging.convert import to_format
from gallery.imaging.thumbnails import make_thumbnail_from
from gallery.imaging.verify import verify
from gallery.schemas.addresses import Addresses
from gallery.services.catalog import show_image, show_round

ROUND = "/api/games/BENCH/rounds/1/images"


def measure_reading(folder: Path) -> list[Result]:
    """Return what answers cost, beside the least that the same server can do."""
    content = megabyte_png()
    instance = folder / "reading"
    with new_gallery(instance) as (app, viewer, _key):
        house: House = app.extensions["gallery"]
        fill_round(house, viewer, to_format(verify(content), "jpeg"), players=50)
        image_id = save_one(house, viewer, content)
        with app.test_request_context():
            paths = _paths(house, viewer, image_id)
            signing = _signing_microseconds(house, viewer)
    with gallery_server(instance) as server, bare_server(instance, _files(folder, content)) as bare:
        results = [
            _against(server, ROUND, bare, "/hello", "round of 50 as JSON", least=0.1),
            _against(server, "/games/BENCH/rounds/1", bare, "/hello", "round of 50 as a page"),
            _against(server, paths["download"], bare, "/original.png", "signed download of 1 MB"),
            _against(server, paths["thumbnail"], bare, "/thumbnail.webp", "thumbnail"),
        ]
        whole = ask(server, ROUND, requests=800).cpu_microseconds
    results.append(
        Result(
            name="round JSON without its 50 signatures",
            measured=whole - signing,
            limit_name="with them",
            limit=whole,
            ratio=(whole - signing) / whole,
            unit="µs CPU",
            least=0.8,
        )
    )
    return [*results, _thumbnailing(content)]


def _against(
    server: Server, path: str, bare: Server, bare_path: str, name: str, least: float | None = None
) -> Result:
    """Compare the processor time of one answer: rates would measure the clients as well."""
    limit = "the same server saying hello" if bare_path == "/hello" else "… sending the bare file"
    rate = ask(server, path, requests=200).per_second
    return compare(
        f"{name} ({rate:,.0f}/s)",
        lambda: ask(server, path, requests=800).cpu_microseconds,
        limit,
        lambda: ask(bare, bare_path, requests=3200).cpu_microseconds,
        unit="µs CPU",
        least=least,
        is_cost=True,
    )


def _paths(house: House, viewer, image_id: UUID) -> dict[str, str]:
    image, urls = show_image(image_id, viewer=viewer), Addresses(house)
    return {"download": urls.download(image), "thumbnail": urls.thumbnail(image, 640)}


def _signing_microseconds(house: House, viewer) -> float:
    rows = show_round("BENCH", 1, viewer=viewer).images
    urls = Addresses(house)
    urls.download(rows[0])
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        for row in rows:
            urls.download(row)
        best = min(best, time.perf_counter() - began)
    return best * 1e6


def _files(folder: Path, content: bytes) -> Path:
    files = folder / "files"
    files.mkdir()
    (files / "original.png").write_bytes(content)
    (files / "thumbnail.webp").write_bytes(make_thumbnail_from(io.BytesIO(content), 640))
    return files


def _thumbnailing(content: bytes) -> Result:
    return compare(
        "make a 640 px thumbnail of a 1024² PNG",
        partial(_milliseconds, lambda: make_thumbnail_from(io.BytesIO(content), 640)),
        "decode it",
        partial(_milliseconds, lambda: verify(content)),
        unit="ms",
        is_cost=True,
    )


def _milliseconds(work) -> float:
    began = time.perf_counter()
    for _ in range(5):
        work()
    return (time.perf_counter() - began) / 5 * 1000
