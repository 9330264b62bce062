"""Drawing tools of the phantom: coordinates, smooth random fields, profiles, tubes and bands in 3D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from ..core.grids import BoolArray

FloatArray = npt.NDArray[np.float32]
Points = Sequence[tuple[float, float, float]]

FIELD_EXTENT_MM = (70.0, 135.0, 135.0)
_SPLINE_VARIANCE = 151.0 / 315.0
"""Mean sum of squared weights of the cubic B-spline along one axis: makes random fields have unit variance."""


@dataclass(frozen=True)
class Frame:
    """Where voxel centres lie in the body, in mm: ``depth`` runs front to back, ``height`` up, ``left`` to the left.

    The three 1D arrays belong to the array axes (k, j, i); the origin is the middle of the sacrum.
    """

    depth: FloatArray
    height: FloatArray
    left: FloatArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of slices, rows and columns."""
        return self.depth.size, self.height.size, self.left.size

    @property
    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The coordinates with shapes (k, 1, 1), (1, j, 1) and (1, 1, i)."""
        return self.depth[:, None, None], self.height[None, :, None], self.left[None, None, :]


def smooth_field(seed: Sequence[int], frame: Frame, spacing_mm: tuple[float, float, float]) -> FloatArray:
    """Gaussian random field of unit variance, fixed in the body whatever the frame.

    Parameters
    ----------
    seed
        Entropy of the field: the same seed is the same field.
    frame
        Where to evaluate it.
    spacing_mm
        Between the knots along (depth, height, left): how quickly the field changes.

    Returns
    -------
    Array of shape ``frame.shape``.
    """
    counts = [int(np.ceil(2 * extent / step)) + 4 for extent, step in zip(FIELD_EXTENT_MM, spacing_mm, strict=True)]
    field = np.random.default_rng(list(seed)).standard_normal(counts, dtype=np.float32)
    coordinates = (frame.depth, frame.height, frame.left)
    for axis in (0, 1, 2):
        weights = _spline_weights(coordinates[axis], counts[axis], FIELD_EXTENT_MM[axis], spacing_mm[axis])
        used = np.flatnonzero(weights.any(axis=0))
        field = np.moveaxis(np.tensordot(weights[:, used], field.take(used, axis), axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(field / np.float32(_SPLINE_VARIANCE**1.5))


def profile(values: npt.ArrayLike, points: Sequence[tuple[float, float]]) -> FloatArray:
    """Smooth curve through (position, value) points, constant beyond the first and the last."""
    position, value = np.array(points, dtype=np.float64).T
    table = np.linspace(position[0], position[-1], 200)
    curve = PchipInterpolator(position, value)(table)
    return np.asarray(np.interp(np.asarray(values), table, curve), dtype=np.float32)


def step_up(values: FloatArray, start: float, end: float) -> FloatArray:
    """Smooth step from 0 at ``start`` to 1 at ``end``."""
    t = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    smooth: FloatArray = t * t * (3 - 2 * t)
    return smooth


def slab_around(depth: FloatArray, centre: float, reach: float) -> slice:
    """Slices whose depth, shape (k, 1, 1), is within reach of a centre."""
    hit = np.flatnonzero(np.abs(depth.ravel() - centre) <= reach)
    return slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else slice(0, 0)


def smooth_curve(points: npt.ArrayLike, steps: int = 24) -> list[tuple[float, float, float]]:
    """Points along a smooth curve through points (depth, height, left), in mm."""
    corners = np.asarray(points, dtype=np.float64)
    curve = PchipInterpolator(np.arange(len(corners)), corners, axis=0)(np.linspace(0, len(corners) - 1, steps))
    return [(float(d), float(h), float(s)) for d, h, s in curve]


def eroded_in_slice(mask: BoolArray) -> BoolArray:
    """Mask without its outermost pixels (four neighbours) in every slice."""
    inner = mask.copy()
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    inner[:, :, 1:] &= mask[:, :, :-1]
    inner[:, :, :-1] &= mask[:, :, 1:]
    return inner


def ellipsoid(
    depth: FloatArray, height: FloatArray, left: FloatArray, centre: Sequence[float], radii: Sequence[float]
) -> FloatArray:
    """Squared relative distance from the centre of an ellipsoid: 1 on its surface. Centre and radii in mm."""
    parts = zip((depth, height, left), centre, radii, strict=True)
    squares = [((axis - np.float32(middle)) / np.float32(radius)) ** 2 for axis, middle, radius in parts]
    distance: FloatArray = squares[0] + squares[1] + squares[2]
    return distance


def paint_tube(mask: BoolArray, frame: Frame, points: Points, radius_mm: float, slab_mm: float = 1.0) -> None:
    """Set the voxels of a mask within a radius of a line through points (depth, height, left), in mm.

    A slice is thicker than its pixels are wide: a tube within ``slab_mm`` of its middle is in it in full.
    """
    for start, end in pairwise(points):
        box = _box_around(frame, np.array([start, end]), radius_mm + slab_mm)
        if min(part.stop - part.start for part in box) == 0:
            continue
        along = np.subtract(end, start).astype(np.float32)
        axes = (frame.depth[box[0], None, None], frame.height[None, box[1], None], frame.left[None, None, box[2]])
        offset = [axis - np.float32(first) for axis, first in zip(axes, start, strict=True)]
        share = sum((o * a for o, a in zip(offset, along, strict=True)), np.float32(0)) / np.dot(along, along)
        share = np.clip(share, 0, 1)
        away = [o - a * share for o, a in zip(offset, along, strict=True)]
        away[0] = np.maximum(np.abs(away[0]) - np.float32(slab_mm), 0)
        mask[box] |= away[0] ** 2 + away[1] ** 2 + away[2] ** 2 <= radius_mm**2


def band_distance(height: FloatArray, side: FloatArray, line: npt.NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """Signed distance from a band in one slice, and the depth below its medial border, both in mm.

    Parameters
    ----------
    height, side
        Coordinates of the pixels, shape (j, i); ``side`` is the distance from the midline.
    line
        Rows of (side, height, half width) along the middle of the band, from its lower medial end.

    Returns
    -------
    Distance from the band's border, negative inside; and depth, 0 at the medial border and growing sideways.
    """
    distance = np.full(height.shape, 1e3, dtype=np.float32)
    depth = np.full(height.shape, -1e3, dtype=np.float32)
    for (x0, y0, r0), (x1, y1, r1) in zip(line[:-1].astype(np.float32), line[1:].astype(np.float32), strict=True):
        dx, dy = x1 - x0, y1 - y0
        x, y = side - x0, height - y0
        share = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0, 1)
        away = np.hypot(x - share * dx, y - share * dy)
        half = r0 + share * (r1 - r0)
        nearer = away - half < distance
        np.copyto(distance, away - half, where=nearer)
        np.copyto(depth, half - np.where(dx * y - dy * x > 0, away, -away), where=nearer)
    return distance, depth


def _spline_weights(positions: FloatArray, knots: int, extent: float, step: float) -> FloatArray:
    t = np.abs((positions[:, None] + extent) / step + 1 - np.arange(knots))
    weights = np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.where(t < 2, (2 - t) ** 3 / 6, 0))
    return weights.astype(np.float32)


def _box_around(frame: Frame, points: npt.NDArray[np.float64], margin: float) -> tuple[slice, slice, slice]:
    box = []
    for axis, positions in enumerate((frame.depth, frame.height, frame.left)):
        low, high = points[:, axis].min() - margin, points[:, axis].max() + margin
        hit = np.flatnonzero((positions >= low) & (positions <= high))
        box.append(slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else slice(0, 0))
    return box[0], box[1], box[2]
