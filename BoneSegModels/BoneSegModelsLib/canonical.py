"""The one orientation and spacing that a network sees, and the way there and back.

Voxels are reordered, never turned: slices stay those of the acquisition, however oblique, and rows and columns go along
the nearest axes of the body. Within the field of view, which stays, they are then resampled to the network's spacing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.sentences import sentences_of

from .blas_threads import single_threaded_blas
from .errors import ModelError
from .model_description import Direction, ModelInput

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float32]
Triple = tuple[int, int, int]

TOWARDS: dict[Direction, tuple[int, int, int]] = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "A": (0, 1, 0),
    "P": (0, -1, 0),
    "S": (0, 0, 1),
    "I": (0, 0, -1),
}
"""Directions in RAS coordinates."""

UNDECIDED = 0.3
"""Below this cosine an axis has no direction of its own: it then goes left, back or down, as radiologists look."""

ISOTROPIC_TOLERANCE = 0.05
LARGEST_SIDE = 4096
LARGEST_NUMBER_OF_VOXELS = 2**28


@dataclass(frozen=True)
class CanonicalFrame:
    """How the voxels of a scan become those that the network sees.

    Attributes
    ----------
    order
        Array axes of the scan that become slices, rows and columns.
    flips
        Which of slices, rows and columns are then reversed.
    scan_shape, shape
        Slices, rows and columns of the reordered scan, and of what the network sees.
    slice_cosine
        Between the slice axis and the direction in which the network expects it, 0 to 1.
    """

    order: Triple
    flips: tuple[int, ...]
    scan_shape: Triple
    shape: Triple
    slice_cosine: float

    def reorder(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """A scan's array with slices, rows and columns in canonical order; a view."""
        return np.flip(array.transpose(self.order), self.flips)

    def resample(self, reordered: FloatArray) -> FloatArray:
        """From the scan's spacing to the network's."""
        return _resampled(reordered, self.shape)

    def back(self, values: FloatArray) -> FloatArray:
        """From what the network sees to the scan's own grid, linearly."""
        scan = _resampled(values, self.scan_shape)
        return np.ascontiguousarray(np.flip(scan, self.flips).transpose(np.argsort(self.order)))


def canonical_frame(grid: Grid, wanted: ModelInput) -> CanonicalFrame:
    """How a scan on this grid becomes what a network wants.

    Slices go along the acquisition's slice axis; where all spacings are equal, along the axis nearest to what the
    network wants. Of the other two axes, rows and columns are those that together come nearest.

    Raises
    ------
    ModelError
        If so many pixels would be needed that the spacing in the header cannot be right.

    Examples
    --------
    >>> wanted = ModelInput(contrast="T1w", spacing_mm=1.2)
    >>> upside_down = np.array([[-0.6, 0, 0, 0], [0, 0, 3, 0], [0, 0.6, 0, 0], [0, 0, 0, 1]])
    >>> frame = canonical_frame(Grid((9, 64, 32), upside_down), wanted)
    >>> frame.order, frame.flips, frame.shape
    ((0, 1, 2), (0, 1), (9, 32, 16))
    """
    cosines = (grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0))[:, ::-1]
    towards = [np.array(TOWARDS[side]) for side in _sides(wanted)]
    slices = grid.slice_axis
    if max(grid.spacing_mm) <= (1 + ISOTROPIC_TOLERANCE) * min(grid.spacing_mm):
        slices = int(np.argmax(np.abs(towards[0] @ cosines)))
    first, second = (axis for axis in range(3) if axis != slices)
    orders = [(slices, first, second), (slices, second, first)]
    order = max(orders, key=lambda axes: sum(abs(towards[n] @ cosines[:, axes[n]]) for n in (1, 2)))
    flips = tuple(n for n in range(3) if not _goes(cosines[:, order[n]], towards[n]))
    sizes = [grid.shape[axis] for axis in order]
    spacing = [grid.spacing_mm[axis] for axis in order]
    wanted_mm = (wanted.slice_spacing_mm or spacing[0], wanted.spacing_mm, wanted.spacing_mm)
    wide = [n * mm / new for n, mm, new in zip(sizes, spacing, wanted_mm, strict=True)]
    if (
        max(wide[0] if wanted.slice_spacing_mm else 0, *wide[1:]) > LARGEST_SIDE
        or np.prod(wide) > LARGEST_NUMBER_OF_VOXELS
    ):
        text = " x ".join(f"{mm:g}" for mm in spacing)
        raise ModelError(
            _("voxels of {size} mm make too large a field of view; check the spacing of the scan").format(size=text)
        )
    shape = (max(round(wide[0]), 1), max(round(wide[1]), 1), max(round(wide[2]), 1))
    cosine = float(abs(towards[0] @ cosines[:, slices]))
    return CanonicalFrame(order, flips, (sizes[0], sizes[1], sizes[2]), shape, cosine)


def interpolation_matrix(size: int, new_size: int, reach: float | None = None) -> FloatArray:
    """Weights, shape (new_size, size), that resample a row of pixels over the same field of view.

    Linear interpolation; where pixels become larger, a triangle as wide as two of the new ones, so that nothing is
    skipped. `reach` is half the width of the triangle, in pixels, where it should be another. Beyond the outermost
    centres the outermost value holds.

    Examples
    --------
    >>> interpolation_matrix(2, 4)
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    step = size / new_size
    centres = (np.arange(new_size) + 0.5) * step - 0.5
    weights = np.maximum(1 - np.abs(np.arange(size) - centres[:, None]) / max(reach or step, 1.0), 0)
    matrix: FloatArray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix


def _resampled(values: FloatArray, shape: Triple) -> FloatArray:
    slices, rows, columns = shape
    with single_threaded_blas():
        if values.shape[1] != rows:
            values = interpolation_matrix(values.shape[1], rows) @ values
        if values.shape[2] != columns:
            values = values @ interpolation_matrix(values.shape[2], columns).T
        if values.shape[0] != slices:
            values = np.tensordot(interpolation_matrix(values.shape[0], slices), values, 1)
    return np.ascontiguousarray(values, dtype=np.float32)


def _goes(axis: npt.NDArray[np.float64], towards: npt.NDArray[np.int_]) -> bool:
    """Whether an axis goes in a direction rather than against it."""
    cosine = float(axis @ towards)
    if abs(cosine) < UNDECIDED:
        cosine = -float(axis[np.argmax(np.abs(axis))])
    return cosine > 0


def _sides(wanted: ModelInput) -> tuple[Direction, Direction, Direction]:
    return wanted.orientation.slices, wanted.orientation.rows, wanted.orientation.columns
