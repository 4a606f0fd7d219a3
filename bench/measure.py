"""Medians of pairs: machines are noisy, so the work and its limit take turns."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of the table: what was measured, its limit, and their ratio.

    ``least`` is the ratio to reach, None where none is set; ``unit`` tells
    what the two figures are.
    """

    name: str
    measured: float
    limit_name: str
    limit: float
    ratio: float
    unit: str
    least: float | None = None

    @property
    def is_reached(self) -> bool:
        """Tell whether the ratio is what it should be."""
        return self.least is None or self.ratio >= self.least


def compare(
    name: str,
    work: Callable[[], float],
    limit_name: str,
    limit: Callable[[], float],
    *,
    unit: str,
    rounds: int = 5,
    least: float | None = None,
    is_cost: bool = False,
) -> Result:
    """Measure *work* and *limit* in turn, and return medians; the ratio is the median of pairs.

    With *is_cost* less is better: the ratio is limit / work, so that 1 is
    always "as good as the limit".
    """
    work(), limit()
    pairs = [(work(), limit()) for _ in range(rounds)]
    ratios = [bound / cost if is_cost else cost / bound for cost, bound in pairs]
    return Result(
        name=name,
        measured=median(pair[0] for pair in pairs),
        limit_name=limit_name,
        limit=median(pair[1] for pair in pairs),
        ratio=median(ratios),
        unit=unit,
        least=least,
    )
