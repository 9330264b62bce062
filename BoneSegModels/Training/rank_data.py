"""Islands of labelled cases: features, and in which of the manual trials readers marked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from BoneSegModelsLib.island_features import IslandFeatures, feature_names, island_features
from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Volume
from VHIWorkflowLib.core.islands import Islands
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.files.volumes import read_image, read_mask

from .cross_validate import kept_prediction
from .dataset import Subject
from .prediction import without_small_parts

TRIALS = "inflammation_*.nii.gz"
KEPT_FROM_TRIALS = 2
"""An island is kept when it touches a voxel that at least so many trials marked."""


@dataclass(frozen=True)
class RankCase:
    """One case: features with T1w of shape (islands, features), voxels of each island, kept or not, share of trials.

    ``share`` is the share of trials that marked any voxel of the island.
    """

    name: str
    features: IslandFeatures
    voxels: npt.NDArray[np.int64]
    kept: BoolArray
    share: FloatArray

    def values(self, with_t1w: bool) -> FloatArray:
        """Features of one variant; those without T1w come first."""
        return self.features.values[:, : len(feature_names(with_t1w))]


def island_labels(islands: Islands, trials: npt.NDArray[np.bool_]) -> tuple[BoolArray, FloatArray]:
    """Which islands readers keep, and the share of trials that touch each.

    Parameters
    ----------
    trials
        Marked voxels in C order, shape (trials, voxels).
    """
    marked_often = trials.sum(axis=0) >= KEPT_FROM_TRIALS
    each = islands.island_voxels()
    kept = np.array([marked_often[voxels].any() for voxels in each], dtype=bool)
    share = np.array([trials[:, voxels].any(axis=1).mean() for voxels in each], dtype=np.float64)
    return kept, share


def read_case(folder: Path, predictions: Path | None = None) -> RankCase:
    """Measure one case up to cleaning and describe its islands.

    The disease region is the manual one, or, where predictions of a cross-validation are given, what networks found
    while the case was held out.
    """
    stir, t1w = read_image(folder / "stir.nii.gz"), read_image(folder / "t1w.nii.gz")
    normal, region = (
        np.asarray(read_mask(folder / f"{name}.nii.gz").array, bool) for name in ("normal_bone", "disease_region")
    )
    if predictions:
        subject = Subject(folder.name, t1w, region_on_stir(Volume(region, stir.grid), t1w.grid))
        found = without_small_parts(kept_prediction(predictions, folder.name), subject)
        region = region_on_stir(Volume(found, t1w.grid), stir.grid)
    case = measure(stir, normal, region)
    trials = np.stack([np.asarray(read_mask(path).array, bool).ravel() for path in sorted(folder.glob(TRIALS))])
    kept, share = island_labels(case.islands, trials)
    voxels = np.array([each.size for each in case.islands.island_voxels()], dtype=np.int64)
    return RankCase(folder.name, island_features(case, t1w), voxels, kept, share)


def read_cases(folder: Path, predictions: Path | None = None) -> list[RankCase]:
    """All cases below a folder that have manual trials, by name; see `read_case`.

    Raises
    ------
    ValueError
        If there are fewer than three: nothing could be held out twice.
    """
    folders = sorted(path.parent for path in folder.glob("*/stir.nii.gz") if any(path.parent.glob(TRIALS)))
    if len(folders) < 3:
        raise ValueError(f"{folder} holds {len(folders)} cases with manual trials, and at least 3 are needed")
    return [read_case(each, predictions) for each in folders]
