"""The steps before cleaning in the manner of the published study, and the same with whole-array operations.

Two plain versions of our own of what Hepburn et al., PLoS ONE 2023, e0284508, did, for comparison only:

- in the published manner: voxel by voxel, slice by slice, group by group, as the study's scripts go. Each voxel of a
  region is looked at in a loop; each slice is labelled with scikit-image, and each group in it is looked for in the
  slice and, when large enough, copied pixel by pixel;
- with whole arrays: the same steps as somebody at home in numpy and scikit-image writes them. Masks are compared as
  arrays, groups come from region properties, and only small ones are taken out, through their own coordinates.

Neither is slowed down on purpose. Both then label the islands in the whole volume (26 neighbours) and collect the
voxels of each. One rule is the product's and not the study's, so that all give the same: two intensities are equal when
they differ by at most ``tolerance`` times the conservative threshold.
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
class PublishedResult:
    """Thresholds, masks of shape (k, j, i), and voxel indices, shape (n, 3), of islands in 3D and within slices."""

    sensitive_threshold: float
    conservative_threshold: float
    sensitive: BoolArray
    conservative: BoolArray
    islands: list[Places]
    islands_in_slices: list[Places]


def in_published_manner(
    stir: Intensities, normal_bone: BoolArray, disease_region: BoolArray, tolerance: float
) -> PublishedResult:
    """Voxel by voxel and group by group; arrays of shape (k, j, i), slices along the first axis."""
    values = [stir[k, j, i] for k, j, i in zip(*np.nonzero(normal_bone), strict=True)]
    lower, upper = published_thresholds(np.array(values, dtype=np.float64), tolerance)
    lower_cut, upper_cut = lower - tolerance * upper, upper - tolerance * upper
    labels = np.zeros(stir.shape, dtype=np.uint8)
    for k, j, i in zip(*np.nonzero(disease_region & ~normal_bone), strict=True):
        value = stir[k, j, i]
        if value >= upper_cut:
            labels[k, j, i] = 2
        elif value >= lower_cut:
            labels[k, j, i] = 1
    kept = np.zeros_like(labels)
    in_slices: list[Places] = []
    for k in range(stir.shape[0]):
        groups, number = label(labels[k] > 0, connectivity=2, return_num=True)
        for group in range(1, number + 1):
            rows, columns = np.nonzero(groups == group)
            if rows.size >= SMALLEST_GROUP:
                for j, i in zip(rows, columns, strict=True):
                    kept[k, j, i] = labels[k, j, i]
                in_slices.append(np.column_stack([np.full(rows.size, k), rows, columns]))
    islands = [island.coords for island in regionprops(label(kept > 0, connectivity=3))]
    return PublishedResult(lower, upper, kept > 0, kept > 1, islands, in_slices)


def with_whole_arrays(
    stir: Intensities, normal_bone: BoolArray, disease_region: BoolArray, tolerance: float
) -> PublishedResult:
    """The same with whole-array operations; arrays of shape (k, j, i), slices along the first axis."""
    lower, upper = published_thresholds(stir[normal_bone].astype(np.float64), tolerance)
    region = disease_region & ~normal_bone
    sensitive = region & (stir >= lower - tolerance * upper)
    conservative = region & (stir >= upper - tolerance * upper)
    in_slices: list[Places] = []
    for number in range(stir.shape[0]):
        for group in large_groups(sensitive[number], conservative[number]):
            in_slices.append(np.column_stack([np.full(len(group), number), group]))
    islands = [island.coords for island in regionprops(label(sensitive, connectivity=3))]
    return PublishedResult(lower, upper, sensitive, conservative, islands, in_slices)


def published_thresholds(intensities: npt.NDArray[np.float64], tolerance: float) -> tuple[float, float]:
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
