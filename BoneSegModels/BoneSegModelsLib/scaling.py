"""Grey levels as a network sees them, and whether a scan looks like the contrast it should be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .model_description import IntensityScaling

FloatArray = npt.NDArray[np.float32]
TISSUE = 0.1
"""Share of the way from the 1st to the 99th percentile of grey levels above which a voxel is tissue, not air."""


def scale(values: npt.NDArray[np.floating], scaling: IntensityScaling) -> FloatArray:
    """Scale the grey levels of a scan, shape (slices, rows, columns).

    `unit_range` turns the percentiles into 0 and 1. `z_score` clips at the percentiles, then turns mean and standard
    deviation into 0 and 1. Both then cut values off at the limits. A slice or volume of one grey level becomes 0.

    Examples
    --------
    >>> scale(np.array([[[0.0, 5.0, 10.0]]]), IntensityScaling(percentiles=(0, 100)))
    array([[[0. , 0.5, 1. ]]], dtype=float32)
    """
    if scaling.over == "slice":
        return np.stack([_scaled(part, scaling) for part in values])
    return _scaled(values, scaling)


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


def _scaled(values: npt.NDArray[np.floating], scaling: IntensityScaling) -> FloatArray:
    wide = values.astype(np.float64)
    low, high = np.percentile(wide, scaling.percentiles)
    if not wide.max() > wide.min():
        return np.zeros(values.shape, dtype=np.float32)
    if scaling.method == "unit_range":
        wide = (wide - low) / max(high - low, np.finfo(np.float32).tiny)
    else:
        wide = np.clip(wide, low, high)
        wide = (wide - wide.mean()) / max(wide.std(), np.finfo(np.float32).tiny)
    limits = scaling.limits or (-1e6, 1e6)  # whatever is written, no infinity reaches the network
    return np.asarray(np.clip(wide, *limits), dtype=np.float32)
