"""Work through what has no end, some hundreds at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

BATCH = 500
T = TypeVar("T")


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield *items*, so many at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
