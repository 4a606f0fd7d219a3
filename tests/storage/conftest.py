"""Each provider, empty: a new one adds its name to the list and a fixture of that name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.s3 import S3Server
from gallery.storage import LocalStorage, Storage
from gallery.storage.s3.storage import S3Storage
from tests.conftest import client_at
from tests.storage.between import Between, standing_between
from tests.storage.memory import MemoryStorage

# Servers that refuse a key that is taken, and those that replace its object, are used differently.
PROVIDERS = ("local", "s3", "s3_that_refuses", "memory")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the local provider keeps its objects, and others spool; not there yet."""
    return tmp_path / "storage"


@pytest.fixture
def local(folder: Path) -> LocalStorage:
    return LocalStorage(folder)


@pytest.fixture
def memory(folder: Path) -> MemoryStorage:
    return MemoryStorage(folder)


@pytest.fixture
def s3(s3_client: Any, s3_bucket: S3Server, folder: Path) -> S3Storage:
    return S3Storage(s3_client, bucket=s3_bucket.bucket_name, spool_root=folder)


@pytest.fixture(scope="session")
def proxy(s3_server: S3Server) -> Iterator[Between]:
    with standing_between(s3_server) as between:
        yield between


@pytest.fixture
def between(proxy: Between) -> Iterator[Between]:
    """A proxy before the server, which refuses keys that are taken; it can be told to fail."""
    proxy.start_over()
    yield proxy
    assert proxy.faults == []


@pytest.fixture(scope="session")
def client_of_proxy(proxy: Between) -> Any:
    return client_at(proxy.address, proxy.server)


@pytest.fixture
def s3_that_refuses(
    between: Between, client_of_proxy: Any, s3_bucket: S3Server, folder: Path
) -> S3Storage:
    return S3Storage(client_of_proxy, bucket=s3_bucket.bucket_name, spool_root=folder)


@pytest.fixture(params=PROVIDERS)
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage of each provider in turn."""
    return request.getfixturevalue(request.param)
