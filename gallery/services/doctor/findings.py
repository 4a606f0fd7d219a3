"""What the doctor tells: how bad it is, what was found, and what to do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from gallery.config import Settings
from gallery.errors import InvalidSetting
from gallery.extensions import Clock

HOW_TO_MAKE_A_SECRET = "`openssl rand -hex 32` makes one."  # noqa: S105 - it says how, and is none


class Severity(IntEnum):
    """How bad a finding is; only an error makes the command fail."""

    OK = 0
    HINT = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """Return what people and programs call it."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``advice`` is empty where nothing has to be done."""

    severity: Severity
    found: str
    advice: str = ""
    check: str = ""

    def as_json(self) -> dict[str, str]:
        """Return what programs read."""
        return {
            "check": self.check,
            "severity": self.severity.word,
            "found": self.found,
            "advice": self.advice,
        }


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What is looked at: as far as it could be read, for nothing of it needs to work.

    ``errors`` are the settings that made no sense; ``settings`` has their
    defaults in their place. ``home`` is where ``static/`` lies, ``folder``
    where the command was started, and a ``.env`` may lie.
    """

    instance: Path
    home: Path
    folder: Path
    environ: Mapping[str, str]
    settings: Settings
    errors: Sequence[InvalidSetting]
    is_debug: bool
    clock: Clock

    def now(self) -> datetime:
        """Return what this machine takes for now."""
        return self.clock()


def fine(found: str) -> Finding:
    """Return that nothing has to be done."""
    return Finding(severity=Severity.OK, found=found)


def hint(found: str, advice: str) -> Finding:
    """Return what is worth knowing, and may be meant so."""
    return Finding(severity=Severity.HINT, found=found, advice=advice)


def warning(found: str, advice: str) -> Finding:
    """Return what works, and will hurt some day."""
    return Finding(severity=Severity.WARNING, found=found, advice=advice)


def error(found: str, advice: str) -> Finding:
    """Return what does not work, or lets strangers in."""
    return Finding(severity=Severity.ERROR, found=found, advice=advice)
