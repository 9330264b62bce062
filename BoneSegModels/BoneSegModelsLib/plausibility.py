"""Warnings for the record: what may be wrong with a scan, or with what a network found in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import Grid

from .canonical import TOWARDS, CanonicalFrame
from .model_description import ModelDescription
from .scaling import skewness

LEAST_SLICE_COSINE = 0.5
"""Slices may be tilted by up to 60 degrees from those the network expects."""

PLANES = ("sagittal", "coronal", "axial")
SPACING_ROUNDING = 0.01


def check_scan(
    levels: npt.NDArray[np.float64], grid: Grid, frame: CanonicalFrame, description: ModelDescription
) -> tuple[str, ...]:
    """What may be wrong with a scan, one sentence each.

    Parameters
    ----------
    levels
        Grey levels, shape (k, j, i).
    """
    if not levels.max() > levels.min():
        return ("the scan holds one grey level only, so nothing can be found in it",)
    wanted = description.input
    warnings = []
    if wanted.largest_skewness is not None and skewness(levels) > wanted.largest_skewness:
        warnings.append(f"the contrast does not look like {wanted.contrast}: was another scan chosen by mistake?")
    if frame.slice_cosine < LEAST_SLICE_COSINE:
        plane = PLANES[int(np.flatnonzero(TOWARDS[wanted.orientation.slices])[0])]
        warnings.append(f"the slices are not {plane}, which is what the network was made for")
    pixels = [grid.spacing_mm[axis] for axis in frame.order[1:]]
    if wanted.tested_spacing_mm is not None:
        least, most = wanted.tested_spacing_mm
        if min(pixels) < least * (1 - SPACING_ROUNDING) or max(pixels) > most * (1 + SPACING_ROUNDING):
            size = " x ".join(f"{mm:.3g}" for mm in pixels)
            warnings.append(f"pixels of {size} mm lie outside of what the network was tried on ({least:g} to {most:g})")
    return tuple(warnings)


def check_result(labels: npt.NDArray[np.uint8], grid: Grid, description: ModelDescription) -> tuple[str, ...]:
    """What may be wrong with a label map, shape (k, j, i), one sentence each."""
    if not labels.any():
        return (f"the network {description.name} found nothing in this scan",)
    warnings = []
    for label in description.labels:
        if label.expected_volume_ml is None:
            continue
        volume_ml = int((labels == label.value).sum()) * grid.voxel_volume_mm3 / 1000
        least, most = label.expected_volume_ml
        if not least <= volume_ml <= most:
            usual = f"usual are {least:g} to {most:g}"
            warnings.append(f"{label.name} measures {volume_ml:.3g} ml, and {usual}: look at it before using it")
    return tuple(warnings)
