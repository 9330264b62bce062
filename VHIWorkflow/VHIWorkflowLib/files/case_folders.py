"""Names that are safe as folders everywhere and as cells of a spreadsheet, and folders that never leave their place."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .disk_errors import clear_errors
from .errors import InputError, RecordError

_ = sentences_of(__name__)

NAME_LENGTH = 64

_RESERVED_ON_WINDOWS = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)


def valid_name(kind: str, name: str) -> str:
    """Check a name that becomes a folder and a cell of a table; return it in Unicode normal form C.

    Allowed are 1 to 64 letters (accented ones too), digits, spaces, `.`, `_` and `-`, starting with a letter or digit.
    That keeps out path separators, spreadsheet formulas, control characters and hidden files.

    Parameters
    ----------
    kind
        What the name is (`case_id`, `time_point`, `reader`), for the message.
    name
        The name as given.

    Raises
    ------
    InputError
        If the name is not allowed on some system that a shared folder may be used from.

    Examples
    --------
    >>> valid_name("case_id", "Patient 7.a")
    'Patient 7.a'
    """
    normal = unicodedata.normalize("NFC", name)
    problem = _name_problem(normal)
    if problem:
        raise InputError(f"{kind} {name!r}", _("{problem}; rename it").format(problem=problem))
    return normal


def case_folder(out: str | os.PathLike[str], case_id: str, time_point: str, reader: str) -> Path:
    """Folder of the records of one case, time point and reader: `<out>/<case_id>/<time_point>/<reader>`; not made here.

    A folder that is there under the same name in another Unicode form (as macOS lists it) is the one returned.

    Raises
    ------
    InputError
        If one of the names is not allowed (`valid_name`).
    RecordError
        If a folder is there whose name differs in upper and lower case only (one and the same folder on Windows and
        macOS), if a part of the path is a file, or if a symbolic link leads out of `out`.
    """
    folder = Path(out)
    names = [
        valid_name(kind, name) for kind, name in (("case_id", case_id), ("time_point", time_point), ("reader", reader))
    ]
    with clear_errors(folder):
        root = Path(os.path.realpath(folder))  # unlike Path.resolve never an error, also of links to themselves
        for name in names:
            folder = folder / _name_on_disk(folder, name)
            if folder.is_symlink() or folder.exists():
                _check_inside(folder, root)
    return folder


def _name_problem(name: str) -> str | None:
    if not name or len(name) > NAME_LENGTH:
        return _("a name of 1 to {most} characters is needed").format(most=NAME_LENGTH)
    for character in name:
        category = unicodedata.category(character)
        if not (category[0] in "LM" or category == "Nd" or character in " ._-"):
            return _(
                "the character {character!r} is not allowed; use letters, digits, spaces, '.', '_' and '-'"
            ).format(character=character)
    problems = {
        _("a name must start with a letter or a digit"): unicodedata.category(name[0])[0] not in "LN",
        _("a name must not end with a dot or a space"): name[-1] in ". ",
        _("'..' is not allowed"): ".." in name,
        _("the name is reserved by Windows"): name.partition(".")[0].rstrip().lower() in _RESERVED_ON_WINDOWS,
    }
    return next((problem for problem, found in problems.items() if found), None)


def _name_on_disk(folder: Path, name: str) -> str:
    """Spelling of a name in a folder; the name itself when it is not there."""
    if not folder.is_dir():
        return name
    for entry in sorted(os.listdir(folder)):
        normal = unicodedata.normalize("NFC", entry)
        if normal == name:
            return entry
        if normal.casefold() == name.casefold():
            raise RecordError(
                folder / entry,
                _("differs from {name!r} in upper and lower case only; use one spelling for both").format(name=name),
            )
    return name


def _check_inside(folder: Path, root: Path) -> None:
    real = Path(os.path.realpath(folder))
    if real.is_symlink():
        raise RecordError(folder, _("is a symbolic link to itself; remove the link"))
    if not real.is_relative_to(root):
        raise RecordError(folder, _("is a symbolic link that leads out of the output folder; remove the link"))
    if not folder.is_dir():
        raise RecordError(folder, _("is a file where a folder is needed; rename the file"))
