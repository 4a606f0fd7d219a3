"""The states of a product, and the moves between them: one table that everybody asks."""

from gallery.errors import IllegalMove, InvalidField, ProductAtWork

MOVES: dict[str, tuple[str, ...]] = {
    "uploading": ("processing", "failed"),
    "processing": ("ready", "failed"),
    "ready": ("publishing", "failed"),
    "publishing": ("published", "failed"),
    "published": (),
    "failed": ("processing",),
}
FIRST = "uploading"
STATUSES = tuple(MOVES)
# Whoever works on a product has to find it, at the end, as it was when they began.
AT_WORK = ("processing", "publishing")


def check_status(status: str) -> str:
    """Return *status* if there is such a one; raises ``InvalidField``."""
    if status not in MOVES:
        raise InvalidField(f"status must be one of {', '.join(STATUSES)}")
    return status


def check_move(status: str, target: str) -> None:
    """Refuse a move that the table doesn't have.

    Raises:
        InvalidField: there is no such status.
        IllegalMove: there is no way to it from here.
    """
    if check_status(target) not in MOVES[status]:
        ways = " or ".join(MOVES[status]) or "nowhere"
        raise IllegalMove(f"It is {status}, and goes from there to {ways}, not to {target}")


def check_changeable(status: str) -> None:
    """Refuse to change a product that somebody works on; raises ``ProductAtWork``."""
    if status in AT_WORK:
        raise ProductAtWork(f"It is {status}; change it when that is over")


def draw_states() -> str:
    """Return the table as a Mermaid diagram."""
    moves = [f"    {status} --> {target}" for status in MOVES for target in MOVES[status]]
    ends = [f"    {status} --> [*]" for status in MOVES if not MOVES[status]]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {FIRST}", *moves, *ends])
