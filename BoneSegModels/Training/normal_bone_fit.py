"""Calibrating where the normal-bone proposal erases bright voxels, on manual normal bone.

Where the areas are drawn is fixed (`SacrumParameters`, `MarrowParameters`); only the level up to which voxels stay is
fitted: two numbers, `level` and `slope`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from BoneSegModelsLib.normal_bone import DrawnMarrow, draw_marrow, trimmed_at
from BoneSegModelsLib.normal_bone_parameters import (
    MarrowParameters,
    NormalBoneParameters,
    SacrumParameters,
    TrimmingParameters,
)
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.thresholds import NormalBoneStatistics, Thresholds, normal_bone_statistics, thresholds_from
from VHIWorkflowLib.files.volumes import read_image, read_mask

FloatArray = npt.NDArray[np.float64]

LEVELS = np.arange(1.5, 4.001, 0.05)
"""Levels at which the error is worked out, in interquartile ranges above the third quartile."""
FITTED_LEVELS = np.log(np.arange(1.8, 3.6, 0.05))
FITTED_SLOPES = np.arange(-0.2, 1.01, 0.1)
ERROR_IQR = 0.5
"""Standard deviation expected of the error of the sensitive threshold, in interquartile ranges."""
SLOPE_EXPECTED, SLOPE_SPREAD = 0.5, 0.5
"""Half way between a level that is the same in interquartile ranges (0) and the same in windows (1)."""
TRIALS = ("R11", "R12", "R21", "R22")


@dataclass(frozen=True)
class NormalBoneCase:
    """One case: scans, regions, and what two readers marked (None where they did not)."""

    name: str
    stir: Volume
    t1w: Volume
    region: Volume
    normal_bone: BoolArray
    lesions: BoolArray | None

    @property
    def statistics(self) -> NormalBoneStatistics:
        """Of the reader's own normal bone."""
        return normal_bone_statistics(self.stir.array[self.normal_bone])

    @property
    def thresholds(self) -> Thresholds:
        """From the reader's own normal bone."""
        return thresholds_from(self.statistics)


@dataclass(frozen=True)
class Curve:
    """Error of the sensitive threshold by level (`LEVELS`), in the reader's interquartile ranges, and log windows.

    Attributes
    ----------
    log_windows
        Of each version of the proposal, shape (versions,).
    errors
        Shape (versions, levels).
    """

    log_windows: FloatArray
    errors: FloatArray

    @property
    def log_window(self) -> float:
        """Median of the versions."""
        return float(np.median(self.log_windows))

    def at(self, trimming: TrimmingParameters, level: FloatArray, slope: FloatArray) -> FloatArray:
        """Median error of the versions, for trimming with these levels and slopes, which have one shape."""
        errors = []
        for log_window, error in zip(self.log_windows, self.errors, strict=True):
            tried = np.clip(np.exp(level + slope * (log_window - trimming.centre)), *trimming.limits)
            errors.append(np.interp(tried, LEVELS, error))
        median: FloatArray = np.median(errors, axis=0)
        return median


def read_cases(folder: Path) -> list[NormalBoneCase]:
    """Read every case below a folder that has a manual normal bone, sorted by name.

    Raises
    ------
    ValueError
        If there are fewer than three.
    """
    cases = []
    for path in sorted(folder.glob("*/normal_bone.nii.gz")):
        case = path.parent
        trials = [case / f"inflammation_{trial}.nii.gz" for trial in TRIALS]
        lesions = None
        if all(trial.is_file() for trial in trials):
            lesions = np.sum([read_mask(trial).array.astype(np.uint8) for trial in trials], axis=0) >= 2
        cases.append(
            NormalBoneCase(
                case.name,
                read_image(case / "stir.nii.gz"),
                read_image(case / "t1w.nii.gz"),
                read_mask(case / "disease_region.nii.gz"),
                read_mask(path).array.astype(bool),
                lesions,
            )
        )
    if len(cases) < 3:
        raise ValueError(f"{folder} holds {len(cases)} cases with a normal bone, and at least 3 are needed")
    return cases


def curve_of(case: NormalBoneCase, parameters: NormalBoneParameters) -> Curve:
    """Work out the error of one case at every level.

    Raises
    ------
    NoProposalError
        If there is no proposal for the case.
    """
    versions = draw_marrow(case.stir, case.t1w, case.region, parameters)
    wanted, iqr = case.thresholds.sensitive, case.statistics.iqr
    found = [[_sensitive(drawn, parameters.trimming, float(level)) for level in LEVELS] for drawn in versions]
    return Curve(np.array([drawn.log_window for drawn in versions]), (np.array(found) - wanted) / iqr)


def fit(curves: Sequence[Curve], start: TrimmingParameters | None = None) -> TrimmingParameters:
    """Posterior mean of level and slope, given normal errors of the sensitive threshold.

    The mean and not the best pair, because errors are steps of few voxels and the best pair jumps with every case.
    """
    start = start or TrimmingParameters()
    start = replace(start, centre=round(float(np.mean([curve.log_window for curve in curves])), 4))
    levels, slopes = np.meshgrid(FITTED_LEVELS, FITTED_SLOPES, indexing="ij")
    unlikely = ((slopes - SLOPE_EXPECTED) / SLOPE_SPREAD) ** 2
    for curve in curves:
        unlikely += (curve.at(start, levels, slopes) / ERROR_IQR) ** 2
    weight = np.exp(-(unlikely - unlikely.min()) / 2)
    level, slope = (float(np.average(each, weights=weight)) for each in (levels, slopes))
    return replace(start, level=round(level, 4), slope=round(slope, 4))


def leave_one_out(curves: Sequence[Curve], parameters: NormalBoneParameters) -> list[NormalBoneParameters]:
    """For each case the parameters fitted on all others."""
    return [
        replace(parameters, trimming=fit([*curves[:held_out], *curves[held_out + 1 :]], parameters.trimming))
        for held_out in range(len(curves))
    ]


def starting_parameters(
    sacrum: SacrumParameters | None = None,
    marrow: MarrowParameters | None = None,
    trimming: TrimmingParameters | None = None,
) -> NormalBoneParameters:
    """Parameters that are not fitted yet, and have no file."""
    return NormalBoneParameters(
        "unfitted", "", sacrum or SacrumParameters(), marrow or MarrowParameters(), trimming or TrimmingParameters()
    )


def _sensitive(drawn: DrawnMarrow, trimming: TrimmingParameters, level: float) -> float:
    values = drawn.intensities
    try:
        kept = values[values <= trimmed_at(drawn, trimming, level)]
        return thresholds_from(normal_bone_statistics(kept)).sensitive
    except MeasurementError:
        return float(values[-1])
