"""Bring what was found on T1w to the STIR grid, on which everything is computed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import MeasurementError
from .grids import BoolArray, FloatArray, Grid, Volume
from .sentences import sentences_of

_ = sentences_of(__name__)

LEAST_OVERLAP = 0.9
"""Below this share of the STIR field the overlap with T1w is a warning."""
INSIDE = 0.5
"""Probability from which on a voxel belongs to the region."""


def check_overlap(stir: Grid, t1w: Grid) -> tuple[str, ...]:
    """Check that T1w shows what STIR shows.

    Returns
    -------
    Warnings: one when less than 90 % of the STIR field is covered.

    Raises
    ------
    MeasurementError
        If both do not overlap at all.
    """
    if stir.matches(t1w):
        return ()
    share = stir.share_inside(t1w)
    if share == 0:
        raise MeasurementError(_("T1w and STIR do not overlap in space: are both of the same examination?"))
    if share < LEAST_OVERLAP:
        return (_("T1w covers only {percent:.0f} % of the STIR field").format(percent=100 * share),)
    return ()


def region_on_stir(probabilities: Volume, stir: Grid, threshold: float = INSIDE) -> BoolArray:
    """Resample probabilities (or a mask, as 0 and 1) linearly to the STIR grid and cut them, usually at 0.5.

    A grid that differs only by the rounding of headers is not resampled.

    Raises
    ------
    MeasurementError
        If both do not overlap at all.
    """
    values = np.asarray(probabilities.array, dtype=np.float32)
    if stir.matches(probabilities.grid):
        return np.asarray(values >= np.float32(threshold))
    check_overlap(stir, probabilities.grid)
    return np.asarray(resample(values, probabilities.grid, stir) >= threshold)


def resample(values: npt.NDArray[np.floating], source: Grid, target: Grid) -> FloatArray:
    """Interpolate linearly from one grid to another; zero outside the source's field of view.

    Parameters
    ----------
    values
        Of the source grid's shape (k, j, i).

    Returns
    -------
    Of the target grid's shape. Between the outermost voxel centres and the edge of the field of view, half a voxel
    further out, the outermost value holds.
    """
    from scipy import ndimage  # slow to load, seldom needed

    step = target.index_map_to(source)
    padded = np.pad(values, 1, mode="edge")
    mapped: FloatArray = ndimage.affine_transform(
        padded,
        step[:3, :3],
        offset=step[:3, 3] + 1,
        output_shape=target.shape,
        output=np.float64,
        order=1,
        mode="constant",
        cval=0.0,
    )
    return np.where(target.inside(source), mapped, 0.0)
