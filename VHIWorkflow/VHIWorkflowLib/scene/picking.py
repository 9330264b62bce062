"""What lies under the cursor: the voxel and the island at a point, and the outline to draw around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import FloatArray, Grid, IndexArray
from VHIWorkflowLib.core.partition import Unit

Ras = tuple[float, float, float]
Voxel = tuple[int, int, int]

REACH_PIXELS = 1.5
"""So far from a voxel's centre, within its slice, the cursor still takes the island: some have four pixels only."""
SURFACE_REACH_VOXELS = (2, 3)
"""Along the slice axis and within a slice: a smoothed surface lies so far from the voxels at most."""


@dataclass(frozen=True)
class Pick:
    """An island that was pointed at, or its part within a slice, and the voxel (array index k, j, i) that was taken."""

    unit: Unit
    voxel: Voxel


def voxel_at(grid: Grid, ras: Ras) -> Voxel | None:
    """The voxel (k, j, i) that holds a point in RAS mm; None outside the volume."""
    k, j, i = (int(n) for n in np.floor(grid.from_ras(ras)[0] + 0.5))
    inside = all(0 <= n < size for n, size in zip((k, j, i), grid.shape, strict=True))
    return (k, j, i) if inside else None


def pick(session: CleaningSession, ras: Ras, in_slice: int | None = None) -> Pick | None:
    """The island at a point, removed or not; else the nearest in the same slice within `REACH_PIXELS`.

    Parameters
    ----------
    in_slice
        Take the part within this slice; None for whole islands.
    """
    grid = session.grid
    centre = voxel_at(grid, ras)
    if centre is None:
        return None
    place = grid.from_ras(ras)[0]
    reach = tuple(0 if axis == grid.slice_axis else 1 for axis in range(3))
    around = _nearest_first(grid, place, reach, np.ones(3), REACH_PIXELS)
    return _first_on_island(session, [centre, *around], in_slice)


def pick_surface(session: CleaningSession, ras: Ras, *, removed_too: bool = False) -> Pick | None:
    """The island nearest to a point on its surface in a 3D view; None when none is near.

    Parameters
    ----------
    removed_too
        Look among all islands, not only those that count.
    """
    grid = session.grid
    along, within = SURFACE_REACH_VOXELS
    reach = tuple(along if axis == grid.slice_axis else within for axis in range(3))
    around = _nearest_first(grid, grid.from_ras(ras)[0], reach, np.array(grid.spacing_mm), float(np.inf))
    shown = [voxel for voxel in around if removed_too or _is_shown(session, voxel)]
    return _first_on_island(session, shown, None)


def counts(session: CleaningSession, unit: Unit) -> bool:
    """Whether all of an island or part is in the cleaned mask."""
    decision = session.decision(unit)
    return decision == "kept" or (decision == "undecided" and session.start == "remove")


def view_axis(grid: Grid, normal: Ras) -> int:
    """Array axis along which one looks in a view with this normal (RAS)."""
    directions = grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0)
    return 2 - int(np.argmax(np.abs(directions.T @ np.asarray(normal, dtype=np.float64))))


def outline(session: CleaningSession, picked: Pick, axis: int) -> Any:
    """Outline of an island or part in the plane of voxels through the picked one: vtkPolyData of lines, RAS mm.

    Parameters
    ----------
    axis
        Array axis along which one looks.
    """
    partition, index = session.partition, picked.voxel[axis]
    parts = [partition.parts[part] for part in partition.parts_of(picked.unit)]
    if axis == session.grid.slice_axis:
        parts = [part for part in parts if part.slice_number == index]
    kji = np.stack(np.unravel_index(np.concatenate([part.voxels for part in parts]), session.grid.shape), axis=1)
    return _poly_data(session.grid.to_ras(_edges(kji[kji[:, axis] == index], axis)))


def _edges(kji: IndexArray, axis: int) -> FloatArray:
    """Both ends of each voxel edge between inside and outside, in fractional array indices, shape (2 n, 3)."""
    across = [other for other in range(3) if other != axis]
    low = kji[:, across].min(axis=0) - 1
    inside = np.zeros(kji[:, across].max(axis=0) - low + 2, dtype=bool)
    inside[tuple((kji[:, across] - low).T)] = True
    ends = []
    for side in (0, 1):
        before = inside[:-1] if side == 0 else inside[:, :-1]
        after = inside[1:] if side == 0 else inside[:, 1:]
        middle = np.argwhere(before != after) + low + (0.5 if side == 0 else 0.0, 0.5 if side == 1 else 0.0)
        half = (0.0, 0.5) if side == 0 else (0.5, 0.0)
        ends.append(np.stack([middle - half, middle + half], axis=1).reshape(-1, 2))
    corners = np.concatenate(ends)
    points = np.full((len(corners), 3), float(kji[0, axis]))
    points[:, across] = corners
    return points


def _poly_data(points: FloatArray) -> Any:
    """Lines between each two points in a row."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

    data, places, lines = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    places.SetData(numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    count = len(points)
    offsets = np.arange(0, count + 1, 2, dtype=np.int64)
    lines.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.arange(count, dtype=np.int64), deep=True),
    )
    data.SetPoints(places)
    data.SetLines(lines)
    return data


def _first_on_island(session: CleaningSession, voxels: Sequence[Voxel], in_slice: int | None) -> Pick | None:
    """The first of some voxels that lies on an island."""
    for voxel in voxels:
        units = session.partition.units_at(_position(session, voxel), in_slice)
        if units:
            return Pick(units[0], voxel)
    return None


def _is_shown(session: CleaningSession, voxel: Voxel) -> bool:
    """Whether a voxel is part of the cleaned mask."""
    parts = session.partition.units_at(_position(session, voxel), voxel[session.grid.slice_axis])
    return bool(parts) and counts(session, parts[0])


def _position(session: CleaningSession, voxel: Voxel) -> IndexArray:
    return np.array([np.ravel_multi_index(voxel, session.grid.shape)])


def _nearest_first(
    grid: Grid, place: FloatArray, reach: tuple[int, ...], spacing: FloatArray, within: float
) -> list[Voxel]:
    """Voxels around a place given in fractional array indices, so many along each axis, no farther than a distance."""
    ranges = [
        range(max(round(n) - far, 0), min(round(n) + far, size - 1) + 1)
        for n, far, size in zip(place, reach, grid.shape, strict=True)
    ]
    around = np.array(list(product(*ranges)), dtype=np.int64).reshape(-1, 3)
    distance = np.linalg.norm((around - place) * spacing, axis=1)
    order = np.argsort(distance, kind="stable")
    return [(int(k), int(j), int(i)) for k, j, i in around[order[distance[order] <= within]]]
