"""Whether the process lives, and whether it can work."""

import pytest

from tests.conftest import FixedClock, Person
from tests.pictures import picture
from tests.views.saving import save_generation


def test_process_that_lives_says_so(visitor: Person) -> None:
    """/healthz answers whoever asks, and looks at nothing."""
    answer = visitor.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_gallery_that_can_work_is_ready(visitor: Person, house) -> None:
    """/readyz tries database and storages, and leaves nothing behind."""
    answer = visitor.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "storage": "ok"},
        "storages": {"local": "ok"},
    }
    assert list(house.storages.default.iter_keys()) == []


def test_storage_that_is_no_folder_is_not_ready(visitor: Person, house) -> None:
    """Where the storage can't be written, /readyz says so with a 503; the process lives on."""
    house.storages.default.root.write_text("in the way")

    ready, healthy = visitor.get("/readyz"), visitor.get("/healthz")

    assert ready.status_code == 503
    assert ready.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "storage": "unavailable"},
        "storages": {"local": "unavailable"},
    }
    assert healthy.status_code == 200


def test_database_that_was_never_made_is_not_ready(visitor: Person, instance, databases) -> None:
    """Without its tables the database is not ready."""
    databases.lose(instance)

    answer = visitor.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "unavailable", "storage": "ok"}


def test_database_that_went_is_not_ready(app, visitor: Person, instance, databases) -> None:
    """One that was deleted under the running server is noticed."""
    visitor.get("/")
    databases.lose(instance)

    answer = visitor.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "unavailable"


def test_gallery_is_ready_again_once_the_cause_is_gone(
    visitor: Person, house, clock: FixedClock
) -> None:
    """/readyz looks again after a second; until then all who ask share one look."""
    root = house.storages.default.root
    root.write_text("in the way")
    found = [visitor.get("/readyz").status_code]
    root.unlink()

    found.append(visitor.get("/readyz").status_code)
    clock.move(seconds=1)
    found.append(visitor.get("/readyz").status_code)

    assert found == [503, 503, 200]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_never_cached(visitor: Person, path: str) -> None:
    """A cache in front must not answer for the process."""
    assert "no-cache" in visitor.get(path).headers["Cache-Control"]


def test_write_into_a_broken_storage_is_a_503_and_no_row(alice: Person, house) -> None:
    """What can't be stored is not acknowledged: try again later."""
    house.storages.default.root.write_text("in the way")

    answer = alice.post("/api/images", content=picture())

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert alice.get("/api/images").json()["images"] == []


def test_storage_that_is_not_mounted_is_not_ready(
    visitor: Person, alice: Person, house, instance
) -> None:
    """An empty folder in its place takes no pictures; nothing is lost in it."""
    save_generation(alice)
    root = house.storages.default.root
    root.rename(instance / "away")
    root.mkdir()

    ready, saved = visitor.get("/readyz"), alice.post("/api/images", content=picture())

    assert (ready.status_code, ready.json()["storages"]) == (503, {"local": "unavailable"})
    assert saved.status_code == 503
    assert saved.json()["type"] == "urn:gallery:storage-not-ours"
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_new_gallery_is_ready_before_its_first_picture(visitor: Person, house) -> None:
    """Its storage has no mark yet, and gets none by somebody who looks."""
    ready = visitor.get("/readyz").status_code

    assert (ready, house.storages.default.read_mark()) == (200, None)
