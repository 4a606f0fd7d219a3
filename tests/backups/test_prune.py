"""Old backups go by a policy, and with them what only they needed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.services.backup import Policy, Repository, choose_kept
from tests.backups.conftest import Commands, file_of, hashes, keys
from tests.conftest import FixedClock

Save = Callable[..., dict[str, Any]]
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
instants = st.integers(0, 26_000).map(lambda hours: NOON - timedelta(hours=hours))
histories = st.dictionaries(st.text("abcdefgh", min_size=1), instants, max_size=40)
numbers = st.integers(0, 15)
policies = st.builds(Policy, last=numbers, daily=numbers, weekly=numbers, monthly=numbers)


class TestPolicy:
    """Which backups are kept."""

    @pytest.mark.parametrize(
        ("policy", "kept"),
        [
            (Policy(last=2), [0, 1]),
            (Policy(daily=3), [0, 2, 3]),
            (Policy(weekly=2), [0, 7]),
            (Policy(monthly=2), [0, 15]),
            (Policy(last=2, monthly=2), [0, 1, 15]),
            (Policy(), [0]),
        ],
    )
    def test_counts_periods_that_have_backups(self, policy: Policy, kept: list[int]) -> None:
        """Of each day, ISO week or month the newest; 14 March 2026 is a Saturday."""
        hours = [0, 6, *(24 * day for day in range(1, 40))]
        made = {str(place): NOON - timedelta(hours=each) for place, each in enumerate(hours)}

        chosen = choose_kept(made, policy)

        assert chosen == {str(place) for place in kept}

    @given(histories, policies)
    def test_newest_is_always_kept(self, made: dict[str, datetime], policy: Policy) -> None:
        """Whatever was asked for."""
        chosen = choose_kept(made, policy)

        newest = max(made.values(), default=None)
        assert newest is None or newest in {made[name] for name in chosen}

    @given(histories, policies)
    def test_no_more_is_kept_than_asked_for(
        self, made: dict[str, datetime], policy: Policy
    ) -> None:
        """Each rule adds so many at the most."""
        chosen = choose_kept(made, policy)

        most = max(policy.last, 1) + policy.daily + policy.weekly + policy.monthly
        assert len(chosen) <= min(most, len(made))

    @given(histories, policies)
    def test_pruning_again_removes_nothing(self, made: dict[str, datetime], policy: Policy) -> None:
        """What a policy has kept, it keeps."""
        chosen = choose_kept(made, policy)

        assert choose_kept({name: made[name] for name in chosen}, policy) == chosen

    @given(histories, policies, instants)
    def test_another_backup_brings_none_back(
        self, made: dict[str, datetime], policy: Policy, later: datetime
    ) -> None:
        """What was let go before is not missed afterwards."""
        newest = max(made.values(), default=later)
        grown = made | {"new": max(newest, later) + timedelta(seconds=1)}

        assert choose_kept(grown, policy) - {"new"} <= choose_kept(made, policy)


@pytest.fixture
def three(save: Save, gallery: Commands, path: Path, clock: FixedClock) -> list[str]:
    """Three backups, a day apart; each has one image more than the one before."""
    names = []
    for _ in range(3):
        save()
        names.append(gallery.told("backup", "create", path)["backup"])
        clock.move(days=1)
    return names


def objects(path: Path) -> list[str]:
    return sorted(each.name for each in (path / "objects").glob("??/*"))


def test_what_only_the_old_needed_goes(
    three: list[str], alice: Any, gallery: Commands, other: Commands, path: Path, clock: FixedClock
) -> None:
    """What the kept ones need stays: they are restored as before."""
    needed = hashes(gallery)
    gone = next(iter(needed))
    alice.delete(f"/api/images/{gone}")
    clock.now = datetime.now(UTC) + timedelta(days=2)
    newest = gallery.told("backup", "create", path)["backup"]

    pruned = gallery.told("backup", "prune", path, "--keep-last", "1")

    assert (pruned["kept"], pruned["removed"], pruned["objects"]) == ([newest], three, 1)
    assert objects(path) == sorted({*needed.values()} - {needed[gone]})
    other.told("backup", "restore", path)
    assert hashes(other) == hashes(gallery)


def test_beginnings_of_an_interrupted_backup_stay_a_day(
    three: list[str], gallery: Commands, repository: Repository, path: Path, clock: FixedClock
) -> None:
    """The next one needn't copy them again; later they are only in the way."""
    for name in three[1:]:
        repository.remove(name)
    clock.now = datetime.now(UTC)

    young = gallery.told("backup", "prune", path, "--keep-last", "5")["objects"]
    clock.move(days=2)
    old = gallery.told("backup", "prune", path, "--keep-last", "5")["objects"]

    assert (young, old) == (0, 2)
    assert gallery.told("backup", "verify", path)["missing"] == []


def test_create_prunes_behind_itself(
    three: list[str], gallery: Commands, repository: Repository, path: Path
) -> None:
    """One line in a crontab does both."""
    newest = gallery.told("backup", "create", path, "--keep-daily", "2")["backup"]

    assert repository.names() == [three[2], newest]


def test_incomplete_backup_lets_no_other_go(
    three: list[str], save: Save, gallery: Commands, repository: Repository, path: Path
) -> None:
    """The old ones may hold what the gallery has lost by now."""
    lost = save()["id"]
    file_of(gallery, keys(gallery)[lost]).unlink()

    done = gallery("backup", "create", path, "--keep-last", "1")

    assert (done.exit_code, repository.names()[:3]) == (1, three)


def test_unreadable_backup_lets_nothing_go(
    three: list[str], gallery: Commands, repository: Repository, path: Path
) -> None:
    """Nobody knows what it needs."""
    (repository.folder(three[2]) / "objects.jsonl").write_text("")

    done = gallery("backup", "prune", path, "--keep-last", "1")

    assert (done.exit_code, repository.names()) == (1, three)


def test_nothing_goes_without_a_policy(
    three: list[str], gallery: Commands, repository: Repository, path: Path
) -> None:
    """A bare prune is a mistake."""
    done = gallery("backup", "prune", path)

    assert (done.exit_code, "Say how many backups to keep" in done.stderr) == (1, True)
    assert repository.names() == three


def test_people_read_what_went(three: list[str], gallery: Commands, path: Path) -> None:
    """Each backup by its name."""
    done = gallery("backup", "prune", path, "--keep-last", "2")

    assert done.stdout.splitlines() == [
        f"Removed: {three[0]}",
        "2 backups kept, 1 removed; 0 objects of 0 bytes went with them.",
    ]


def test_people_read_a_line_for_each(three: list[str], gallery: Commands, path: Path) -> None:
    """Oldest first, with how many images each has."""
    listed = gallery("backup", "list", path).stdout

    assert [line.split()[1:4:2] for line in listed.splitlines()[3:-1]] == [
        [name, str(number)] for number, name in enumerate(three, 1)
    ]
