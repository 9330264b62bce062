"""Flat arrays in blocks of eight voxels: where masks are true, without a look at every voxel.

Seven of eight voxels of a scan are no bone. Eight truth values fit into one machine word, so blocks without any voxel
of a mask are passed over as fast as memory is read, and only the others are copied together and worked on.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .grids import BoolArray, IndexArray

Value = TypeVar("Value", bound=np.generic)

BLOCK_BITS = 3
BLOCK = 1 << BLOCK_BITS
"""Voxels of a block: as many as truth values fit into one machine word."""


def in_blocks(array: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """An array of one axis as blocks, shape (n, 8); copied and filled up with zeros when 8 does not divide its size.

    Examples
    --------
    >>> in_blocks(np.arange(1, 11))
    array([[ 1,  2,  3,  4,  5,  6,  7,  8],
           [ 9, 10,  0,  0,  0,  0,  0,  0]])
    """
    missing = -array.size % BLOCK
    if missing:
        array = np.append(array, np.zeros(missing, dtype=array.dtype))
    return array.reshape(-1, BLOCK)


def blocks_holding(mask: BoolArray) -> IndexArray:
    """Numbers of the blocks of a mask, shape (n, 8), that are true anywhere."""
    return np.flatnonzero(mask.view(np.uint64) != 0)


def positions_of_true(mask: BoolArray) -> IndexArray:
    """Positions of the true values of a mask of one axis; fast where they are few.

    Examples
    --------
    >>> positions_of_true(np.array([False, True, False, False, True]))
    array([1, 4])
    """
    blocks = in_blocks(mask)
    numbers = blocks_holding(blocks)
    place = np.flatnonzero(blocks.take(numbers, axis=0))
    positions: IndexArray = numbers.take(place >> BLOCK_BITS) << BLOCK_BITS
    positions += place & BLOCK - 1
    return positions


def stretches(chosen: BoolArray, numbers: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Stretches of true values that follow each other: position of the first value of each, and of the last.

    Parameters
    ----------
    chosen
        Some blocks of a larger array, shape (n, 8).
    numbers
        Of these blocks in the larger array, ascending. The positions are those in the larger array.

    Examples
    --------
    >>> mask = in_blocks(np.isin(np.arange(32), [14, 15, 16, 24]))
    >>> first, last = stretches(mask[[1, 2, 3]], np.array([1, 2, 3]))
    >>> first.tolist(), last.tolist()
    ([14, 24], [16, 24])
    """
    held = blocks_holding(chosen)
    numbers, values = numbers.take(held), chosen.take(held, axis=0).ravel()
    first, last = values.copy(), values.copy()
    np.greater(values[1:], values[:-1], out=first[1:])
    np.greater(values[:-1], values[1:], out=last[:-1])
    apart = np.flatnonzero(numbers[1:] != numbers[:-1] + 1) + 1 << BLOCK_BITS  # where the next block does not follow
    first[apart] = values[apart]
    last[apart - 1] = values[apart - 1]
    shift = (numbers - np.arange(numbers.size)) << BLOCK_BITS
    return _positions(first, shift), _positions(last, shift)


def _positions(ends: BoolArray, shift: IndexArray) -> IndexArray:
    """Positions of the true values of blocks, of which no pair (0 and 1, 2 and 3, ...) has two.

    Parameters
    ----------
    ends
        Blocks one after the other, of one axis.
    shift
        How much farther on each block stands in the larger array.
    """
    pair = np.flatnonzero(ends.view(np.uint16) != 0) << 1
    place = pair + ends.take(pair + 1)
    return place + shift.take(place >> BLOCK_BITS)
