"""Normal bone, disease region and thresholds: drawn, loaded, found, corrected; and how much hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, IndexArray
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.stability import LeftOut, Stability
from VHIWorkflowLib.core.thresholds import Thresholds, thresholds_by_hand
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.study.case_inputs import origin_of, read_disease_region
from VHIWorkflowLib.study.found_regions import FoundRegion, Progress
from VHIWorkflowLib.study.region_preview import RegionPreview

from .at_hand import AtHand
from .errors import CancelledError, SceneError
from .picking import Ras, Voxel
from .region_sources import is_drawn, mask_of

_ = sentences_of(__name__)


@dataclass(frozen=True)
class Hang:
    """One fact on how much hangs on the normal bone.

    Attributes
    ----------
    part
        "brightest" voxels, or a "slice" left out.
    which
        How many voxels, or the slice (from 0).
    ratio
        VHI without it divided by VHI; None when there is none.
    voxel, ras
        Place to look at: array index (k, j, i), and RAS in mm.
    text
        In plain words.
    """

    part: Literal["brightest", "slice"]
    which: int
    ratio: float | None
    voxel: Voxel
    ras: Ras
    text: str


class RegionSteps(AtHand):
    """Steps on regions and thresholds; see `Workflow`."""

    def normal_bone_preview(self, source: Any | Sequence[Any] | BoolArray) -> RegionPreview:
        """Statistics and thresholds that a drawn normal bone would give; nothing changes.

        ``source`` is as for `set_region`; one that cannot be used is a preview with that problem.
        """
        open_case = self.open
        try:
            return open_case.preview(mask_of(source, NORMAL_BONE, self._case))
        except SceneError as error:
            return RegionPreview(0, problem=error.sentence)

    def set_region(self, kind: SegmentKind, source: Any | Sequence[Any] | BoolArray) -> None:
        """Take a region that was drawn or changed by hand.

        Parameters
        ----------
        kind
            NORMAL_BONE or DISEASE_REGION.
        source
            A mask (k, j, i) on the STIR grid; one or more closed curve nodes; the case's own segmentation node, whose
            segment of that kind was edited; or another segmentation node, of which the segment of that id or name is
            taken, or the only one. Without a voxel, the region is missing again. What is drawn as curves owes nothing
            to the region that was there before; anything else counts as a correction of it.
        """
        mask = mask_of(source, kind, self._case)
        if is_drawn(source):
            self.open.set_region(kind, mask, how="curves")
        else:
            self.open.correct(kind, mask)
        self._regions_changed()

    def add_to_region(
        self, kind: SegmentKind, voxels: IndexArray, *, remove: bool = False, outline: bool = False
    ) -> None:
        """Add painted voxels (C-order positions), or those inside an outline, to a region; or take them out."""
        mask = self._mask_now(kind)
        mask.ravel()[voxels] = not remove
        self.open.correct(kind, mask, how="erase" if remove else "outline" if outline else "paint")
        self._regions_changed()

    def load_region(self, kind: SegmentKind, path: Path) -> None:
        """Take a region from a file: a label file, a .seg.nrrd, or for the normal bone a .mrk.json."""
        open_case, path = self.open, Path(path)
        grid = open_case.stir.grid
        if kind == NORMAL_BONE:
            mask: BoolArray = read_normal_bone([path], grid).array
        else:
            mask = read_disease_region(path, grid, open_case.t1w.grid)
        open_case.set_region(kind, mask, origin_of((path,), kind), how="load")
        self._regions_changed()

    def set_found(self, kind: SegmentKind, found: FoundRegion) -> None:
        """Take a region that a model found, for instance in a process of its own."""
        self.open.set_found(kind, found)
        self._regions_changed()

    def propose_normal_bone(self) -> None:
        """Let the software propose the normal bone; it needs the disease region."""
        self.open.propose_normal_bone(self._finder)
        self._regions_changed()

    def segment_disease_region(
        self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        """Let the networks find the disease region, here and now.

        Parameters
        ----------
        progress
            Is told how many slices of how many are done.
        cancelled
            Is asked after each slice.

        Raises
        ------
        CancelledError
            If it was cancelled; nothing has changed then.
        SceneError
            If the case was closed meanwhile; what was found is saved with it.
        """

        def advanced(done: int, total: int) -> None:
            if progress is not None:
                progress(done, total)
            if cancelled():
                raise CancelledError(_("the search for the disease region was stopped; nothing has changed"))

        opened = self.open
        opened.find_disease_region(self._finder, advanced)
        if self.case is None or self.case.open_case is not opened:
            raise SceneError(
                _("the disease region was found and saved, but its case is not open any more; open it again")
            )
        self._regions_changed()

    def erase_voxel(self, voxel: Voxel) -> None:
        """Take one voxel, array index (k, j, i), out of the normal bone."""
        self.open.erase_from_normal_bone(voxel)
        self._regions_changed()

    @property
    def thresholds(self) -> Thresholds | None:
        """The two thresholds; ``iqr_multiple`` is None when they were moved by hand."""
        return None if self.case is None or self.case.open_case.reading is None else self._reading.case.thresholds

    def set_thresholds(self, sensitive: float, conservative: float) -> None:
        """Move the thresholds by hand; this is recorded."""
        settings = self._reading.case.settings
        self.open.set_thresholds(thresholds_by_hand(sensitive, conservative, settings.tolerance))
        self._regions_changed()

    def reset_thresholds(self) -> None:
        """Go back to the thresholds that follow from the normal bone."""
        self.open.set_thresholds(None)
        self._regions_changed()

    def hangs(self) -> list[Hang]:
        """How much hangs on the normal bone, what matters most first; nothing when there is no VHI."""
        case, stability = self._reading.case, self._reading.stability()
        parts = [part for part in stability.left_out if part.problem is not None or stability.vhi_voxels]
        facts = [self._hang(part, stability, case) for part in parts]
        return sorted(facts, key=lambda fact: -_weight(fact.ratio))

    def _hang(self, part: LeftOut, stability: Stability, case: Preliminary) -> Hang:
        without = self.texts.without_voxels(part.which)
        voxel, ras = stability.brightest[0].index, stability.brightest[0].ras_mm
        if part.part == "slice":
            without = self.texts.without_slice(part.which)
            voxel = _brightest_in_slice(case, part.which)
            x, y, z = (float(n) for n in case.grid.to_ras(voxel)[0])
            ras = (x, y, z)
        if part.part == "slice" and _slices(case) == [part.which]:
            ratio, text = None, self.texts.only_slice(part.which)
        elif part.vhi_voxels is None:
            ratio, text = None, self.texts.no_measurement(without, part.problem or "")
        else:
            ratio = part.vhi_voxels / stability.vhi_voxels
            text = self.texts.vhi_changes(without, ratio)
        return Hang(part.part, part.which, ratio, voxel, ras, text)

    def _mask_now(self, kind: SegmentKind) -> BoolArray:
        open_case = self.open
        mask = open_case.normal_bone if kind == NORMAL_BONE else open_case.disease_region
        return np.zeros(open_case.stir.grid.shape, dtype=bool) if mask is None else mask.copy()

    def _regions_changed(self) -> None:
        self._case.show_regions()
        self._keep_in_scene()
        self.changed.emit({"regions", "masks", "session"})
        self._begun()


def _weight(ratio: float | None) -> float:
    """How much a ratio differs from 1; none at all counts most."""
    return float("inf") if not ratio else abs(float(np.log(ratio)))


def _slices(case: Preliminary) -> list[int]:
    """Slices that the normal bone lies on."""
    return [int(number) for number in np.unique(np.nonzero(case.normal_bone)[case.grid.slice_axis])]


def _brightest_in_slice(case: Preliminary, number: int) -> Voxel:
    """The brightest voxel of the normal bone within a slice."""
    axis = case.grid.slice_axis
    inside = np.argwhere(case.normal_bone)
    inside = inside[inside[:, axis] == number]
    k, j, i = (int(n) for n in inside[np.argmax(case.stir.array[tuple(inside.T)])])
    return k, j, i
