"""Other scores and groups of the subjects, from a table that a user gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError

from .text_tables import read_text_table

_ = sentences_of(__name__)

SUBJECT_COLUMNS = ("case_id", "subject")
TIME_POINT_COLUMN = "time_point"


@dataclass(frozen=True)
class Scores:
    """What a table says of the subjects.

    Attributes
    ----------
    groups
        Group of each subject, from the column asked for; empty when none was.
    numbers
        By column, a number for each subject that has one. When the table has time points, the change of the column
        from baseline to follow-up, and the name says so.
    """

    groups: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, float]]


def read_scores(path: Path, group: str | None, baseline: str, follow_up: str) -> Scores:
    """Read a table (TSV or CSV, first line names) with a column ``case_id`` and any others.

    Parameters
    ----------
    path
        Of the table.
    group
        Column that says which group a subject belongs to, or None.
    baseline, follow_up
        Time points that are told apart where the table has a column ``time_point``.

    Raises
    ------
    InputError
        If it cannot be read, has no column ``case_id`` or none of the asked name, or a subject stands twice.
    """
    rows = read_text_table(path)
    columns = list(rows[0])
    subject_column = next((name for name in SUBJECT_COLUMNS if name in columns), None)
    if subject_column is None:
        raise InputError(path, _("has no column case_id; it has {columns}").format(columns=", ".join(columns)))
    if group is not None and group not in columns:
        raise InputError(
            path, _("has no column {group!r}; it has {columns}").format(group=group, columns=", ".join(columns))
        )
    points = (baseline, follow_up) if TIME_POINT_COLUMN in columns else ("",)
    by_point: dict[str, dict[str, dict[str, str]]] = {point: {} for point in points}
    for row in rows:
        of_point = by_point.get(row.get(TIME_POINT_COLUMN, "") if len(points) > 1 else "")
        if of_point is None:
            continue
        if row[subject_column] in of_point:
            raise InputError(
                path, _("has subject {subject!r} twice; keep one of the lines").format(subject=row[subject_column])
            )
        of_point[row[subject_column]] = row
    groups = {} if group is None else _groups(by_point.values(), group)
    others = [name for name in columns if name not in (subject_column, TIME_POINT_COLUMN, group)]
    numbers = {}
    for name in others:
        first = _numbers(by_point[points[0]], name)
        if len(points) == 1:
            numbers[name] = first
            continue
        second = _numbers(by_point[points[1]], name)
        numbers[f"change of {name}"] = {key: second[key] - first[key] for key in first.keys() & second.keys()}
    return Scores(groups, {name: values for name, values in numbers.items() if values})


def _groups(points: Iterable[Mapping[str, Mapping[str, str]]], column: str) -> dict[str, str]:
    """Group of each subject; the first time point that has one counts."""
    found: dict[str, str] = {}
    for of_point in points:
        for subject, row in of_point.items():
            if row[column]:
                found.setdefault(subject, row[column])
    return found


def _numbers(rows: Mapping[str, Mapping[str, str]], column: str) -> dict[str, float]:
    found = {}
    for subject, row in rows.items():
        try:
            value = float(row[column].replace(",", "."))
        except ValueError:
            continue
        if math.isfinite(value):
            found[subject] = value
    return found
