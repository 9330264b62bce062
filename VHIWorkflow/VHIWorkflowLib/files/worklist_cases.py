"""What a worklist says of one case: who it is, and where its scans and masks lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

BASELINE = "baseline"
"""Time point of a case whose folder names none."""


@dataclass(frozen=True)
class ScanSource:
    """Where a scan lies: a file, or a folder of DICOM files and which series of it.

    Parameters
    ----------
    path
        File or folder.
    series
        Description or SeriesInstanceUID of a DICOM series; None for a file or a folder with a single series.
    """

    path: Path
    series: str | None = None

    @classmethod
    def parse(cls, text: str, base: str | os.PathLike[str] = "") -> ScanSource:
        """Source from a text such as `stir.nii.gz`, `dicom` or `dicom#STIR`, relative to a folder.

        The part after `#` names the series, unless a file or folder has `#` in its own name.

        Examples
        --------
        >>> ScanSource.parse("dicom#t2 stir cor", "study").series
        't2 stir cor'
        """
        whole = path_from(text, base)
        cuts = [position for position, letter in enumerate(text) if letter == "#"]
        if not cuts or whole.exists():
            return cls(whole)
        folders = [cut for cut in cuts if path_from(text[:cut], base).is_dir()]
        cut = folders[-1] if folders else cuts[0]
        return cls(path_from(text[:cut], base), text[cut + 1 :].strip() or None)

    def __str__(self) -> str:
        return f"{self.path}#{self.series}" if self.series else str(self.path)


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
    stir: ScanSource
    t1w: ScanSource
    normal_bone: tuple[Path, ...] = ()
    disease_region: Path | None = None
    keep: Path | None = None
    steps: Path | None = None
    reader: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a line unique; folders on Windows and macOS do not tell upper from lower case."""
        return tuple(part.casefold() for part in (self.case_id, self.time_point, self.reader or ""))


def path_from(text: str, base: str | os.PathLike[str]) -> Path:
    """Path relative to a folder, written with the slashes of any system."""
    if os.name != "nt":
        text = text.replace("\\", "/")
    return Path(base) / text
