"""From the files of one case to its records: what ``vhi measure`` and ``vhi batch`` do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from VHIWorkflowLib.core.cleaning import Clock, utc_now
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.measurement import Settings
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.targets import Touching
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import case_folder, clear_errors, locked, write_atomically
from VHIWorkflowLib.files.volumes import sha256_of

from .case_files import RECORD_NAME, earlier_records, keep_earlier, read_record
from .case_inputs import CaseFiles, InputFile, load_case
from .case_record import CaseKey, CaseRecord
from .found_regions import Networks, Progress, bundled_regions
from .overview import caption_of, overview_of
from .reading import Reading, Sitting

_ = sentences_of(__name__)

FIGURE_NAME = "overview.png"
FIGURE_ENDING = ".png"
NOT_CLEANED = _("no island was removed by a reader: VHI is the size of the preliminary mask")
NOTHING_TOUCHED = _("the mask of what is kept touches no island, so VHI is 0: is it of the same examination?")


@dataclass(frozen=True)
class Request:
    """One case to measure.

    Attributes
    ----------
    key, files, out
        What, from what, and the folder of all records.
    settings
        Tolerance and smallest group.
    steps
        A ``case.json`` (or its folder) whose cleaning steps are repeated, or None.
    figure
        Write an overview picture: True for ``overview.png`` beside the record, or a path.
    networks
        What finds regions that were not given.
    """

    key: CaseKey
    files: CaseFiles
    out: Path
    settings: Settings = field(default_factory=Settings)
    steps: Path | None = None
    figure: bool | Path = False
    networks: Networks = field(default_factory=Networks)


@dataclass(frozen=True)
class Outcome:
    """What was measured, and where it lies."""

    record: CaseRecord
    folder: Path
    figure: Path | None


def measure_case(request: Request, clock: Clock = utc_now, progress: Progress | None = None) -> Outcome:
    """Measure a case and write its records.

    Parameters
    ----------
    progress
        Is told how many slices the network has done, where it finds the disease region.

    Raises
    ------
    VHIError
        One sentence that names the file; nothing is written then, unless it is the writing that failed.
    """
    if request.files.keep is not None and request.steps is not None:
        raise InputError(
            request.files.keep, _("a mask of what is kept and recorded steps exclude each other; give one")
        )
    if isinstance(request.figure, Path):
        _check_figure(request.figure)
    _refuse_to_replace_unfinished(request)
    repeated = None if request.steps is None else read_record(request.steps)
    cleaning = repeated.cleaning if repeated else None
    loaded = load_case(request.files, bundled_regions(request.networks), progress)
    start = cleaning.start if cleaning else "remove" if loaded.keep is None else "keep"
    ranked_by = repeated.ranking_models if repeated else ()
    sitting = Sitting(request.out, start, request.settings, clock=clock, ranked_by=ranked_by)
    if request.steps is not None:
        loaded = replace(loaded, inputs=(*loaded.inputs, steps_input(request.steps)))
    reading = Reading(request.key, loaded, sitting, autosave=False)
    if cleaning is not None and request.steps is not None:
        try:
            reading.session.replay(cleaning.steps)
        except CleaningError as error:
            raise InputError(request.steps, error.sentence) from error
    elif loaded.keep is not None:
        reading.session.keep(Touching.mask(loaded.keep))
        if loaded.keep.any() and not reading.session.vhi.sensitive_voxels:
            reading.warnings.append(NOTHING_TOUCHED)
    if not reading.session.steps and start == "remove":
        reading.warnings.append(NOT_CLEANED)
    record = _finish_and_keep_earlier(reading)
    return Outcome(record, reading.folder, write_figure(reading, record, request.figure))


def _check_figure(path: Path) -> None:
    """Refuse to draw over a scan or a table."""
    if path.suffix.lower() != FIGURE_ENDING:
        raise RecordError(path, _("the name of a picture must end in {ending}").format(ending=FIGURE_ENDING))
    if path.is_dir():
        raise RecordError(path, _("a folder has this name; name the picture itself"))


def _refuse_to_replace_unfinished(request: Request) -> None:
    """Keep the steps of a reader who is not done; a damaged record has none to keep."""
    folder = case_folder(request.out, request.key.case_id, request.key.time_point, request.key.reader)
    if not (folder / RECORD_NAME).exists():
        return
    try:
        record = read_record(folder)
    except RecordError:
        return
    if record.state == "begun" and record.cleaning.steps:
        problem = _("holds an unfinished reading of {steps} steps; finish it, or move it away").format(
            steps=len(record.cleaning.steps)
        )
        raise RecordError(folder / RECORD_NAME, problem)


def _finish_and_keep_earlier(reading: Reading) -> CaseRecord:
    """Finish a case; the record of its earlier measurement stays beside the new one, as ``case.<n>.json``."""
    current = reading.folder / RECORD_NAME
    kept = None
    if current.exists():
        with locked(current), clear_errors(current):
            earlier = earlier_records(reading.folder)
            if not earlier or earlier[-1][1].read_bytes() != current.read_bytes():  # else killed before it was replaced
                kept = keep_earlier(reading.folder)
    try:
        return reading.finish()
    except RecordError:
        with suppress(OSError):
            if kept is not None and kept.read_bytes() == current.read_bytes():  # nothing was replaced
                kept.unlink()
        raise


def write_figure(reading: Reading, record: CaseRecord, wanted: bool | Path) -> Path | None:
    """Write the overview picture of a finished case; returns its path, None when it is not wanted.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    if wanted is False:
        return None
    from VHIWorkflowLib.figure import png_bytes

    path = reading.folder / FIGURE_NAME if wanted is True else wanted
    image = overview_of(reading.case, reading.session, record.key, caption_of(record))
    write_atomically(path, png_bytes(image))
    return path


def steps_input(path: Path) -> InputFile:
    """The record whose steps are repeated, as an input: a ``case.json`` or its folder."""
    file = path / "case.json" if path.is_dir() else path
    return InputFile("steps", file, sha256_of(file))
