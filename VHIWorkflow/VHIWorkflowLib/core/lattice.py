"""Sets of voxels as sorted codes, and their connected components, at a cost that follows the set, not the volume.

A code numbers the voxels slice by slice, row by row, with one unused place after each row and one unused row after
each slice. Two codes that differ by one step of a neighbourhood are then neighbours in space, never a row's end and the
next row's start. Components are found on runs (maximal stretches of consecutive codes) instead of voxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .blocks import Value, positions_of_true
from .grids import BoolArray, IndexArray

_BEYOND = np.iinfo(np.int64).max
"""Above every code."""


@dataclass(frozen=True)
class Lattice:
    """Numbers the voxels of arrays of one shape, slices first whatever axis they were acquired along.

    Parameters
    ----------
    shape
        Of the arrays, (k, j, i).
    slice_axis
        Array axis along which the slices were acquired.
    """

    shape: tuple[int, int, int]
    slice_axis: int

    @cached_property
    def axes(self) -> tuple[int, int, int]:
        """Array axes in the order slice, row, column."""
        row, column = (axis for axis in range(3) if axis != self.slice_axis)
        return self.slice_axis, row, column

    @cached_property
    def row_step(self) -> int:
        """Difference between the codes of a voxel and the one in the next row."""
        return self.shape[self.axes[2]] + 1

    @cached_property
    def slice_step(self) -> int:
        """Difference between the codes of a voxel and the one in the next slice."""
        return (self.shape[self.axes[1]] + 1) * self.row_step

    @property
    def within_slice(self) -> tuple[int, ...]:
        """Steps to the following rows that hold neighbours of a voxel in its slice (8-connected)."""
        return (self.row_step,)

    @property
    def between_slices(self) -> tuple[int, ...]:
        """Steps to the rows of the following slice that hold neighbours of a voxel (26-connected)."""
        return self.slice_step - self.row_step, self.slice_step, self.slice_step + self.row_step

    def in_order(self, array: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """An array of this shape made flat: slice by slice, row by row."""
        return array.transpose(self.axes).ravel()

    def codes_of(self, mask: BoolArray) -> IndexArray:
        """Sorted codes of the true voxels of a mask, shape (k, j, i)."""
        return self.codes_in_order(positions_of_true(self.in_order(mask)))

    def runs_between(self, ends: IndexArray) -> Runs:
        """Runs of stretches of voxels of ``in_order``, given by where each begins and ends, in turn."""
        columns = self.shape[self.axes[2]]
        start, stop = ends[0::2], ends[1::2]
        rows = (stop - 1) // columns - start // columns + 1
        if (rows > 1).any():  # stretches that go on in the next row
            which = np.repeat(np.arange(start.size), rows)
            row = start[which] // columns + np.arange(which.size) - np.repeat(np.cumsum(rows) - rows, rows)
            start, stop = np.maximum(start[which], row * columns), np.minimum(stop[which], (row + 1) * columns)
        first = self.codes_in_order(start)
        return Runs(first, first + (stop - start))

    def codes_at(self, flat: IndexArray) -> IndexArray:
        """Codes of voxels given by their C-order position in an array of this shape; in the order given."""
        if self.slice_axis == 0:
            return self.codes_in_order(flat)
        kji = np.unravel_index(flat, self.shape)
        ordered = tuple(self.shape[axis] for axis in self.axes)
        return self.codes_in_order(np.ravel_multi_index(tuple(kji[axis] for axis in self.axes), ordered))

    def flat(self, codes: IndexArray) -> IndexArray:
        """C-order positions in an array of this shape, of voxels given by their codes."""
        row_number, column = np.divmod(codes, self.row_step)
        slice_number, row = np.divmod(row_number, self.shape[self.axes[1]] + 1)
        place = dict(zip(self.axes, (slice_number, row, column), strict=True))
        return (place[0] * self.shape[1] + place[1]) * self.shape[2] + place[2]

    def flat_runs(self, runs: Runs) -> IndexArray:
        """``flat(runs.codes())``, without taking every code apart."""
        stride = 1 if self.axes[2] == 2 else self.shape[2]
        lengths = runs.lengths
        before = np.cumsum(lengths) - lengths
        positions: IndexArray = np.repeat(self.flat(runs.start) - before * stride, lengths)
        positions += np.arange(0, positions.size * stride, stride)
        return positions

    def slices(self, codes: IndexArray) -> IndexArray:
        """Slice numbers of voxels given by their codes."""
        return codes // self.slice_step

    def codes_in_order(self, positions: IndexArray) -> IndexArray:
        """Codes of voxels given by their C-order position in an array whose axes are slice, row, column."""
        rows, columns = self.shape[self.axes[1]], self.shape[self.axes[2]]
        row_number = positions // columns
        return positions + row_number + (row_number // rows) * self.row_step


@dataclass(frozen=True)
class Runs:
    """Maximal stretches of consecutive codes: first code and the code after the last one, both ascending."""

    start: IndexArray
    stop: IndexArray

    @classmethod
    def of(cls, codes: IndexArray) -> Runs:
        """Runs of ascending codes."""
        if codes.size == 0:
            return cls(codes, codes)
        breaks = np.flatnonzero(np.diff(codes) != 1)
        first = np.concatenate([codes[:1], codes[breaks + 1]])
        last = np.concatenate([codes[breaks], codes[-1:]])
        return cls(first, last + 1)

    @property
    def lengths(self) -> IndexArray:
        """Voxels in each run."""
        return self.stop - self.start

    def take(self, chosen: npt.NDArray[np.bool_] | IndexArray) -> Runs:
        """Runs chosen by a mask or by positions."""
        return Runs(self.start[chosen], self.stop[chosen])

    def codes(self) -> IndexArray:
        """All codes, run after run."""
        lengths = self.lengths
        ends = np.cumsum(lengths)
        codes: IndexArray = np.arange(int(lengths.sum())) + np.repeat(self.start - (ends - lengths), lengths)
        return codes

    def containing(self, codes: IndexArray) -> IndexArray:
        """Position of the run that holds each of some codes; codes in no run are left out."""
        if self.start.size == 0:
            return np.empty(0, dtype=np.int64)
        position = np.searchsorted(self.start, codes, side="right") - 1
        return position[(position >= 0) & (codes < self.stop[position])]

    def components(self, steps: tuple[int, ...]) -> tuple[int, IndexArray]:
        """Number of connected components and the component of each run, from 0 by first run.

        Parameters
        ----------
        steps
            Of the lattice: ``within_slice``, ``between_slices``, or both.
        """
        return connected(self.start.size, *self.neighbours(steps))

    def neighbours(self, steps: tuple[int, ...]) -> tuple[IndexArray, IndexArray]:
        """Positions of runs that touch: the one, and the other some steps on."""
        end = np.concatenate([self.stop + step for step in steps])
        one = np.tile(np.arange(self.start.size), len(steps))
        other = np.concatenate([_count_below(self.stop, self.start + step) for step in steps])
        starts = np.append(self.start, _BEYOND)
        ones, others = [], []
        while (touching := np.flatnonzero(starts[other] <= end)).size:
            one, other, end = one[touching], other[touching], end[touching]
            ones.append(one)
            others.append(other)
            other = other + 1  # a run may touch several: on to the next
        return np.concatenate([one[:0], *ones]), np.concatenate([one[:0], *others])


def _count_below(values: IndexArray, limits: IndexArray) -> IndexArray:
    """How many of some ascending values lie below each of some ascending limits: ``np.searchsorted(values, limits)``.

    Merging the two is faster than searching for every limit; the stable sort finds them in order and only merges.

    Examples
    --------
    >>> _count_below(np.array([2, 4, 6]), np.array([1, 4, 5, 9]))
    array([0, 1, 2, 3])
    """
    order = np.argsort(np.concatenate([limits, values]), kind="stable")
    place: IndexArray = np.flatnonzero(order < limits.size)
    place -= np.arange(limits.size)
    return place


def connected(count: int, source: IndexArray, target: IndexArray) -> tuple[int, IndexArray]:
    """Number of connected components of an undirected graph, and the component of each node, from 0 by first node.

    Scipy has this too, but loading its sparse arrays takes longer than measuring a case.

    Parameters
    ----------
    count
        Nodes, numbered from 0.
    source, target
        Nodes at the ends of each edge.

    Examples
    --------
    >>> connected(5, np.array([4, 3]), np.array([1, 4]))
    (3, array([0, 1, 2, 1, 1]))
    """
    nodes = np.arange(count)
    root = nodes.copy()
    np.minimum.at(root, np.maximum(source, target), np.minimum(source, target))
    while not np.array_equal(above := root.take(root), root):
        root = above
    number = np.cumsum(root == nodes) - 1
    component = number.take(root)
    source, target = component.take(source), component.take(target)
    apart = np.flatnonzero(source != target)
    found = int(number[-1]) + 1 if count else 0
    if apart.size:  # trees that an edge still joins: the same again, with a node for each
        found, joined = connected(found, source.take(apart), target.take(apart))
        component = joined.take(component)
    return found, component
