"""The islands of a session with their parts within slices, looked up by voxel, and cut where the reader says so.

Parts never change once made: a cut retires an island and adds new ones, and can be taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import CleaningError
from .grids import IndexArray
from .islands import Islands, find_islands
from .lattice import Lattice, Runs
from .sentences import Sentence, sentences_of

_ = sentences_of(__name__)

NO_PART = -1


@dataclass(frozen=True)
class Part:
    """The piece of an island within one slice that is 8-connected: C-order voxel positions, slice, island number."""

    voxels: IndexArray
    slice_number: int
    island: int


@dataclass(frozen=True)
class Unit:
    """What a decision is about: a whole island (``part`` None), or one part of it when only a slice is meant."""

    island: int
    part: int | None = None


@dataclass(frozen=True)
class UnitReference:
    """Names a unit so that it is found again, or found missing, in another session on the same case.

    Attributes
    ----------
    island
        Number of the island, from 1.
    first_voxel
        Array index (k, j, i) of its first voxel in C order.
    voxels
        How many it has.
    digest
        First 16 hexadecimal digits of the SHA-256 of its ascending C-order positions as little-endian 64-bit integers.
    """

    island: int
    first_voxel: tuple[int, int, int]
    voxels: int
    digest: str

    def __str__(self) -> str:
        return self.said

    @property
    def said(self) -> Sentence:
        """In words."""
        k, j, i = self.first_voxel
        return _("island {island} of {voxels} voxels at voxel ({i}, {j}, {k})").format(
            island=self.island, voxels=self.voxels, i=i, j=j, k=k
        )


@dataclass(frozen=True)
class Cut:
    """A cut that was made.

    Attributes
    ----------
    island, parts
        The island it retired, with its parts.
    made
        The islands it made.
    first_part, parents
        Position of the first of their parts, and for each the retired part that held it.
    """

    island: int
    parts: tuple[int, ...]
    made: tuple[int, ...]
    first_part: int
    parents: tuple[int, ...]


class Partition:
    """All parts and islands of a session.

    Parameters
    ----------
    islands
        As found in the preliminary mask; island numbers start at 1, the largest first.
    scores
        Rank score of each island, in their order; islands made by a cut inherit it.
    """

    def __init__(self, islands: Islands, scores: npt.ArrayLike | None = None) -> None:
        self.lattice: Lattice = islands.lattice
        self.parts: list[Part] = []
        self._members: dict[int, tuple[int, ...]] = {}
        self._part_at: npt.NDArray[np.int32] = np.full(int(np.prod(self.lattice.shape)), NO_PART, dtype=np.int32)
        self._add(islands, first_number=1)
        self._found_parts = len(self.parts)
        self._scores: dict[int, float] = {}
        if scores is not None:
            self.rank(scores)

    def __iter__(self) -> Iterator[int]:
        """Numbers of the islands as they now stand."""
        return iter(self._members)

    def __contains__(self, island: object) -> bool:
        return island in self._members

    def __len__(self) -> int:
        return len(self._members)

    def parts_of(self, unit: Unit) -> tuple[int, ...]:
        """Positions in ``parts`` of a unit's parts."""
        return self._members[unit.island] if unit.part is None else (unit.part,)

    def voxels_of(self, unit: Unit) -> IndexArray:
        """Ascending C-order positions of a unit's voxels."""
        return np.sort(np.concatenate([self.parts[part].voxels for part in self.parts_of(unit)]))

    def size_of(self, unit: Unit) -> int:
        """Voxels of a unit."""
        return sum(self.parts[part].voxels.size for part in self.parts_of(unit))

    def as_found(self) -> list[IndexArray]:
        """C-order positions of the voxels of each island as it was before any cut, in the order of their numbers."""
        members: dict[int, list[IndexArray]] = {}
        for part in self.parts[: self._found_parts]:
            members.setdefault(part.island, []).append(part.voxels)
        return [np.concatenate(voxels) for voxels in members.values()]

    def rank(self, scores: npt.ArrayLike) -> None:
        """Give the islands rank scores; those made by a cut inherit the score of the island they were part of.

        Parameters
        ----------
        scores
            One for each island as found, in the order of their numbers.

        Raises
        ------
        CleaningError
            If their number is another one, or one is not finite.
        """
        found = self.as_found()
        values = np.asarray(scores, dtype=np.float64)
        if values.shape != (len(found),) or not np.isfinite(values).all():
            raise CleaningError(
                _("{count} finite rank scores are needed, one for each island").format(count=len(found))
            )
        self._scores = dict(enumerate(values.tolist(), start=1))
        for part in self.parts[self._found_parts :]:
            if part.island not in self._scores:
                origin = next(n for n, voxels in enumerate(found, start=1) if part.voxels[0] in voxels)
                self._scores[part.island] = float(values[origin - 1])

    def score_of(self, island: int) -> float | None:
        """Rank score of an island, None when the session has none."""
        return self._scores.get(island)

    def units(self, in_slice: int | None) -> list[Unit]:
        """All islands, or all parts within one slice."""
        if in_slice is None:
            return [Unit(island) for island in self._members]
        return [
            Unit(island, part)
            for island, members in self._members.items()
            for part in members
            if self.parts[part].slice_number == in_slice
        ]

    def units_at(self, positions: IndexArray, in_slice: int | None) -> list[Unit]:
        """Units that hold any of some C-order voxel positions; parts of other slices are left out."""
        hit = np.unique(self._part_at[positions])
        parts = [int(part) for part in hit if part != NO_PART]
        if in_slice is None:
            return [Unit(island) for island in sorted({self.parts[part].island for part in parts})]
        return [Unit(self.parts[part].island, part) for part in parts if self.parts[part].slice_number == in_slice]

    def reference(self, unit: Unit) -> UnitReference:
        """Name a unit for the record."""
        voxels = self.voxels_of(unit)
        k, j, i = (int(n) for n in np.unravel_index(int(voxels[0]), self.lattice.shape))
        return UnitReference(unit.island, (k, j, i), voxels.size, _digest(voxels))

    def find(self, reference: UnitReference, in_slice: int | None) -> Unit:
        """Find a unit by its name.

        Raises
        ------
        CleaningError
            If no unit here has that first voxel, size, digest and number.
        """
        if not all(0 <= n < size for n, size in zip(reference.first_voxel, self.lattice.shape, strict=True)):
            raise CleaningError(_("{reference} lies outside the volume").format(reference=reference.said))
        position = np.ravel_multi_index(reference.first_voxel, self.lattice.shape)
        for unit in self.units_at(np.array([position]), in_slice):
            if self.reference(unit) == reference:
                return unit
        raise CleaningError(_("there is no {reference}").format(reference=reference.said))

    def cut(self, island: int, inside: IndexArray) -> Cut:
        """Cut an island along a set of voxels: neighbours on different sides of its rim no longer belong together.

        Parameters
        ----------
        island
            Number.
        inside
            C-order positions of the voxels on the one side; those outside the island do not matter.

        Raises
        ------
        CleaningError
            If all or none of the island's voxels are inside.
        """
        voxels = self.voxels_of(Unit(island))
        chosen = np.isin(voxels, inside)
        if chosen.all() or not chosen.any():
            problem = (
                _("nothing to cut: the drawing covers all of island {island}")
                if chosen.any()
                else _("nothing to cut: the drawing covers none of island {island}")
            )
            raise CleaningError(problem.format(island=island))
        retired = self._members.pop(island)
        part_before = self._part_at[voxels]
        first_part = len(self.parts)
        made: list[int] = []
        for side in (voxels[chosen], voxels[~chosen]):
            found = find_islands(Runs.of(np.sort(self.lattice.codes_at(side))), self.lattice)
            made += self._add(found, first_number=self.parts[-1].island + 1)
        if island in self._scores:
            self._scores.update(dict.fromkeys(made, self._scores[island]))
        first_voxels = np.array([part.voxels[0] for part in self.parts[first_part:]])
        parents = part_before[np.searchsorted(voxels, first_voxels)]
        return Cut(island, retired, tuple(made), first_part, tuple(parents.tolist()))

    def uncut(self, cut: Cut) -> None:
        """Take back a cut; it must be the latest one that stands."""
        for number in cut.made:
            del self._members[number]
            self._scores.pop(number, None)
        del self.parts[cut.first_part :]
        self._members[cut.island] = cut.parts
        self._members = dict(sorted(self._members.items()))
        for part in cut.parts:
            self._part_at[self.parts[part].voxels] = part

    def _add(self, islands: Islands, first_number: int) -> list[int]:
        """Append islands; returns their numbers."""
        numbers: dict[int, list[int]] = {}
        for voxels, island, slice_number in zip(
            islands.part_voxels(), islands.part_island.tolist(), islands.part_slice.tolist(), strict=True
        ):
            numbers.setdefault(first_number + island, []).append(len(self.parts))
            self._part_at[voxels] = len(self.parts)
            self.parts.append(Part(voxels, slice_number, first_number + island))
        self._members.update({number: tuple(parts) for number, parts in numbers.items()})
        return list(numbers)


def _digest(voxels: IndexArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(voxels, dtype="<i8").tobytes()).hexdigest()[:16]
