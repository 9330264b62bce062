"""Where joints probably are: dark lines deep inside the outline of the imaged bone.

Cortical bone is dark on T1w and on STIR. Along the outline of the bone that says nothing; well inside of it, a dark
line is the sacroiliac joint, or less often another joint or an old growth plate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray

Field = npt.NDArray[np.float32]

WIDEST_LINE_MM = 7.0
SMOOTHING_MM = 0.6
LEAST_DARKNESS = 0.3
"""Of a line below its surroundings, as a share of the bone's median."""
GAP_MM = 4.0
"""Gaps of the region of up to twice this width are filled: a joint left out by the outline counts as inside."""
LEAST_DEPTH_MM = 4.0
LEAST_VOLUME_MM3 = 60.0


@dataclass(frozen=True)
class JointLines:
    """Fields of shape (slices, rows, columns): how dark a line each voxel lies on, which voxels are joint."""

    darkness: Field
    joint: BoolArray

    def distance_mm(self, spacing_mm: tuple[float, float, float], farthest_mm: float) -> Field:
        """Distance of each voxel from the nearest joint, at most ``farthest_mm``; that everywhere without a joint."""
        if not self.joint.any():
            return np.full(self.joint.shape, farthest_mm, dtype=np.float32)
        distance: Field = ndimage.distance_transform_edt(~self.joint, sampling=spacing_mm).astype(np.float32)
        return np.minimum(distance, np.float32(farthest_mm))


def filled(bone: BoolArray, spacing_mm: tuple[float, float, float]) -> BoolArray:
    """The bone with gaps within slices filled; shape (slices, rows, columns)."""
    reach = [int(np.ceil(GAP_MM / mm)) + 1 for mm in spacing_mm[1:]]
    closed = np.zeros_like(bone)
    for number, one in enumerate(bone):
        if one.any():
            padded = np.pad(one, [(n, n) for n in reach])
            wide = ndimage.distance_transform_edt(~padded, sampling=spacing_mm[1:]) <= GAP_MM
            narrow = ndimage.distance_transform_edt(wide, sampling=spacing_mm[1:]) > GAP_MM
            closed[number] = narrow[reach[0] : -reach[0], reach[1] : -reach[1]] | one
    return closed


def depth_mm(inside: BoolArray, spacing_mm: tuple[float, float, float]) -> Field:
    """Distance within the slice of each voxel inside to the nearest one outside; 0 outside."""
    depth = np.zeros(inside.shape, dtype=np.float32)
    for number, one in enumerate(inside):
        if one.any():
            padded = np.pad(one, 1)
            depth[number] = ndimage.distance_transform_edt(padded, sampling=spacing_mm[1:])[1:-1, 1:-1]
    return depth


def joint_lines(image: Field, depth: Field, spacing_mm: tuple[float, float, float]) -> JointLines:
    """Find dark lines deep in the bone.

    Parameters
    ----------
    image
        Grey levels as shares of the bone's median, shape (slices, rows, columns).
    depth
        Below the outline of the filled bone, in mm.
    """
    _, row_mm, column_mm = spacing_mm
    smooth = ndimage.gaussian_filter(image, (0, SMOOTHING_MM / row_mm, SMOOTHING_MM / column_mm), truncate=3)
    window = (1, *(2 * round(WIDEST_LINE_MM / 2 / mm) + 1 for mm in (row_mm, column_mm)))
    darkness: Field = ndimage.grey_closing(smooth, size=window) - smooth
    dark = (darkness > LEAST_DARKNESS) & (depth > LEAST_DEPTH_MM)
    labels, number = ndimage.label(dark, np.ones((3, 3, 3)))
    if number:
        large = np.bincount(labels.ravel()) * np.prod(spacing_mm) >= LEAST_VOLUME_MM3
        large[0] = False
        dark = large[labels]
    return JointLines(darkness, dark)
