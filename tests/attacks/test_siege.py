"""The after-check of all attacks can fail: whatever it looks for, it finds."""

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from flask import Flask

from gallery.extensions import House
from tests.attacks.siege import CANARY, Siege
from tests.conftest import SECRET
from tests.pictures import picture


@pytest.mark.parametrize(
    "told",
    [
        CANARY.decode(),
        SECRET,
        "Traceback (most recent call last):",
        'File "/srv/gallery/views.py", line 7',
        "[SQL: SELECT 1]",
        "SELECT images.id, images.key FROM images",
        "$argon2id$v=19$m=65536",
        "<gallery.storage.LocalStorage object at 0x7f",
        "root:x:0:0:root:/root:/bin/sh",
        "{instance}/storage",
    ],
)
def test_inside_is_seen_in_a_body(app: Flask, told: str) -> None:
    """What must not be told is noticed, though the status is good."""
    app.add_url_rule("/leak", "leak", lambda: told.format(instance=app.instance_path))
    siege = Siege(app)

    assert app.test_client().get("/leak", buffered=True).status_code == 200

    assert len(siege.wrong) == 1
    with pytest.raises(AssertionError, match="leak"):
        siege.check()


def test_failure_is_seen(app: Flask) -> None:
    """A 5xx is noticed, though its body tells nothing."""
    app.add_url_rule("/failing", "failing", lambda: ("", 500))
    siege = Siege(app)

    app.test_client().get("/failing", buffered=True)

    assert siege.wrong == ["GET /failing answers 500"]
    assert siege.counts == {"broke or told": 1}


def _touch_canary(house: House) -> None:
    house.settings.IMAGE_STORAGE_BASE_DIR.parent.joinpath("canary.txt").write_bytes(
        b"sings no more"
    )


def _leave_stray_object(house: House) -> None:
    house.storages.default.put("generated/stray.png", io.BytesIO(picture()))


def _break_reference(house: House) -> None:
    # By a connection that does not look whether they lead anywhere.
    file = house.settings.IMAGE_STORAGE_BASE_DIR.parent / "gallery.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO api_keys (id, owner_id, name, secret_sha256, created_at)"
            " VALUES ('a', 'nobody', 'x', 'x', '2026-03-14')"
        )


@pytest.mark.only_on("sqlite", because="PostgreSQL takes no row that points to none")
@pytest.mark.parametrize("harm", [_touch_canary, _leave_stray_object, _break_reference])
def test_harm_is_seen(inside: Flask, house: House, harm: Callable[[House], None]) -> None:
    """A canary that was touched, an object without a row, a row that points to none."""
    siege = Siege(inside)
    siege.check()

    harm(house)

    with pytest.raises(AssertionError):
        siege.check()
