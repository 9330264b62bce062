"""Small made-up cases in oblique geometry, the same case stored in other ways, and plain ways to compare."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation
from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Grid, Volume
from VHIWorkflowLib.core.measurement import Preliminary, Settings, measure

Scalar = TypeVar("Scalar", bound=np.generic)

AXES = (0, 1, 2)
NEIGHBOURS_26 = np.ones((3, 3, 3), dtype=int)


def neighbours_in_slice(slice_axis: int) -> npt.NDArray[np.int_]:
    """Structuring element of the 8 neighbours within a slice."""
    element = np.zeros((3, 3, 3), dtype=int)
    element[tuple(1 if axis == slice_axis else slice(None) for axis in AXES)] = 1
    return element


def oblique_affine(
    spacing_ijk: tuple[float, float, float],
    angles_degrees: tuple[float, float, float] = (17.0, -31.0, 48.0),
    origin: tuple[float, float, float] = (-63.5, 41.25, 12.75),
) -> FloatArray:
    """Rotated grid with these spacings along (i, j, k), in RAS mm."""
    affine = np.eye(4)
    rotation = Rotation.from_euler("xyz", angles_degrees, degrees=True).as_matrix()
    affine[:3, :3] = rotation @ np.diag(spacing_ijk)
    affine[:3, 3] = origin
    return affine


@dataclass(frozen=True)
class SmallCase:
    """What ``measure`` needs."""

    stir: Volume
    normal_bone: BoolArray
    disease_region: BoolArray

    @property
    def imaged_bone(self) -> BoolArray:
        """Disease region and normal bone."""
        return self.disease_region | self.normal_bone

    def measured(self, settings: Settings | None = None) -> Preliminary:
        """Up to cleaning."""
        return measure(self.stir, self.normal_bone, self.disease_region, settings)


def small_case(seed: int, shape: tuple[int, int, int] = (7, 22, 24)) -> SmallCase:
    """Bone with a calm normal part over three slices and blobs and specks brighter than it; quantised intensities."""
    rng = np.random.default_rng(seed)
    k, j, i = np.indices(shape)
    middle = np.array(shape)[:, None, None, None] // 2
    region = (((np.stack([k, j, i]) - middle) / (middle + 1)) ** 2).sum(axis=0) < 1.1
    region &= rng.random(shape) > 0.02
    normal = (abs(k - middle[0]) <= 1) & (abs(j - middle[1]) <= 3) & (abs(i - middle[2]) <= 3)
    blobs = ndimage.gaussian_filter(rng.normal(size=shape), (0.5, 1.3, 1.3))
    level = 100 + 14 * rng.normal(size=shape) + 130 * np.clip(blobs / blobs.std() - 0.6, 0, None)
    level = np.where(rng.random(shape) < 0.04, 260.0, level)
    level = np.where(normal, 100 + 12 * rng.normal(size=shape), level)
    brightest = rng.permutation(np.flatnonzero(normal))[:7]
    level.flat[brightest] = [171, 163, 156, 152, 149, 146, 144]
    stir = (np.round(np.clip(level, 1, None)) * 0.73).astype(np.float32)
    grid = Grid(shape, oblique_affine((0.6, 0.6, 3.3)))
    return SmallCase(Volume(stir, grid), normal, region)


@dataclass(frozen=True)
class Storage:
    """Another order and direction of the stored axes: axis n there is axis ``order[n]`` here, reversed if flipped."""

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def array(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """The array as it is stored there."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)
        return np.ascontiguousarray(array.transpose(self.order)[steps])

    def grid(self, grid: Grid) -> Grid:
        """The grid as it is stored there: every voxel stays where it is in the patient."""
        shape = tuple(grid.shape[axis] for axis in self.order)
        here_from_there = np.zeros((4, 4))
        here_from_there[3, 3] = 1
        for there, here in enumerate(self.order):
            here_from_there[here, there] = -1 if self.flipped[there] else 1
            here_from_there[here, 3] = shape[there] - 1 if self.flipped[there] else 0
        swap = np.eye(4)[[2, 1, 0, 3]]
        return Grid((shape[0], shape[1], shape[2]), grid.affine @ swap @ here_from_there @ swap)

    def case(self, case: SmallCase) -> SmallCase:
        """The same case stored there."""
        return SmallCase(
            Volume(self.array(case.stir.array), self.grid(case.stir.grid)),
            self.array(case.normal_bone),
            self.array(case.disease_region),
        )


ALL_STORAGES = tuple(
    Storage((a, b, c), (x, y, z))
    for (a, b, c), (x, y, z) in product(permutations(AXES), product((False, True), repeat=3))
)


def as_sets(groups: list[npt.NDArray[np.int64]]) -> set[frozenset[int]]:
    """Groups of voxel positions, order set aside."""
    return {frozenset(group.tolist()) for group in groups}


def label_sets(labels: npt.NDArray[np.int32]) -> set[frozenset[int]]:
    """The groups of a label array as sets of C-order positions."""
    flat = labels.ravel()
    return {frozenset(np.flatnonzero(flat == label).tolist()) for label in range(1, int(flat.max(initial=0)) + 1)}
