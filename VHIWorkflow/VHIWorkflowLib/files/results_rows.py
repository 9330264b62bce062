"""One row of the results table: its columns, and how each value is written.

Numbers have a decimal point whatever the locale, and a fixed form:

- counts as whole numbers, volumes (`*_mm3`) with 3 decimals, `voxel_volume_mm3` with 6, `iqr_multiple` with 2,
  `cleaning_seconds` with 1, `top_voxel_effect` with 4;
- grey levels (thresholds and `normal_bone_*`) with ten significant digits, whatever the scale of the scan;
- an empty cell where there is no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_FORMULA_STARTS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class ResultsRow:
    """One measurement, as it stands in the results table.

    Volumes are in mm3, thresholds and normal-bone figures grey levels of the STIR, `cleaning_seconds` the time spent,
    `measured_at` an ISO 8601 time. `vhi_sensitive_low_mm3` and `vhi_sensitive_high_mm3` span the VHI over left-out
    slices of the normal bone, `top_voxel_effect` is the VHI without the brightest voxel of the normal bone divided by
    the VHI. None where there is no value.
    """

    case_id: str
    time_point: str
    reader: str
    measured_at: str
    vhi_sensitive_voxels: int
    vhi_sensitive_mm3: float
    vhi_conservative_voxels: int
    vhi_conservative_mm3: float
    preliminary_sensitive_voxels: int
    preliminary_conservative_voxels: int
    threshold_sensitive: float
    threshold_conservative: float
    iqr_multiple: float | None
    normal_bone_voxels: int
    normal_bone_q1: float
    normal_bone_median: float
    normal_bone_q3: float
    normal_bone_max: float
    islands: int
    islands_removed: int
    cleaning_seconds: float | None
    voxel_volume_mm3: float
    vhi_sensitive_low_mm3: float | None
    vhi_sensitive_high_mm3: float | None
    top_voxel_effect: float | None
    model: str | None
    model_sha256: str | None
    software_version: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What a row is found by: case, time point and reader."""
        return self.case_id, self.time_point, self.reader


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(ResultsRow))
"""Names of the columns of the results table, in order."""

_PLAIN = {
    "str": r"[0-9A-Za-z][0-9A-Za-z._:-]*",
    "int": r"[0-9]{1,18}",
    "float": r"-?[0-9]{1,18}(?:\.[0-9]*)?(?:e[+-][0-9]{2})?",
}
_TYPES = {field.name: str(field.type) for field in fields(ResultsRow)}
_FIXED_DECIMALS = {"voxel_volume_mm3": 6, "iqr_multiple": 2, "cleaning_seconds": 1, "top_voxel_effect": 4}


def format_row(row: ResultsRow) -> list[str]:
    """Cells of a row, in the order of `COLUMNS`.

    Raises
    ------
    ValueError
        If a number is not finite, or a text would be a formula for a spreadsheet or break the line; the message names
        the column.
    """
    return [_format_cell(name, getattr(row, name)) for name in COLUMNS]


def parse_row(cells: Sequence[str]) -> ResultsRow:
    """Row from its cells, in the order of `COLUMNS`; the inverse of `format_row` up to the digits written.

    Raises
    ------
    ValueError
        If the number of cells is wrong, a cell is empty that must not be, or not a number where one is needed; the
        message names the column.
    """
    if len(cells) != len(COLUMNS):
        raise ValueError(_("{count} cells instead of {expected}").format(count=len(cells), expected=len(COLUMNS)))
    values: list[Any] = [_parse_cell(name, cell) for name, cell in zip(COLUMNS, cells, strict=True)]
    return ResultsRow(*values)


def check_line(line: str) -> None:
    """Refuse a line of cells with tabs between them as `parse_row` does, ten times as fast where nothing is unusual.

    A whole table is checked before each write.

    Raises
    ------
    ValueError
        As `parse_row`.
    """
    if not _plain_line().fullmatch(line):
        parse_row(line.split("\t"))


@cache
def _plain_line() -> re.Pattern[str]:
    """Lines without anything unusual; every line it matches is one that `parse_row` reads."""
    patterns = []
    for kind in _TYPES.values():
        plain = _PLAIN[kind.partition(" ")[0]]
        patterns.append(f"(?:{plain})?" if kind.endswith("None") else plain)
    return re.compile("\t".join(patterns))


def _format_cell(name: str, value: str | float | None) -> str:
    if value is None:
        if not _TYPES[name].endswith("None"):
            raise ValueError(_("{name} has no value").format(name=name))
        return ""
    if isinstance(value, str):
        return _checked_text(name, value)
    if not abs(value) < float("inf"):
        raise ValueError(_("{name} is {value}, not a number").format(name=name, value=value))
    if _TYPES[name] == "int":
        return str(int(value))
    if name in _FIXED_DECIMALS:
        return f"{value:.{_FIXED_DECIMALS[name]}f}"
    return f"{value:.3f}" if name.endswith("_mm3") else f"{value:.10g}"


def _checked_text(name: str, text: str) -> str:
    if not text.isprintable() or text.startswith(_FORMULA_STARTS) or text != text.strip():
        raise ValueError(_("{name} {text!r} is not a plain text for a table cell").format(name=name, text=text))
    if not text and not _TYPES[name].endswith("None"):
        raise ValueError(_("{name} is empty").format(name=name))
    return text


def _parse_cell(name: str, cell: str) -> str | float | None:
    kind = _TYPES[name]
    if not cell:
        if kind.endswith("None"):
            return None
        raise ValueError(_("{name} is empty").format(name=name))
    if kind.startswith("str"):
        return _checked_text(name, cell)
    if kind == "int":
        if not _WHOLE_NUMBER.fullmatch(cell):
            raise ValueError(_("{name} {cell!r} is not a whole number").format(name=name, cell=cell))
        return int(cell)
    if not _NUMBER.fullmatch(cell) or not abs(float(cell)) < float("inf"):
        raise ValueError(_("{name} {cell!r} is not a number with a decimal point").format(name=name, cell=cell))
    return float(cell)
