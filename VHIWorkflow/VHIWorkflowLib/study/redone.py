"""A finished measurement redone from its record and scan, as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.segmentation_files import read_segmentation
from VHIWorkflowLib.files.volumes import read_image

from .case_files import RECORD_NAME, read_record
from .case_record import CaseRecord
from .reading import SEGMENTATION_NAME

_ = sentences_of(__name__)


@dataclass(frozen=True)
class Redone:
    """A record, the case up to cleaning, and the cleaning session as it ended."""

    record: CaseRecord
    case: Preliminary
    session: CleaningSession


def repeat(
    record: CaseRecord, stir: Volume, normal_bone: BoolArray, disease_region: BoolArray
) -> tuple[Preliminary, CleaningSession]:
    """Measure as a record says, from scan and regions of one grid, and repeat its cleaning.

    Raises
    ------
    VHIError
        If it cannot be measured, or a step does not fit.
    """
    case = measure(stir, normal_bone, disease_region, record.settings, record.thresholds_by_hand)
    session = CleaningSession.of(case, start=record.cleaning.start)
    session.replay(record.cleaning.steps)
    return case, session


def redo(folder: Path) -> Redone:
    """Measure a recorded case again and repeat its cleaning.

    Raises
    ------
    RecordError
        If the record is not finished, its scan is gone or another one, or VHI is not what was recorded.
    VHIError
        If a file cannot be read, or a step does not fit.
    """
    record = read_record(folder)
    path = folder / RECORD_NAME
    if record.state != "done":
        raise RecordError(path, _("the reader has not finished this case"))
    scan = next(each for each in record.inputs if each.role == "stir")
    if not scan.path.exists():
        raise RecordError(path, _("{path} is no longer there").format(path=scan.path))
    stir = read_image(scan.path, series=scan.series)
    if not stir.grid.matches(record.grid):
        raise RecordError(path, _("{path} lies on another grid than recorded").format(path=scan.path))
    segments = read_segmentation(folder / SEGMENTATION_NAME, stir.grid)
    missing = [kind.name for kind in (NORMAL_BONE, DISEASE_REGION) if kind.name not in segments]
    if missing:
        raise RecordError(folder / SEGMENTATION_NAME, _("has no segment {name!r}").format(name=missing[0]))
    case, session = repeat(record, stir, segments[NORMAL_BONE.name].array, segments[DISEASE_REGION.name].array)
    if session.vhi != record.vhi:
        raise RecordError(path, _("does not give the recorded VHI again; 'vhi verify' says where it differs"))
    return Redone(record, case, session)
