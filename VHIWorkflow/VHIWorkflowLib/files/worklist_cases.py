"""What a worklist says of one case: who it is, and where its scans and masks lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .scans import Scan

BASELINE = "baseline"
"""Time point of a case whose folder names none."""

PIECES = "|"
"""Separates several pieces of normal bone in a worklist."""


@dataclass(frozen=True)
class WorklistCase:
    """One line of a worklist.

    Parameters
    ----------
    case_id, time_point
        Which examination.
    stir, t1w
        The two scans.
    normal_bone
        Masks or markups of the normal bone, several pieces together; empty when it is to be proposed.
    disease_region
        Mask of the bone; None when it is to be found.
    keep
        Mask whose islands are kept.
    steps
        Record (`case.json`) whose cleaning steps are repeated.
    reader
        Who reads it; None for the reader given for the whole batch.
    """

    case_id: str
    time_point: str
    stir: Scan
    t1w: Scan
    normal_bone: tuple[Path, ...] = ()
    disease_region: Path | None = None
    keep: Path | None = None
    steps: Path | None = None
    reader: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a line unique; folders on Windows and macOS do not tell upper from lower case."""
        return tuple(part.casefold() for part in (self.case_id, self.time_point, self.reader or ""))
