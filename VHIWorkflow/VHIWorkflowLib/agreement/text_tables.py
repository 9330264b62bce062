"""Tables that a user gives: TSV or CSV in UTF-8, the first line naming the columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.table_files import delimiter_of

_ = sentences_of(__name__)


def read_text_table(path: Path) -> list[dict[str, str]]:
    """Cells of each line by column, without the blanks around them; at least one line.

    The separator is found as in a worklist.

    Raises
    ------
    InputError
        If it cannot be read, two columns have one name, a line is longer or shorter than the first, or there is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, _("cannot be read as a table (TSV or CSV in UTF-8)")) from error
    reader = csv.reader(io.StringIO(text), delimiter=delimiter_of(text))
    header = [name.strip() for name in next(reader, [])]
    if len(set(header)) < len(header):
        raise InputError(path, _("has two columns of the same name; rename one"))
    found = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputError(
                path,
                _("line {line} has {count} cells, the first line {expected}").format(
                    line=reader.line_num, count=len(cells), expected=len(header)
                ),
            )
        found.append(dict(zip(header, (cell.strip() for cell in cells), strict=True)))
    if not found:
        raise InputError(path, _("holds no line below the names of its columns"))
    return found
