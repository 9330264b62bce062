"""The steps before cleaning as the paper describes them, written plainly with scikit-image, for comparison only.

Masks are compared as arrays, each slice is labelled, and groups too small are taken out through the coordinates of
their region properties; then the islands of the whole volume are labelled (26 neighbours) and their voxels collected.
After the description in Hepburn et al., PLoS ONE 2023, e0284508, with one rule of the product, so that both give the
same: two intensities are equal when they differ by at most ``tolerance`` times the conservative threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.measure import label, regionprops
from VHIWorkflowLib.core.grids import BoolArray

STEP = 0.05
SMALLEST_GROUP = 4

Places = npt.NDArray[np.int_]
Intensities = npt.NDArray[np.floating]


@dataclass(frozen=True)
class PlainResult:
    """Thresholds, masks of shape (k, j, i), and voxel indices, shape (n, 3), of islands in 3D and within slices."""

    sensitive_threshold: float
    conservative_threshold: float
    sensitive: BoolArray
    conservative: BoolArray
    islands: list[Places]
    islands_in_slices: list[Places]


def slice_by_slice(
    stir: Intensities, normal_bone: BoolArray, disease_region: BoolArray, tolerance: float
) -> PlainResult:
    """Thresholds, masks, small groups and islands; arrays of shape (k, j, i), slices along the first axis."""
    lower, upper = thresholds_by_steps(stir[normal_bone].astype(np.float64), tolerance)
    region = disease_region & ~normal_bone
    sensitive = region & (stir >= lower - tolerance * upper)
    conservative = region & (stir >= upper - tolerance * upper)
    in_slices: list[Places] = []
    for number in range(stir.shape[0]):
        for group in large_groups(sensitive[number], conservative[number]):
            in_slices.append(np.column_stack([np.full(len(group), number), group]))
    islands = [island.coords for island in regionprops(label(sensitive, connectivity=3))]
    return PlainResult(lower, upper, sensitive, conservative, islands, in_slices)


def thresholds_by_steps(intensities: npt.NDArray[np.float64], tolerance: float) -> tuple[float, float]:
    """Sensitive and conservative threshold: n starts at 1.5 and moves in steps of 0.05."""
    q1, q3 = np.percentile(intensities, (25, 75))
    iqr, upper = q3 - q1, intensities.max()
    margin = tolerance * upper
    n = 1.5
    if upper > q3 + n * iqr + margin:
        while not q3 + n * iqr > upper - iqr / 2 + margin:
            n += STEP
    else:
        while not upper > q3 + n * iqr + margin:
            n -= STEP
    return float(q3 + n * iqr), float(upper)


def large_groups(sensitive: BoolArray, conservative: BoolArray) -> list[Places]:
    """Take the groups of fewer than 4 px out of both masks of one slice, in place; returns the pixels of the others."""
    large = []
    for group in regionprops(label(sensitive, connectivity=2)):
        if group.area < SMALLEST_GROUP:
            rows, columns = group.coords.T
            sensitive[rows, columns] = False
            conservative[rows, columns] = False
        else:
            large.append(group.coords)
    return large
