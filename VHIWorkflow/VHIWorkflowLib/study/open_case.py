"""One case at a reader's hands: its regions come and change, its thresholds follow, decisions are carried over.

`Reading` measures and cleans with two given regions. Here regions may be missing, be found, drawn and corrected at any
time; everything is on disk when a call returns, so a case is always found as it was last left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Literal

import numpy as np

from VHIWorkflowLib.core.carry_over import carry_over, has_own_steps
from VHIWorkflowLib.core.cleaning import CleaningRecord, CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import MeasurementError, VHIError
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import case_folder, locked

from .case_files import RECORD_NAME, earlier_records, keep_earlier, read_record
from .case_inputs import CaseFiles, LoadedCase, LoadedScans, check_name, load_scans
from .case_record import CaseKey, CaseRecord
from .found_regions import FoundRegion, Progress, RegionFinder
from .reading import Reading, Sitting
from .region_files import (
    REGIONS_NAME,
    ROLES,
    RegionInWork,
    Regions,
    latest_kept,
    made_with,
    region_inputs,
    regions_as_left,
    write_regions,
)
from .region_history import How, Moment, RegionChange, RegionHistory
from .region_origins import DRAWN, RegionOrigin
from .region_preview import RegionPreview

_ = sentences_of(__name__)

Ranker = Callable[[Preliminary, Volume], RankScores]
"""Ranks the islands of a case, given its T1w scan."""

MISSING: Mapping[SegmentKind, str] = {
    NORMAL_BONE: _("the normal bone is not marked yet"),
    DISEASE_REGION: _("the disease region has not been found yet"),
}


class OpenCase:
    """A case that a reader has opened.

    Made by `open`.

    Attributes
    ----------
    key, files, scans, folder
        Which case, its files, its scans, and where its records lie.
    reading
        Thresholds, islands and cleaning (`Reading`); None as long as a region is missing or cannot be measured with.
    problem
        Why there is no reading, one sentence; None when there is one.
    history
        Changes of regions, thresholds and start mode since the case was opened; they can be undone until it is closed.

    ``warnings`` tell the reader about the scans, and about what could not be used.
    """

    def __init__(
        self, key: CaseKey, files: CaseFiles, scans: LoadedScans, sitting: Sitting, ranker: Ranker | None = None
    ) -> None:
        for path in (*files.paths(), sitting.out):
            check_name(path)
        self.key = key
        self.files = files
        self.scans = scans
        self.folder = case_folder(sitting.out, key.case_id, key.time_point, key.reader)
        self.reading: Reading | None = None
        self.problem: str | None = None
        self.warnings = list(scans.warnings)
        self._ranker = ranker
        self._sitting = replace(sitting, ranking=None if ranker is None else self._ranked)
        self._regions: Regions = {}
        self._decided: CleaningSession | None = None
        self._latest: CleaningSession | None = None  # whose time and counts go on
        self.history = RegionHistory()

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

    @property
    def stir(self) -> Volume:
        """The STIR scan, on whose grid everything is computed."""
        return self.scans.stir

    @property
    def t1w(self) -> Volume:
        """The T1w scan, on its own grid."""
        return self.scans.t1w

    @property
    def normal_bone(self) -> BoolArray | None:
        """Mask of shape (k, j, i) on the STIR grid."""
        return self._mask(NORMAL_BONE)

    @property
    def disease_region(self) -> BoolArray | None:
        """Mask of shape (k, j, i) on the STIR grid."""
        return self._mask(DISEASE_REGION)

    @property
    def start(self) -> StartMode:
        """Start mode of the cleaning."""
        return self._sitting.start

    @property
    def state(self) -> Literal["new", "begun", "done"]:
        """As the files say: nothing saved yet, begun, or finished and not changed since."""
        if (self.folder / RECORD_NAME).exists():
            return read_record(self.folder).state
        return "begun" if (self.folder / REGIONS_NAME).exists() else "new"

    def origin(self, kind: SegmentKind) -> RegionOrigin | None:
        """How a region came about; None when it is missing."""
        return self._regions[kind].origin if kind in self._regions else None

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

    def _mask(self, kind: SegmentKind) -> BoolArray | None:
        return self._regions[kind].mask if kind in self._regions else None

    def _ranked(self, case: Preliminary) -> RankScores | None:
        """Ranks of the islands; a model that cannot be used is a warning, not the end of the reading."""
        try:
            return self._ranker(case, self.t1w) if self._ranker else None
        except VHIError as error:
            self.warnings.append(_("the islands have no ranks: {error}").format(error=error))
            return None

    def _resume(self) -> None:
        """Take up the record as it was last saved, if there is one."""
        if not (self.folder / RECORD_NAME).exists():
            self.reading = self._measured()
            return
        record = read_record(self.folder)
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
        self._decided = self._session

    def _recover(self, record: CaseRecord) -> None:
        """Go on from the latest earlier record, when the program ended between a changed region and its record."""
        earlier = latest_kept(self.folder, self.stir.grid)
        if earlier is None and (record.cleaning.steps or record.cleaning.undone):
            raise RecordError(self.folder / RECORD_NAME, _("was made from other scans or regions than those given now"))
        self.reading = self._measured()
        if earlier is not None and self.reading is not None:
            kept, regions = earlier
            before = Reading(self.key, self._loaded(regions), self._sitting.as_recorded(kept), autosave=False)
            before.session.resume(kept.cleaning)
            carry_over(before.session, self.reading.session)

    @property
    def _session(self) -> CleaningSession | None:
        return self.reading.session if self.reading else None

    def _moment(self) -> Moment:
        return Moment.of(self._regions, self._sitting, self._session, self._decided)

    def _change(self, change: RegionChange, regions: Regions, sitting: Sitting, *, carry: bool = True) -> None:
        """Take regions and settings into effect and carry decisions over."""
        before, decided = self._moment(), self._decided

        def decide(session: CleaningSession) -> None:
            if carry and decided is not None:
                carry_over(decided, session)
            self._count_on(session)

        self._take(regions, sitting, decide, keep=self._worth_keeping())
        self.history.add(change, before)

    def _return_to(self, moment: Moment, *, undos: int = 0, redos: int = 0) -> None:
        """Bring back regions, settings and decisions as they were."""

        def decide(session: CleaningSession) -> None:
            session.resume(CleaningRecord(session.start, moment.steps, moment.undone))
            self._count_on(session, undos, redos)

        # what the change replaced was kept when it was made
        keep = self._worth_keeping() and (self.state == "done" or not earlier_records(self.folder))
        self._take(moment.regions_then(), moment.sitting, decide, keep=keep)
        if self.reading is None:
            self._decided = moment.decided
            if self._latest is not None:
                self._count_on(self._latest, undos, redos)

    def _take(
        self, regions: Regions, sitting: Sitting, decide: Callable[[CleaningSession], None], *, keep: bool
    ) -> None:
        """Measure with regions and settings, decide on the islands and save all, or leave everything as it was."""
        as_it_was = self._regions, self._sitting, self.reading, self.problem, self._decided
        self._latest = self._session or self._latest
        try:
            with locked(self.folder / RECORD_NAME):
                if keep:
                    keep_earlier(self.folder, REGIONS_NAME)
                self._regions, self._sitting = regions, sitting
                self._write_regions()
                self.reading = self._measured()
                if self.reading is None:
                    (self.folder / RECORD_NAME).unlink(missing_ok=True)
                    return
                decide(self.reading.session)
                self._decided = self.reading.session
                self.reading.save()
        except BaseException:
            self._regions, self._sitting, self.reading, self.problem, self._decided = as_it_was
            with suppress(RecordError):
                self._write_regions()
            raise

    def _count_on(self, session: CleaningSession, undos: int = 0, redos: int = 0) -> None:
        """Let time, undos and redos go on from the session before, also where nothing could be measured meanwhile."""
        if self._latest is not None and session is not self._latest:
            session.continue_effort_of(self._latest)
        session.undo_count += undos
        session.redo_count += redos

    def _worth_keeping(self) -> bool:
        """Whether the record on disk holds more than decisions carried over from one that was kept already."""
        if not (self.folder / RECORD_NAME).exists():
            return False
        return self.reading is None or self.state == "done" or has_own_steps(self.reading.session)

    def _measured(self) -> Reading | None:
        """A reading with the regions as they are; ``problem`` says why there is none."""
        self.problem = self._missing()
        if self.problem is not None:
            return None
        try:
            return Reading(self.key, self._loaded(self._regions), self._sitting)
        except InputError as error:
            self.problem = error.sentence
            return None

    def _missing(self) -> str | None:
        return next((MISSING[kind] for kind in (DISEASE_REGION, NORMAL_BONE) if kind not in self._regions), None)

    def _write_regions_of_record(self) -> None:
        """Give regions that only a finished record holds a file; a read-only archive can still be looked at."""
        if not (self.folder / REGIONS_NAME).exists():
            try:
                self._write_regions()
            except RecordError as error:
                self.warnings.append(_("nothing can be changed here: {error}").format(error=error))

    def _write_regions(self) -> None:
        write_regions(self.folder, self._regions, self.stir.grid)

    def _loaded(self, regions: Regions) -> LoadedCase:
        """The case as `Reading` takes it."""
        bone, disease = regions[NORMAL_BONE], regions[DISEASE_REGION]
        return LoadedCase(
            stir=self.stir,
            normal_bone=bone.mask,
            disease_region=disease.mask,
            keep=None,
            inputs=(*self.scans.inputs, *region_inputs(self.folder, self._regions)),
            warnings=(*self.scans.warnings, *disease.origin.said(), *bone.origin.said()),
            t1w=self.t1w,
            normal_bone_origin=bone.origin,
            disease_region_origin=disease.origin,
        )


def _same(one: RegionInWork | None, other: RegionInWork | None) -> bool:
    """Whether two regions are the same, and came about alike."""
    if one is None or other is None:
        return one is other
    return one.origin == other.origin and np.array_equal(one.mask, other.mask)
