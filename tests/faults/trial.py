"""One trial: an operation with a call broken, a repair, the verdict, and once more unharmed."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.faults.operations import REPAIR, Furnished, Operation, verification
from tests.faults.orders import BROKEN_OFF, Outcome, Request
from tests.faults.stage import Stage
from tests.faults.tracing import INJECTED, Call, points
from tests.faults.verdict import BACKUPS, disagreements, kept_images, leftovers, losses, surplus
from tests.reliability import SEED, tell, trials

# Another thread's file, or one of Python's own, was met instead: that tells nothing.
MISSED = "met another file"
# What the gallery says of a disk that is full, and of one that can't be used just now.
PLANNED = {503: "503", 507: "507", 1: "told by a command", BROKEN_OFF: "broken off"}


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
        self._about = str(stage.instance)

    def begin(self) -> None:
        """Let all be as it was at first."""
        self._stage.set_back()

    def settle(self) -> None:
        """Wait until nobody writes any more: here, a dead process has left nobody."""

    @property
    def is_request(self) -> bool:
        """Tell whether it is asked for over HTTP."""
        return isinstance(self._operation.order.what, Request)

    def calls(self) -> list[Call]:
        """Do the operation unharmed, and return all system calls of it that were traced."""
        self.begin()
        outcome, calls = self._stage.trace(self._operation.order)
        assert self._acknowledgements(outcome) == 1, outcome
        return calls

    def points(self) -> list[Call]:
        """Return the system calls of the operation that can be broken."""
        return points(self.calls(), about=self._about)

    def broken(self, injections: tuple[str, ...], *, times: int = 1) -> Report:
        """Break it, where the same process may have to do it several *times*, and judge."""
        self.begin()
        order = replace(self._operation.order, times=times)
        outcome, calls = self._stage.trace(order, injections)
        self.settle()
        met = next((call for call in calls if INJECTED in call.text), None)
        if met and self._about not in met.text:
            return Report(outcome=MISSED, troubles=[])
        troubles = self._unplanned(outcome) + self._repair() + self._verdict(outcome)
        troubles += self._once_more()
        return Report(outcome=self._word(outcome), troubles=troubles)

    def _acknowledgements(self, outcome: Outcome) -> int:
        return sum(map(self._operation.is_acknowledged, outcome.told))

    def _word(self, outcome: Outcome) -> str:
        if outcome.end < 0:
            return "acknowledged, then killed" if outcome.told else "killed"
        if outcome.end > 0:
            return "unplanned"
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
        troubles = disagreements(self._stage.instance) + leftovers(self._stage.instance)
        return troubles + self._broken_backups()

    def _broken_backups(self) -> list[str]:
        if not (self._stage.instance / BACKUPS).exists():
            return []
        (verified,) = self._stage.do(verification(self._made)).told
        return [f"a backup is not whole: {verified}"] * (verified.status != 0)


def break_calls(
    each: Trials,
    calls: list[Call],
    *,
    sample: int,
    what: str,
    inject: Callable[[Call], tuple[str, ...]],
    again: bool = False,
) -> None:
    """Break a seeded *sample* of *calls*, or all; say how many there were, and what happened.

    Where it is to work *again* by itself, the same process does it a second time, unless its
    answer was out before the call.
    """
    chosen = random.Random(f"{SEED} {what}").sample(
        calls, min(len(calls), trials(sample, full=len(calls)))
    )
    happened: Counter[str] = Counter()
    troubles: list[str] = []
    for call in chosen:
        report = each.broken(inject(call), times=2 if again and not call.is_answered else 1)
        happened[report.outcome] += 1
        troubles += [f"{call}\n    {trouble}" for trouble in report.troubles]
    missed = happened.pop(MISSED, 0)
    print(f"{what}: {len(calls)} calls, {len(chosen)} broken, {missed} not met: {dict(happened)}")  # noqa: T201 - it is asked for
    tell("faults", f"{what} at {len(chosen)} of {len(calls)} calls".replace("_", " "), happened)
    assert not troubles, "\n".join(troubles)
