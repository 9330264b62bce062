"""How well a predicted region agrees with the manual one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray

from .dataset import Subject


@dataclass(frozen=True)
class SliceAgreement:
    """One slice: pixels in each region, Dice (None when both are empty) and in-plane 95th percentile distance."""

    subject: str
    slice_number: int
    manual_pixels: int
    predicted_pixels: int
    dice: float | None
    distance_95_mm: float | None


@dataclass(frozen=True)
class SubjectAgreement:
    """One subject.

    Attributes
    ----------
    subject
        Identifier.
    dice
        Of the whole volume.
    distance_95_mm
        95th percentile of the distances between both surfaces in 3D, both ways; None when a region is empty.
    volume_difference_percent
        Predicted minus manual, in percent of manual.
    slices
        Agreement of each slice.
    """

    subject: str
    dice: float
    distance_95_mm: float | None
    volume_difference_percent: float
    slices: tuple[SliceAgreement, ...]

    @property
    def slice_dice(self) -> list[float]:
        """Dice of the slices where the manual region is not empty."""
        return [s.dice for s in self.slices if s.manual_pixels and s.dice is not None]

    @property
    def empty_slices(self) -> int:
        """Slices without manual region."""
        return sum(s.manual_pixels == 0 for s in self.slices)

    @property
    def empty_slices_filled(self) -> int:
        """Slices without manual region where something is predicted."""
        return sum(s.manual_pixels == 0 and s.predicted_pixels > 0 for s in self.slices)


def dice(first: BoolArray, second: BoolArray) -> float | None:
    """Overlap of two masks, 0 to 1; None when both are empty.

    Examples
    --------
    >>> dice(np.array([True, True, False]), np.array([True, False, False]))
    0.6666666666666666
    """
    total = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    return 2 * int(np.count_nonzero(first & second)) / total if total else None


def surface_distance_95(first: BoolArray, second: BoolArray, spacing_mm: Sequence[float]) -> float | None:
    """95th percentile of the distances from each surface to the other, in mm; None when a mask is empty.

    The edge of the field of view is no surface.
    """
    if not (first.any() and second.any()):
        return None
    surfaces = [mask & ~ndimage.binary_erosion(mask, border_value=1) for mask in (first, second)]
    if not all(surface.any() for surface in surfaces):
        return None
    there, back = surfaces
    distances = [
        ndimage.distance_transform_edt(~target, sampling=spacing_mm)[source]
        for source, target in ((there, back), (back, there))
    ]
    return float(np.percentile(np.concatenate(distances), 95))


def compare(subject: Subject, predicted: BoolArray) -> SubjectAgreement:
    """Compare a predicted region with the manual one, on the grid of the scan.

    Raises
    ------
    ValueError
        If the manual region is empty.
    """
    manual, grid = subject.region, subject.t1w.grid
    if not manual.any():
        raise ValueError(f"{subject.name}: the manual region is empty")
    in_plane = [mm for axis, mm in enumerate(grid.spacing_mm) if axis != grid.slice_axis]
    by_slice = (np.moveaxis(mask, grid.slice_axis, 0) for mask in (manual, predicted))
    slices = tuple(
        SliceAgreement(
            subject.name,
            number,
            int(np.count_nonzero(drawn)),
            int(np.count_nonzero(found)),
            dice(drawn, found),
            surface_distance_95(drawn, found, in_plane),
        )
        for number, (drawn, found) in enumerate(zip(*by_slice, strict=True))
    )
    volumes = [int(np.count_nonzero(mask)) for mask in (manual, predicted)]
    return SubjectAgreement(
        subject.name,
        dice(manual, predicted) or 0.0,
        surface_distance_95(manual, predicted, grid.spacing_mm),
        100 * (volumes[1] - volumes[0]) / volumes[0],
        slices,
    )
