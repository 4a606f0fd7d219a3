"""The first, middle and last page of 100,000 images."""

from pathlib import Path
from statistics import median

from bench.load import ask
from bench.measure import Result
from bench.seed import insert_images, new_gallery
from bench.servers import gallery_server

IMAGES = 100_000
ROUNDS = 5


def measure_paging(folder: Path) -> list[Result]:
    """Return what pages cost, in the list for visitors and in the one for their owner."""
    with new_gallery(folder / "paging") as (_app, viewer, key):
        ids = insert_images(viewer.user_id, IMAGES, expired=False, folder=None)
    cursors = {"middle": ids[IMAGES // 2].hex, "last": ids[50].hex}
    paths = {"first": "/api/images"}
    paths |= {name: f"/api/images?cursor={cursor}" for name, cursor in cursors.items()}
    askers = {"a visitor": "", "its owner": f"Authorization: Bearer {key}\r\n"}
    results: list[Result] = []
    with gallery_server(folder / "paging") as server:
        for asker, header in askers.items():
            costs: dict[str, list[float]] = {name: [] for name in paths}
            for _ in range(ROUNDS):
                for name, path in paths.items():
                    load = ask(server, path, requests=60, header=header)
                    costs[name].append(load.cpu_microseconds)
            found = {name: median(values) for name, values in costs.items()}
            cheapest, dearest = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
            results.append(
                Result(
                    name=f"page of 50 of {IMAGES:,} for {asker}: the dearest ({dearest})",
                    measured=found[dearest],
                    limit_name=f"the cheapest ({cheapest})",
                    limit=found[cheapest],
                    ratio=found[cheapest] / found[dearest],
                    unit="µs CPU",
                    least=1 / 1.5,
                )
            )
    return results
