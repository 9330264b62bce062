"""Sets of voxels as sorted codes and as runs, at a cost that follows the set, not the volume.

A code numbers the voxels slice by slice, row by row, with one unused place after each row and one unused row after
each slice. Two codes that differ by one step of a neighbourhood are then neighbours in space, never a row's end and the
next row's start. Runs are maximal stretches of consecutive codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .blocks import Value, positions_of_true
from .grids import BoolArray, IndexArray


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

    def in_order(self, array: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """An array of this shape made flat: slice by slice, row by row."""
        return array.transpose(self.axes).ravel()

    def codes_of(self, mask: BoolArray) -> IndexArray:
        """Sorted codes of the true voxels of a mask, shape (k, j, i)."""
        return self.codes_in_order(positions_of_true(self.in_order(mask)))

    def runs_between(self, first: IndexArray, last: IndexArray) -> Runs:
        """Runs of stretches of voxels of ``in_order``, given by their first and last voxels."""
        columns = self.shape[self.axes[2]]
        row = first // columns
        further = last // columns - row
        if further.any():  # stretches that go on in the next row
            rows = further + 1
            which = np.repeat(np.arange(first.size), rows)
            row = row[which] + np.arange(which.size) - np.repeat(np.cumsum(rows) - rows, rows)
            first = np.maximum(first[which], row * columns)
            last = np.minimum(last[which], row * columns + columns - 1)
        start = self.codes_in_order(first)
        return Runs(start, start + (last - first + 1))

    def codes_at(self, flat: IndexArray) -> IndexArray:
        """Codes of voxels given by their C-order position in an array of this shape; in the order given."""
        if self.slice_axis == 0:
            return self.codes_in_order(flat)
        kji = np.unravel_index(flat, self.shape)
        ordered = tuple(self.shape[axis] for axis in self.axes)
        return self.codes_in_order(np.ravel_multi_index(tuple(kji[axis] for axis in self.axes), ordered))

    def flat(self, codes: IndexArray) -> IndexArray:
        """C-order positions in an array of this shape, of voxels given by their codes."""
        steps = (self.shape[1] * self.shape[2], self.shape[2], 1)
        to_slice, to_row, to_column = (steps[axis] for axis in self.axes)
        row_number = codes // self.row_step
        slice_number = codes // self.slice_step
        # With row = row_number - rows * slice_number and column = codes - row_step * row_number:
        rows = self.slice_step // self.row_step
        positions = codes * to_column
        positions += row_number * (to_row - self.row_step * to_column)
        positions += slice_number * (to_slice - rows * to_row)
        return positions

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
