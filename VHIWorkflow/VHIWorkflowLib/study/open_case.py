"""One case at a reader's hands: its regions come and change, its thresholds follow, decisions are carried over.

`Reading` measures and cleans with two given regions. Here regions may be missing, be found, drawn and corrected at any
time; everything is on disk when a call returns, so a case is always found as it was last left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from VHIWorkflowLib.core.carry_over import carry_over
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.files.errors import RecordError

from .case_files import RECORD_NAME, keep_earlier, read_record
from .case_in_work import CaseInWork, Ranker
from .case_inputs import CaseFiles, LoadedScans, load_scans
from .case_record import CaseKey, CaseRecord
from .found_regions import FoundRegion, Progress, RegionFinder
from .reading import Reading, Sitting
from .region_files import (
    REGIONS_NAME,
    ROLES,
    RegionInWork,
    latest_kept,
    made_with,
    regions_as_left,
    regions_given,
)
from .region_history import How, RegionChange
from .region_origins import DRAWN, RegionOrigin
from .region_preview import RegionPreview

_ = sentences_of(__name__)


class OpenCase(CaseInWork):
    """A case that a reader has opened, and what can be done with it; see `CaseInWork` for its attributes.

    Made by `open`.
    """

    @classmethod
    def open(
        cls,
        key: CaseKey,
        files: CaseFiles,
        sitting: Sitting,
        *,
        scans: LoadedScans | None = None,
        ranker: Ranker | None = None,
    ) -> OpenCase:
        """Open a case as it was last left, or anew.

        Parameters
        ----------
        key, files, sitting
            Which case, from what, where and how.
        scans
            The scans, if they have been read already.
        ranker
            Ranks the islands; without one the case has no ranks.

        Raises
        ------
        InputError
            If a scan or a region cannot be used; the message starts with the file.
        RecordError
            If the record is damaged, or was made from other scans.
        CleaningError
            If a recorded step does not fit.
        """
        case = cls(key, files, scans or load_scans(files), sitting, ranker)
        case._regions = regions_as_left(case.folder, files, case.scans)
        case._resume()
        return case

    def preview(self, normal_bone: BoolArray) -> RegionPreview:
        """Statistics and thresholds that a normal bone, shape (k, j, i), would give; nothing changes."""
        return RegionPreview.of(self.stir, normal_bone, self._sitting.settings.tolerance)

    def set_region(
        self, kind: SegmentKind, mask: BoolArray, origin: RegionOrigin = DRAWN, *, how: How = "edit"
    ) -> None:
        """Take a region that was drawn or changed by hand; it is saved, and decisions are carried over.

        Nothing happens when it is the region that is there.

        Parameters
        ----------
        kind
            NORMAL_BONE or DISEASE_REGION.
        mask
            Shape (k, j, i) on the STIR grid; without a voxel, the region is missing again.
        origin
            How it came about; `correct` keeps what is known of it.
        how
            What the reader did, for undo.

        Raises
        ------
        RecordError
            If it cannot be saved; the case then stays as it was.
        """
        if kind not in ROLES or mask.shape != self.stir.grid.shape:
            raise MeasurementError(
                _("a region of shape {grid_shape} is needed, not {shape}").format(
                    grid_shape=self.stir.grid.shape, shape=mask.shape
                )
            )
        regions = {each: region for each, region in self._regions.items() if each != kind}
        if mask.any():
            regions[kind] = RegionInWork(np.array(mask, dtype=bool), origin)
        if not _same(regions.get(kind), self._regions.get(kind)):
            self._change(RegionChange(how, kind), regions, self._sitting)

    def correct(self, kind: SegmentKind, mask: BoolArray, *, how: How = "edit") -> None:
        """Take a region that the reader changed by hand: a found one then counts as edited, others as drawn."""
        known = self.origin(kind)
        self.set_region(kind, mask, known.edited() if known else DRAWN, how=how)

    def erase_from_normal_bone(self, voxel: tuple[int, int, int]) -> None:
        """Take one voxel (array index k, j, i) out of the normal bone; nothing happens where it is not part of it."""
        if self.normal_bone is None or not self.normal_bone[voxel]:
            return
        mask = self.normal_bone.copy()
        mask[voxel] = False
        self.correct(NORMAL_BONE, mask, how="erase voxel")

    def set_found(self, kind: SegmentKind, found: FoundRegion) -> None:
        """Take a region that a model found."""
        self.set_region(kind, found.mask, RegionOrigin.of(found), how="find")

    def find_disease_region(self, finder: RegionFinder, progress: Progress | None = None) -> None:
        """Let the networks find the disease region on T1w.

        Raises
        ------
        VHIError
            If nothing is found, or by what ``progress`` raises to stop it.
        """
        found = finder.disease_region(self.t1w, self.stir.grid, progress)
        if not found.mask.any():
            raise MeasurementError(
                _("{model} finds no bone in the T1w scan inside the STIR volume; draw or load it").format(
                    model=found.model
                )
            )
        self.set_found(DISEASE_REGION, found)

    def propose_normal_bone(self, finder: RegionFinder) -> None:
        """Let the software propose the normal bone.

        Raises
        ------
        VHIError
            If the disease region is missing, or nothing can be proposed.
        """
        if self.disease_region is None:
            raise MeasurementError(_("a proposal of the normal bone needs the disease region; find or load it first"))
        self.set_found(NORMAL_BONE, finder.normal_bone(self.stir, self.t1w, self.disease_region))

    def set_thresholds(self, thresholds: Thresholds | None) -> None:
        """Set the thresholds by hand (`thresholds_by_hand`), or None: those that follow from the normal bone."""
        if thresholds != self._sitting.thresholds:
            sitting = replace(self._sitting, thresholds=thresholds)
            self._change(RegionChange("thresholds"), self._regions, sitting)

    def set_start(self, start: StartMode) -> None:
        """Choose whether all islands count at first ("remove") or none ("keep"); only while no step is in effect.

        Steps that were undone are kept in an earlier record and cannot be redone any more.

        Raises
        ------
        MeasurementError
            If a step is in effect.
        RecordError
            If it cannot be saved; nothing has changed then.
        """
        session = self._session
        if start == self.start:
            return
        if session and session.steps:
            raise MeasurementError(_("the start mode can only be changed before the first step; undo all steps first"))
        sitting = replace(self._sitting, start=start)
        if session and session.undone_steps:
            self._change(RegionChange("start"), self._regions, sitting, carry=False)
            return
        before, self._latest = self._moment(), session or self._latest
        self._sitting = sitting
        self.reading = self._measured()
        if self.reading is not None:
            self._count_on(self.reading.session)
            self._decided = self.reading.session
        self.history.add(RegionChange("start"), before)

    @property
    def change_to_undo(self) -> RegionChange | None:
        """The change that undo takes back next; None when there is none, or cleaning steps taken since come first."""
        return self.history.to_undo(self._session)

    @property
    def change_to_redo(self) -> RegionChange | None:
        """The change that redo makes again next; None when there is none, or cleaning steps come first."""
        return self.history.to_redo(self._session)

    def undo_change(self) -> None:
        """Take back `change_to_undo`: regions, thresholds and decisions are as they were before it, and saved.

        Raises
        ------
        MeasurementError
            If there is none.
        RecordError
            If it cannot be saved; the case then stays as it was.
        """
        if self.change_to_undo is None:
            raise MeasurementError(_("there is no change of a region to undo now"))
        now = self._moment()
        self._return_to(self.history.before_latest(), undos=1)
        self.history.undone(now)

    def redo_change(self) -> None:
        """Make `change_to_redo` again, with the decisions that followed it; as `undo_change`."""
        if self.change_to_redo is None:
            raise MeasurementError(_("there is no change of a region to redo now"))
        self._return_to(self.history.after_next(), redos=1)
        self.history.redone()

    def finish(self) -> CaseRecord:
        """Write label map, segmentation, record and table row.

        Raises
        ------
        MeasurementError
            If there is no reading yet.
        RecordError
            If a file cannot be written.
        """
        if self.reading is None:
            raise MeasurementError(_("this case cannot be finished: {problem}").format(problem=self.problem))
        if self.state == "done":
            keep_earlier(self.folder, REGIONS_NAME)
        return self.reading.finish()

    def _resume(self) -> None:
        """Take up the record as it was last saved, if there is one."""
        if (self.folder / RECORD_NAME).exists():
            self._take_up(read_record(self.folder))
        else:
            self.reading = self._measured()
        self._decided = self._session

    def _take_up(self, record: CaseRecord) -> None:
        self._sitting = self._sitting.as_recorded(record)
        if len(self._regions) < len(ROLES):
            self.problem = self._missing()
            self.warnings.append(
                _("a region that {path} was made with is no longer there").format(path=self.folder / RECORD_NAME)
            )
        elif made_with(record, self._regions):
            self._write_regions_of_record()
            self.reading = Reading.resume(self.key, self._loaded(self._regions), self._sitting)
        else:
            self._recover(record)

    def _recover(self, record: CaseRecord) -> None:
        """Go on from the latest earlier record, when the program ended between a changed region and its record."""
        earlier = latest_kept(self.folder, regions_given(self.files, self.scans), self.stir.grid)
        if earlier is None and (record.cleaning.steps or record.cleaning.undone):
            raise RecordError(self.folder / RECORD_NAME, _("was made from other scans or regions than those given now"))
        self.reading = self._measured()
        if earlier is not None and self.reading is not None:
            kept, regions = earlier
            before = Reading(self.key, self._loaded(regions), self._sitting.as_recorded(kept), autosave=False)
            before.session.resume(kept.cleaning)
            carry_over(before.session, self.reading.session)

    def _write_regions_of_record(self) -> None:
        """Give regions that only a finished record holds a file; a read-only archive can still be looked at."""
        if not (self.folder / REGIONS_NAME).exists():
            try:
                self._write_regions()
            except RecordError as error:
                self.warnings.append(_("nothing can be changed here: {error}").format(error=error))


def _same(one: RegionInWork | None, other: RegionInWork | None) -> bool:
    """Whether two regions are the same, and came about alike."""
    if one is None or other is None:
        return one is other
    return one.origin == other.origin and np.array_equal(one.mask, other.mask)
