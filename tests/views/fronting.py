"""nginx in front of the gallery, for tests that hold either way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from cluster.nginx import running_nginx
from gallery import HOME
from tests.conftest import find_program, serving

NGINX_SECRET = "a-secret-that-nginx-has-too"
BEHIND_NGINX: dict[str, Any] = {"NGINX_SECRET": NGINX_SECRET, "TRUSTED_PROXIES": "1"}
# As the only door, and behind another.
either_way = pytest.mark.parametrize("front", ["", "nginx"], ids=["alone", "nginx"], indirect=True)


@contextmanager
def serving_behind_nginx(app: Flask, folder: Path) -> Iterator[str]:
    """Serve *app* with nginx in front, which writes to *folder*; return its address."""
    find_program("nginx", "/usr/sbin/nginx")
    folder.mkdir()
    storage = app.extensions["gallery"].settings.IMAGE_STORAGE_BASE_DIR
    with (
        serving(app) as address,
        running_nginx(
            folder,
            upstreams=[address.removeprefix("http://")],
            storage=storage,
            static=HOME / "static",
            secret=NGINX_SECRET,
        ) as front,
    ):
        yield front
