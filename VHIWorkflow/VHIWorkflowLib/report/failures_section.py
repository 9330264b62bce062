"""Cases that readers disagree on most, as a part of a page: which part of the measurement made it, which islands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.failures import MOST_ISLANDS, Failure
from VHIWorkflowLib.agreement.tables import FAILURE_COLUMNS, ISLAND_COLUMNS, failure_cells, island_cells

from .html import number, paragraphs, picture, records, side_by_side, text
from .thumbnails import thumbnail

RULE = (
    "The difference of VHI is shared out among normal bone (with its thresholds), disease region and cleaning: VHI is "
    "recomputed with each taken from either reader, and a part's share is the mean change over all orders of swapping "
    "them, so the shares add up to the whole difference. Cleaning is applied to another mask by its islands: those "
    "count that touch a voxel kept, less voxels removed from an island of which another piece was kept. Disputed "
    "volume is what one reader counts and the other does not; islands are those (3D, 26 neighbours) of the voxels that "
    "either counts."
)


def failures_section(found: Comparison, failures: Sequence[Failure]) -> str:
    """Heading, table of cases, and for each its largest disputed islands with pictures."""
    if not failures:
        return f"<h3>Where {text(found.a)} and {text(found.b)} disagree</h3>\n" + paragraphs("They do not.")
    parts = [
        f"<h3>Where {text(found.a)} and {text(found.b)} disagree</h3>\n",
        paragraphs(
            f"The {len(failures)} cases with most disputed volume, of {len(found.cases)} compared.", *_summary(failures)
        ),
        records(
            f"What made the difference (VHI of {found.b} less that of {found.a}), {len(failures)} cases",
            FAILURE_COLUMNS,
            [failure_cells(found, each) for each in failures],
        ),
        *(_case(found, each) for each in failures),
    ]
    return "".join(parts)


def _summary(failures: Sequence[Failure]) -> list[str]:
    shared = [each.share.main_part for each in failures if each.share is not None]
    counts = Counter(part for part in shared if part is not None)
    if not counts:
        return []
    words = ", ".join(f"{part} in {count}" for part, count in counts.most_common())
    return [f"Of the {len(shared)} with records of both readings, most of the difference came from: {words}."]


def _case(found: Comparison, failure: Failure) -> str:
    if not failure.disputes:
        return ""
    more = failure.number_of_disputes - len(failure.disputes)
    counted = f"{failure.number_of_disputes} islands are not counted alike"
    if more:
        counted += f"; the {MOST_ISLANDS} with most disputed volume are listed"
    pictures = ""
    if failure.scene is not None:
        dispute = failure.disputes[0]
        pictures = picture(
            thumbnail(failure.scene, dispute),
            "png",
            f"{failure.case.name}, slice {dispute.slice_number + 1}, with the outlines of {found.a} and {found.b}",
            f"{failure.case.name}, slice {dispute.slice_number + 1}: {found.a} yellow, {found.b} light blue; "
            "right of the patient on the left",
        )
    caption = f"{failure.case.name}: {counted} ({number(failure.case.disputed_mm3)} mm3 in all)"
    rows = [island_cells(found, failure, each)[3:] for each in failure.disputes]
    return side_by_side(pictures, records(caption, ISLAND_COLUMNS[3:], rows))
