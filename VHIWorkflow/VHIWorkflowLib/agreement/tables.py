"""``cases.tsv``, ``summary.tsv``, ``failures.tsv``, ``islands.tsv``, ``reasons.tsv``: what `vhi agree` found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from VHIWorkflowLib.files.safe_files import write_atomically

from .comparison import ComparedCase, Comparison
from .disputes import ReasonTotal
from .failures import Failure
from .summary import Statistic, summary
from .swapped import PARTS

CASE_COLUMNS = (
    "case_id",
    "a",
    "b",
    "dice",
    "jaccard",
    "volume_a_mm3",
    "volume_b_mm3",
    "volume_difference_mm3",
    "volume_similarity",
    "hd95_mm",
    "mean_surface_distance_mm",
    "islands_a",
    "islands_b",
    "islands_a_found",
    "islands_b_found",
    "island_sensitivity",
    "island_precision",
    "time_point",
)
FAILURE_COLUMNS = (
    "case_id",
    "a",
    "b",
    "disputed_mm3",
    "volume_difference_mm3",
    "by_normal_bone_mm3",
    "by_disease_region_mm3",
    "by_cleaning_mm3",
    "note",
    "time_point",
)
ISLAND_COLUMNS = (
    "case_id",
    "a",
    "b",
    "island",
    "slice",
    "volume_a_mm3",
    "volume_b_mm3",
    "disputed_mm3",
    "why_not_a",
    "why_not_b",
    "time_point",
)
REASON_COLUMNS = ("case_id", "a", "b", "not_counted_by", "reason", "islands", "volume_mm3", "time_point")
SUMMARY_COLUMNS = ("statistic", "a", "b", "value", "low", "high", "n", "note")


def case_cells(found: Comparison, case: ComparedCase) -> list[str]:
    """One row of ``cases.tsv``; empty cells where there is no value."""
    masks = case.masks
    overlap: list[float | None] = [None, None, None]
    distances: list[float | None] = [None, None]
    islands = [""] * 6
    if masks is not None:
        overlap = [masks.overlap.dice, masks.overlap.jaccard, masks.overlap.volume_similarity]
        distances = [masks.distances.hd95_mm, masks.distances.mean_mm] if masks.distances else distances
        found_of = masks.islands
        islands = [str(n) for n in (found_of.islands_a, found_of.islands_b, found_of.found_a, found_of.found_b)]
        islands += [number_cell(share) for share in (found_of.sensitivity, found_of.precision)]
    volumes = (case.volume_a_mm3, case.volume_b_mm3, case.difference_mm3)
    figures = [number_cell(value) for value in (*overlap[:2], *volumes, overlap[2], *distances)]
    return [case.case_id, found.a, found.b, *figures, *islands, case.time_point]


def statistic_cells(found: Comparison, statistic: Statistic) -> list[str]:
    """One row of ``summary.tsv``."""
    estimate = statistic.estimate
    figures = (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
    n = str(estimate.n if estimate else len(found.cases))
    return [statistic.name, found.a, found.b, *(number_cell(figure) for figure in figures), n, statistic.problem or ""]


def failure_cells(found: Comparison, failure: Failure) -> list[str]:
    """One row of ``failures.tsv``."""
    share = failure.share
    parts = [None] * len(PARTS) if share is None else [share.parts[part] * share.voxel_volume_mm3 for part in PARTS]
    case = failure.case
    figures = [number_cell(value) for value in (case.disputed_mm3, case.difference_mm3, *parts)]
    return [case.case_id, found.a, found.b, *figures, failure.problem or "", case.time_point]


def island_cells(found: Comparison, failure: Failure, place: int) -> list[str]:
    """One row of ``islands.tsv``, for one of the failure's disputes by its place.

    Islands are numbered by disputed volume, slices as in the file, both from 1.
    """
    dispute = failure.disputes[place]
    voxel = failure.grid.voxel_volume_mm3 if failure.grid else failure.case.voxel_mm3
    volumes = (dispute.voxels_a, dispute.voxels_b, dispute.disputed_voxels)
    return [
        failure.case.case_id,
        found.a,
        found.b,
        str(place + 1),
        str(dispute.slice_number + 1),
        *(number_cell(voxels * voxel) for voxels in volumes),
        dispute.why_not_a or "",
        dispute.why_not_b or "",
        failure.case.time_point,
    ]


def reason_cells(found: Comparison, failure: Failure, total: ReasonTotal) -> list[str]:
    """One row of ``reasons.tsv``."""
    case, reader = failure.case, (found.a, found.b)[total.reader]
    figures = (str(total.islands), number_cell(total.volume_mm3))
    return [case.case_id, found.a, found.b, reader, total.reason, *figures, case.time_point]


def write_agreement(
    out: Path, comparisons: Sequence[Comparison], failures: Sequence[Sequence[Failure]]
) -> dict[str, Path]:
    """Write the tables of some comparisons and of the failures of each; returns where they lie.

    Raises
    ------
    RecordError
        If one cannot be written.
    """
    paths = {name: out / f"{name}.tsv" for name in ("cases", "summary", "failures", "islands", "reasons")}
    pairs = list(zip(comparisons, failures, strict=True))
    write_rows(paths["cases"], CASE_COLUMNS, [case_cells(each, case) for each in comparisons for case in each.cases])
    figures = [statistic_cells(each, figure) for each in comparisons for figure in summary(each)]
    write_rows(paths["summary"], SUMMARY_COLUMNS, figures)
    rows = [failure_cells(each, failure) for each, found in pairs for failure in found]
    write_rows(paths["failures"], FAILURE_COLUMNS, rows)
    looked_into = [(each, failure) for each, found in pairs for failure in found]
    rows = [island_cells(each, case, place) for each, case in looked_into for place in range(len(case.disputes))]
    write_rows(paths["islands"], ISLAND_COLUMNS, rows)
    rows = [reason_cells(each, case, total) for each, case in looked_into for total in case.reasons]
    write_rows(paths["reasons"], REASON_COLUMNS, rows)
    return paths


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table with tabs.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    write_atomically(path, text.getvalue().encode())


def number_cell(value: float | None) -> str:
    """A figure with six digits; empty when there is none."""
    return "" if value is None else f"{value:.6g}"


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay."""
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
    return cell
