"""Rows of a results table as a study uses them: those without VHI apart, the rest as the table holds them."""

from __future__ import annotations

import csv
from pathlib import Path

from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.results import read_rows
from VHIWorkflowLib.files.results_rows import COLUMNS, ResultsRow, parse_row

VHI_COLUMN = "vhi_sensitive_mm3"

Key = tuple[str, str, str]
"""Case, time point and reader."""


def read_rows_with_gaps(table: Path) -> tuple[list[ResultsRow], list[Key]]:
    """Rows with VHI, and the keys of those whose VHI was deleted or never entered.

    Raises
    ------
    RecordError
        As `read_rows`, when anything else is wrong with the table.
    """
    try:
        return read_rows(table), []
    except RecordError:
        lines = _lines(table)
        gaps = [line for line in lines if not line[VHI_COLUMN]]
        if not gaps:
            raise
        try:
            rows = [parse_row([line[name] for name in COLUMNS]) for line in lines if line[VHI_COLUMN]]
        except ValueError:
            raise RecordError(table, "is damaged, not only without VHI in some rows; restore the file") from None
        return rows, [(line["case_id"], line["time_point"], line["reader"]) for line in gaps]


def _lines(table: Path) -> list[dict[str, str]]:
    """Cells by column; nothing when the table is not such a one."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file, delimiter="\t", restval="", restkey=""))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return found if found and set(COLUMNS) <= set(found[0]) else []
