"""Agreement of two masks of one case: overlap, volume, distance of surfaces, and islands found.

Two empty masks agree that there is nothing, but by how much they overlap cannot be said: overlap and distances are then
None and the case is counted apart. When one mask is empty, overlap is 0 and distances are None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Grid, bounding_box
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)

PERCENTILE = 95


@dataclass(frozen=True)
class Overlap:
    """Overlap of two masks.

    Attributes
    ----------
    voxels_a, voxels_b, voxels_both
        Sizes.
    """

    voxels_a: int
    voxels_b: int
    voxels_both: int

    @property
    def both_empty(self) -> bool:
        """Whether neither mask has a voxel."""
        return self.voxels_a == self.voxels_b == 0

    @property
    def dice(self) -> float | None:
        """Twice the common voxels by the sum of both sizes; None for two empty masks."""
        return None if self.both_empty else 2 * self.voxels_both / (self.voxels_a + self.voxels_b)

    @property
    def jaccard(self) -> float | None:
        """Common voxels by those of either mask; None for two empty masks."""
        return None if self.both_empty else self.voxels_both / (self.voxels_a + self.voxels_b - self.voxels_both)

    @property
    def volume_similarity(self) -> float | None:
        """1 - |a - b| / (a + b), which does not look at where the voxels are; None for two empty masks."""
        if self.both_empty:
            return None
        return 1 - abs(self.voxels_a - self.voxels_b) / (self.voxels_a + self.voxels_b)


@dataclass(frozen=True)
class IslandsFound:
    """Islands (3D, 26 neighbours) of each mask, and how many of them share a voxel with the other mask.

    With b as the truth, ``found_b`` of ``islands_b`` is the sensitivity of a, ``found_a`` of ``islands_a`` its
    precision.
    """

    islands_a: int
    islands_b: int
    found_a: int
    found_b: int

    @property
    def sensitivity(self) -> float | None:
        """Share of the islands of b that a touches; None when b has none."""
        return self.found_b / self.islands_b if self.islands_b else None

    @property
    def precision(self) -> float | None:
        """Share of the islands of a that touch b; None when a has none."""
        return self.found_a / self.islands_a if self.islands_a else None


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between the surfaces of two masks, in mm.

    The surface of a mask is its voxels with a neighbour across a face that is outside it. From each, the distance to
    the nearest surface voxel of the other mask, between voxel centres.

    Attributes
    ----------
    hd95_mm
        95th percentile of these distances, in the direction in which it is larger.
    mean_mm
        Mean over the surfaces of both.
    """

    hd95_mm: float
    mean_mm: float


@dataclass(frozen=True)
class MaskAgreement:
    """Agreement of mask a with mask b; distances are None when a mask is empty, or they were not asked for."""

    overlap: Overlap
    islands: IslandsFound
    distances: SurfaceDistances | None


def mask_agreement(a: BoolArray, b: BoolArray, grid: Grid, *, distances: bool = True) -> MaskAgreement:
    """Compare two masks of one case.

    Parameters
    ----------
    a, b
        Masks of the grid's shape (k, j, i).
    grid
        Of both.
    distances
        Whether distances between surfaces are worked out too; they take most of the time.

    Raises
    ------
    MeasurementError
        If a mask has another shape.
    """
    if a.shape != grid.shape or b.shape != grid.shape:
        raise MeasurementError(
            _("masks of shapes {a_shape} and {b_shape} do not lie on a grid of {grid_shape}").format(
                a_shape=a.shape, b_shape=b.shape, grid_shape=grid.shape
            )
        )
    box = bounding_box(a | b, margin=1)
    a_there, b_there = np.pad(a[box], 1), np.pad(b[box], 1)
    overlap = Overlap(int(a.sum()), int(b.sum()), int((a_there & b_there).sum()))
    apart = None
    if distances and overlap.voxels_a and overlap.voxels_b:
        apart = _surface_distances(a_there, b_there, grid.spacing_mm)
    return MaskAgreement(overlap, _islands_found(a_there, b_there, grid.slice_axis), apart)


def _surface_distances(a: BoolArray, b: BoolArray, spacing_mm: tuple[float, float, float]) -> SurfaceDistances:
    """Of two masks without a voxel at the border of the array."""
    surfaces = [_surface(mask, spacing_mm) for mask in (a, b)]
    directed = [_distances(surfaces[n], surfaces[1 - n]) for n in (0, 1)]
    return SurfaceDistances(
        hd95_mm=float(max(np.percentile(each, PERCENTILE) for each in directed)),
        mean_mm=float(np.concatenate(directed).mean()),
    )


def _surface(mask: BoolArray, spacing_mm: tuple[float, float, float]) -> FloatArray:
    """Places in mm, shape (n, 3), of the voxels with a neighbour across a face outside the mask."""
    inside = mask[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for start in (0, 2):
            inside &= mask[
                tuple(slice(start, start + mask.shape[n] - 2) if n == axis else slice(1, -1) for n in range(3))
            ]
    surface = mask.copy()
    surface[1:-1, 1:-1, 1:-1] &= ~inside
    points: FloatArray = np.argwhere(surface) * np.asarray(spacing_mm)
    return points


def _distances(origin: FloatArray, target: FloatArray) -> FloatArray:
    """Distance from each point, shape (n, 3), to the nearest of others; at a cost of points, not of the box."""
    nearest: FloatArray = KDTree(target).query(origin)[0]
    return nearest


def _islands_found(a: BoolArray, b: BoolArray, slice_axis: int) -> IslandsFound:
    lattice = Lattice((a.shape[0], a.shape[1], a.shape[2]), slice_axis)
    found = []
    for mask, other in ((a, b), (b, a)):
        islands = find_islands(Runs.of(lattice.codes_of(mask)), lattice)
        flat = other.ravel()
        found.append((islands.number, sum(bool(flat[voxels].any()) for voxels in islands.island_voxels())))
    return IslandsFound(found[0][0], found[1][0], found[0][1], found[1][1])
