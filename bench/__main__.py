"""Print the table: ``make bench``, or ``python -m bench saving sweeping`` for some of it."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.caching import measure_caching
from bench.fronting import measure_fronting
from bench.measure import Result
from bench.migrating import measure_migrating
from bench.paging import measure_paging
from bench.products import measure_products
from bench.reading import measure_reading
from bench.saving import measure_saving
from bench.sweeping import measure_sweeping
from bench.uploading import measure_uploading

PARTS: dict[str, Callable[[Path], list[Result]]] = {
    "saving": measure_saving,
    "caching": measure_caching,
    "reading": measure_reading,
    "sweeping": measure_sweeping,
    "migrating": measure_migrating,
    "paging": measure_paging,
    "uploading": measure_uploading,
    "products": measure_products,
    "fronting": measure_fronting,
}


def main(wanted: list[str]) -> int:
    """Measure the *wanted* parts, or all; return 1 if a ratio is not reached."""
    results: list[Result] = []
    console = Console(width=150)
    for name in wanted or PARTS:
        console.print(f"measuring {name} …", style="dim")
        # On the disk that instances live on: /tmp may be memory.
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            results += PARTS[name](Path(folder).absolute())
    console.print(table(results))
    return 0 if all(result.is_reached for result in results) else 1


def table(results: list[Result]) -> Table:
    """Return the results as a table."""
    shown = Table("what", "measured", "limit", "", "ratio", "to reach", "")
    for result in results:
        shown.add_row(
            result.name,
            f"{result.measured:,.1f} {result.unit}",
            result.limit_name,
            f"{result.limit:,.1f}",
            f"{result.ratio:.2f}",
            "" if result.least is None else f"{result.least:.2f}",
            "" if result.least is None else "reached" if result.is_reached else "NOT REACHED",
        )
    return shown


sys.exit(main(sys.argv[1:]))
