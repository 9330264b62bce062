"""Scans as other scanners, protocols and patients would have given them.

Each change takes a T1w scan and the region of bone in it, and gives a scan that shows the same bone in the same place
of the world, if with other voxels and grey levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from BoneSegModelsLib.canonical import interpolation_matrix
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.resampling import resample

FloatArray = npt.NDArray[np.float64]
WINDOW_PERCENTILE = 99.0
FIELD_MM = 80.0
"""Standard deviation of the smooth field of a receiver."""


@dataclass(frozen=True)
class Shown:
    """A scan, the region of bone on its grid, and chance, for those changes that need it."""

    scan: Volume
    bone: BoolArray
    chance: np.random.Generator

    @property
    def levels(self) -> FloatArray:
        """Grey levels."""
        return self.scan.array.astype(np.float64)

    @property
    def window(self) -> float:
        """99th percentile of the grey levels."""
        return float(np.percentile(self.scan.array, WINDOW_PERCENTILE))

    @property
    def in_plane(self) -> tuple[int, int]:
        """Array axes of rows and columns."""
        first, second = (axis for axis in range(3) if axis != self.scan.grid.slice_axis)
        return first, second


Change = Callable[[Shown], Volume]


def pixels_of(spacing_mm: float) -> Change:
    """Pixels of another size; larger ones are averages."""

    def change(shown: Shown) -> Volume:
        return _with_spacing(shown.scan, dict.fromkeys(shown.in_plane, spacing_mm))

    return change


def slices_of(spacing_mm: float) -> Change:
    """Slices at another distance; thicker ones are averages."""
    return lambda shown: _with_spacing(shown.scan, {shown.scan.grid.slice_axis: spacing_mm})


def gamma_of(exponent: float) -> Change:
    """Another contrast: grey levels, as shares of the window, to some power."""

    def change(shown: Shown) -> Volume:
        share = np.clip(shown.levels / shown.window, 0, None)
        return Volume(share**exponent * shown.window, shown.scan.grid)

    return change


def noise_of(share: float) -> Change:
    """Rician noise, its deviation as a share of the window."""

    def change(shown: Shown) -> Volume:
        real, imaginary = shown.chance.normal(scale=share * shown.window, size=(2, *shown.levels.shape))
        return Volume(np.hypot(shown.levels + real, imaginary), shown.scan.grid)

    return change


def bias_of(strength: float) -> Change:
    """A receiver that is smoothly stronger and weaker, by up to about twice this share."""

    def change(shown: Shown) -> Volume:
        coarse = shown.chance.normal(size=[max(math.ceil(n / 8), 2) for n in shown.levels.shape])
        deviations = [FIELD_MM / (8 * mm) for mm in shown.scan.grid.spacing_mm]
        smooth = ndimage.gaussian_filter(coarse, deviations, mode="reflect")
        zoom = [n / m for n, m in zip(shown.levels.shape, smooth.shape, strict=True)]
        field = ndimage.zoom((smooth - smooth.mean()) / smooth.std(), zoom, order=1)
        return Volume(shown.levels * np.exp(strength * field), shown.scan.grid)

    return change


def marrow_of(factor: float) -> Change:
    """Fattier or less fatty marrow: the signal of the bone times a factor, with a soft edge."""

    def change(shown: Shown) -> Volume:
        softness = [0 if axis == shown.scan.grid.slice_axis else 2 for axis in range(3)]
        share = ndimage.gaussian_filter(shown.bone.astype(np.float64), softness)
        return Volume(shown.levels * factor**share, shown.scan.grid)

    return change


def cropped_to(share: float) -> Change:
    """The middle of the field of view: this share of its rows and of its columns."""

    def change(shown: Shown) -> Volume:
        first, shape = [0, 0, 0], list(shown.scan.grid.shape)
        for axis in shown.in_plane:
            shape[axis] = round(share * shape[axis])
            first[axis] = (shown.scan.grid.shape[axis] - shape[axis]) // 2
        part = tuple(slice(start, start + n) for start, n in zip(first, shape, strict=True))
        return Volume(shown.scan.array[part], _grid(shown.scan.grid, shape, first, [1.0, 1.0, 1.0]))

    return change


def turned_by(degrees: float) -> Change:
    """The patient lies turned within the slices."""

    def change(shown: Shown) -> Volume:
        grid = shown.scan.grid
        axes = [2 - axis for axis in shown.in_plane]
        directions = grid.affine[:3, axes] / np.linalg.norm(grid.affine[:3, axes], axis=0)
        turn = np.eye(3)
        angle = math.radians(degrees)
        inside = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        turn += directions @ (inside - np.eye(2)) @ directions.T
        middle = grid.to_ras((np.array(grid.shape)[None] - 1) / 2)[0]
        affine = grid.affine.copy()
        affine[:3] = turn @ affine[:3]
        affine[:3, 3] += middle - turn @ middle
        turned = Grid(grid.shape, affine)
        return Volume(resample(shown.levels, grid, turned), turned)

    return change


def stored_another_way(shown: Shown) -> Volume:
    """Axes in another order, two of them backwards, the same place in the world."""
    grid = shown.scan.grid
    order, flipped = (2, 0, 1), (0, 2)
    array = np.flip(shown.scan.array.transpose(order), flipped)
    affine = grid.affine.copy()
    for axis in flipped:
        column = 2 - order[axis]
        affine[:3, 3] += (grid.shape[order[axis]] - 1) * affine[:3, column]
        affine[:3, column] *= -1
    columns = [2 - order[axis] for axis in (2, 1, 0)]
    affine[:, :3] = affine[:, columns]
    return Volume(np.ascontiguousarray(array), Grid(array.shape, affine))


CHANGES: Mapping[str, Change] = {
    "stored another way": stored_another_way,
    "pixels of 0.4 mm": pixels_of(0.4),
    "pixels of 0.9 mm": pixels_of(0.9),
    "pixels of 1.2 mm": pixels_of(1.2),
    "slices of 3 mm": slices_of(3.0),
    "slices of 4 mm": slices_of(4.0),
    "slices of 5 mm": slices_of(5.0),
    "gamma 0.7": gamma_of(0.7),
    "gamma 1.4": gamma_of(1.4),
    "noise of 5 %": noise_of(0.05),
    "noise of 10 %": noise_of(0.10),
    "receiver field of 20 %": bias_of(0.2),
    "receiver field of 40 %": bias_of(0.4),
    "marrow x 0.6": marrow_of(0.6),
    "marrow x 1.5": marrow_of(1.5),
    "field of view 75 %": cropped_to(0.75),
    "field of view 60 %": cropped_to(0.6),
    "turned by 10 degrees": turned_by(10.0),
}
"""By name, from harmless to hard within each kind."""


def _with_spacing(scan: Volume, wanted_mm: Mapping[int, float]) -> Volume:
    """Another spacing along some array axes, over the same field of view."""
    array = scan.array.astype(np.float64)
    shape, steps = list(scan.grid.shape), [1.0, 1.0, 1.0]
    for axis, mm in wanted_mm.items():
        old = shape[axis]
        shape[axis] = max(round(old * scan.grid.spacing_mm[axis] / mm), 1)
        steps[axis] = old / shape[axis]
        matrix = interpolation_matrix(old, shape[axis]).astype(np.float64)
        array = np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)
    first = [(step - 1) / 2 for step in steps]
    return Volume(np.ascontiguousarray(array), _grid(scan.grid, shape, first, steps))


def _grid(grid: Grid, shape: list[int], first: list[float] | list[int], steps: list[float]) -> Grid:
    """A grid whose first voxel lies at these indices of another, and whose voxels are so many of its steps apart."""
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array(first[::-1], dtype=np.float64)
    affine[:3, :3] *= np.array(steps[::-1])
    return Grid((shape[0], shape[1], shape[2]), affine)
