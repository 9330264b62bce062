"""Groups: what is 8-connected within one slice; and the islands that they make, 26-connected in 3D.

No run's neighbours are looked up. Every row is laid over the one before it, on a common line, and what touches on the
line belongs together: voxels of two following rows are neighbours when their columns are the same or adjoin. Such a
line is a window of two rows, and neighbours in two slices lie in at least one such window. So every line is then laid
over the same line of the slice before it, and again what touches belongs together. Each time one merge finds all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .grids import IndexArray
from .lattice import Lattice, Runs


@dataclass(frozen=True)
class Groups:
    """The groups of a set of voxels.

    Attributes
    ----------
    sizes
        Voxels of each group; groups are numbered from 0 by first run.
    runs
        Of the voxels.
    of_run
        Group of each run.
    lines
        What is covered where each row is laid over the row before it.
    of_line
        Group of each run of ``lines``.
    """

    sizes: IndexArray
    runs: Runs
    of_run: IndexArray
    lines: Runs
    of_line: IndexArray

    @property
    def number(self) -> int:
        """How many there are."""
        return self.sizes.size

    @classmethod
    def within_slices(cls, runs: Runs, lattice: Lattice) -> Groups:
        """Find the groups of the voxels of some runs."""
        rows = Overlay.of(runs, lattice.row_step)
        number, of_run = connected(runs.start.size, *rows.touching())
        lines, member = rows.cover()
        sizes = np.bincount(of_run, weights=runs.lengths, minlength=number).astype(np.int64)
        return cls(sizes, runs, of_run, lines, of_run.take(member))

    def of_at_least(self, pixels: int) -> Groups:
        """Groups that are large enough (1 keeps all), numbered anew in the same order."""
        if pixels <= 1:
            return self
        large = self.sizes >= pixels
        new_number = np.cumsum(large) - 1
        runs, lines = np.flatnonzero(large.take(self.of_run)), np.flatnonzero(large.take(self.of_line))
        return Groups(
            sizes=self.sizes[large],
            runs=self.runs.take(runs),
            of_run=new_number.take(self.of_run.take(runs)),
            lines=self.lines.take(lines),
            of_line=new_number.take(self.of_line.take(lines)),
        )

    def islands(self, lattice: Lattice) -> IndexArray:
        """Island of each group, from 0 by first group."""
        left, right = Overlay.of(self.lines, lattice.slice_step).touching()
        _, island = connected(self.number, self.of_line.take(left), self.of_line.take(right))
        return island


@dataclass(frozen=True)
class Overlay:
    """Runs, and the same runs moved back by some step, on one line.

    Attributes
    ----------
    run
        Positions of the runs, each there twice, as they begin on the line.
    start
        Where they begin.
    reach
        How far they and those before them reach.
    touches
        Which of them touch, or overlap, one before them.

    Examples
    --------
    >>> over = Overlay.of(Runs(np.array([2, 12, 17]), np.array([4, 15, 18])), step=10)
    >>> lines, member = over.cover()
    >>> lines.start.tolist(), lines.stop.tolist(), member.tolist()
    ([-8, 2, 7, 12, 17], [-6, 5, 8, 15, 18], [0, 1, 2, 1, 2])
    >>> [positions.tolist() for positions in over.touching()]
    [[1], [0]]
    """

    run: IndexArray
    start: IndexArray
    reach: IndexArray
    touches: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, runs: Runs, step: int) -> Overlay:
        """Lay runs over the same runs moved back by a step."""
        position = np.arange(runs.start.size)
        start, stop = np.concatenate([runs.start - step, runs.start]), np.concatenate([runs.stop - step, runs.stop])
        order = start.argsort(kind="stable")  # which finds both halves in order and only merges them
        start, reach = start.take(order), np.maximum.accumulate(stop.take(order))
        touches = np.zeros(start.size, dtype=bool)
        np.less_equal(start[1:], reach[:-1], out=touches[1:])
        return cls(np.concatenate([position, position]).take(order), start, reach, touches)

    def touching(self) -> tuple[IndexArray, IndexArray]:
        """Positions of runs that belong together, in pairs that connect them all."""
        right = np.flatnonzero(self.touches)
        return self.run.take(right - 1), self.run.take(right)

    def cover(self) -> tuple[Runs, IndexArray]:
        """Runs of what is covered, and for each the position of a run in it."""
        first = np.flatnonzero(~self.touches)
        last = np.append(first[1:], self.start.size)[: first.size] - 1
        return Runs(self.start.take(first), self.reach.take(last)), self.run.take(first)


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
    np.minimum.at(root, np.maximum(source, target), np.minimum(source, target))
    while not np.array_equal(above := root.take(root), root):
        root = above.take(above)
    roots = np.flatnonzero(root == np.arange(count))
    number = np.empty_like(root)
    number[roots] = np.arange(roots.size)
    component = number.take(root)
    source, target = component.take(source), component.take(target)
    apart = np.flatnonzero(source != target)
    if apart.size == 0:
        return roots.size, component
    # Trees that an edge still joins: the same again, with a node for each.
    found, joined = connected(roots.size, source.take(apart), target.take(apart))
    return found, joined.take(component)
