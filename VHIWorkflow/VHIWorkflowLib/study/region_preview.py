"""What a normal bone that is still being drawn would give."""

from __future__ import annotations

from dataclasses import dataclass

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.thresholds import NormalBoneStatistics, Thresholds, normal_bone_statistics, thresholds_from


@dataclass(frozen=True)
class RegionPreview:
    """Statistics and thresholds of a normal bone, or why there are none."""

    voxels: int
    statistics: NormalBoneStatistics | None = None
    thresholds: Thresholds | None = None
    problem: str | None = None

    @classmethod
    def of(cls, stir: Volume, normal_bone: BoolArray, tolerance: float) -> RegionPreview:
        """Look at a normal bone, shape (k, j, i) of the STIR."""
        intensities = stir.array[normal_bone]
        try:
            statistics = normal_bone_statistics(intensities)
            return cls(intensities.size, statistics, thresholds_from(statistics, tolerance))
        except MeasurementError as error:
            return cls(intensities.size, problem=error.sentence)
