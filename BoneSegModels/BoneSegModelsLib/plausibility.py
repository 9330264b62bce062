"""Warnings for the record: what may be wrong with a scan, or with what a network found in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.sentences import sentences_of

from .canonical import TOWARDS, CanonicalFrame
from .model_description import Label, ModelDescription
from .scaling import skewness

_ = sentences_of(__name__)

LEAST_SLICE_COSINE = 0.5
"""Slices may be tilted by up to 60 degrees from those the network expects."""

UNSURE = (0.1, 0.9)
"""Between these probabilities a network has not made up its mind."""

PLANES = (_("sagittal"), _("coronal"), _("axial"))
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
        return (_("the scan holds one grey level only, so nothing can be found in it"),)
    wanted = description.input
    warnings = []
    if wanted.largest_skewness is not None and skewness(levels) > wanted.largest_skewness:
        warnings.append(
            _("the contrast does not look like {contrast}: was another scan chosen by mistake?").format(
                contrast=wanted.contrast
            )
        )
    if frame.slice_cosine < LEAST_SLICE_COSINE:
        plane = PLANES[int(np.flatnonzero(TOWARDS[wanted.orientation.slices])[0])]
        warnings.append(_("the slices are not {plane}, which is what the network was made for").format(plane=plane))
    pixels = [grid.spacing_mm[axis] for axis in frame.order[1:]]
    if wanted.tested_spacing_mm is not None:
        least, most = wanted.tested_spacing_mm
        if min(pixels) < least * (1 - SPACING_ROUNDING) or max(pixels) > most * (1 + SPACING_ROUNDING):
            size = " x ".join(f"{mm:.3g}" for mm in pixels)
            warnings.append(
                _("pixels of {size} mm lie outside of what the network was tried on ({least:g} to {most:g})").format(
                    size=size, least=least, most=most
                )
            )
    return tuple(warnings)


def check_result(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], grid: Grid, description: ModelDescription
) -> tuple[str, ...]:
    """What may be wrong with a result, one sentence each.

    Parameters
    ----------
    probabilities, labels
        Shape (labels, k, j, i) and (k, j, i).
    """
    if not labels.any():
        return (_("the network {name} found nothing in this scan").format(name=description.name),)
    warnings: list[str] = []
    for probability, label in zip(probabilities, description.labels, strict=True):
        found = labels == label.value
        if label.expected_volume_ml is not None:
            volume_ml = int(np.count_nonzero(found)) * grid.voxel_volume_mm3 / 1000
            least, most = label.expected_volume_ml
            if not least <= volume_ml <= most:
                warnings.append(
                    _(
                        "{label} measures {volume_ml:.3g} ml, and usual are {least:g} to {most:g}: look at it before "
                        "using it"
                    ).format(label=label.name, volume_ml=volume_ml, least=least, most=most)
                )
        warnings += _about_unsure(probability, found, grid, label)
    return tuple(warnings)


def _about_unsure(probability: npt.NDArray[np.float32], found: BoolArray, grid: Grid, label: Label) -> tuple[str, ...]:
    """Whether the network is unsure of the scan as a whole, else of which slices."""
    limit = label.largest_unsure_share
    if limit is None:
        return ()
    others = tuple(axis for axis in range(3) if axis != grid.slice_axis)
    low, high = UNSURE
    unsure = np.count_nonzero((probability > low) & (probability < high), axis=others)
    sizes = np.count_nonzero(found, axis=others)
    if unsure.sum() > limit * sizes.sum():
        return (
            _("the network is unsure of {label} in all of this scan: look at it before using it").format(
                label=label.name
            ),
        )
    slices = np.flatnonzero((unsure > limit * sizes) & (sizes > 0))
    if not slices.size:
        return ()
    warning = (
        _("the network is unsure of {label} on slices {slices} (counted from 0): look there before using it")
        if slices.size > 1
        else _("the network is unsure of {label} on slice {slices} (counted from 0): look there before using it")
    )
    return (warning.format(label=label.name, slices=_listed(slices)),)


def _listed(numbers: npt.NDArray[np.int_]) -> str:
    """Ascending numbers in words, neighbours together.

    Examples
    --------
    >>> _listed(np.array([0, 1, 2, 5, 8, 9]))
    '0 to 2, 5, 8 to 9'
    """
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ", ".join(f"{run[0]} to {run[-1]}" if run.size > 1 else str(run[0]) for run in runs)
