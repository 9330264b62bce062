"""The report of a whole results folder: agreement of its readers, response, effort, methods; and a page per subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from VHIWorkflowLib.agreement.comparison import Comparison, Progress, compare, each_case
from VHIWorkflowLib.agreement.effort import Effort, efforts
from VHIWorkflowLib.agreement.failures import MOST_CASES, Failure, failures
from VHIWorkflowLib.agreement.limits import Limits, limits_between
from VHIWorkflowLib.agreement.reference import LEAST_FOR_OTHERS, References, make_references
from VHIWorkflowLib.agreement.reference_tables import write_references
from VHIWorkflowLib.agreement.response import SubjectChange
from VHIWorkflowLib.agreement.response_study import ResponseStudy, study_response
from VHIWorkflowLib.agreement.response_tables import write_response
from VHIWorkflowLib.agreement.rules import RULES
from VHIWorkflowLib.agreement.scores import Scores
from VHIWorkflowLib.agreement.sources import read_sources
from VHIWorkflowLib.agreement.tables import write_agreement, write_rows
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.files.safe_files import write_atomically
from VHIWorkflowLib.files.time_points import in_time

from .agreement_report import agreement_parts, title_of
from .effort_section import EFFORT_COLUMNS, effort_cells, effort_parts
from .figures import counted
from .html import REPORT_NAME, bullets, contents, note, page, paragraphs, section
from .methods import made_by, methods_of
from .patient_report import Patient, patient_report
from .reference_section import TITLE as REFERENCES_TITLE
from .reference_section import reference_parts
from .response_report import response_parts
from .rules import AGREEMENT_RULES, FAILURES_RULE, REFERENCE_RULES, RESPONSE_RULES
from .thumbnails import thumbnail

_ = sentences_of(__name__)

PATIENTS = "patients"
FEWEST_PAGES = 4
"""So many pages of subjects are worth other processes."""

Watch = Callable[[str], Progress]
"""Is told what is counted now, and gives what is told how many are done."""


@dataclass(frozen=True)
class Wanted:
    """What a report is to hold.

    Attributes
    ----------
    results
        Results folder.
    time_points
        Baseline and follow-up; None for a report without response.
    limits
        Smallest detectable change; None to take it from the two readers of the folder, if there are two.
    scores
        Groups and other scores of the subjects.
    patients
        Whether a page for each subject is written.
    most_failures
        How many cases of each pair of readers are looked into.
    jobs
        How many cases at a time.
    """

    results: Path
    time_points: tuple[str, str] | None = None
    limits: Limits | None = None
    scores: Scores | None = None
    patients: bool = True
    most_failures: int = MOST_CASES
    jobs: int = 1


@dataclass(frozen=True)
class Study:
    """All that is reported of a results folder; ``problems`` says what could not be worked out and why."""

    rows: tuple[ResultsRow, ...]
    comparisons: tuple[Comparison, ...]
    failures: tuple[tuple[Failure, ...], ...]
    references: References | None
    responses: tuple[tuple[str, ResponseStudy], ...]
    efforts: tuple[Effort, ...]
    effort_left_out: tuple[tuple[str, str], ...]
    limits: Limits
    problems: tuple[str, ...]


def study_of(wanted: Wanted, watch: Watch) -> Study:
    """Read a results folder, and work out all there is to report.

    Raises
    ------
    InputError
        If it holds no results.
    RecordError
        If its table cannot be read.
    """
    table = wanted.results / RESULTS_NAME
    if not table.is_file():
        raise InputError(
            wanted.results,
            _("holds no {results_name}; name the folder that 'vhi measure' wrote to").format(results_name=RESULTS_NAME),
        )
    rows = sorted(read_rows(table), key=lambda row: row.key)
    if not rows:
        raise InputError(table, _("holds no reading"))
    problems: list[str] = []
    readers = sorted({row.reader for row in rows})
    comparisons, looked_into = _agreement(wanted, readers, watch, problems)
    limits = wanted.limits or limits_between(comparisons)
    effort, left_out = efforts(wanted.results, rows)
    return Study(
        tuple(rows),
        tuple(comparisons),
        tuple(looked_into),
        _references(wanted, readers, watch, problems),
        tuple(_responses(wanted, rows, limits, problems)),
        tuple(effort),
        tuple(left_out),
        limits,
        tuple(problems),
    )


def write_study_report(wanted: Wanted, out: Path, watch: Watch) -> Path:
    """Write ``report.html``, its tables and the pages of the subjects; returns the path of the report.

    Raises
    ------
    InputError
        If the results folder holds no results.
    RecordError
        If a file cannot be read or written.
    """
    study = study_of(wanted, watch)
    write_agreement(out / "agreement", study.comparisons, study.failures)
    if study.references is not None:
        write_references(out / "agreement" / "composite", study.references)
    for reader, response in study.responses:
        write_response(out / "response" / reader, response)
    write_rows(out / "effort.tsv", EFFORT_COLUMNS, [effort_cells(each) for each in study.efforts])
    if wanted.patients:
        _write_patients(study, wanted, out / PATIENTS, watch("subject"))
    write_atomically(out / REPORT_NAME, study_report(study).encode())
    return out / REPORT_NAME


def study_report(study: Study) -> str:
    """The whole page."""
    parts = [
        (title_of(found), agreement_parts(found, failed))
        for found, failed in zip(study.comparisons, study.failures, strict=True)
    ]
    if study.references is not None:
        parts.append((REFERENCES_TITLE, reference_parts(study.references)))
    parts += [(f"Response, read by {reader}", response_parts(response)) for reader, response in study.responses]
    parts.append(("Effort", effort_parts(study.efforts, study.effort_left_out)))
    rules = [*AGREEMENT_RULES, FAILURES_RULE] if study.comparisons else []
    rules += REFERENCE_RULES if study.references is not None else []
    rules += RESPONSE_RULES if study.responses else []
    parts.append(("Methods and rules", paragraphs(*methods_of(study.rows)) + bullets(rules)))
    return page(
        "Study report: volume of hyperintense inflammation",
        paragraphs(made_by(), _holds(study.rows)),
        note(*study.problems),
        contents([title for title, _ in parts]),
        *(section(title, part) for title, part in parts),
    )


def _agreement(
    wanted: Wanted, readers: Sequence[str], watch: Watch, problems: list[str]
) -> tuple[list[Comparison], list[tuple[Failure, ...]]]:
    """Each pair of readers compared, and their failures; pairs that cannot be compared become problems."""
    comparisons: list[Comparison] = []
    looked_into: list[tuple[Failure, ...]] = []
    if len(readers) < 2:
        return comparisons, looked_into
    for a, b in combinations(read_sources([f"{wanted.results}#{reader}" for reader in readers]), 2):
        try:
            found = compare(a, b, watch("case"), wanted.jobs)
        except InputError as error:
            problems.append(f"{a.name} and {b.name} cannot be compared: {error}.")
            continue
        comparisons.append(found)
        watched = watch("case looked into")
        worst = failures(a, b, found, wanted.most_failures, watched, draw=thumbnail, jobs=wanted.jobs)
        looked_into.append(tuple(worst))
    return comparisons, looked_into


def _references(wanted: Wanted, readers: Sequence[str], watch: Watch, problems: list[str]) -> References | None:
    """Readers against composite masks; None for fewer than three readers."""
    if len(readers) < LEAST_FOR_OTHERS:
        return None
    sources = read_sources([f"{wanted.results}#{reader}" for reader in readers])
    try:
        return make_references(sources, RULES, None, watch("composite case"), distances=False, jobs=wanted.jobs)
    except InputError as error:
        problems.append(f"No composite masks: {error}.")
        return None


def _responses(
    wanted: Wanted, rows: Sequence[ResultsRow], limits: Limits, problems: list[str]
) -> list[tuple[str, ResponseStudy]]:
    """Response as each reader read it; readers without both time points become problems."""
    if wanted.time_points is None:
        return []
    found = []
    for reader in sorted({row.reader for row in rows}):
        own = [row for row in rows if row.reader == reader]
        try:
            found.append((reader, study_response(own, *wanted.time_points, limits, wanted.scores)))
        except InputError as error:
            problems.append(f"No response by {reader}: {error}.")
    return found


def _holds(rows: Sequence[ResultsRow]) -> str:
    subjects, points = {row.case_id for row in rows}, sorted({row.time_point for row in rows}, key=in_time)
    readers = sorted({row.reader for row in rows})
    return (
        f"{counted(len(rows), 'reading')} of {counted(len(subjects), 'subject')}; time points: {', '.join(points)}; "
        f"readers: {', '.join(readers)}."
    )


def _write_patients(study: Study, wanted: Wanted, folder: Path, progress: Progress) -> None:
    """A page for each subject, several at a time."""
    rows: dict[str, list[ResultsRow]] = {}
    for row in study.rows:
        rows.setdefault(row.case_id, []).append(row)
    changes: dict[str, list[tuple[str, SubjectChange]]] = {}
    for reader, response in study.responses:
        for change in response.found.subjects:
            changes.setdefault(change.subject, []).append((reader, change))
    order = _order(wanted.time_points)
    subjects = sorted(rows)
    patients = [
        Patient(
            subject,
            tuple(sorted(rows[subject], key=order)),
            tuple(changes.get(subject, [])),
            study.limits,
            wanted.time_points,
        )
        for subject in subjects
    ]
    items = [(patient, wanted.results, folder) for patient in patients]
    for _ in each_case(_write_patient, items, subjects, progress, wanted.jobs, fewest=FEWEST_PAGES, at_once=1):
        pass


def _write_patient(given: tuple[Patient, Path, Path]) -> None:
    patient, results, folder = given
    write_atomically(folder / f"{patient.subject}.html", patient_report(patient, results).encode())


def _order(time_points: tuple[str, str] | None) -> Callable[[ResultsRow], tuple[Any, ...]]:
    """Baseline first, follow-up second, others in the order of time behind them."""
    places = {point: place for place, point in enumerate(time_points or ())}
    return lambda row: (places.get(row.time_point, len(places)), in_time(row.time_point), row.reader)
