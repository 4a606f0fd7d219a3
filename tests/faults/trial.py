"""One trial: an operation with a call broken, a repair, the verdict, and the operation once more."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.faults.operations import REPAIR, Furnished, Operation
from tests.faults.orders import Outcome
from tests.faults.stage import Stage
from tests.faults.tracing import Call
from tests.faults.verdict import disagreements, kept_images, losses, surplus

# What the gallery says of a disk that is full, and of one that can't be used just now.
PLANNED = {503: "503", 507: "507", 1: "told by a command"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of a trial, in a word, and all that was wrong with it."""

    outcome: str
    troubles: list[str]


class Trials:
    """Breaks one operation, each time from the same start."""

    def __init__(
        self, stage: Stage, made: Furnished, operation: Callable[[Furnished], Operation]
    ) -> None:
        self._stage, self._made = stage, made
        self._operation = operation(made)

    def calls(self) -> list[Call]:
        """Do the operation unharmed, and return the system calls that it makes."""
        self._stage.set_back()
        outcome, calls = self._stage.trace(self._operation.order)
        assert self._acknowledgements(outcome) == 1, outcome
        return calls

    def broken(self, injections: tuple[str, ...], *, times: int = 1) -> Report:
        """Break it, where the same process may have to do it several *times*, and judge."""
        self._stage.set_back()
        outcome, _ = self._stage.trace(replace(self._operation.order, times=times), injections)
        troubles = self._unplanned(outcome) + self._repair() + self._verdict(outcome)
        troubles += self._once_more()
        return Report(outcome=self._word(outcome), troubles=troubles)

    def _acknowledgements(self, outcome: Outcome) -> int:
        return sum(map(self._operation.is_acknowledged, outcome.told))

    def _word(self, outcome: Outcome) -> str:
        if outcome.end < 0:
            return "acknowledged, then killed" if outcome.told else "killed"
        if not outcome.told or self._operation.is_acknowledged(outcome.told[0]):
            return "done all the same"
        return PLANNED.get(outcome.told[0].status, "unplanned")

    def _unplanned(self, outcome: Outcome) -> list[str]:
        operation = self._operation
        troubles = [f"the process ended with {outcome.end}"] * (outcome.end > 0)
        for told in outcome.told:
            if not (operation.is_acknowledged(told) or told.status in PLANNED):
                troubles.append(f"unplanned: {told}")
        if outcome.end == 0 and not operation.is_acknowledged(outcome.told[-1]):
            troubles += ["it did not come back by itself"] * (len(outcome.told) > 1)
        return troubles

    def _repair(self) -> list[str]:
        repaired = self._stage.do(REPAIR)
        try:
            json.loads(repaired.told[0].body)
        except (IndexError, ValueError):
            return [f"the repair failed: {repaired}"]
        return []

    def _verdict(self, outcome: Outcome) -> list[str]:
        """Tell what is wrong once all has been repaired."""
        operation, before = self._operation, self._made.images
        after = kept_images(self._stage.instance)
        done = self._acknowledgements(outcome)
        troubles = disagreements(self._stage.instance)
        troubles += losses(before, after, becomes=operation.becomes, is_acknowledged=done > 0)
        troubles += surplus(
            before,
            after,
            adds=operation.adds,
            least=done if operation.adds_each_time else min(done, 1),
            most=len(outcome.told) + (outcome.end != 0) if operation.adds_each_time else 1,
        )
        if operation.goes_to and done:
            left = {image.provider for image in after.values()} - {operation.goes_to}
            troubles += [f"some are still at {each}" for each in left]
        return troubles

    def _once_more(self) -> list[str]:
        """Do the operation again, with nothing broken: that works, and leaves nothing."""
        outcome = self._stage.do(self._operation.order)
        if self._acknowledgements(outcome) != 1:
            return [f"it can't be done afterwards: {outcome}"]
        return disagreements(self._stage.instance)
