"""One reader's measurement of one case, saved after every step, and its files when it is done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from VHIWorkflowLib import __version__
from VHIWorkflowLib.core.cleaning import CleaningSession, Clock, utc_now
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import DiseaseRegionError, MeasurementError, NormalBoneError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.measurement import Preliminary, Settings, measure
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.stability import Stability, how_much_hangs_on_normal_bone
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.results import HISTORY_NAME, RESULTS_NAME, read_rows, write_row
from VHIWorkflowLib.files.safe_files import case_folder, locked, replacing_together, write_atomically
from VHIWorkflowLib.files.segmentation_files import LabelArray, Segment, write_labelmap, write_segmentation
from VHIWorkflowLib.files.volumes import sha256_of

from .case_files import RECORD_NAME, read_record, record_bytes, write_record
from .case_inputs import InputFile, LoadedCase, check_name
from .case_record import CaseKey, CaseRecord, Region
from .found_regions import Model
from .region_origins import RegionOrigin

_ = sentences_of(__name__)

LABELMAP_NAME = "labelmap.nii.gz"
SEGMENTATION_NAME = "segmentation.seg.nrrd"
SENSITIVE_ONLY_LABEL, CONSERVATIVE_LABEL = 1, 2


@dataclass(frozen=True)
class Sitting:
    """Where and how a reader works.

    Output folder, start mode, settings, thresholds set by hand (or None), clock, and what ranks the islands (or None);
    a ranking that was at hand is in the record, whether or not a step went by it. ``ranked_by`` names the models that
    were at hand when steps were taken that are now repeated.
    """

    out: Path
    start: StartMode = "remove"
    settings: Settings = field(default_factory=Settings)
    thresholds: Thresholds | None = None
    clock: Clock = utc_now
    ranking: Callable[[Preliminary], RankScores | None] | None = None
    ranked_by: tuple[Model, ...] = ()

    def as_recorded(self, record: CaseRecord) -> Sitting:
        """The same with start mode, settings, thresholds set by hand and ranking models as a record has them."""
        return replace(
            self,
            start=record.cleaning.start,
            settings=record.settings,
            thresholds=record.thresholds_by_hand,
            ranked_by=record.ranking_models,
        )


class Reading:
    """A case at a reader's hands.

    Parameters
    ----------
    key
        Case, time point and reader.
    loaded
        Scans and regions.
    sitting
        Where and how.
    autosave
        Save ``case.json`` after each step.

    Attributes
    ----------
    case
        Measured up to cleaning.
    warnings
        For the record, besides those of the case.
    session
        The cleaning. Each step it takes is in ``case.json`` when the call returns; when it cannot be saved, the call
        raises RecordError and the step stands in memory only.

    Raises
    ------
    InputError
        If a name cannot be used, or the case cannot be measured; the message starts with the file of the region that
        is unfit, else with the STIR scan.
    """

    def __init__(self, key: CaseKey, loaded: LoadedCase, sitting: Sitting, *, autosave: bool = True) -> None:
        check_name(sitting.out)
        self.folder = case_folder(sitting.out, key.case_id, key.time_point, key.reader)
        self.key = key
        self.loaded = loaded
        self.warnings = list(loaded.warnings)
        self._sitting = sitting
        try:
            self.case: Preliminary = measure(
                loaded.stir, loaded.normal_bone, loaded.disease_region, sitting.settings, sitting.thresholds
            )
        except MeasurementError as error:
            raise InputError(_file_behind(error, loaded.inputs), error.sentence) from error
        self._regions = (
            _described(loaded.normal_bone, loaded.normal_bone_origin),
            _described(loaded.disease_region, loaded.disease_region_origin),
        )
        self.session = CleaningSession.of(
            self.case,
            start=sitting.start,
            clock=sitting.clock,
            scores=None if sitting.ranking is None else sitting.ranking(self.case),
            on_change=self.save if autosave else lambda: None,
        )

    @classmethod
    def resume(cls, key: CaseKey, loaded: LoadedCase, sitting: Sitting) -> Reading:
        """Open a case as it was last saved, or anew when it never was.

        Raises
        ------
        RecordError
            If the record is damaged, or was made from other scans or regions.
        CleaningError
            If a recorded step does not fit.
        """
        folder = case_folder(sitting.out, key.case_id, key.time_point, key.reader)
        if not (folder / RECORD_NAME).exists():
            return cls(key, loaded, sitting)
        record = read_record(folder)
        reading = cls(key, loaded, sitting.as_recorded(record))
        if (
            reading._regions != (record.normal_bone, record.disease_region)
            or reading.case.thresholds != record.thresholds
        ):
            raise RecordError(folder / RECORD_NAME, _("was made from other scans or regions than those given now"))
        reading.session.resume(record.cleaning)
        return reading

    def save(self) -> None:
        """Write ``case.json`` as things stand, in state "begun"."""
        write_record(self.record("begun"), self.folder)

    def record(self, state: Literal["begun", "done"], files: dict[str, str] | None = None) -> CaseRecord:
        """The record as things stand; how much hangs on the normal bone is worked out only when done."""
        case, session = self.case, self.session
        return CaseRecord(
            key=self.key,
            state=state,
            measured_at=self._sitting.clock(),
            software_version=__version__,
            inputs=self.loaded.inputs,
            grid=case.grid,
            settings=case.settings,
            normal_bone=self._regions[0],
            disease_region=self._regions[1],
            models=self.loaded.models + _ranking_models(session, self._sitting.ranked_by),
            statistics=case.statistics,
            thresholds=case.thresholds,
            near_sensitive=case.near_sensitive,
            near_conservative=case.near_conservative,
            above_threshold_voxels=case.above_threshold_voxels,
            preliminary=case.vhi,
            islands=len(session.partition),
            islands_removed=session.islands_removed(),
            vhi=session.vhi,
            cleaning=session.recorded(),
            stability=self.stability() if state == "done" else None,
            warnings=(*self.warnings, *case.warnings),
            files=files or {},
        )

    def stability(self) -> Stability:
        """How much hangs on the normal bone, for the decisions as they stand."""
        return how_much_hangs_on_normal_bone(self.case, self.session.kept_voxels())

    def finish(self) -> CaseRecord:
        """Write label map, segmentation, record and table row.

        None of the files is replaced before all are written; the record after those it names, the row last.

        Raises
        ------
        RecordError
            If one cannot be written. A table that cannot take the row is found before anything is replaced.
        """
        grid = self.case.grid
        check_tables(self._sitting.out, self.key)
        names = (LABELMAP_NAME, SEGMENTATION_NAME, RECORD_NAME)
        with (
            locked(self.folder / RECORD_NAME),
            replacing_together(*(self.folder / name for name in names)) as (labelmap, segmentation, record_file),
        ):
            write_labelmap(labelmap, label_map(self.session), grid)
            segments = [
                Segment(SENSITIVE, self.session.mask()),
                Segment(CONSERVATIVE, self.session.conservative_mask()),
                Segment(NORMAL_BONE, self.loaded.normal_bone),
                Segment(DISEASE_REGION, self.loaded.disease_region),
            ]
            write_segmentation(segmentation, segments, grid)
            files = {LABELMAP_NAME: sha256_of(labelmap), SEGMENTATION_NAME: sha256_of(segmentation)}
            record = self.record("done", files)
            write_atomically(record_file, record_bytes(record, self.folder))
        write_row(self._sitting.out, record.row())
        return record


def _file_behind(error: MeasurementError, inputs: Sequence[InputFile]) -> Path:
    """The file to look at: that of the region which is unfit, where it has one; else the STIR scan."""
    role = {NormalBoneError: "normal_bone", DiseaseRegionError: "disease_region"}.get(type(error))
    return next((each.path for each in inputs if each.role == role), inputs[0].path)


def check_tables(out: Path, key: CaseKey) -> None:
    """Check that the tables of a results folder can be read and have one place for a row.

    Raises
    ------
    RecordError
        If not.
    """
    for name in (RESULTS_NAME, HISTORY_NAME):
        path = out / name
        if os.path.lexists(path):
            rows = [row.key for row in read_rows(path)].count((key.case_id, key.time_point, key.reader))
            if name == RESULTS_NAME and rows > 1:
                found = _("has {rows} rows for {case_id} / {time_point} / {reader}; delete all but one").format(
                    rows=rows, case_id=key.case_id, time_point=key.time_point, reader=key.reader
                )
                raise RecordError(path, found)


def label_map(session: CleaningSession) -> LabelArray:
    """Label map of a session, shape (k, j, i): 0, 1 sensitive only, 2 conservative; cleaned."""
    labels = session.mask().astype(np.uint8) * np.uint8(SENSITIVE_ONLY_LABEL)
    labels[session.conservative_mask()] = CONSERVATIVE_LABEL
    return labels


def _ranking_models(session: CleaningSession, before: tuple[Model, ...]) -> tuple[Model, ...]:
    """Models that rank the islands of a session, or did when a step was taken that is now repeated."""
    now = session.rank_source
    found = list(before) if now is None else [Model(now.name, now.version, now.sha256), *before]
    for step in session.steps:
        source = step.target.get("model")
        if isinstance(source, dict) and {"name", "version", "sha256"} <= source.keys():
            found.append(Model(str(source["name"]), str(source["version"]), str(source["sha256"])))
    return tuple(dict.fromkeys(found))


def region_of(mask: BoolArray, origin: str = "given", confidence: float | None = None) -> Region:
    """Describe a region for the record."""
    voxels = np.flatnonzero(mask)
    return Region(origin, voxels.size, hashlib.sha256(voxels.astype("<i8").tobytes()).hexdigest(), confidence)


def _described(mask: BoolArray, origin: RegionOrigin) -> Region:
    return region_of(mask, str(origin), origin.confidence)
