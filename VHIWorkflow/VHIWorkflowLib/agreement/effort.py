"""What reading cost: time, interactions and undos per case and reader, and whether readers get faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.statistics.correlation import correlation
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import Estimate
from VHIWorkflowLib.statistics.resampling import median_of
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_record import CaseRecord


@dataclass(frozen=True)
class Effort:
    """Effort of one reading.

    Attributes
    ----------
    seconds
        From opening the case to the latest step, all sittings together.
    interactions
        Steps in effect (those merged into one undo step count once), undos and redos.
    undos
        How often undo was used.
    place
        Which of the reader's cases it was, from 1, by the time it was finished.
    """

    case_id: str
    time_point: str
    reader: str
    measured_at: datetime
    seconds: float
    interactions: int
    undos: int
    islands: int
    place: int


@dataclass(frozen=True)
class ReaderEffort:
    """Effort of one reader over all cases: medians, and Spearman's correlation of time with the order of cases.

    ``learning`` is below zero when later cases took less time; None when it cannot be worked out.
    """

    reader: str
    seconds: Estimate
    interactions: Estimate
    undos: Estimate
    learning: Estimate | None


def efforts(out: Path, rows: Sequence[ResultsRow]) -> tuple[list[Effort], list[tuple[str, str]]]:
    """Effort of each reading of a results folder whose record a reader's session left.

    Parameters
    ----------
    out
        Results folder.
    rows
        Its rows.

    Returns
    -------
    efforts
        By reader, in the order of finishing. Measurements without a step and without time are no readings and left out.
    left_out
        Rows whose record cannot be read, and why.
    """
    records, left_out = [], []
    for row in rows:
        try:
            record = read_record(out.joinpath(*row.key))
        except VHIError as error:
            left_out.append((" ".join(row.key), error.sentence))
            continue
        if record.cleaning.seconds_spent > 0 and (record.cleaning.steps or record.cleaning.undo_count):
            records.append(record)
    records.sort(key=lambda record: (record.key.reader, record.measured_at))
    found: list[Effort] = []
    for record in records:
        place = found[-1].place + 1 if found and found[-1].reader == record.key.reader else 1
        found.append(_effort(record, place))
    return found, left_out


def by_reader(found: Sequence[Effort]) -> list[ReaderEffort]:
    """Medians over the cases of each reader, with intervals."""
    readers = sorted({each.reader for each in found})
    return [_of_reader(reader, [each for each in found if each.reader == reader]) for reader in readers]


def _effort(record: CaseRecord, place: int) -> Effort:
    cleaning = record.cleaning
    steps = len({step.group for step in cleaning.steps})
    return Effort(
        record.key.case_id,
        record.key.time_point,
        record.key.reader,
        record.measured_at,
        cleaning.seconds_spent,
        steps + cleaning.undo_count + cleaning.redo_count,
        cleaning.undo_count,
        record.islands,
        place,
    )


def _of_reader(reader: str, found: Sequence[Effort]) -> ReaderEffort:
    try:
        learning = correlation([each.place for each in found], [each.seconds for each in found], "spearman").coefficient
    except StatisticsError:
        learning = None
    medians = [
        median_of([float(value) for value in values])
        for values in (
            [each.seconds for each in found],
            [each.interactions for each in found],
            [each.undos for each in found],
        )
    ]
    return ReaderEffort(reader, medians[0], medians[1], medians[2], learning)
