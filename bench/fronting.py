"""nginx in front: what it sends by our leave beside what it sends by itself, and two workers."""

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from rich.console import Console

from bench.load import ask
from bench.measure import Result, compare
from bench.seed import fill_round, megabyte_png, new_gallery, save_one
from bench.servers import ROOT, Server, gallery_server
from cluster.nginx import find_nginx, running_nginx
from gallery.extensions import House
from gallery.imaging.convert import to_format
from gallery.imaging.verify import verify
from gallery.schemas.addresses import Addresses
from gallery.services.access import Viewer
from gallery.services.catalog import show_image
from gallery.services.thumbnails import open_thumbnail, thumbnail_key

SECRET = "only-for-measuring-on-the-loopback"  # noqa: S105 - nobody else listens
PAGE = "/games/BENCH/rounds/1"
# What nginx can do without us: the same files, in the same server, by an address it checks.
BARE = """
        location /bare/ {{
            secure_link $arg_key,$arg_until;
            secure_link_md5 "$secure_link_expires$uri $secret";
            if ($secure_link != "1") {{
                return 403;
            }}
            alias {storage}/;
        }}
"""


def measure_fronting(folder: Path) -> list[Result]:
    """Return what nginx sends by our leave, and how much two workers do more than one."""
    if find_nginx() is None:
        Console().print("  nginx is not installed: nothing of fronting is measured")
        return []
    instance = folder / "fronting"
    with new_gallery(instance, NGINX_SECRET=SECRET, TRUSTED_PROXIES="1") as (app, viewer, _key):
        house: House = app.extensions["gallery"]
        content = megabyte_png()
        fill_round(house, viewer, to_format(verify(content), "jpeg"), players=50)
        image_id = save_one(house, viewer, content)
        with app.test_request_context():
            paths = _paths(house, viewer, image_id)
    return [*_sending(folder, instance, paths), _scaling(instance)]


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where a picture and its thumbnail are: by our signatures, and by nginx's own alone."""

    download: str
    bare_original: str
    thumbnail: str
    bare_thumbnail: str


def _paths(house: House, viewer: Viewer, image_id: UUID) -> Paths:
    image, urls = show_image(image_id, viewer=viewer), Addresses(house)
    open_thumbnail(image.storage_key, 640, storage=house.storages.default).close()
    return Paths(
        download=urls.download(image),
        bare_original=_bare(image.storage_key),
        thumbnail=urls.thumbnail(image, 640),
        bare_thumbnail=_bare(thumbnail_key(image.storage_key, 640)),
    )


def _bare(key: str) -> str:
    path, until = f"/bare/{key}", int(time.time()) + 86_400
    digest = hashlib.md5(f"{until}{path} {SECRET}".encode(), usedforsecurity=False).digest()
    return f"{path}?until={until}&key={urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _sending(folder: Path, instance: Path, paths: Paths) -> list[Result]:
    storage = instance / "storage"
    with (
        gallery_server(instance) as app,
        running_nginx(
            folder,
            upstreams=[f"127.0.0.1:{app.port}"],
            storage=storage,
            static=ROOT / "static",
            secret=SECRET,
            also=BARE.format(storage=storage),
        ) as address,
    ):
        front = Server(port=urlsplit(address).port or 80, group=app.group)
        return [
            _against(front, "signed download of 1 MB", paths.download, paths.bare_original, 1600),
            _against(front, "thumbnail", paths.thumbnail, paths.bare_thumbnail, 8000),
        ]


def _against(front: Server, name: str, path: str, bare: str, requests: int) -> Result:
    return compare(
        f"{name} through nginx",
        lambda: ask(front, path, requests=requests).per_second,
        "nginx's own secure_link",
        lambda: ask(front, bare, requests=requests).per_second,
        unit="/s",
        least=0.8,
    )


def _scaling(instance: Path) -> Result:
    with (
        gallery_server(instance, WEB_CONCURRENCY="1") as one,
        gallery_server(instance, WEB_CONCURRENCY="2") as two,
    ):
        return compare(
            "round of 50 as a page, by two workers",
            lambda: ask(two, PAGE, requests=240).per_second,
            "by one worker",
            lambda: ask(one, PAGE, requests=120).per_second,
            unit="/s",
            least=1.7,
        )
