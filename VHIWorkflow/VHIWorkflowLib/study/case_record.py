"""What is kept of one measurement: all that is needed to redo it bit by bit, and to know how it came about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from VHIWorkflowLib.core.cleaning import CleaningRecord
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.measurement import Settings, Vhi
from VHIWorkflowLib.core.stability import Stability
from VHIWorkflowLib.core.thresholds import NormalBoneStatistics, Thresholds
from VHIWorkflowLib.files.results_rows import ResultsRow

from .case_inputs import InputFile
from .found_regions import EDITED, Model


@dataclass(frozen=True)
class CaseKey:
    """What a measurement is found by."""

    case_id: str
    time_point: str
    reader: str


@dataclass(frozen=True)
class Region:
    """A region the measurement used: "given" or the model that made it, voxels, and SHA-256 of its mask.

    ``confidence`` from 0 to 1 is that of a proposal. The SHA-256 is that of the ascending C-order positions of its
    voxels as little-endian 64-bit integers.
    """

    origin: str
    voxels: int
    sha256: str
    confidence: float | None = None


@dataclass(frozen=True)
class CaseRecord:
    """One measurement.

    ``state`` is "begun" while the reader works (each step is saved) and "done" when label map, segmentation and table
    row belong to it; ``files`` then holds their SHA-256.
    """

    key: CaseKey
    state: Literal["begun", "done"]
    measured_at: datetime
    software_version: str
    inputs: tuple[InputFile, ...]
    grid: Grid
    settings: Settings
    normal_bone: Region
    disease_region: Region
    models: tuple[Model, ...]
    statistics: NormalBoneStatistics
    thresholds: Thresholds
    near_sensitive: int
    near_conservative: int
    above_threshold_voxels: int
    preliminary: Vhi
    islands: int
    islands_removed: int
    vhi: Vhi
    cleaning: CleaningRecord
    stability: Stability | None
    warnings: tuple[str, ...]
    files: dict[str, str]

    @property
    def thresholds_by_hand(self) -> Thresholds | None:
        """The thresholds, if the reader set them; None if they follow from the normal bone."""
        return self.thresholds if self.thresholds.iqr_multiple is None else None

    @property
    def ranking_models(self) -> tuple[Model, ...]:
        """Models that found no region: they ranked the islands."""
        found = {region.origin.removesuffix(EDITED) for region in (self.normal_bone, self.disease_region)}
        return tuple(model for model in self.models if str(model) not in found)

    def row(self) -> ResultsRow:
        """The row of the results table."""
        hangs = self.stability
        low, high = (hangs.vhi_range_voxels if hangs else None) or (None, None)
        voxel = self.vhi.voxel_volume_mm3
        return ResultsRow(
            **asdict(self.key),
            measured_at=self.measured_at.isoformat(timespec="seconds"),
            vhi_sensitive_voxels=self.vhi.sensitive_voxels,
            vhi_sensitive_mm3=self.vhi.sensitive_mm3,
            vhi_conservative_voxels=self.vhi.conservative_voxels,
            vhi_conservative_mm3=self.vhi.conservative_mm3,
            preliminary_sensitive_voxels=self.preliminary.sensitive_voxels,
            preliminary_conservative_voxels=self.preliminary.conservative_voxels,
            threshold_sensitive=self.thresholds.sensitive,
            threshold_conservative=self.thresholds.conservative,
            iqr_multiple=self.thresholds.iqr_multiple,
            normal_bone_voxels=self.statistics.voxels,
            normal_bone_q1=self.statistics.q1,
            normal_bone_median=self.statistics.median,
            normal_bone_q3=self.statistics.q3,
            normal_bone_max=self.statistics.maximum,
            islands=self.islands,
            islands_removed=self.islands_removed,
            cleaning_seconds=self.cleaning.seconds_spent,
            voxel_volume_mm3=voxel,
            vhi_sensitive_low_mm3=None if low is None else low * voxel,
            vhi_sensitive_high_mm3=None if high is None else high * voxel,
            top_voxel_effect=hangs.top_voxel_effect if hangs else None,
            model=";".join(str(model) for model in self.models) or None,
            model_sha256=";".join(model.sha256 for model in self.models) or None,
            software_version=self.software_version,
        )
