"""The order of a write, as its system calls tell it: what was answered survives a loss of power.

A process that is killed loses nothing that it handed to the system; only
the order in which the disk is waited for tells what the disk has.
"""

from collections.abc import Callable

import pytest

from tests.faults.operations import (
    Work,
    delete_image,
    replace_session_image,
    save_generation,
    save_product,
    save_session_image,
    sweep,
)
from tests.faults.tracing import ANSWER, Call
from tests.faults.trial import Trials

pytestmark = pytest.mark.only_on("sqlite", because="its commits are system calls of the process")
WAL = "gallery.db-wal>"
UNFINISHED = "/.tmp/"
SYNCS = ("fsync", "fdatasync")


class Trace:
    """The calls of one operation, up to its answer; steps are their places."""

    def __init__(self, calls: list[Call]) -> None:
        self.answered = next(i for i, call in enumerate(calls) if call.name == ANSWER)
        self.calls = calls[: self.answered]

    def steps(self, *names: str, about: str) -> list[int]:
        return [
            step
            for step, call in enumerate(self.calls)
            if call.name in names and about in call.text
        ]

    def committed(self) -> int:
        """Return the step at which the disk had the last that was written to the database."""
        written, synced = self.steps("pwrite64", about=WAL), self.steps(*SYNCS, about=WAL)
        assert written[-1] < synced[-1]
        return synced[-1]


@pytest.fixture
def trace(trials: Callable[[Work], Trials]) -> Callable[[Work], Trace]:
    def trace(operation: Work) -> Trace:
        return Trace(trials(operation).calls())

    return trace


@pytest.mark.parametrize("operation", [save_session_image, save_generation, save_product])
def test_object_is_on_the_disk_before_its_row(
    trace: Callable[[Work], Trace], operation: Work
) -> None:
    """Write, fsync, link, fsync of the folder, commit, answer."""
    done = trace(operation)

    links = done.steps("link", about=UNFINISHED)
    assert links
    for link in links:
        unfinished, _, target = done.calls[link].text.split('"')[1:4]
        folder = target.rpartition("/")[0]
        written = done.steps("write", about=f"{unfinished}>")
        synced = done.steps("fsync", about=f"{unfinished}>")
        folder_synced = done.steps("fsync", about=f"{folder}>")
        assert written[-1] < synced[-1] < link < folder_synced[-1] < done.committed()


def test_new_folders_are_on_the_disk_before_the_row(trace: Callable[[Work], Trace]) -> None:
    """A folder's name lies in the folder above, which is synced as well."""
    done = trace(save_product)

    made = [step for step in done.steps("mkdir", about="/products/") if _is_done(done.calls[step])]
    assert made
    for step in made:
        above = done.calls[step].text.split('"')[1].rpartition("/")[0]
        assert step < done.steps("fsync", about=f"{above}>")[-1] < done.committed()


@pytest.mark.parametrize("operation", [replace_session_image, delete_image, sweep])
def test_object_goes_only_after_its_row(trace: Callable[[Work], Trace], operation: Work) -> None:
    """Until the commit is on the disk, the row is there with the power back, and needs it."""
    done = trace(operation)

    gone = [
        step
        for step in done.steps("unlink", about="/storage/")
        if UNFINISHED not in done.calls[step].text and _is_done(done.calls[step])
    ]
    assert gone
    first_commit = done.steps(*SYNCS, about=WAL)
    written = [step for step in done.steps("pwrite64", about=WAL) if step < gone[0]]
    assert any(written[-1] < synced < gone[0] for synced in first_commit)


def _is_done(call: Call) -> bool:
    return call.text.rstrip().endswith("= 0")
