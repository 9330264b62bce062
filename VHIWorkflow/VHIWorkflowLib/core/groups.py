"""Groups: what is 8-connected within one slice; and the islands that they make, 26-connected in 3D.

No run's neighbours are looked up. Every row is laid over the one before it, on a common line, and what touches on the
line belongs together: voxels of two following rows are neighbours when their columns are the same or adjoin. Such a
line is a window of two rows, and neighbours in two slices lie in at least one such window. So every line is then laid
over the same line of the slice before it, and again what touches belongs together. Each time one merge finds all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grids import IndexArray
from .lattice import Lattice, Runs


@dataclass(frozen=True)
class Groups:
    """The groups of a set of voxels.

    Attributes
    ----------
    number
        How many there are.
    runs
        Of the voxels.
    of_run
        Group of each run, from 0 by first run.
    lines
        What is covered where each row is laid over the row before it.
    of_line
        Group of each run of ``lines``.
    """

    number: int
    runs: Runs
    of_run: IndexArray
    lines: Runs
    of_line: IndexArray

    @classmethod
    def within_slices(cls, runs: Runs, lattice: Lattice) -> Groups:
        """Find the groups of the voxels of some runs."""
        rows = laid_over(runs, lattice.row_step)
        number, of_run = connected(runs.start.size, rows.left, rows.right)
        return cls(number, runs, of_run, rows.cover, of_run.take(rows.member))

    def of_at_least(self, pixels: int) -> Groups:
        """Groups that are large enough (1 keeps all), numbered anew in the same order."""
        if pixels <= 1:
            return self
        large = np.bincount(self.of_run, weights=self.runs.lengths, minlength=self.number) >= pixels
        new_number = np.cumsum(large) - 1
        runs, lines = np.flatnonzero(large.take(self.of_run)), np.flatnonzero(large.take(self.of_line))
        return Groups(
            number=int(np.count_nonzero(large)),
            runs=self.runs.take(runs),
            of_run=new_number.take(self.of_run.take(runs)),
            lines=self.lines.take(lines),
            of_line=new_number.take(self.of_line.take(lines)),
        )

    def islands(self, lattice: Lattice) -> IndexArray:
        """Island of each group, from 0 by first group."""
        slices = laid_over(self.lines, lattice.slice_step)
        _, island = connected(self.number, self.of_line.take(slices.left), self.of_line.take(slices.right))
        return island


@dataclass(frozen=True)
class Overlay:
    """Runs, laid over the same runs moved back by some step.

    Attributes
    ----------
    cover
        Runs of what either covers.
    member
        For each of them, the position of one of the runs in it.
    left, right
        Positions of runs that touch there, in ``cover`` the one after the other.
    """

    cover: Runs
    member: IndexArray
    left: IndexArray
    right: IndexArray


def laid_over(runs: Runs, step: int) -> Overlay:
    """Lay runs over the same runs moved back by a step.

    Examples
    --------
    >>> over = laid_over(Runs(np.array([2, 12, 17]), np.array([4, 15, 18])), step=10)
    >>> over.cover.start.tolist(), over.cover.stop.tolist()
    ([-8, 2, 7, 12, 17], [-6, 5, 8, 15, 18])
    >>> over.left.tolist(), over.right.tolist()
    ([1], [0])
    """
    position = np.arange(runs.start.size)
    if position.size == 0:
        return Overlay(runs, position, position, position)
    start, stop = np.concatenate([runs.start - step, runs.start]), np.concatenate([runs.stop - step, runs.stop])
    order = start.argsort(kind="stable")  # which finds both halves in order and only merges them
    run, start = np.concatenate([position, position]).take(order), start.take(order)
    reach = np.maximum.accumulate(stop.take(order))
    touches = start[1:] <= reach[:-1]
    left, last = np.flatnonzero(touches), np.append(np.flatnonzero(~touches), start.size - 1)
    first = np.append(0, last[:-1] + 1)
    return Overlay(Runs(start.take(first), reach.take(last)), run.take(first), run.take(left), run.take(left + 1))


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
    root = np.arange(count)
    low, high = np.minimum(source, target), np.maximum(source, target)
    while low.size:
        np.minimum.at(root, high, low)
        while not np.array_equal(above := root.take(root), root):
            root = above.take(above)
        source, target = root.take(low), root.take(high)
        apart = np.flatnonzero(source != target)  # edges that still join two trees
        source, target = source.take(apart), target.take(apart)
        low, high = np.minimum(source, target), np.maximum(source, target)
    number = np.cumsum(root == np.arange(count)) - 1
    return int(number[-1]) + 1 if count else 0, number.take(root)
