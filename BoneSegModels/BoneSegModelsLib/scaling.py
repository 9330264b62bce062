"""Grey levels as a network sees them, and whether a scan looks like the contrast it should be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import BoolArray

from .model_description import IntensityScaling

FloatArray = npt.NDArray[np.float32]
TISSUE = 0.1
"""Share of the way from the 1st to the 99th percentile of grey levels above which a voxel is tissue, not air."""

LEAST_STIR_SKEWNESS = 2.1
"""Between T1w (0.1 to 1.6) and STIR (2.7 to 4.9), see `skewness`."""


def scale(values: npt.NDArray[np.floating], scaling: IntensityScaling) -> FloatArray:
    """Scale the grey levels of a scan, shape (slices, rows, columns).

    What counts is the part `within_padding`: slices and margins of one grey level change nothing for the rest.
    `unit_range` turns the percentiles into 0 and 1. `z_score` clips at the percentiles, then turns mean and standard
    deviation into 0 and 1. Both then cut values off at the limits. Slices of one grey level become 0.

    Examples
    --------
    >>> scale(np.array([[[0.0, 5.0, 10.0]]]), IntensityScaling(percentiles=(0, 100)))
    array([[[0. , 0.5, 1. ]]], dtype=float32)
    """
    if scaling.over == "slice":
        return np.concatenate([_scaled(part, scaling) for part in values[:, None]])
    scaled = _scaled(values, scaling)
    scaled[values.max(axis=(1, 2)) == values.min(axis=(1, 2))] = 0
    return scaled


def within_padding(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """A volume without slices, rows and columns that hold one grey level throughout, as far as there are others.

    Examples
    --------
    >>> within_padding(np.array([[[0, 0, 0], [0, 5, 6], [0, 7, 9], [0, 0, 0]], np.zeros((4, 3), int)]))
    array([[[5, 6],
            [7, 9]]])
    """
    values = _where(values, values.max(axis=(1, 2)) > values.min(axis=(1, 2)), 0)
    highest, lowest = values.max(axis=0), values.min(axis=0)
    for axis in (1, 2):
        values = _where(values, highest.max(axis=2 - axis) > lowest.min(axis=2 - axis), axis)
    return values


def _where(values: npt.NDArray[np.floating], kept: BoolArray, axis: int) -> npt.NDArray[np.floating]:
    """The planes along an axis that are kept; all of them where none or all would be."""
    return np.compress(kept, values, axis) if kept.any() and not kept.all() else values


def skewness(values: npt.NDArray[np.floating]) -> float:
    """Skewness of the grey levels of tissue; 0 where there is no contrast.

    On STIR, where fat is dark, few voxels (vessels, fluid) are much brighter than the rest: 2.7 to 4.9 in scans of the
    sacroiliac joints. On T1w, where fat is bright, it is 0.1 to 1.6.
    """
    low, high = np.percentile(values, (1, 99))
    tissue = values[values > low + TISSUE * (high - low)].astype(np.float64)
    if tissue.size == 0 or not high > low:
        return 0.0
    deviation = (tissue - tissue.mean()) / (high - low)
    square = deviation * deviation
    spread = float(square.mean())
    return float((square * deviation).mean()) / spread**1.5 if spread > 0 else 0.0


def look_exchanged(stir: npt.NDArray[np.floating], t1w: npt.NDArray[np.floating]) -> bool:
    """Whether what was given as STIR has the contrast of T1w, and the other way round."""
    return skewness(stir) < LEAST_STIR_SKEWNESS <= skewness(t1w)


def _scaled(values: npt.NDArray[np.floating], scaling: IntensityScaling) -> FloatArray:
    wide = values.astype(np.float64)
    if not wide.max() > wide.min():
        return np.zeros(values.shape, dtype=np.float32)
    content = within_padding(wide)
    low, high = np.percentile(content, scaling.percentiles)
    if scaling.method == "unit_range":
        wide = (wide - low) / max(high - low, np.finfo(np.float32).tiny)
    else:
        content = np.clip(content, low, high)
        wide = (np.clip(wide, low, high) - content.mean()) / max(content.std(), np.finfo(np.float32).tiny)
    limits = scaling.limits or (-1e6, 1e6)  # whatever is written, no infinity reaches the network
    return np.asarray(np.clip(wide, *limits), dtype=np.float32)
