"""One page on one subject: thresholds, pictures of all slices, VHI now and before, against what can be detected."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from VHIWorkflowLib.agreement.limits import Limits
from VHIWorkflowLib.agreement.response import SubjectChange, log_verdict, verdict
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.study.overview import overview_of
from VHIWorkflowLib.study.redone import Redone, redo

from .figures import counted
from .html import note, number, page, paragraphs, picture, section, table
from .methods import made_by, methods_of

PICTURE_WIDTH = 1400
JPEG_QUALITY = 82
ONE_READER = "Read by one reader only: how far readers agree on this subject is not known."
NO_BREAK, NO_BREAK_HYPHEN = "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"
WORDS = {
    "fell": "a fall beyond the smallest detectable change",
    "rose": "a rise beyond the smallest detectable change",
    "within": "within the smallest detectable change",
}


@dataclass(frozen=True)
class Patient:
    """A subject's rows, the earliest time point first, and the change of each reader who read both time points."""

    subject: str
    rows: tuple[ResultsRow, ...]
    changes: tuple[tuple[str, SubjectChange], ...]
    limits: Limits
    time_points: tuple[str, str] | None


def patient_report(patient: Patient, out: Path) -> str:
    """The whole page.

    Parameters
    ----------
    patient
        Rows and changes.
    out
        Results folder with the records, for the pictures; where a record cannot be redone the page says why.
    """
    return page(
        f"VHI of {patient.subject}",
        paragraphs(made_by()),
        section("Volume of hyperintense inflammation", _volumes(patient), _changes(patient)),
        section("Thresholds", _thresholds(patient.rows)),
        section("Pictures", *(_picture(out, row) for row in patient.rows)),
        section("Methods", paragraphs(*methods_of(patient.rows))),
        *([note(ONE_READER)] if len({row.reader for row in patient.rows}) < 2 else []),
    )


def _volumes(patient: Patient) -> str:
    rows = [
        [
            row.time_point,
            row.reader,
            number(row.vhi_sensitive_mm3),
            _range(row),
            number(row.vhi_conservative_mm3),
            f"{row.islands_removed} of {row.islands}",
            _minute(row.measured_at),
        ]
        for row in patient.rows
    ]
    columns = (
        "time point",
        "reader",
        "VHI (mm3)",
        "with one slice of the normal bone left out (mm3)",
        "conservative (mm3)",
        "islands removed",
        "measured at",
    )
    return table(f"{counted(len(rows), 'reading')} of {patient.subject}", columns, rows)


def _minute(moment: str) -> str:
    """An ISO time to the minute, which does not break over lines."""
    return moment[:16].replace("T", NO_BREAK).replace("-", NO_BREAK_HYPHEN)


def _range(row: ResultsRow) -> str:
    if row.vhi_sensitive_low_mm3 is None or row.vhi_sensitive_high_mm3 is None:
        return ""
    return f"{number(row.vhi_sensitive_low_mm3)} to {number(row.vhi_sensitive_high_mm3)}"


def _changes(patient: Patient) -> str:
    if patient.time_points is None:
        return paragraphs("Which time points are to be compared was not said, so no change is given.")
    if not patient.changes:
        return paragraphs(f"No reader read both {patient.time_points[0]} and {patient.time_points[1]}.")
    before, now = patient.time_points
    sentences = [_change(f"{reader}, {before} to {now}", change, patient.limits) for reader, change in patient.changes]
    return paragraphs(*sentences, patient.limits.source)


def _change(what: str, change: SubjectChange, limits: Limits) -> str:
    percent = change.change_percent
    share = "" if percent is None else f", {percent:+.0f} %"
    sentence = (
        f"{what}: {number(change.baseline_mm3)} to {number(change.follow_up_mm3)} mm3, change "
        f"{number(change.change_mm3)} mm3{share} (log ratio {change.log_ratio:+.2f})"
    )
    if limits.change_mm3 is not None:
        sentence += f": {WORDS[verdict(change, limits)]} of {number(limits.change_mm3)} mm3"
    if limits.log_ratio is not None:
        sentence += f"; on log scale {WORDS[log_verdict(change, limits)]} of {limits.log_ratio:.2f}"
    return f"{sentence}."


def _thresholds(rows: Sequence[ResultsRow]) -> str:
    cells = [
        [
            row.time_point,
            row.reader,
            number(row.threshold_sensitive),
            "set by hand" if row.iqr_multiple is None else f"Q3 + {row.iqr_multiple:.2f} IQR".replace(" ", NO_BREAK),
            number(row.threshold_conservative),
            str(row.normal_bone_voxels),
            f"{number(row.normal_bone_median)} ({number(row.normal_bone_q1)} to {number(row.normal_bone_q3)})",
            "" if row.top_voxel_effect is None else f"{row.top_voxel_effect:.2f}",
            row.model or "none",
        ]
        for row in rows
    ]
    columns = (
        "time point",
        "reader",
        "sensitive threshold",
        "how",
        "conservative threshold",
        "normal bone voxels",
        "normal bone, median (quartiles)",
        "VHI without its brightest voxel / VHI",
        "models",
    )
    return table("Grey levels of STIR", columns, cells)


def _picture(out: Path, row: ResultsRow) -> str:
    what = f"{row.case_id}, {row.time_point}, reader {row.reader}"
    try:
        redone = redo(out.joinpath(*row.key))
    except VHIError as error:
        return note(f"No picture of {what}: {error}.")
    return picture(_overview(redone), "jpeg", f"All slices of {what} with the masks", what)


def _overview(redone: Redone) -> bytes:
    """JPEG of all slices with the masks."""
    image = overview_of(redone.case, redone.session, redone.record.key)
    if image.width > PICTURE_WIDTH:
        height = round(image.height * PICTURE_WIDTH / image.width)
        image = image.resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
