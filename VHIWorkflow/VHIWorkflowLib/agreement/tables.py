"""``cases.tsv`` and ``summary.tsv``: what `vhi agree` found, for a statistics program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from VHIWorkflowLib.files.safe_files import write_atomically

from .comparison import ComparedCase, Comparison
from .summary import Statistic

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
)
SUMMARY_COLUMNS = ("statistic", "a", "b", "value", "low", "high", "n", "note")


def case_cells(found: Comparison, case: ComparedCase) -> list[str]:
    """One row of ``cases.tsv``; empty cells where there is no value."""
    masks = case.masks
    overlap: list[float | None] = [None, None, None]
    distances: list[float | None] = [None, None]
    islands = ["", "", "", ""]
    if masks is not None:
        overlap = [masks.overlap.dice, masks.overlap.jaccard, masks.overlap.volume_similarity]
        distances = [masks.distances.hd95_mm, masks.distances.mean_mm] if masks.distances else distances
        found_of = masks.islands
        islands = [str(n) for n in (found_of.islands_a, found_of.islands_b, found_of.found_a, found_of.found_b)]
    volumes = (case.volume_a_mm3, case.volume_b_mm3, case.difference_mm3)
    figures = [number_cell(value) for value in (*overlap[:2], *volumes, overlap[2], *distances)]
    return [case.name, found.a, found.b, *figures, *islands]


def statistic_cells(found: Comparison, statistic: Statistic) -> list[str]:
    """One row of ``summary.tsv``."""
    estimate = statistic.estimate
    figures = (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
    n = str(estimate.n if estimate else len(found.cases))
    return [statistic.name, found.a, found.b, *(number_cell(figure) for figure in figures), n, statistic.problem or ""]


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
