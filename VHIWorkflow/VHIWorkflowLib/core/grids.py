"""Where voxels lie: shape, affine, slice axis, and whether two grids are the same or overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MeasurementError
from .sentences import sentences_of

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.int64]

SAME_GRID_TOLERANCE = 0.05
"""Two grids of equal shape are the same when no corner differs by more than this share of the smallest spacing."""

EQUAL_SPACING_TOLERANCE = 0.01
ORTHOGONALITY_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Grid:
    """The voxel grid of a volume.

    Parameters
    ----------
    shape
        Number of slices, rows and columns: (k, j, i), the order of array axes.
    affine
        4 x 4 matrix that takes voxel indices (i, j, k, 1) to RAS coordinates in mm.

    Raises
    ------
    MeasurementError
        If the affine is not finite, has an axis of no length, or axes that are not orthogonal.

    Examples
    --------
    >>> grid = Grid((25, 336, 336), np.diag([0.6, 0.6, 3.3, 1.0]))
    >>> grid.spacing_mm, grid.slice_axis, round(grid.voxel_volume_mm3, 3)
    ((3.3, 0.6, 0.6), 0, 1.188)
    """

    shape: tuple[int, int, int]
    affine: FloatArray

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise MeasurementError(_("the image geometry is not a finite 4 x 4 matrix"))
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise MeasurementError(
                _("a volume with three axes is needed, not one of shape {shape}").format(shape=tuple(self.shape))
            )
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if (lengths <= 0).any():
            raise MeasurementError(_("the voxel spacing is zero along at least one axis"))
        cosines = (affine[:3, :3] / lengths).T @ (affine[:3, :3] / lengths)
        if np.abs(cosines - np.eye(3)).max() > ORTHOGONALITY_TOLERANCE:
            raise MeasurementError(_("the image axes are not orthogonal (sheared or tilted acquisition)"))
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    def __eq__(self, other: object) -> bool:
        """Whether both are the same to the last bit; see ``matches``."""
        return isinstance(other, Grid) and self.shape == other.shape and np.array_equal(self.affine, other.affine)

    def __hash__(self) -> int:
        return hash((self.shape, self.affine.tobytes()))

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along the array axes (k, j, i), in mm; a gap between slices counts."""
        i, j, k = (float(length) for length in np.linalg.norm(self.affine[:3, :3], axis=0))
        return k, j, i

    @cached_property
    def voxel_volume_mm3(self) -> float:
        """Product of the spacings, in mm3."""
        k, j, i = self.spacing_mm
        return k * j * i

    @cached_property
    def slice_axis(self) -> int:
        """Array axis along which the slices were acquired.

        Pixels within a slice are square: the axis whose spacing differs from the two equal ones. Else the axis of
        the largest spacing; for three equal spacings the last stored axis (array axis 0).
        """
        spacing = self.spacing_mm
        axes_equal = [
            axis for axis in range(3) if _nearly_equal(*(spacing[other] for other in range(3) if other != axis))
        ]
        if len(axes_equal) == 1:
            return axes_equal[0]
        if len(axes_equal) == 0:
            return int(np.argmax(spacing))
        return 0

    @cached_property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel within a slice, in mm2."""
        return self.voxel_volume_mm3 / self.spacing_mm[self.slice_axis]

    def to_ras(self, indices: npt.ArrayLike) -> FloatArray:
        """RAS coordinates in mm, shape (n, 3), of array indices (k, j, i), shape (n, 3); fractions allowed."""
        kji = np.atleast_2d(np.asarray(indices, dtype=np.float64))
        ras: FloatArray = kji[:, ::-1] @ self.affine[:3, :3].T + self.affine[:3, 3]
        return ras

    def from_ras(self, points: npt.ArrayLike) -> FloatArray:
        """Fractional array indices (k, j, i), shape (n, 3), of RAS points in mm, shape (n, 3)."""
        ras = np.atleast_2d(np.asarray(points, dtype=np.float64))
        ijk: FloatArray = (ras - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T
        return ijk[:, ::-1]

    def matches(self, other: Grid) -> bool:
        """Whether both grids are the same but for the rounding of headers."""
        if self.shape != other.shape:
            return False
        corners = list(product(*((0, n - 1) for n in self.shape)))
        distance = np.linalg.norm(self.to_ras(corners) - other.to_ras(corners), axis=1).max()
        return bool(distance <= SAME_GRID_TOLERANCE * min(self.spacing_mm))

    def share_inside(self, other: Grid) -> float:
        """Share (0 to 1) of this grid's voxel centres that lie in the field of view of another grid."""
        return float(self.inside(other).mean())

    def inside(self, other: Grid) -> BoolArray:
        """Which voxel centres, shape (k, j, i), lie in the field of view of another grid."""
        step = self.index_map_to(other)
        inside = np.ones(self.shape, dtype=bool)
        places = [
            np.arange(size).reshape([-1 if a == axis else 1 for a in range(3)]) for axis, size in enumerate(self.shape)
        ]
        for axis, size in enumerate(other.shape):
            position = step[axis, 3] + sum(step[axis, a] * places[a] for a in range(3))
            inside &= (position >= -0.5) & (position <= size - 0.5)
        return inside

    def index_map_to(self, other: Grid) -> FloatArray:
        """4 x 4 matrix from array indices (k, j, i, 1) here to array indices there."""
        swap = np.eye(4)[[2, 1, 0, 3]]
        step: FloatArray = swap @ np.linalg.inv(other.affine) @ self.affine @ swap
        return step


@dataclass(frozen=True)
class Volume:
    """Values on a grid: an array indexed (k, j, i) and where its voxels lie.

    Raises
    ------
    MeasurementError
        If the array's shape is not that of the grid.
    """

    array: npt.NDArray[Any]
    grid: Grid

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise MeasurementError(
                _("an array of shape {shape} does not fit a grid of {grid_shape}").format(
                    shape=self.array.shape, grid_shape=self.grid.shape
                )
            )


def bounding_box(mask: BoolArray, margin: int = 0) -> tuple[slice, slice, slice]:
    """Smallest box of array slices (k, j, i) around the true voxels of a mask, widened by a margin of voxels.

    An empty mask has an empty box.
    """
    box = []
    for axis in range(3):
        others: Sequence[int] = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(mask.any(axis=tuple(others)))
        if hit.size == 0:
            return slice(0, 0), slice(0, 0), slice(0, 0)
        box.append(slice(max(int(hit[0]) - margin, 0), min(int(hit[-1]) + 1 + margin, mask.shape[axis])))
    return box[0], box[1], box[2]


def _nearly_equal(a: float, b: float) -> bool:
    return abs(a - b) <= EQUAL_SPACING_TOLERANCE * max(a, b)
