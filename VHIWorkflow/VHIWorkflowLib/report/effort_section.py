"""Effort of readers as a part of a page: time, interactions and undos, and the learning curve."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.effort import Effort, ReaderEffort, by_reader
from VHIWorkflowLib.agreement.tables import number_cell
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.regression import ordinary_regression

from .figures import counted, figures_of
from .html import figure, paragraphs, records, table
from .rules import EFFORT_RULES
from .scatter_plot import Line, scatter

EFFORT_COLUMNS = (
    "case_id",
    "time_point",
    "reader",
    "place",
    "measured_at",
    "seconds",
    "interactions",
    "undos",
    "islands",
)


def effort_cells(effort: Effort) -> list[str]:
    """One row of ``effort.tsv``."""
    return [
        effort.case_id,
        effort.time_point,
        effort.reader,
        str(effort.place),
        effort.measured_at.isoformat(timespec="seconds"),
        number_cell(effort.seconds),
        str(effort.interactions),
        str(effort.undos),
        str(effort.islands),
    ]


def effort_parts(found: Sequence[Effort], left_out: Sequence[tuple[str, str]]) -> str:
    """Table of readers, a learning curve for each, and the table of cases."""
    sentences = [f"Left out: {name}: {problem}." for name, problem in left_out]
    if not found:
        return paragraphs("No reading was timed.", *sentences)
    readers = by_reader(found)
    rows = [_cells(each) for each in readers]
    columns = ("reader", "cases", "seconds", "interactions", "undos", "Spearman's rho of time with order")
    curves = [_curve(each.reader, [one for one in found if one.reader == each.reader]) for each in readers]
    return "".join(
        (
            paragraphs(*sentences),
            table(f"Medians by reader with 95 % intervals, {counted(len(found), 'reading')}", columns, rows),
            *curves,
            records(
                f"Effort of {counted(len(found), 'reading')}", EFFORT_COLUMNS, [effort_cells(each) for each in found]
            ),
            paragraphs(*EFFORT_RULES),
        )
    )


def _cells(reader: ReaderEffort) -> list[str]:
    learning = "none" if reader.learning is None else figures_of(reader.learning)
    medians = (reader.seconds, reader.interactions, reader.undos)
    return [reader.reader, str(reader.seconds.n), *(figures_of(each) for each in medians), learning]


def _curve(reader: str, found: Sequence[Effort]) -> str:
    places, seconds = [float(each.place) for each in found], [each.seconds for each in found]
    caption, line = f"Learning curve of {reader}, {counted(len(found))}", None
    try:
        fitted = ordinary_regression(places, seconds)
        line = Line(fitted.intercept.value, fitted.slope.value)
        caption += f"; line: least squares, {figures_of(fitted.slope)} seconds more from case to case"
    except StatisticsError as error:
        caption += f"; no line: {error}"
    names = [f"{each.case_id} {each.time_point}" for each in found]
    return figure(scatter(places, seconds, ("case in the order of reading", "seconds"), names, line=line), caption)
