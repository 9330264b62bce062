"""The real scans and the figures to hit; they lie beside the repository and never in it."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.files.volumes import read_image, read_mask

REAL_CASES = Path(__file__).resolve().parents[2] / "shared" / "data" / "sij_mri"
TRIALS = ("R11", "R12", "R21", "R22")


@dataclass(frozen=True)
class RealCase:
    """One case with a STIR: its folder, and its row of expected.tsv."""

    case_id: str
    expected: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where the scans lie."""
        return REAL_CASES / self.case_id

    @property
    def stir_path(self) -> Path:
        return self.folder / "stir.nii.gz"

    @property
    def t1_path(self) -> Path:
        return self.folder / "t1w.nii.gz"

    @property
    def normal_bone_path(self) -> Path:
        return self.folder / "normal_bone.nii.gz"

    @property
    def disease_region_path(self) -> Path:
        return self.folder / "disease_region.nii.gz"

    @property
    def has_manual_masks(self) -> bool:
        """Whether readers drew inflammation on it."""
        return (self.folder / "inflammation_R11.nii.gz").is_file()

    def stir(self) -> Volume:
        """The STIR volume."""
        return _image(self.stir_path)

    def normal_bone(self) -> BoolArray:
        """Normal bone, shape (k, j, i)."""
        return _mask(self.normal_bone_path)

    def disease_region(self) -> BoolArray:
        """Disease region as drawn, normal bone included."""
        return _mask(self.disease_region_path)

    def majority(self) -> BoolArray:
        """Voxels marked in at least two of the four manual trials."""
        marked = sum(_mask(self.folder / f"inflammation_{trial}.nii.gz").astype(np.uint8) for trial in TRIALS)
        return np.asarray(marked >= 2)


def real_cases() -> Iterator[RealCase]:
    """The eight cases that have a STIR; none where the scans are absent."""
    table = REAL_CASES / "expected.tsv"
    if table.is_file():
        with table.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield RealCase(row["case_id"], row)


@functools.lru_cache(maxsize=4)
def _image(path: Path) -> Volume:
    return read_image(path)


@functools.lru_cache(maxsize=16)
def _mask(path: Path) -> BoolArray:
    return np.asarray(read_mask(path).array, dtype=bool)
