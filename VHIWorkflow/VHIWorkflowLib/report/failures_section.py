"""Cases that readers disagree on most, as a part of a page: which part of the measurement made it, which islands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.failures import MOST_ISLANDS, Failure
from VHIWorkflowLib.agreement.tables import FAILURE_COLUMNS, ISLAND_COLUMNS, failure_cells, island_cells

from .comparison_table import comparison_table
from .figures import counted
from .html import number, paragraphs, picture, side_by_side, table, text

FIRST, LAST = ISLAND_COLUMNS.index("island"), ISLAND_COLUMNS.index("time_point")
"""Columns of the islands of one case, whose name is in the caption."""


def failures_section(found: Comparison, failures: Sequence[Failure]) -> str:
    """Heading, table of cases, reasons, and for each case its largest disputed islands with pictures."""
    heading = f"<h3>Where {text(found.a)} and {text(found.b)} disagree</h3>\n"
    if not failures:
        disagree = any(case.disputed_mm3 > 0 for case in found.cases)
        return heading + paragraphs("No case was looked into." if disagree else "They do not.")
    most = f"The {len(failures)} cases with most disputed volume" if len(failures) > 1 else "The case that they dispute"
    return "".join(
        (
            heading,
            paragraphs(f"{most}, of {len(found.cases)} compared.", *_summary(failures)),
            comparison_table(
                found,
                f"What made the difference (VHI of {found.b} less that of {found.a}), {counted(len(failures))}",
                FAILURE_COLUMNS,
                [failure_cells(found, each) for each in failures],
            ),
            _reasons(found, failures),
            *(_case(found, each) for each in failures),
        )
    )


def _summary(failures: Sequence[Failure]) -> list[str]:
    shared = [each.share.main_part for each in failures if each.share is not None]
    counts = Counter(part for part in shared if part is not None)
    if not counts:
        return []
    words = ", ".join(f"{part} in {count}" for part, count in counts.most_common())
    return [f"Of the {len(shared)} with records of both readings, most of the difference came from: {words}."]


def _reasons(found: Comparison, failures: Sequence[Failure]) -> str:
    """Why a reader did not count what the other did, over all cases looked into."""
    totals: dict[tuple[int, str], tuple[int, float]] = {}
    for each in (total for failure in failures for total in failure.reasons):
        islands, volume = totals.get((each.reader, each.reason), (0, 0.0))
        totals[each.reader, each.reason] = islands + each.islands, volume + each.volume_mm3
    if not totals:
        return ""
    order = sorted(totals.items(), key=lambda item: -item[1][1])
    names = (found.a, found.b)
    rows = [[reason, names[reader], str(n), number(volume)] for (reader, reason), (n, volume) in order]
    columns = ("reason", "not counted by", "islands", "volume (mm3)")
    cases = sum(bool(failure.reasons) for failure in failures)
    return table(f"Why one reader does not count what the other does, {counted(cases)}", columns, rows)


def _case(found: Comparison, failure: Failure) -> str:
    if not failure.disputes:
        return ""
    count = failure.number_of_disputes
    counted = f"{count} island{'s are' if count > 1 else ' is'} not counted alike"
    if count > len(failure.disputes):
        counted += f"; the {MOST_ISLANDS} with most disputed volume are listed"
    caption = f"{failure.case.name}: {counted} ({number(failure.case.disputed_mm3)} mm3 in all)"
    rows = [island_cells(found, failure, place)[FIRST:LAST] for place in range(len(failure.disputes))]
    pictures = [_picture(found, failure, place, data) for place, data in enumerate(failure.pictures)]
    return comparison_table(found, caption, ISLAND_COLUMNS[FIRST:LAST], rows) + side_by_side(*pictures)


def _picture(found: Comparison, failure: Failure, place: int, data: bytes) -> str:
    dispute = failure.disputes[place]
    where = f"{failure.case.name}, island {place + 1}, slice {dispute.slice_number + 1}"
    why = [
        f"{reader}: {reason}"
        for reader, reason in ((found.a, dispute.why_not_a), (found.b, dispute.why_not_b))
        if reason is not None
    ]
    return picture(
        data,
        "jpeg",
        f"{where}, outlines of {found.a} and {found.b}",
        "; ".join([f"{where}: {found.a} yellow, {found.b} light blue", *why]),
    )
