"""A disk that is full, or that fails for once: the answer is a planned one, and nothing is lost."""

import random
from collections.abc import Callable

import pytest

from tests.faults.operations import OPERATIONS, Work, save_generation, save_product
from tests.faults.tracing import failing, out_of_room
from tests.faults.trial import Trials, break_calls
from tests.reliability import SEED
from tests.reliability import trials as so_many

pytestmark = pytest.mark.only_on("sqlite", because="its database is files of the same process")
# A few operations with the tests, another few with another seed.
CHOSEN = random.Random(SEED).sample(OPERATIONS, so_many(5, full=len(OPERATIONS)))


@pytest.mark.parametrize("operation", CHOSEN, ids=lambda each: each.__name__)
def test_full_disk_is_told_and_works_again_once_there_is_room(
    trials: Callable[..., Trials], operation: Work
) -> None:
    """From some call on nothing can be written: it is done, or refused in a planned way."""
    each = trials(operation)

    break_calls(
        each,
        [call for call in each.points() if call.needs_room],
        sample=1,
        what=f"{operation.__name__}, the disk full",
        inject=out_of_room,
    )


def test_disk_that_fails_while_an_upload_is_read_is_not_its_senders_fault(
    trials: Callable[..., Trials],
) -> None:
    """503, to be sent again; not that the picture was damaged."""
    each = trials(save_product)
    reads = [call for call in each.points() if call.name == "read" and "/upload-" in call.text]

    report = each.broken(failing(reads[0], "EIO"), times=2)

    assert (report.outcome, report.troubles) == ("503", [])


def test_database_that_could_not_be_opened_for_writing_is_opened_anew(
    trials: Callable[..., Trials],
) -> None:
    """SQLite opens it for reading then, and would never write over that connection."""
    each = trials(save_generation)
    opened = [call for call in each.points() if call.name == "openat" and "O_RDWR" in call.text]

    report = each.broken(failing(opened[0], "EIO"), times=2)

    assert (report.outcome, report.troubles) == ("503", [])


@pytest.mark.parametrize("operation", CHOSEN, ids=lambda each: each.__name__)
def test_io_error_is_told_and_the_same_process_goes_on(
    trials: Callable[..., Trials], operation: Work
) -> None:
    """One call fails: it is done, or refused in a planned way; asked again, it is done."""
    each = trials(operation)

    break_calls(
        each,
        [call for call in each.points() if call.can_fail],
        sample=1,
        what=f"{operation.__name__}, an I/O error",
        inject=lambda call: failing(call, "EIO"),
        # Threads of a command have calls of their own, which are counted anew each time.
        again=each.is_request,
    )
