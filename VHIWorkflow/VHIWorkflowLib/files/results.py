"""The results table: one row per case, time point and reader, and the rows that were replaced.

`results.tsv` and `results.history.tsv` are UTF-8 without byte order mark, with tabs between the columns, a line feed
after each line, and the names in `COLUMNS` in the first line; `results_rows` says how values are written.

A table may come back from a spreadsheet: a byte order mark, CRLF, quoted cells, other column order, blank lines and
columns of the user's own are accepted. Such columns are kept, right of ours, with what is written in them; a row that
is measured again keeps its remarks.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .case_folders import valid_name
from .disk_errors import clear_errors
from .errors import RecordError
from .results_rows import COLUMNS, ResultsRow, check_line, format_row, parse_row
from .safe_files import locked, write_atomically
from .table_files import check_ending

_ = sentences_of(__name__)

__all__ = [
    "COLUMNS",
    "HISTORY_NAME",
    "RESULTS_NAME",
    "ResultsRow",
    "check_is_no_record",
    "format_row",
    "parse_row",
    "read_rows",
    "read_tables",
    "write_row",
    "write_table",
]

RESULTS_NAME = "results.tsv"
HISTORY_NAME = "results.history.tsv"


def write_row(out: str | os.PathLike[str], row: ResultsRow) -> None:
    """Put a row into `<out>/results.tsv`: in place of the row of the same case, time point and reader, else at the end.

    A replaced row that differs is first kept in `<out>/results.history.tsv`. Writers take turns by a lock, each file is
    replaced as a whole, and a crash between the two neither loses the earlier row nor keeps it twice. A table that
    cannot be read is left as it is.

    Raises
    ------
    InputError
        If case, time point or reader is not an allowed name.
    RecordError
        If a table is damaged, cannot be written, or stays locked, or the row holds what a table must not.
    """
    path = Path(out) / RESULTS_NAME
    row = replace(
        row,
        case_id=valid_name("case_id", row.case_id),
        time_point=valid_name("time_point", row.time_point),
        reader=valid_name("reader", row.reader),
    )
    try:
        cells = format_row(row)
    except ValueError as error:
        raise RecordError(
            path, _("the row for {key} cannot be written: {error}").format(key=" / ".join(row.key), error=error)
        ) from error
    with locked(path):
        table = _read_table(path) if path.exists() else _Table()
        positions = table.find(row.key)
        if len(positions) > 1:
            raise RecordError(
                path,
                _("has {count} rows for {key}; delete all but one").format(
                    count=len(positions), key=" / ".join(row.key)
                ),
            )
        if positions:
            earlier = table.row(positions[0])
            if earlier == parse_row(cells):
                return
            _keep_in_history(path.with_name(HISTORY_NAME), earlier)
            table.replace(positions[0], cells)
        else:
            table.append(cells)
        write_atomically(path, table.to_bytes())


def read_rows(path: str | os.PathLike[str]) -> list[ResultsRow]:
    """Read all rows of a results or history table.

    Raises
    ------
    RecordError
        If there is no such file, or it is damaged: not UTF-8, a column missing or twice, a wrong number of cells, or a
        cell that cannot be read; the message names the line.
    """
    return _read_table(Path(path)).rows()


def read_tables(paths: Iterable[str | os.PathLike[str]]) -> list[tuple[str, ResultsRow]]:
    """Read the rows of several results tables, each with the path it came from.

    Parameters
    ----------
    paths
        Tables, or output folders with a `results.tsv`.

    Raises
    ------
    RecordError
        As `read_rows`.
    """
    rows: list[tuple[str, ResultsRow]] = []
    for given in paths:
        path = Path(given)
        table = path / RESULTS_NAME if path.is_dir() else path
        rows += ((path.as_posix(), row) for row in read_rows(table))
    return rows


def check_is_no_record(path: Path) -> None:
    """Check that a table to be written is not that of a results folder, which grows by its measurements only.

    Raises
    ------
    RecordError
        If it is.
    """
    if path.name.lower() in (RESULTS_NAME, HISTORY_NAME):
        problem = _("a results folder keeps its own rows in {name}; choose another name").format(name=path.name)
        raise RecordError(path, problem)


def write_table(rows: Sequence[ResultsRow], path: str | os.PathLike[str], sources: Sequence[str] | None = None) -> None:
    """Write rows for a statistics program (`.tsv`, as `results.tsv`) or for a spreadsheet (`.csv`).

    The `.csv` has commas, CRLF and a byte order mark: without the mark, Excel takes a file opened by double click for
    the system's old code page and garbles accented names. Where Excel expects semicolons or a decimal comma, import the
    file by Data > From Text/CSV.

    Parameters
    ----------
    rows
        Rows, in the order they are to have.
    path
        File to write; its ending decides the format.
    sources
        Where each row came from; written as a first column `source`.

    Raises
    ------
    RecordError
        If the ending is another one, a row holds what a table must not, or the file cannot be written.
    """
    target = Path(path)
    check_ending(target)
    header = list(COLUMNS)
    try:
        table = [format_row(row) for row in rows]
    except ValueError as error:
        raise RecordError(target, _("the table cannot be written: {error}").format(error=error)) from error
    if sources is not None:
        header = ["source", *header]
        table = [[_plain_source(source), *cells] for source, cells in zip(sources, table, strict=True)]
    if target.suffix.lower() == ".tsv":
        data = _to_text([header, *table], "\t").encode()
    else:
        data = _to_text([header, *table], ",").replace("\n", "\r\n").encode("utf-8-sig")
    write_atomically(target, data)


class _Table:
    """A table in memory, line by line: our columns first, then the user's own."""

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._header = _to_text([[*COLUMNS, *extra]], "\t")
        self._extra = len(extra)
        self._lines: list[str] = []

    def rows(self) -> list[ResultsRow]:
        return [self.row(position) for position in range(len(self._lines))]

    def row(self, position: int) -> ResultsRow:
        return parse_row(self._cells(position)[: len(COLUMNS)])

    def add(self, lines: Iterable[str]) -> None:
        """Add lines that have been checked, ended by a line feed, without the user's columns."""
        self._lines += lines

    def append(self, cells: Sequence[str]) -> None:
        """Add a row; a ValueError says what is wrong with it."""
        check_line("\t".join(cells[: len(COLUMNS)]))
        self._lines.append(_to_text([[*cells, *[""] * (len(COLUMNS) + self._extra - len(cells))]], "\t"))

    def replace(self, position: int, cells: Sequence[str]) -> None:
        self._lines[position] = _to_text([[*cells, *self._cells(position)[len(COLUMNS) :]]], "\t")

    def find(self, key: tuple[str, str, str]) -> list[int]:
        """Positions of the rows of one case, time point and reader."""
        start = "\t".join(key) + "\t"
        return [position for position, line in enumerate(self._lines) if line.startswith(start)]

    def to_bytes(self) -> bytes:
        return "".join([self._header, *self._lines]).encode()

    def _cells(self, position: int) -> list[str]:
        return next(csv.reader(io.StringIO(self._lines[position], newline=""), delimiter="\t"))


def _keep_in_history(path: Path, row: ResultsRow) -> None:
    """Append a replaced row, unless a writer that was killed before it replaced the row has done so already."""
    table = _read_table(path) if path.exists() else _Table()
    kept = table.find(row.key)
    if not kept or table.row(kept[-1]) != row:
        table.append(format_row(row))
        write_atomically(path, table.to_bytes())


def _read_table(path: Path) -> _Table:
    text = _read_text(path)
    header, _end, body = text.partition("\n")
    if header == "\t".join(COLUMNS) and '"' not in body and "\r" not in body:
        return _read_own_lines(path, body)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    try:
        names = _trimmed(next(reader, []))
        order = _column_order(path, names)
        table = _Table([names[position] for position in order[len(COLUMNS) :]])
        for cells in reader:
            if any(cells):
                if len(_trimmed(cells)) > len(names) or len(cells) < len(names):
                    raise ValueError(
                        _("{count} cells instead of {expected}").format(count=len(cells), expected=len(names))
                    )
                table.append([cells[position] for position in order])
    except (ValueError, csv.Error) as error:
        raise _damaged(path, reader.line_num, error) from error
    return table


def _read_own_lines(path: Path, body: str) -> _Table:
    """Read a table that no spreadsheet has touched, several times as fast: lines are checked but not taken apart."""
    table = _Table()
    lines = body.split("\n")
    for number, line in enumerate(lines, start=2):
        try:
            if line:
                check_line(line)
        except ValueError as error:
            raise _damaged(path, number, error) from error
    table.add(line + "\n" for line in lines if line)
    return table


def _damaged(path: Path, line: int, error: Exception) -> RecordError:
    return RecordError(
        path, _("line {line} is damaged: {error}; correct the line or restore the file").format(line=line, error=error)
    )


def _read_text(path: Path) -> str:
    with clear_errors(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise RecordError(path, _("there is no such file; check the path")) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RecordError(
            path, _("line {line} is not UTF-8 text; save the table as UTF-8, tab separated").format(line=line)
        ) from error


def _column_order(path: Path, header: list[str]) -> list[int]:
    """Positions in the file of our columns and, after them, of the user's."""
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        problem = _(
            "line 1 is not the header of a results table (missing: {names}); restore the file or move it away"
        ).format(names=names)
        raise RecordError(path, problem)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise RecordError(
            path, _("line 1 has the column {key!r} twice; delete or rename one of them").format(key=twice[0])
        )
    ours = [header.index(name) for name in COLUMNS]
    return ours + [position for position in range(len(header)) if position not in ours]


def _trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end, which spreadsheets leave behind."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _plain_source(source: str) -> str:
    """Path that no spreadsheet takes for a formula and that stays on one line."""
    plain = "".join(character if character.isprintable() else "?" for character in source)
    return "./" + plain if plain.startswith(("=", "+", "-", "@")) else plain


def _to_text(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()
