"""Where a scan lies, as users write it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scan:
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
    def parse(cls, text: str, base: str | os.PathLike[str] = "") -> Scan:
        """Source from a text such as `stir.nii.gz`, `dicom` or `dicom#STIR`, relative to a folder.

        The part after `#` names the series, unless a file or folder has `#` in its own name.

        Examples
        --------
        >>> Scan.parse("dicom#t2 stir cor", "study").series
        't2 stir cor'
        """
        whole = path_from(text, base)
        cuts = [position for position, letter in enumerate(text) if letter == "#"]
        if not cuts or os.path.exists(whole):
            return cls(whole)
        folders = [cut for cut in cuts if os.path.isdir(path_from(text[:cut], base))]
        cut = folders[-1] if folders else cuts[0]
        return cls(path_from(text[:cut], base), text[cut + 1 :].strip() or None)

    def __str__(self) -> str:
        return f"{self.path}#{self.series}" if self.series else str(self.path)


def path_from(text: str, base: str | os.PathLike[str]) -> Path:
    """Path relative to a folder, written with the slashes of any system."""
    if os.name != "nt":
        text = text.replace("\\", "/")
    return Path(base) / text
