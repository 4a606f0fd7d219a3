"""Print the table, with all that follows from it: who gets which status for what."""

from collections.abc import Iterator

from tests.views.access.rules import ROLES
from tests.views.access.table import TABLE


def lines() -> Iterator[str]:
    """Yield the table in Markdown."""
    roles = [role.name for role in ROLES]
    yield f"| route | about | shown to | {' | '.join(roles)} |"
    yield "|" + " --- |" * (len(roles) + 3)
    for route, row in TABLE.items():
        for thing in row.things:
            for visibility in thing.visibilities:
                statuses = [str(row.expected(role, visibility)) for role in ROLES]
                yield f"| `{route}` | {thing.name} | {visibility} | {' | '.join(statuses)} |"


if __name__ == "__main__":
    print(*lines(), sep="\n")  # noqa: T201
