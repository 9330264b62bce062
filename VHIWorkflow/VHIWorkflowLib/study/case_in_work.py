"""A case in work: two regions that may change or be missing, and all that follows from them, on disk and in memory.

A change is taken into effect whole, with regions, thresholds, decisions and files, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from VHIWorkflowLib.core.carry_over import carry_over, has_own_steps
from VHIWorkflowLib.core.cleaning import CleaningRecord, CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import case_folder, locked

from .case_files import RECORD_NAME, earlier_records, keep_earlier, read_record
from .case_inputs import CaseFiles, LoadedCase, LoadedScans, check_name
from .case_record import CaseKey
from .reading import Reading, Sitting
from .region_files import REGIONS_NAME, Regions, region_inputs, write_regions
from .region_history import Moment, RegionChange, RegionHistory
from .region_origins import RegionOrigin

_ = sentences_of(__name__)

Ranker = Callable[[Preliminary, Volume], RankScores]
"""Ranks the islands of a case, given its T1w scan."""

MISSING: Mapping[SegmentKind, str] = {
    NORMAL_BONE: _("the normal bone is not marked yet"),
    DISEASE_REGION: _("the disease region has not been found yet"),
}


class CaseInWork:
    """What an open case holds, measured and saved together; `OpenCase` has the steps.

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

    def _mask(self, kind: SegmentKind) -> BoolArray | None:
        return self._regions[kind].mask if kind in self._regions else None

    def _ranked(self, case: Preliminary) -> RankScores | None:
        """Ranks of the islands; a model that cannot be used is a warning, not the end of the reading."""
        try:
            return self._ranker(case, self.t1w) if self._ranker else None
        except VHIError as error:
            self.warnings.append(_("the islands have no ranks: {error}").format(error=error))
            return None

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
