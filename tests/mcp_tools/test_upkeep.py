"""The operator's tools: for admins, and harmless unless told otherwise."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gallery.extensions import House
from gallery.schemas.upkeep import MOST_LISTED, check_json, sweep_json
from gallery.services.integrity import Checked
from gallery.services.retention import SweepResult
from tests.conftest import FixedClock, Person
from tests.mcp_tools.conftest import Save
from tests.mcp_tools.talking import Assistant

Assisted = Callable[[Person], Assistant]


@pytest.mark.parametrize("tool", ["sweep", "storage_check"])
def test_operators_tools_are_refused_to_others(
    tool: str, alice: Person, save: Save, clock: FixedClock, assisted: Assisted
) -> None:
    """Alice may not even look, although an image of hers is what would go."""
    image_id = save(alice)
    clock.move(days=31)

    told = assisted(alice).refusal(tool)

    assert told == "Only an admin may do this"
    assert alice.get(f"/api/images/{image_id}").status_code == 200


def test_others_can_t_sweep_for_real(
    alice: Person, save: Save, clock: FixedClock, assisted: Assisted
) -> None:
    """Not even what is their own."""
    image_id = save(alice)
    clock.move(days=31)

    told = assisted(alice).refusal("sweep", dry_run=False)

    assert told == "Only an admin may do this"
    assert alice.get(f"/api/images/{image_id}").status_code == 200


def test_sweep_is_a_dry_run_unless_told_otherwise(
    alice: Person, root: Person, save: Save, clock: FixedClock, assisted: Assisted
) -> None:
    """It names what would go, and leaves all."""
    over = save(alice)
    clock.move(days=31)
    save(alice)

    answer = assisted(root).ask("sweep")

    assert (answer["dry_run"], answer["deleted"], answer["count"]) == (True, [str(over)], 1)
    assert alice.get(f"/api/images/{over}").status_code == 200


def test_sweep_deletes_what_the_dry_run_named(
    alice: Person, root: Person, save: Save, clock: FixedClock, assisted: Assisted
) -> None:
    """The image whose time is over goes, the other stays."""
    over = save(alice)
    clock.move(days=31)
    stays = save(alice)
    assistant = assisted(root)
    announced = assistant.ask("sweep")

    swept = assistant.ask("sweep", dry_run=False)

    assert swept == announced | {"dry_run": False}
    assert alice.get(f"/api/images/{over}").status_code == 404
    assert alice.get(f"/api/images/{stays}").status_code == 200


def test_sweep_takes_the_rules_of_the_command(
    alice: Person, root: Person, save: Save, clock: FixedClock, assisted: Assisted
) -> None:
    """Kind, age and number say what else would go."""
    old, new = save(alice), save(alice)
    assistant = assisted(root)
    between = alice.get(f"/api/images/{new}").json()["created_at"]

    assert assistant.ask("sweep", keep_count=1)["deleted"] == [str(old)]
    assert assistant.ask("sweep", older_than=between)["deleted"] == [str(old)]
    assert assistant.ask("sweep", keep_count=0, kind="story")["deleted"] == []


def test_sweep_keeps_to_the_quota(
    alice: Person, root: Person, save: Save, assisted: Assisted, settings: dict
) -> None:
    """Above MAX_STORAGE_BYTES the oldest would go."""
    old = save(alice)
    save(alice)

    answer = assisted(root).ask("sweep")

    assert answer["deleted"] == [str(old)]


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict:
    """Room for one image, for the test of the quota."""
    return {"MAX_STORAGE_BYTES": "200"} if "quota" in request.node.name else {}


def test_check_finds_a_damaged_image_unless_it_is_quick(
    alice: Person, root: Person, save: Save, house: House, clock: FixedClock, assisted: Assisted
) -> None:
    """Only who reads every byte sees that some have changed."""
    key = alice.get(f"/api/images/{save(alice)}").json()["key"]
    file: Path = house.settings.IMAGE_STORAGE_BASE_DIR / key
    file.write_bytes(bytes(file.stat().st_size))
    assistant = assisted(root)

    quick, whole = assistant.ask("storage_check", quick=True), assistant.ask("storage_check")

    assert (quick["sound"], quick["images"], quick["objects"]) == (True, 1, 1)
    assert (whole["sound"], whole["damaged"], whole["damaged_count"]) == (False, [key], 1)


def test_check_finds_orphans_and_leaves_them(
    root: Person, house: House, clock: FixedClock, assisted: Assisted
) -> None:
    """An object that no image uses is told, and stays."""
    house.storages.default.put("generated/stray.png", io.BytesIO(b"stray"))
    clock.now = datetime.now(UTC) + timedelta(hours=2)

    answer = assisted(root).ask("storage_check")

    assert answer["orphaned"] == ["generated/stray.png"]
    assert house.storages.default.exists("generated/stray.png")


def test_long_work_tells_how_far_it_is(
    alice: Person, root: Person, save: Save, assisted: Assisted
) -> None:
    """A client that listens hears figures that only rise."""
    save(alice)
    heard: list[tuple[float, str | None]] = []

    async def listen(progress: float, _total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    assisted(root).call("storage_check", {}, progress_callback=listen)

    assert heard == [(1, "1"), (2, "1 of 1")]


def test_answers_have_an_end() -> None:
    """Of very many images and keys the first thousand are named, and all are counted."""
    from uuid import uuid4

    checked = Checked()
    checked.findings.missing = [f"generated/{n:05}.png" for n in range(MOST_LISTED + 1)]
    result = SweepResult(deleted=[uuid4() for _ in range(MOST_LISTED + 1)])

    told, swept = check_json(checked), sweep_json(result, dry_run=True)

    assert (len(told["missing"]), told["missing_count"]) == (MOST_LISTED, MOST_LISTED + 1)
    assert (len(swept["deleted"]), swept["count"]) == (MOST_LISTED, MOST_LISTED + 1)
