"""What a cleaning step acts on, as the reader says it: this island, all a lasso touches, all smaller than 10 mm3."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from .errors import CleaningError
from .grids import BoolArray, Grid, IndexArray
from .partition import Partition, Unit
from .sentences import sentences_of

_ = sentences_of(__name__)

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
CARRIED_OVER = "carried_over"

Tool = Literal["lasso", "brush", "sphere", "mask"]


class Target(Protocol):
    """Chooses units, and says for the record how."""

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose islands, or parts within one slice."""

    def description(self) -> dict[str, Json]:
        """The choice as JSON; ``kind`` names it."""


@dataclass(frozen=True)
class TheseIslands:
    """Islands given by their numbers, or their parts within a slice."""

    numbers: tuple[int, ...]

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose them; CleaningError for a number that no island has."""
        missing = [number for number in self.numbers if number not in partition]
        if missing:
            raise CleaningError(_("there is no island {number}").format(number=missing[0]))
        whole = [Unit(int(number)) for number in dict.fromkeys(self.numbers)]
        if in_slice is None:
            return whole
        parts = [Unit(unit.island, part) for unit in whole for part in partition.parts_of(unit)]
        return [unit for unit in parts if unit.part is not None and partition.parts[unit.part].slice_number == in_slice]

    def description(self) -> dict[str, Json]:
        """Numbers are kept with the islands themselves."""
        return {"kind": "islands"}


@dataclass(frozen=True)
class CarriedOver(TheseIslands):
    """Islands on which was decided before the reader corrected a region or a threshold (`carry_over`)."""

    def description(self) -> dict[str, Json]:
        """Numbers are kept with the islands themselves."""
        return {"kind": CARRIED_OVER}


@dataclass(frozen=True)
class AtVoxel:
    """The island at a voxel (array index k, j, i): a click."""

    index: tuple[int, int, int]

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose it; nothing where there is no island or the voxel lies outside the volume."""
        if not all(0 <= n < size for n, size in zip(self.index, grid.shape, strict=True)):
            return []
        return partition.units_at(np.array([np.ravel_multi_index(self.index, grid.shape)]), in_slice)

    def description(self) -> dict[str, Json]:
        """The voxel as (i, j, k)."""
        k, j, i = self.index
        return {"kind": "click", "voxel_ijk": [int(i), int(j), int(k)]}


@dataclass(frozen=True)
class Touching:
    """All islands that touch a drawn mask.

    Attributes
    ----------
    voxels
        C-order positions of the drawn voxels.
    tool
        What it was drawn with.
    """

    voxels: IndexArray
    tool: Tool = "mask"

    @classmethod
    def mask(cls, mask: BoolArray, tool: Tool = "mask") -> Touching:
        """A mask of the volume's shape (k, j, i)."""
        return cls(np.flatnonzero(mask), tool)

    @classmethod
    def sphere(cls, centre_ras_mm: tuple[float, float, float], radius_mm: float, grid: Grid) -> Touching:
        """All voxels whose centres lie within a radius of a point."""
        centre = grid.from_ras(centre_ras_mm)[0]
        reach = radius_mm / np.array(grid.spacing_mm)
        low = np.maximum(np.ceil(centre - reach), 0).astype(int)
        high = np.minimum(np.floor(centre + reach), np.array(grid.shape) - 1).astype(int)
        axes = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
        kji = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        inside = ((((kji - centre) * grid.spacing_mm) ** 2).sum(axis=1)) <= radius_mm**2
        return cls(np.ravel_multi_index(tuple(kji[inside].T), grid.shape).astype(np.int64), "sphere")

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose the islands that hold a drawn voxel; CleaningError if the drawing was made on another grid."""
        if self.voxels.size and not 0 <= self.voxels.min() <= self.voxels.max() < np.prod(grid.shape):
            raise CleaningError(_("the drawing reaches outside the volume"))
        return partition.units_at(self.voxels, in_slice)

    def description(self) -> dict[str, Json]:
        """The tool and how many voxels were drawn."""
        return {"kind": "touching", "tool": self.tool, "drawn_voxels": int(self.voxels.size)}


@dataclass(frozen=True)
class BesidePlane:
    """All islands that lie wholly on the side of a plane to which its normal points (RAS, mm)."""

    point_ras_mm: tuple[float, float, float]
    normal_ras: tuple[float, float, float]

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose those of which every voxel centre lies on that side; islands across the plane stay untouched."""
        normal = np.array(self.normal_ras, dtype=np.float64)
        if not np.isfinite(normal).all() or not normal.any():
            raise CleaningError(_("the plane needs a normal of some length"))

        def beside(unit: Unit) -> bool:
            kji = np.stack(np.unravel_index(partition.voxels_of(unit), grid.shape), axis=1)
            return bool(((grid.to_ras(kji) - self.point_ras_mm) @ normal > 0).all())

        return [unit for unit in partition.units(in_slice) if beside(unit)]

    def description(self) -> dict[str, Json]:
        """Point and normal."""
        return {
            "kind": "beside_plane",
            "point_ras_mm": [float(x) for x in self.point_ras_mm],
            "normal_ras": [float(x) for x in self.normal_ras],
        }


@dataclass(frozen=True)
class SmallerThan:
    """All islands, or parts within a slice, of less than a volume in mm3."""

    volume_mm3: float

    @classmethod
    def pixels(cls, number: int, grid: Grid) -> SmallerThan:
        """The volume of a number of voxels."""
        return cls(number * grid.voxel_volume_mm3)

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose them by their whole size, decided or not."""
        limit = math.ceil(self.volume_mm3 / grid.voxel_volume_mm3 - 1e-6)
        return [unit for unit in partition.units(in_slice) if partition.size_of(unit) < limit]

    def description(self) -> dict[str, Json]:
        """The volume."""
        return {"kind": "smaller_than", "volume_mm3": float(self.volume_mm3)}


@dataclass(frozen=True)
class RankBelow:
    """All islands whose rank score is below a limit."""

    score: float

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose them; CleaningError when the session has no scores."""
        chosen = []
        for unit in partition.units(in_slice):
            score = partition.score_of(unit.island)
            if score is None:
                raise CleaningError(_("the islands of this case have no rank scores"))
            if score < self.score:
                chosen.append(unit)
        return chosen

    def description(self) -> dict[str, Json]:
        """The limit."""
        return {"kind": "rank_below", "score": float(self.score)}


@dataclass(frozen=True)
class WholeSlice:
    """All islands that reach into a slice; with the scope of one slice, all parts within it."""

    slice_number: int

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        """Choose them; CleaningError when the scope is another slice."""
        if in_slice is not None:
            if in_slice != self.slice_number:
                raise CleaningError(
                    _("slice {slice_number} is not the slice {in_slice} that the step is limited to").format(
                        slice_number=self.slice_number, in_slice=in_slice
                    )
                )
            return partition.units(in_slice)
        return [Unit(island) for island in dict.fromkeys(unit.island for unit in partition.units(self.slice_number))]

    def description(self) -> dict[str, Json]:
        """The slice, from 0."""
        return {"kind": "slice", "slice": int(self.slice_number)}
