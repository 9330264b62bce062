"""Changes of regions, thresholds and start mode that can be taken back and made again, without limit.

One rule for all that a reader does: undo takes back the latest thing, a step of cleaning or a change. Steps taken since
a change come first; taking back the change then brings regions and decisions back as they were before it. Whatever is
done anew ends what could be done again. The history is forgotten when the case is closed; the regions are not.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from VHIWorkflowLib.core.carry_over import own_steps
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.steps import Step

from .reading import Sitting
from .region_files import RegionInWork, Regions
from .region_origins import RegionOrigin

How = Literal["outline", "paint", "erase", "curves", "edit", "erase voxel", "load", "find", "thresholds", "start"]
"""What a change was made with; the last two concern no region."""


@dataclass(frozen=True)
class RegionChange:
    """What the reader did: with what, and to which region (None for thresholds and start mode)."""

    how: How
    kind: SegmentKind | None = None


@dataclass(frozen=True)
class PackedRegion:
    """A region in a few kilobytes: the bits of its mask, compressed; see `RegionInWork`."""

    bits: bytes
    shape: tuple[int, ...]
    origin: RegionOrigin
    files: tuple[Path, ...]

    @classmethod
    def of(cls, region: RegionInWork) -> PackedRegion:
        """Pack a region."""
        bits = zlib.compress(np.packbits(region.mask).tobytes(), 1)
        return cls(bits, region.mask.shape, region.origin, region.files)

    def unpacked(self) -> RegionInWork:
        """The region as it was, bit by bit."""
        bits = np.frombuffer(zlib.decompress(self.bits), dtype=np.uint8)
        mask: BoolArray = np.unpackbits(bits, count=int(np.prod(self.shape))).astype(bool).reshape(self.shape)
        return RegionInWork(mask, self.origin, self.files)


@dataclass(frozen=True)
class Moment:
    """A case between two changes.

    Attributes
    ----------
    regions, sitting
        With which it was measured.
    steps, undone
        Of the cleaning; undone ones with the next to redo first.
    decided
        Where nothing could be measured: the session whose decisions still count.
    """

    regions: Mapping[SegmentKind, PackedRegion]
    sitting: Sitting
    steps: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    decided: CleaningSession | None = None

    @classmethod
    def of(
        cls, regions: Regions, sitting: Sitting, session: CleaningSession | None, decided: CleaningSession | None
    ) -> Moment:
        """Keep a case as it is; ``session`` is None where nothing can be measured."""
        packed = {kind: PackedRegion.of(region) for kind, region in regions.items()}
        if session is None:
            return cls(packed, sitting, decided=decided)
        return cls(packed, sitting, session.steps, session.undone_steps)

    def regions_then(self) -> Regions:
        """The regions as they were, bit by bit."""
        return {kind: packed.unpacked() for kind, packed in self.regions.items()}


@dataclass(frozen=True)
class _Entry:
    change: RegionChange
    before: Moment
    after: Moment | None = None


class RegionHistory:
    """The changes of an open case, in order; those that were undone can be made again until something else is done."""

    def __init__(self) -> None:
        self._made: list[_Entry] = []
        self._undone: list[_Entry] = []

    def clear(self) -> None:
        """Forget all changes."""
        self._made.clear()
        self._undone.clear()

    def add(self, change: RegionChange, before: Moment) -> None:
        """Remember a change, and how the case was before it; steps undone by then cannot be taken again."""
        self._made.append(_Entry(change, replace(before, undone=())))
        self._undone.clear()

    def to_undo(self, session: CleaningSession | None) -> RegionChange | None:
        """The change that undo would take back now; None when there is none, or a step of cleaning comes first."""
        if not self._made or (session is not None and own_steps(session)):
            return None
        return self._made[-1].change

    def to_redo(self, session: CleaningSession | None) -> RegionChange | None:
        """The change that redo would make again now; None when there is none, or a step of cleaning comes first."""
        if not self._undone:
            return None
        entry = self._undone[-1]
        as_left = session is None or (_the_same(session.steps, entry.before.steps) and not session.undone_steps)
        return entry.change if as_left else None

    def before_latest(self) -> Moment:
        """The case before the latest change; there must be one."""
        return self._made[-1].before

    def after_next(self) -> Moment:
        """The case after the change that is to be made again; there must be one."""
        after = self._undone[-1].after
        assert after is not None
        return after

    def undone(self, after: Moment) -> None:
        """The latest change was taken back; ``after`` is the case as it was until then."""
        self._undone.append(replace(self._made.pop(), after=after))

    def redone(self) -> None:
        """The change was made again."""
        self._made.append(replace(self._undone.pop(), after=None))


def _the_same(some: tuple[Step, ...], others: tuple[Step, ...]) -> bool:
    """Whether these are the very same steps: undo and redo hand them on as they are."""
    return list(map(id, some)) == list(map(id, others))
