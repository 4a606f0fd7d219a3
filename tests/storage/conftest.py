"""Each provider, empty: a new one adds a name to the list and a branch to ``storage``."""

from pathlib import Path

import pytest

from gallery.storage import LocalStorage, Storage

PROVIDERS = ("local",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the local provider keeps its objects; not there yet."""
    return tmp_path / "storage"


@pytest.fixture
def local(folder: Path) -> LocalStorage:
    return LocalStorage(folder)


@pytest.fixture(params=PROVIDERS)
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage of each provider in turn."""
    return request.getfixturevalue(request.param)
