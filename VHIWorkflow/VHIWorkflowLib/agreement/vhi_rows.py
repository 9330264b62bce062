"""VHI of the readings in a table: a results table, what `vhi table` makes of several, or a table from elsewhere."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.results import read_rows
from VHIWorkflowLib.files.results_rows import COLUMNS, ResultsRow, parse_row

from .text_tables import read_text_table

_ = sentences_of(__name__)

CASE_COLUMN, TIME_POINT_COLUMN, READER_COLUMN = "case_id", "time_point", "reader"
VHI_COLUMN, VOXEL_COLUMN = "vhi_sensitive_mm3", "voxel_volume_mm3"

Key = tuple[str, str, str]
"""Case, time point and reader."""


class VhiRow(Protocol):
    """What a comparison needs of a reading: whose it is, VHI, and the volume of a voxel, both in mm3."""

    @property
    def case_id(self) -> str: ...
    @property
    def time_point(self) -> str: ...
    @property
    def reader(self) -> str: ...
    @property
    def vhi_sensitive_mm3(self) -> float: ...
    @property
    def voxel_volume_mm3(self) -> float: ...
    @property
    def key(self) -> Key: ...


@dataclass(frozen=True)
class ForeignRow:
    """A reading of which a table from elsewhere holds VHI; how it was measured is not known."""

    case_id: str
    time_point: str
    reader: str
    vhi_sensitive_mm3: float
    voxel_volume_mm3: float

    @property
    def key(self) -> Key:
        """Case, time point and reader."""
        return self.case_id, self.time_point, self.reader


def measured_rows(rows: Sequence[VhiRow]) -> list[ResultsRow]:
    """Those that say how they were measured."""
    return [row for row in rows if isinstance(row, ResultsRow)]


def read_results(table: Path) -> tuple[list[VhiRow], list[Key]]:
    """Rows of a results table with VHI, and the keys of those whose VHI was deleted or never entered.

    Raises
    ------
    RecordError
        As `read_rows`, when anything else is wrong with the table.
    """
    try:
        return list(read_rows(table)), []
    except RecordError:
        lines = _own_lines(table)
        gaps = [line for line in lines if not line[VHI_COLUMN]]
        if not gaps:
            raise
        try:
            rows: list[VhiRow] = [parse_row(_cells(line)) for line in lines if line[VHI_COLUMN]]
        except ValueError:
            raise RecordError(table, _("is damaged, not only without VHI in some rows; restore the file")) from None
        return rows, [(line[CASE_COLUMN], line[TIME_POINT_COLUMN], line[READER_COLUMN]) for line in gaps]


def read_any_table(table: Path) -> tuple[list[VhiRow], list[Key]]:
    """The same for a table that need not be a results table (TSV or CSV, first line names).

    It needs the columns ``case_id`` and ``vhi_sensitive_mm3``. Without ``time_point`` there is one, without a name;
    without ``reader`` it is the name of the file. ``voxel_volume_mm3`` is needed where a VHI is zero, which counts as
    half a voxel on log scale.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or VHI is not a number of zero or more.
    RecordError
        If it is a results table that is damaged.
    """
    if _own_lines(table):
        return read_results(table)
    lines = read_text_table(table)
    for needed in (CASE_COLUMN, VHI_COLUMN):
        if needed not in lines[0]:
            raise InputError(
                table, _("has no column {needed}; it has {columns}").format(needed=needed, columns=", ".join(lines[0]))
            )
    known = [line for line in lines if line[VHI_COLUMN]]
    volumes = [_volume(table, line, VHI_COLUMN) for line in known]
    voxels = _voxels(table, known, volumes)
    rows = [_row(_key(table, line), line, *sizes) for line, *sizes in zip(known, volumes, voxels, strict=True)]
    return rows, [_key(table, line) for line in lines if not line[VHI_COLUMN]]


def _own_lines(table: Path) -> list[dict[str, str]]:
    """Cells by column; nothing when the table is not a results table."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file, delimiter="\t", restval="", restkey=""))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return found if found and set(COLUMNS) <= set(found[0]) else []


def _cells(line: Mapping[str, str]) -> list[str]:
    return [line[name] for name in COLUMNS]


def _key(table: Path, line: Mapping[str, str]) -> Key:
    if not line[CASE_COLUMN]:
        raise InputError(table, _("has a line without {case_column}; fill it in").format(case_column=CASE_COLUMN))
    return line[CASE_COLUMN], line.get(TIME_POINT_COLUMN, ""), line.get(READER_COLUMN) or table.stem


def _row(key: Key, line: Mapping[str, str], volume: float, voxel: float) -> VhiRow:
    """The reading with all that a results table says of it, where the line holds that."""
    if set(COLUMNS) <= set(line):
        try:
            return parse_row(_cells(line))
        except ValueError:  # a spreadsheet wrote some cells its own way: VHI is what counts here
            pass
    return ForeignRow(*key, volume, voxel)


def _volume(table: Path, line: Mapping[str, str], column: str) -> float:
    try:
        value = float(line[column])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(
            table,
            _("has {cell!r} as {column} of {case!r}; a volume in mm3 is needed").format(
                cell=line[column], column=column, case=line[CASE_COLUMN]
            ),
        )
    return value


def _voxels(table: Path, lines: Sequence[Mapping[str, str]], volumes: Sequence[float]) -> list[float]:
    """Volume of a voxel of each reading; the smallest VHI where none is given, for there is no zero to count then."""
    if lines and VOXEL_COLUMN in lines[0]:
        voxels = [_volume(table, line, VOXEL_COLUMN) for line in lines]
        if not all(voxels):
            raise InputError(table, _("has a {voxel_column} of zero; correct it").format(voxel_column=VOXEL_COLUMN))
        return voxels
    if not all(volumes):
        zero = lines[list(volumes).index(0.0)][CASE_COLUMN]
        problem = _(
            "has a VHI of zero for {case!r}, which counts as half a voxel on log scale; add a column {column}"
        ).format(case=zero, column=VOXEL_COLUMN)
        raise InputError(table, problem)
    return [min(volumes)] * len(volumes)
