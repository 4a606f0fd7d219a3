"""A process that is killed at any system call has lost nothing, and left nothing for long."""

from collections.abc import Callable

import pytest

from tests.faults.operations import OPERATIONS, Work
from tests.faults.tracing import killing
from tests.faults.trial import Trials, break_calls

pytestmark = pytest.mark.only_on("sqlite", because="its database is files of the same process")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_killed_process_loses_nothing_that_was_acknowledged(
    trials: Callable[..., Trials], operation: Work
) -> None:
    """After one repair rows and objects agree, all bytes are right, and it works again."""
    each = trials(operation)

    break_calls(
        each,
        each.points(),
        sample=1,
        what=f"{operation.__name__}, killed",
        inject=killing,
    )
