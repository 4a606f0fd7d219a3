"""Whether rows and objects agree: find where they don't, and mend what can be mended."""

from gallery.services.integrity.checking import (
    TOO_YOUNG_TO_TELL,
    Checked,
    Findings,
    check_objects,
    sweep_temporary_files,
)
from gallery.services.integrity.pace import Pace
from gallery.services.integrity.quarantine import empty_quarantine
from gallery.services.integrity.repairing import Repaired, repair_objects

__all__ = [
    "TOO_YOUNG_TO_TELL",
    "Checked",
    "Findings",
    "Pace",
    "Repaired",
    "check_objects",
    "empty_quarantine",
    "repair_objects",
    "sweep_temporary_files",
]
