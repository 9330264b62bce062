"""What the operating system says about a file, in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import RecordError

_ = sentences_of(__name__)

_PROBLEMS = {
    errno.ENOSPC: _("the disk is full; free some space and try again"),
    errno.EDQUOT: _("your disk quota is used up; free some space and try again"),
    errno.EFBIG: _("the file grew larger than the disk or your quota allows; free some space and try again"),
    errno.EROFS: _("the folder is read-only; choose another folder"),
    errno.EACCES: _(
        "writing is not permitted, or the file is open in another program such as a spreadsheet; "
        "close it, or choose another folder"
    ),
    errno.EPERM: _("writing is not permitted; choose another folder"),
    errno.ENOTDIR: _("a part of the path is a file, not a folder; choose another folder"),
    errno.EEXIST: _("a file is in the place where a folder is needed; choose another folder"),
    errno.EISDIR: _("a folder has this name where a file is needed; rename the folder"),
    errno.ENAMETOOLONG: _("the path is too long; choose a folder with a shorter path"),
    errno.ELOOP: _("the path is a symbolic link that cannot be used; choose another folder"),
}


@contextmanager
def clear_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the operating system says about a file into one sentence.

    Raises
    ------
    RecordError
        In place of any OSError of the body.
    """
    try:
        yield
    except OSError as error:
        problem = _PROBLEMS.get(
            error.errno or 0, _("the file cannot be used ({reason})").format(reason=error.strerror or error)
        )
        raise RecordError(path, problem) from error
