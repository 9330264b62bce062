"""How a volume is laid before a radiologist: upright, right on the left, whatever the order it is stored in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .core.grids import FloatArray, Grid

Scalar = TypeVar("Scalar", bound=np.generic)

OBLIQUE_COMPONENT = 0.4
"""An edge gets a second orientation letter when its direction has a second component of at least this size."""


@dataclass(frozen=True)
class View:
    """Slices of a grid in display order: array axes (slice, down, right).

    Slices run from front to back (coronal), from below (axial) or from the right (sagittal); within a slice the
    patient's right is on the left, and what is upper, or else in front, is up. Sagittal slices face left. An oblique
    slice is shown as the one of the three that it is closest to.
    """

    grid: Grid

    @cached_property
    def axes(self) -> tuple[int, int, int]:
        """Array axes (of k, j, i) that are displayed as slice, down and right."""
        across = self.grid.slice_axis
        one, other = (axis for axis in range(3) if axis != across)
        sideways = 1 if self._is_sagittal else 0
        if abs(self._direction(one)[sideways]) > abs(self._direction(other)[sideways]):
            return across, other, one
        return across, one, other

    @cached_property
    def flipped(self) -> tuple[bool, bool, bool]:
        """Whether the display runs against the stored order, for slice, down and right."""
        across, down, right = (self._direction(axis) for axis in self.axes)
        if self._is_sagittal:
            return bool(across[0] > 0), bool(down[2] > 0), bool(right[1] > 0)
        if abs(across[1]) >= abs(across[2]):
            return bool(across[1] > 0), bool(down[2] > 0), bool(right[0] > 0)
        return bool(across[2] < 0), bool(down[1] > 0), bool(right[0] > 0)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between slices, rows and columns of the display, in mm."""
        across, down, right = (self.grid.spacing_mm[axis] for axis in self.axes)
        return across, down, right

    @property
    def letters(self) -> tuple[str, str, str, str]:
        """Where the left, right, upper and lower edge of the display lie: R L A P S I, two when oblique."""
        _, down, right = self.axes
        _, flipped_down, flipped_right = self.flipped
        to_right = self._direction(right) * (-1 if flipped_right else 1)
        to_bottom = self._direction(down) * (-1 if flipped_down else 1)
        return _letter(-to_right), _letter(to_right), _letter(-to_bottom), _letter(to_bottom)

    def show(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Array of shape (k, j, i) as a view with axes (slice, down, right)."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)
        return array.transpose(self.axes)[steps]

    def stored_number(self, displayed: int) -> int:
        """Number, from 1, that a slice has in the file, of the slice displayed at a place, from 0."""
        return self.grid.shape[self.axes[0]] - displayed if self.flipped[0] else displayed + 1

    @property
    def _is_sagittal(self) -> bool:
        return int(np.argmax(np.abs(self._direction(self.grid.slice_axis)))) == 0

    def _direction(self, axis: int) -> FloatArray:
        """Unit vector in RAS along an array axis."""
        column = self.grid.affine[:3, 2 - axis]
        unit: FloatArray = column / np.linalg.norm(column)
        return unit


def _letter(direction: FloatArray) -> str:
    """Side of the body that a direction in RAS points to, with a second letter when it is clearly oblique."""
    order = np.argsort(-np.abs(direction), kind="stable")
    letters = [("RAS" if direction[axis] > 0 else "LPI")[axis] for axis in order]
    return letters[0] + (letters[1] if abs(direction[order[1]]) >= OBLIQUE_COMPONENT else "")
