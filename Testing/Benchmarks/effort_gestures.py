"""What a reader can do with one movement, and what each would bring: clicks, lassos, planes, sliders.

A gesture acts on whole islands in 3D. What it brings is worked out from the islands it touches; it is then carried out
on a real session with the target a reader's tool would use, and must do there what was worked out here.

- Click: one island, kept or removed.
- Lasso: an ellipse drawn in one slice; all islands it touches are kept, or removed. Half its shorter axis is at least 2
  mm, half its longer axis at most 40 mm, and nothing it leaves out comes nearer to its line than 1 mm (nor does it
  depend on less than that to reach what it takes): no precision beyond a hand's.
- Plane: everything wholly on one side of a plane across the body's axes is removed.
- Size slider: all islands smaller than a volume are removed.
- Rank slider: all islands ranked below a probability are removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.targets import BesidePlane, RankBelow, SmallerThan, Target, TheseIslands, Touching

Indices = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

SMALLEST_HALF_AXIS_MM = 2.0
LARGEST_HALF_AXIS_MM = 40.0
CLEARANCE_MM = 1.0
STRETCHES = (1.0, 2.0, 4.0)
ANGLES = 6
CENTRES_MM = 8.0
"""Ellipses are centred on the parts of islands and on a lattice this wide."""


@dataclass(frozen=True)
class Gesture:
    """One movement: what it does to which target, the islands (from 0) it acts on, and its kind in words."""

    kind: Literal["click", "lasso", "plane", "size", "rank"]
    action: Literal["keep", "remove"]
    target: Target
    islands: Indices

    def perform(self, session: CleaningSession) -> None:
        """Carry it out."""
        (session.keep if self.action == "keep" else session.remove)(self.target)


@dataclass(frozen=True)
class Family:
    """Gestures that differ in reach only: after the first n islands of an order the next ones follow.

    ``order`` holds islands by the reach that takes them in, ``ends`` the numbers of islands at which a gesture may
    stop,
    ``reach`` what it then reaches.
    """

    kind: Literal["click", "lasso", "plane", "size", "rank"]
    actions: tuple[Literal["keep", "remove"], ...]
    order: Indices
    ends: Indices
    reach: Numbers
    place: tuple[float, ...] = ()


class Gestures:
    """All gestures on one case's islands, listed once."""

    def __init__(self, case: Preliminary, scores: Numbers | None) -> None:
        self.case = case
        self.scores = scores
        self.voxels = case.islands.island_voxels()
        self.sizes = np.array([each.size for each in self.voxels], dtype=np.int64)
        self.families = [*self._sliders(), *self._planes(), *self._clicks(), *self._lassos()]
        width = max(family.order.size for family in self.families)
        count = len(self.families)
        self.order = np.full((count, width), self.sizes.size, dtype=np.int64)
        self.allowed = np.zeros((count, width), dtype=bool)
        for row, family in enumerate(self.families):
            self.order[row, : family.order.size] = family.order
            self.allowed[row, family.ends - 1] = True

    def gesture(self, row: int, end: int, action: Literal["keep", "remove"]) -> Gesture:
        """The gesture of a family that takes the first islands of its order, up to and with position ``end``."""
        family = self.families[row]
        taken = family.order[: end + 1]
        reach = float(family.reach[np.searchsorted(family.ends, end + 1)])
        return Gesture(family.kind, action, self._target(family, taken, reach), taken)

    def _target(self, family: Family, taken: Indices, reach: float) -> Target:
        grid = self.case.grid
        if family.kind == "click":
            return TheseIslands((int(taken[0]) + 1,))
        if family.kind == "size":
            return SmallerThan(reach * grid.voxel_volume_mm3)
        if family.kind == "rank":
            return RankBelow(reach)
        if family.kind == "plane":
            normal = np.array(family.place)
            point = -reach * normal
            return BesidePlane((point[0], point[1], point[2]), (normal[0], normal[1], normal[2]))
        return Touching(self._ellipse(family.place, reach), "lasso")

    def _clicks(self) -> Iterator[Family]:
        for island in range(self.sizes.size):
            yield Family("click", ("keep", "remove"), np.array([island]), np.array([1]), np.array([0.0]))

    def _sliders(self) -> Iterator[Family]:
        yield _slider("size", self.sizes.astype(np.float64))
        if self.scores is not None:
            yield _slider("rank", self.scores)

    def _planes(self) -> Iterator[Family]:
        """Across the directions of rows, columns and slices, from either side."""
        grid = self.case.grid
        points = [grid.to_ras(np.stack(np.unravel_index(each, grid.shape), axis=1)) for each in self.voxels]
        for axis in range(3):
            direction = grid.affine[:3, axis] / np.linalg.norm(grid.affine[:3, axis])
            for side in (direction, -direction):
                depth = np.array([(each @ side).min() for each in points])
                order = np.argsort(-depth, kind="stable")
                ends, middle = _stops(-depth[order], least_gap=CLEARANCE_MM)
                yield Family("plane", ("remove",), order, ends, middle, tuple(side.tolist()))

    @cached_property
    def _slice_axes(self) -> tuple[int, int, int]:
        axis = self.case.grid.slice_axis
        row, column = (other for other in range(3) if other != axis)
        return axis, row, column

    def _lassos(self) -> Iterator[Family]:
        axis, row, column = self._slice_axes
        spacing = self.case.grid.spacing_mm
        owner = np.repeat(np.arange(self.sizes.size), self.sizes)
        kji = np.stack(np.unravel_index(np.concatenate(self.voxels), self.case.grid.shape), axis=1)
        for number in np.unique(kji[:, axis]):
            here = kji[:, axis] == number
            points = kji[here][:, [row, column]] * np.array([spacing[row], spacing[column]])
            islands, place = np.unique(owner[here], return_inverse=True)
            sort = np.argsort(place, kind="stable")
            points, starts = points[sort], np.searchsorted(place[sort], np.arange(islands.size))
            for centre in self._centres(points, starts):
                for stretch in STRETCHES:
                    for angle in np.arange(ANGLES if stretch > 1 else 1) * np.pi / ANGLES:
                        family = self._ellipses(points - centre, starts, islands, stretch, angle)
                        if family is not None:
                            order, ends, reach = family
                            where = (float(number), float(centre[0]), float(centre[1]), stretch, float(angle))
                            yield Family("lasso", ("keep", "remove"), order, ends, reach, where)

    @staticmethod
    def _centres(points: Numbers, starts: Indices) -> Numbers:
        """Middles of the islands' parts, and of the cells of a coarse lattice that hold any."""
        counts = np.diff(np.append(starts, len(points)))
        middles = np.add.reduceat(points, starts) / counts[:, None]
        lattice = (np.unique(np.floor(points / CENTRES_MM), axis=0) + 0.5) * CENTRES_MM
        return np.concatenate([middles, lattice])

    @staticmethod
    def _ellipses(
        points: Numbers, starts: Indices, islands: Indices, stretch: float, angle: float
    ) -> tuple[Indices, Indices, Numbers] | None:
        """Order in which a growing ellipse takes islands in, where it may stop, and half its shorter axis then."""
        along = points @ np.array([np.cos(angle), np.sin(angle)])
        across = points @ np.array([-np.sin(angle), np.cos(angle)])
        distance = np.minimum.reduceat(np.hypot(along / stretch, across), starts)
        order = np.argsort(distance, kind="stable")
        ends, middle = _stops(distance[order], least_gap=2 * CLEARANCE_MM)
        fits = (middle >= SMALLEST_HALF_AXIS_MM) & (middle * stretch <= LARGEST_HALF_AXIS_MM) & (ends > 1)
        if not fits.any():
            return None
        ends, middle = ends[fits], middle[fits]
        return islands[order[: ends[-1]]], ends, middle

    def _ellipse(self, place: tuple[float, ...], half_axis: float) -> Indices:
        """Voxels whose centres lie in an ellipse of one slice, C-order positions."""
        number, row_mm, column_mm, stretch, angle = place
        _, row, column = self._slice_axes
        grid = self.case.grid
        rows = np.arange(grid.shape[row])[:, None] * grid.spacing_mm[row] - row_mm
        columns = np.arange(grid.shape[column])[None] * grid.spacing_mm[column] - column_mm
        along, across = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
        inside = np.argwhere(np.hypot(along / stretch, across) <= half_axis)
        index: list[Indices] = [np.full(len(inside), int(number))] * 3
        index[row], index[column] = inside[:, 0], inside[:, 1]
        return np.ravel_multi_index((index[0], index[1], index[2]), grid.shape).astype(np.int64)


def _slider(kind: Literal["size", "rank"], values: Numbers) -> Family:
    """Everything below a value: the slider may stand between any two that differ."""
    order = np.argsort(values, kind="stable")
    ends, middle = _stops(values[order], least_gap=0.0)
    return Family(kind, ("remove",), order, ends, middle)


def _stops(ascending: Numbers, least_gap: float) -> tuple[Indices, Numbers]:
    """After how many of some ascending values one may stop, and the middle of the gap that follows."""
    following = np.append(ascending[1:], ascending[-1] + max(2 * least_gap, 1e-6))
    gap = following - ascending
    ends = np.flatnonzero(gap > least_gap if least_gap == 0 else gap >= least_gap)
    return ends + 1, (ascending + following)[ends] / 2
