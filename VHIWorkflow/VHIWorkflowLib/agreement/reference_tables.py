"""``cases.tsv`` and ``summary.tsv`` of `vhi consensus`: each reader against composite masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .comparison import ComparedCase, Comparison
from .consensus import Performance
from .reference import References
from .rules import Rule
from .summary import Statistic, mask_statistics, quartiles
from .tables import CASE_COLUMNS, SUMMARY_COLUMNS, case_cells, number_cell, statistic_cells, write_rows

REFERENCE_COLUMNS = (*CASE_COLUMNS, "sensitivity", "specificity")


def reference_rows(found: References) -> list[list[str]]:
    """Rows of ``cases.tsv``: each case and reader against the composite of all, and of the others."""
    rows = []
    for rule in found.rules:
        for reader in found.readers:
            with_all, with_others = found.with_all(rule, reader), found.with_others(rule, reader)
            for each in found.of(rule, reader):
                rows.append(_cells(with_all, each.with_all, each.performance))
                if with_others is not None and each.with_others is not None:
                    rows.append(_cells(with_others, each.with_others, None))
    at = REFERENCE_COLUMNS.index("time_point")
    return sorted(rows, key=lambda row: (row[0], row[at]))


def reference_statistics(found: References, rule: Rule, reader: str) -> list[tuple[Comparison, list[Statistic]]]:
    """Figures over all cases of one reader: against the composite of all readers, and against that of the others."""
    with_all, with_others = found.with_all(rule, reader), found.with_others(rule, reader)
    performance = [each.performance for each in found.of(rule, reader)]
    figures = [
        *quartiles("sensitivity", [each.sensitivity for each in performance]),
        *quartiles("specificity", [each.specificity for each in performance]),
    ]
    made = [(with_all, [*figures, *mask_statistics(with_all.cases)])]
    if with_others is not None:
        made.append((with_others, mask_statistics(with_others.cases)))
    return made


def summary_rows(found: References) -> list[list[str]]:
    """Rows of ``summary.tsv``."""
    return [
        statistic_cells(comparison, figure)
        for rule in found.rules
        for reader in found.readers
        for comparison, figures in reference_statistics(found, rule, reader)
        for figure in figures
    ]


def write_references(out: Path, found: References) -> dict[str, Path]:
    """Write the tables; returns where they lie.

    Raises
    ------
    RecordError
        If one cannot be written.
    """
    paths = {name: out / f"{name}.tsv" for name in ("cases", "summary")}
    write_rows(paths["cases"], REFERENCE_COLUMNS, reference_rows(found))
    write_rows(paths["summary"], SUMMARY_COLUMNS, summary_rows(found))
    return paths


def _cells(comparison: Comparison, case: ComparedCase, performance: Performance | None) -> list[str]:
    figures: Sequence[float | None] = (None, None)
    if performance is not None:
        figures = (performance.sensitivity, performance.specificity)
    return [*case_cells(comparison, case), *map(number_cell, figures)]
