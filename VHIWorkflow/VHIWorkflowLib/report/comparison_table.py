"""Rows on two readings as a table of a page, with their names in its headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from VHIWorkflowLib.agreement.comparison import Comparison

from .html import records

NAMES = ("a", "b")
"""Columns that are the same in each row of two readings."""
THINGS = ("volume", "islands")
"""What belongs to a reading."""


def comparison_table(found: Comparison, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of a table file; columns of a and of b have the readings' names instead, case and time point are one."""
    columns, rows = one_name_for_each(columns, rows)
    kept = [n for n, column in enumerate(columns) if column not in NAMES]
    names = dict(zip(NAMES, (found.a, found.b), strict=True))
    headings = [_named(columns[n], names) for n in kept]
    return records(caption, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], headings)


def one_name_for_each(
    columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The same rows with the time point behind the case, where there are both columns, instead of in its own."""
    if not {"case_id", "time_point"} <= set(columns):
        return columns, rows
    at, point = columns.index("case_id"), columns.index("time_point")
    kept = [n for n in range(len(columns)) if n != point]
    named = [[*row[:at], f"{row[at]} {row[point]}".strip(), *row[at + 1 :]] for row in rows]
    return [columns[n] for n in kept], [[row[n] for n in kept] for row in named]


def _named(column: str, names: Mapping[str, str]) -> str:
    """Name of a column with a reading's name where it has a or b; "islands of AB found" for ``islands_a_found``."""
    words = column.split("_")
    for place, word in enumerate(words):
        if word in names:
            of = "of " if words[place - 1] in THINGS else ""
            words[place] = f"{of}{names[word]}"
    return "_".join(words)
