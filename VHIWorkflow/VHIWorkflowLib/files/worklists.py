"""Worklists: tables of the cases to measure, one line each, for `vhi batch`.

A worklist is a text table in UTF-8 with a header line, separated by tabs, commas or semicolons (as Excel writes them
in half of Europe). It needs the columns `case_id`, `time_point`, `stir` and `t1w`, and may have `normal_bone`,
`disease_region`, `keep`, `steps` and `reader`; others are left alone. Paths are relative to the worklist. A DICOM
series is `folder`, `folder#description` or `folder#uid`. Several pieces of normal bone are joined by `|`, which no file
name on Windows can contain and no spreadsheet takes for a column.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .case_folders import valid_name
from .errors import InputError
from .folder_scan import scan_folder
from .safe_files import write_atomically
from .scans import Scan, path_from
from .table_files import check_ending, delimiter_of
from .worklist_cases import BASELINE, PIECES, WorklistCase

_ = sentences_of(__name__)

__all__ = ["BASELINE", "Scan", "WorklistCase", "read_worklist", "scan_folder", "write_worklist"]

NEEDED = ("case_id", "time_point", "stir", "t1w")
OPTIONAL = ("normal_bone", "disease_region", "keep", "steps", "reader")


def read_worklist(path: str | os.PathLike[str]) -> list[WorklistCase]:
    """Read a worklist.

    Whether the scans exist is not looked at: one missing file must not stop the other cases.

    Raises
    ------
    InputError
        If the file cannot be read, is not UTF-8, lacks a column or has one that looks misspelt, has an empty cell where
        a value is needed, a name that is not allowed, the same case twice, or no case at all. The message names the
        line.
    """
    path = Path(path)
    text = _read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    lines: dict[tuple[str, ...], int] = {}
    cases = []
    try:
        columns = _columns(path, next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            case = _parse_case(path, reader.line_num, columns, cells)
            if case.key in lines:
                problem = _("has case {case!r}, {time_point!r} already in line {line}; delete one").format(
                    case=case.case_id, time_point=case.time_point, line=lines[case.key]
                )
                raise _line_error(path, reader.line_num, problem)
            lines[case.key] = reader.line_num
            cases.append(case)
    except csv.Error as error:
        raise _line_error(path, reader.line_num, _("is damaged ({error}); correct it").format(error=error)) from error
    if not cases:
        raise InputError(path, _("lists no case; add a line for each"))
    return cases


def write_worklist(cases: Sequence[WorklistCase], path: str | os.PathLike[str]) -> None:
    """Write a worklist, its paths relative to it: `.csv` for Excel (commas, byte order mark), else tab separated.

    Raises
    ------
    RecordError
        If its name is not that of a table, or the file cannot be written.
    """
    path = Path(path)
    check_ending(path)
    rows = [_format_case(case, path.parent) for case in cases]
    columns = [*NEEDED, *(name for name in OPTIONAL if any(row[name] for row in rows))]
    is_csv = path.suffix.lower() == ".csv"
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="," if is_csv else "\t", lineterminator="\r\n" if is_csv else "\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    write_atomically(path, text.getvalue().encode("utf-8-sig" if is_csv else "utf-8"))


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            path, _("cannot be read ({reason})").format(reason=getattr(error, "strerror", None) or error)
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _line_error(path, line, _("is not UTF-8 text; save the worklist as 'CSV UTF-8'")) from error
    if "\0" in text:
        raise InputError(path, _("is not a text table; save the worklist as 'CSV UTF-8'"))
    return text


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Positions of the columns by name."""
    names = [name.strip().lower() for name in header]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise _line_error(
            path,
            1,
            _("lacks the column {column!r}; a worklist needs {needed}").format(
                column=missing[0], needed=", ".join(NEEDED)
            ),
        )
    for name in names:
        close = difflib.get_close_matches(name, OPTIONAL, n=1, cutoff=0.8)
        if close and name not in OPTIONAL:
            raise _line_error(
                path, 1, _("has an unknown column {name!r}; did you mean {meant!r}?").format(name=name, meant=close[0])
            )
        if name and names.count(name) > 1:
            raise _line_error(path, 1, _("has the column {name!r} twice; delete or rename one").format(name=name))
    return {name: position for position, name in enumerate(names) if name in (*NEEDED, *OPTIONAL)}


def _parse_case(path: Path, line: int, columns: dict[str, int], cells: Sequence[str]) -> WorklistCase:
    values = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
    for name, value in values.items():
        if not value and name in NEEDED:
            raise _line_error(path, line, _("has nothing in column {name!r}; fill it in").format(name=name))
        if not value.isprintable():
            raise _line_error(
                path,
                line,
                _("has a character in column {name!r} that no name contains; type it anew").format(name=name),
            )
    try:
        names = {
            name: valid_name(name, values[name]) for name in ("case_id", "time_point", "reader") if values.get(name)
        }
    except InputError as error:
        raise _line_error(path, line, _("has an unusable name: {error}").format(error=error)) from error
    base = path.parent
    return WorklistCase(
        case_id=names["case_id"],
        time_point=names["time_point"],
        stir=Scan.parse(values["stir"], base),
        t1w=Scan.parse(values["t1w"], base),
        normal_bone=_paths(values.get("normal_bone"), base),
        disease_region=_path(values.get("disease_region"), base),
        keep=_path(values.get("keep"), base),
        steps=_path(values.get("steps"), base),
        reader=names.get("reader"),
    )


def _paths(text: str | None, base: Path) -> tuple[Path, ...]:
    return tuple(path_from(piece.strip(), base) for piece in (text or "").split(PIECES) if piece.strip())


def _path(text: str | None, base: Path) -> Path | None:
    return path_from(text, base) if text else None


def _format_case(case: WorklistCase, base: Path) -> dict[str, str]:
    def relative(path: Path | None) -> str:
        return _relative(path, base) if path else ""

    return {
        "case_id": case.case_id,
        "time_point": case.time_point,
        "stir": relative(case.stir.path) + (f"#{case.stir.series}" if case.stir.series else ""),
        "t1w": relative(case.t1w.path) + (f"#{case.t1w.series}" if case.t1w.series else ""),
        "normal_bone": PIECES.join(relative(piece) for piece in case.normal_bone),
        "disease_region": relative(case.disease_region),
        "keep": relative(case.keep),
        "steps": relative(case.steps),
        "reader": case.reader or "",
    }


def _relative(path: Path, base: Path) -> str:
    """Path relative to a folder; absolute where there is no way from one to the other (another drive)."""
    try:
        relative = Path(os.path.relpath(path, base)).as_posix()
    except ValueError:
        return path.absolute().as_posix()
    return f"./{relative}" if relative.startswith(("=", "+", "-", "@")) else relative  # not a formula


def _line_error(path: Path, line: int, problem: str) -> InputError:
    return InputError(path, _("line {line} {problem}").format(line=line, problem=problem))
